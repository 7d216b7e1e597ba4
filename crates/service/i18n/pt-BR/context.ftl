### What every command may say of the files that it is given.

context-created = uma instalação nova começa em { $path }
context-only-read = não é possível gravar aqui ({ $why }); os dados serão apenas lidos
context-cannot-read = não é possível ler { $path }
context-cannot-read-stdin = não é possível ler a entrada padrão (stdin)
context-cannot-write = não é possível gravar { $path }
context-cannot-make = não é possível criar { $path }
context-stays = { $path } já existe e não foi alterado
context-more = dica: há mais; --cursor { $cursor } mostra a próxima página
context-nothing = nada encontrado

### How the command line shows an error, and the errors of its own.

cli-error = erro: { $message }
cli-hint = dica: { $hint }
cli-no-stdout = não é possível gravar na saída padrão (stdout)
cli-no-threads = não é possível iniciar threads
cli-terminal-panicked = o programa falhou
cli-terminal-not-taken = não é possível usar o terminal
    .hint = `midiateca monitor --lines` dispensa a tela cheia
cli-terminal-no-keys = não é possível ler o teclado do terminal
    .hint = `midiateca monitor --lines` dispensa a tela cheia
cli-exit-status = Códigos de saída
cli-exit-codes = 0, concluído; 1, o comando foi executado e encontrou algo errado; 2, uso ou configuração incorretos; 3, algo necessário está inacessível, como a pasta de dados, o banco de dados ou a rede

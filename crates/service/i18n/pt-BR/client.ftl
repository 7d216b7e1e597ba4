### What `client` says.

client-taken = já existe um cliente com este nome ou número: { $name }
    .hint = veja `midiateca client list`
client-no-name = um cliente precisa de um nome
    .hint = `midiateca client add NOME`
client-number = --id { $number } está fora do intervalo
    .hint = o número de um cliente é 1 ou maior, até { $largest }
client-number-removed = o cliente { $client } foi removido, e os arquivos dele continuam com esse número
    .hint = `midiateca client add "{ $name }" --id { $client }` o restaura; para outra empresa, use outro número e outro nome
client-restored = o cliente removido { $client } foi restaurado; as instâncias dele precisam de `midiateca instance add` outra vez
client-removed =
    cliente { $client } removido: não recebe mais nada, e { $media ->
        [one] a mídia dele permanece
       *[other] as { $media } mídias dele permanecem
    }
client-removed-without-media = cliente { $client } removido: não recebe mais nada, e não tem mídias

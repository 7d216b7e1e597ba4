### What `client` says.

client-restored = o cliente removido { $client } foi restaurado; as instâncias dele precisam de `midiateca instance add` outra vez
client-removed =
    cliente { $client } removido: não recebe mais nada, e { $media ->
        [one] a mídia dele permanece
       *[other] as { $media } mídias dele permanecem
    }
client-removed-without-media = cliente { $client } removido: não recebe mais nada, e não tem mídias

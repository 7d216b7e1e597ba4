### What `key` says.

key-created = guarde esta chave: ela é mostrada só agora
key-revoked = a chave { $name } foi revogada, e também os links criados com ela
key-revoked-at = revogada em { $at }
key-expires-at = expira em { $at }
key-no-end = sem prazo
key-last-used = último uso { $at }

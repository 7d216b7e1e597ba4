### What commands say of ids that they are given.

ids-empty = falta um id: o que foi informado está vazio
    .hint = informe o id inteiro ou o começo dele, como as listas mostram
ids-ambiguous = vários ids começam com { $id }: { $candidates }
    .hint = informe mais caracteres do id
ids-unknown-client = não existe o cliente { $id }
    .hint = veja `midiateca client list`
ids-unknown-instance = não existe a instância { $id }
    .hint = veja `midiateca instance list`
ids-unknown-media = não existe a mídia { $id }
    .hint = veja `midiateca media list`
ids-unknown-endpoint = não existe o endpoint { $id }
    .hint = veja `midiateca endpoint list`
ids-unknown-key = não existe a chave { $id }
    .hint = veja `midiateca key list`
ids-unknown-hold = não existe a retenção legal { $id }
    .hint = veja `midiateca hold list --all`
ids-unknown-delivery = a entrega { $id } não está armazenada
    .hint = veja `midiateca deliveries list`
ids-all-clients = todos os clientes

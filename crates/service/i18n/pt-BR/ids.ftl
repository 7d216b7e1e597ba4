### O que os comandos dizem dos ids informados.

ids-ambiguous = vários ids começam com { $id }: { $candidates }
ids-give-more = informe mais caracteres do id
ids-unknown-client = não existe o cliente { $id }
ids-unknown-instance = não existe a instância { $id }
ids-unknown-media = não existe a mídia { $id }
ids-unknown-delivery = a entrega { $id } não está armazenada
ids-see-clients = veja `midiateca client list`
ids-see-instances = veja `midiateca instance list`
ids-see-media = veja `midiateca media list`
ids-see-deliveries = veja `midiateca deliveries list`

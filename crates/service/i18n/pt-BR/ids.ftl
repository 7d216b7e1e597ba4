### O que os comandos dizem dos ids informados.

ids-ambiguous = vários ids começam com { $id }: { $candidates }; informe mais caracteres
ids-unknown-client = não existe o cliente { $client }; veja `midiateca client list`
ids-unknown-instance = não existe a instância { $id }; veja `midiateca instance list`
ids-unknown-media = não existe a mídia { $id }; veja `midiateca media list`
ids-unknown-delivery = a entrega { $id } não está armazenada; veja `midiateca deliveries list`

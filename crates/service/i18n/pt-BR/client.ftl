### What `client` says.

client-taken = já existe um cliente com este nome ou número: { $name }; veja `midiateca client list`
client-no-name = um cliente precisa de um nome: `midiateca client add NOME`
client-number = --id { $number }: o número de um cliente é 1 ou maior, até { $largest }
client-unknown = não existe o cliente { $client }; veja `midiateca client list`

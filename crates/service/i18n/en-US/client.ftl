### What `client` says.

client-taken = a client with this name or number exists already: { $name }; see `midiateca client list`
client-no-name = a client needs a name: `midiateca client add NAME`
client-number = --id { $number }: a client's number is 1 or more, up to { $largest }
client-unknown = no client { $client } is known; see `midiateca client list`

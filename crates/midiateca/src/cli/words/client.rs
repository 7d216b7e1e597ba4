//! What `client` says.

words! {
    TAKEN: "a client with this name or number exists already: {name}; see `midiateca client list`", "já existe um cliente com este nome ou número: {name}; veja `midiateca client list`";
    NO_NAME: "a client needs a name: `midiateca client add NAME`", "um cliente precisa de um nome: `midiateca client add NOME`";
    NUMBER: "--id {number}: a client's number is 1 or more, up to {largest}", "--id {number}: o número de um cliente é 1 ou maior, até {largest}";
}

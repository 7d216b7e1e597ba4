### What commands say of ids that they are given.

ids-empty = an id is missing: the given one is empty
    .hint = give the whole id or its beginning, as the lists show it
ids-ambiguous = several ids begin with { $id }: { $candidates }
    .hint = give more characters of the id
ids-unknown-client = there is no client { $id }
    .hint = see `midiateca client list`
ids-unknown-instance = there is no instance { $id }
    .hint = see `midiateca instance list`
ids-unknown-media = there is no media { $id }
    .hint = see `midiateca media list`
ids-unknown-endpoint = there is no endpoint { $id }
    .hint = see `midiateca endpoint list`
ids-unknown-key = there is no key { $id }
    .hint = see `midiateca key list`
ids-unknown-hold = there is no hold { $id }
    .hint = see `midiateca hold list --all`
ids-unknown-delivery = delivery { $id } is not stored
    .hint = see `midiateca deliveries list`
ids-all-clients = all clients

### What commands say of ids that they are given.

ids-ambiguous = several ids begin with { $id }: { $candidates }; give more of it
ids-unknown-client = no client { $client } is known; see `midiateca client list`
ids-unknown-instance = no instance { $id } is known; see `midiateca instance list`
ids-unknown-media = no media { $id } is known; see `midiateca media list`
ids-unknown-delivery = no delivery { $id } is kept; see `midiateca deliveries list`

### What commands say of ids that they are given.

ids-ambiguous = several ids begin with { $id }: { $candidates }
ids-give-more = give more characters of the id
ids-unknown-client = there is no client { $id }
ids-unknown-instance = there is no instance { $id }
ids-unknown-media = there is no media { $id }
ids-unknown-delivery = delivery { $id } is not stored
ids-see-clients = see `midiateca client list`
ids-see-instances = see `midiateca instance list`
ids-see-media = see `midiateca media list`
ids-see-deliveries = see `midiateca deliveries list`

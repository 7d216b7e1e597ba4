### What `client` says.

client-taken = a client with this name or number exists already: { $name }
    .hint = see `midiateca client list`
client-no-name = a client needs a name
    .hint = `midiateca client add NAME`
client-number = --id { $number } is out of range
    .hint = a client's number is 1 or more, up to { $largest }
client-number-removed = client { $client } was removed, and its files stay under its number
    .hint = `midiateca client add "{ $name }" --id { $client }` restores it; for another company, use another number and name
client-restored = the removed client { $client } is restored; its instances need `midiateca instance add` again
client-removed =
    client { $client } is removed: it receives nothing more, and { $media ->
        [one] its { $media } media stays
       *[other] its { $media } media stay
    }
client-removed-without-media = client { $client } is removed: it receives nothing more, and it has no media

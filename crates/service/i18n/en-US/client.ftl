### What `client` says.

client-restored = the removed client { $client } is restored; its instances need `midiateca instance add` again
client-removed =
    client { $client } is removed: it no longer receives anything, and { $media ->
        [one] its { $media } media stays
       *[other] its { $media } media stay
    }
client-removed-without-media = client { $client } is removed: it no longer receives anything, and it has no media

### What `key` says.

key-created = keep this key: it is shown only now
key-revoked = the key { $name } is revoked, and so are the links that it made
key-revoked-at = revoked { $at }
key-expires-at = expires { $at }
key-no-end = no end
key-last-used = last used { $at }

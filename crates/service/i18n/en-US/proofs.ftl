### How the bytes of a media were verified when they were stored, by code.

proofs-key-and-hash = Decrypted here with the media key of the message: the MAC matches, and so does the SHA-256 hash in the message.
proofs-hash-only = Received unencrypted: the SHA-256 hash is the one in the delivery. WhatsApp's encryption was not checked.
proofs-key-only = Decrypted here with the media key of the message: the MAC matches. The message has no hash of the content.
proofs-compared-with-nothing = Received unencrypted, and the delivery has no hash: nothing could be compared. The SHA-256 hash was computed here on receipt and shows later changes only.

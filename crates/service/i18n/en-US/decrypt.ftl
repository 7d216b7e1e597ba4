### What `decrypt` says.

decrypt-unknown-kind = { $name } is not a kind of media
    .hint = kinds are image, video, audio, document, sticker
decrypt-not-32-bytes = { $name } is not 32 bytes in any known form
    .hint = copy the whole value from the message, in quotes, as base64, 64 hexadecimal digits or a JSON list of numbers
decrypt-name-output = the file does not end in .enc, so the output has no name
    .hint = give the output with -o
decrypt-right = right
decrypt-wrong = WRONG
decrypt-padding = padding
decrypt-not-compared = not compared
decrypt-written = { $output }: { $size } bytes, verified { $how }, { $label } ({ $checks })
decrypt-not-written = nothing was written: { $why } ({ $checks })

## Why not

decrypt-stopped = it was stopped
decrypt-not-encrypted = the file is not encrypted
decrypt-too-short = only { $received } bytes, fewer than any encrypted file has
decrypt-bad-shape = { $received } bytes are not whole blocks and a MAC: the file was truncated, or is not encrypted
decrypt-corrupt = the bytes are not the ones that were sent
decrypt-wrong-key = the bytes are intact, but this is not their key or kind
decrypt-bad-padding = the padding is malformed
decrypt-plain-hash-mismatch = the decrypted content does not have the promised hash

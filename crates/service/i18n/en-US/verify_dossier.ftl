### What `verify-dossier` says.

verify-dossier-altered = altered
verify-dossier-missing = missing
verify-dossier-added = not in SHA256SUMS
verify-dossier-unreadable = cannot be read: it is compressed, a link, or damaged
verify-dossier-unsafe-name = the name could lead out of the folder; do not unpack this archive
verify-dossier-not-signed = the signature in SIGNATURE does not belong to this file and the key
verify-dossier-other-key = signed by another installation
verify-dossier-malformed = has a line that sha256sum would not write
verify-dossier-hidden-files = the archive has files or other bytes that its directory does not show, or shows twice
verify-dossier-fine =
    the dossier is unchanged: { $files ->
        [one] { $files } file
       *[other] { $files } files
    } ({ $bytes } bytes), made at { $at }, signed by { $key }
verify-dossier-not-fine =
    the dossier does not match: { $findings ->
        [one] { $findings } finding
       *[other] { $findings } findings
    }, { $files ->
        [one] { $files } file matches
       *[other] { $files } files match
    } ({ $bytes } bytes); made at { $at }, key { $key }
verify-dossier-key-inside = the key in the dossier was trusted, which its maker chose: compare it with the key of the installation, or give --key
verify-dossier-not-a-key = --key is not an Ed25519 key: 32 bytes in base64
    .hint = `midiateca key show --dossier` prints it where the dossier was made

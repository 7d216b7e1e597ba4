### What `verify-dossier` says.

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

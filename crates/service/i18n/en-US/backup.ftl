### What `backup` says.

backup-full = the disk of { $path } is full: free space and run the same command again, it continues from here
backup-not-written = no backup was made
backup-not-renewed = no new backup was made; the previous one is still usable
backup-missing = missing
backup-corrupt = corrupt
backup-missing-kept = missing, but intact in the backup
backup-corrupt-kept = corrupt, but intact in the backup
backup-sum =
    { $count ->
        [one] { $count } file
       *[other] { $count } files
    }, { $bytes } bytes: { $copied } copied, { $linked } linked, { $kept } kept, { $gone } deleted during the backup, { $missing } missing, { $corrupt } corrupt
backup-stopped =
    stopped after { $count ->
        [one] { $count } file
       *[other] { $count } files
    } ({ $copied } copied); run the same command again to continue
backup-stopped-before =
    stopped after { $count ->
        [one] { $count } file
       *[other] { $count } files
    } ({ $copied } copied); run the same command again to continue, the previous backup is still usable
backup-key-elsewhere = the key is not in this backup; keep a copy of { $key } in another place, because the gateway tokens cannot be decrypted without it
backup-key-here = this backup contains the key of the gateway tokens: protect it as you protect the key
backup-key-other = the secret.key in this backup is not the key in use: --with-key replaces it with { $key }; otherwise keep a copy of { $key } in another place
backup-key-absent = the key { $key } is missing, so it is unknown whether this backup contains it: restore it from its copy
backup-surplus =
    { $count ->
        [one] { $count } file in the backup is
       *[other] { $count } files in the backup are
    } no longer in the database (deleted or erased); --prune removes { $count ->
        [one] it
       *[other] them
    }
backup-pruned =
    { $count ->
        [one] { $count } file that is
       *[other] { $count } files that are
    } no longer in the database { $count ->
        [one] was
       *[other] were
    } removed from the backup
backup-settings-elsewhere = the settings contain paths, so the backup has them as { $name }: restore that file by hand
backup-files-in-bucket = the stored files are in { $bucket } and not in this backup: copy them with `aws s3 sync { $bucket } { $target } --exclude '.staging/*' --exclude '.derived/*'` (with --endpoint-url for a server of your own)

### What `backup` says.

backup-full = the disk of { $path } became full: make room and run the same command again, it goes on from here
backup-not-written = no backup was made
backup-not-renewed = no new backup was made, and the one before stays usable
backup-so-far = { $count } files are in the backup so far
backup-missing = missing
backup-altered = altered
backup-missing-kept = missing, but the backup holds it
backup-altered-kept = altered, but the backup holds the right one
backup-sum = { $target }: { $count } files, { $bytes } bytes: { $copied } copied, { $linked } linked, { $kept } kept, { $gone } let go meanwhile, { $missing } missing, { $altered } altered
backup-stopped = stopped after { $count } files ({ $copied } copied); run the same command again to go on
backup-stopped-before = stopped after { $count } files ({ $copied } copied); run the same command again to go on, the backup before stays usable
backup-key-elsewhere = the key is not in this backup; keep a copy of { $key } apart from it, for without the key the gateway tokens cannot be read
backup-key-here = this backup holds the key, which opens the gateway tokens: guard it accordingly
backup-key-other = the secret.key in this backup is not the key in use: --with-key puts { $key } in its place; otherwise keep a copy of { $key } apart from the backup
backup-key-absent = the key { $key } is not there, so nobody can say whether this backup holds it: put it back from where its copy is kept
backup-surplus = { $count } files in the backup are no longer named by the database (erased or let go); --prune takes them away
backup-pruned = { $count } files that the database no longer names were taken out of the backup
backup-settings-elsewhere = the settings name places of their own, so they are in the backup as { $name }: put them back by hand

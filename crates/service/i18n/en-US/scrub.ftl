### What `scrub` says.

scrub-missing = missing
scrub-altered = altered
scrub-unreadable = cannot be read
scrub-unknown = in no row
scrub-relinked = put right from another copy
scrub-requeued = queued to be fetched again
scrub-given-up = unrecoverable: it has no link
scrub-lost = was taken for lost
scrub-found = it is there, and stored again
scrub-quarantined = moved to quarantine
scrub-left-alone = left alone, for it changed meanwhile or is not ours
scrub-failed = not repaired, for the storage refused it
scrub-not-repaired = { $failed } could not be repaired; the log lines above say why
scrub-folder-missing = none of the { $missing } files stored in { $folder } is there: is everything mounted? Nothing was changed; if they truly are gone, say --even-if-most-are-missing
scrub-most-missing = { $missing } of { $count } stored files are not there, or are of another length: is the storage mounted, and is it the right one? Nothing was changed; if they truly are gone, say --even-if-most-are-missing
scrub-many-orphaned = { $orphaned } of { $count } files are orphaned: is the database the right one? Nothing was changed; to move them to quarantine all the same, say --even-if-many-are-orphaned
scrub-files-held = files in no row were not looked for, because an import or an erasure is at work
scrub-sum = { $intact } intact, { $missing } missing, { $altered } altered, { $unknown } in no row
scrub-sum-repaired = { $relinked } put right, { $requeued } queued again, { $given_up } given up, { $quarantined } moved to { $quarantine }
scrub-how-to-repair = to put right what can be: midiateca scrub --repair (nothing is deleted)
scrub-stopped = stopped; to go on: midiateca scrub --resume
scrub-nothing-to-resume = no scrub was stopped, so this one begins at the beginning

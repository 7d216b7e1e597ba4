### What `scrub` prints.

scrub-missing = missing
scrub-corrupt = corrupt
scrub-unreadable = unreadable
scrub-orphaned = orphaned
scrub-restored = restored from another copy
scrub-queued = queued to be downloaded again
scrub-unrecoverable = unrecoverable: it has no link
scrub-found = found and stored
scrub-quarantined = moved to quarantine
scrub-skipped = skipped: it changed during the repair, or it is not a media file
scrub-failed = not repaired: the storage reported an error
scrub-not-repaired =
    { $failed ->
        [one] { $failed } file could not be repaired
       *[other] { $failed } files could not be repaired
    }; the log lines above say why
scrub-files-in-use = orphaned files were not searched for, because an import or an erasure is running
scrub-sum = { $intact } intact, { $missing } missing, { $corrupt } corrupt, { $unreadable } unreadable, { $orphaned } orphaned
scrub-sum-repaired = { $restored } restored, { $queued } queued, { $unrecoverable } unrecoverable, { $quarantined } moved to { $quarantine }
scrub-quarantine = quarantine
scrub-how-to-repair = hint: `midiateca scrub --repair` repairs what can be repaired, and deletes nothing
scrub-stopped = stopped; `midiateca scrub --resume` continues
scrub-nothing-to-resume = no scrub was stopped, so this one started at the beginning

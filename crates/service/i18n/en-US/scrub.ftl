### What `scrub` prints.

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

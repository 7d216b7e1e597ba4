### What `scrub` prints.

scrub-missing = missing
scrub-corrupt = corrupt
scrub-unreadable = unreadable
scrub-orphaned = orphaned
scrub-restored = restored from another copy
scrub-queued = queued to be downloaded again
scrub-unrecoverable = unrecoverable: it has no link
scrub-found = found again, and stored
scrub-quarantined = moved to quarantine
scrub-skipped = skipped: it changed during the repair, or is not a media file
scrub-failed = not repaired: the storage refused it
scrub-not-repaired =
    { $failed ->
        [one] { $failed } file could not be repaired
       *[other] { $failed } files could not be repaired
    }; the log lines above say why
scrub-files-in-use = orphaned files were not searched for, because an import or an erasure is running
scrub-sum =
    { $intact ->
        [one] { $intact } intact
       *[other] { $intact } intact
    }, { $missing ->
        [one] { $missing } missing
       *[other] { $missing } missing
    }, { $corrupt ->
        [one] { $corrupt } corrupt
       *[other] { $corrupt } corrupt
    }, { $unreadable ->
        [one] { $unreadable } unreadable
       *[other] { $unreadable } unreadable
    }, { $orphaned ->
        [one] { $orphaned } orphaned
       *[other] { $orphaned } orphaned
    }
scrub-sum-repaired =
    { $restored ->
        [one] { $restored } restored
       *[other] { $restored } restored
    }, { $queued } queued again, { $unrecoverable } unrecoverable, { $quarantined ->
        [one] { $quarantined } moved
       *[other] { $quarantined } moved
    } to { $quarantine }
scrub-how-to-repair = to repair what can be repaired: midiateca scrub --repair (nothing is deleted)
scrub-stopped = stopped; to continue: midiateca scrub --resume
scrub-nothing-to-resume = no scrub was stopped, so this one started at the beginning

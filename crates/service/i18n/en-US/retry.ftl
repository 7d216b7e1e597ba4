### What `retry` prints.

retry-name-media = no media is named
    .hint = give ids, or use --failed, --expired, --skipped, --dismissed or --waiting
retry-unknown-reason = { $name } is not a reason
    .hint = `midiateca check` shows the reasons that occur, by their codes
retry-queued = queued
retry-queued-file-missing = queued: its file is missing
retry-would-be-queued = would be queued
retry-already-stored = skipped: already stored
retry-downloading = skipped: it is being downloaded
retry-erased = skipped: it was erased on request
retry-skipped = skipped: its status has just changed
retry-not-found = not found
retry-nothing = no media matched, so nothing was queued

### What `retry` prints.

retry-name-media = no media is named
    .hint = give ids, or use --failed, --expired, --skipped, --dismissed or --waiting
retry-unknown-reason = { $name } is not a reason
    .hint = `midiateca check` shows the reasons that occur, by their codes
retry-nothing = no media matched, so nothing was queued

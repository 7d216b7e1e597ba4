### What `retry` says.

retry-name-media = name media, or use --failed, --expired, --skipped, --dismissed or --waiting
retry-unknown-reason = { $name } is no reason; `midiateca check --json` names those that there are
retry-queued = queued
retry-queued-for-lost = queued, for its file was lost
retry-would-be-queued = would be queued
retry-left-alone = left alone
retry-unknown = unknown

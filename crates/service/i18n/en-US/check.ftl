### What `check` says.

## The tables

check-instances = Instances
check-media = Media
check-reasons = Not stored, and why
check-folders = Folders
check-client = client
check-instance = instance
check-state = state
check-token = token
check-deliveries = deliveries
check-last-delivery = last delivery
check-by-kind = by kind
check-count = count
check-stored-bytes = stored bytes
check-by-status = by status
check-last-hour = last hour
check-reason = reason
check-meaning = what it means
check-retryable = retryable
check-folder = folder
check-files = files
check-bytes = bytes
check-token-stored = stored
check-missing = missing

## The lines below them

check-on-disk = files on disk: { $present } present, { $missing } missing, { $wrong_size } of the wrong size
check-look-at = { "  " }look at: { $file }
check-figures =
    success rate: { $rate } (stored, of all that are decided: pending media do not count)
    oldest waiting: { $oldest }
    next deadline: { $deadline }
check-hint = hint: midiateca client add NAME; midiateca instance add ID --client N --token-env VAR
check-never-made = { $count ->
    [one] { $count } delivery that the gateway did not send
   *[other] { $count } deliveries that the gateway did not send
}: { $instance }

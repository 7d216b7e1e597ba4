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
check-token-stored = stored
check-missing = missing
check-state-unknown = not known yet
check-by-kind = by kind
check-stored-bytes = stored bytes
check-by-status = by status
check-last-hour = last hour
check-count = count
check-reason = reason
check-meaning = what it means
check-retryable = retryable
check-yes = yes
check-no = no
check-folder = folder
check-files = files
check-bytes = bytes

## The lines below them

check-on-disk = files on disk: { $present } present, { $missing } missing, { $wrong_size } of the wrong size
check-look-at = { "  " }look at: { $file }
check-success-rate = success rate: { $rate }
check-oldest-waiting = oldest waiting: { $time }
check-next-deadline = next deadline: { $time }
check-hint = hint: midiateca client add NAME; midiateca instance add ID --client N --token-env VAR

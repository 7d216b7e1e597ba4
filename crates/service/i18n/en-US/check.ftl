### What `check` says.

## The tables

check-instances = Instances
check-media = Media
check-reasons = Not stored, and why
check-folders = Folders
check-heads-of-instances = client | instance | state | token | deliveries | last delivery
check-heads-of-media = by kind | | stored bytes | by status | | last hour
check-heads-of-reasons = count | reason | what it means | retryable
check-heads-of-folders = folder | files | bytes
check-token-stored = stored
check-missing = missing

## The lines below them

check-on-disk = files on disk: { $present } present, { $missing } missing, { $wrong_size } of the wrong size
check-look-at = { "  " }look at: { $file }
check-figures =
    success rate: { $rate }
    oldest waiting: { $oldest }
    next deadline: { $deadline }
check-hint = hint: midiateca client add NAME; midiateca instance add ID --client N --token-env VAR

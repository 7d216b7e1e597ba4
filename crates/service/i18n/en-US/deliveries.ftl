### What `deliveries` says.

deliveries-name-deliveries = no delivery is named
    .hint = give ids, or use --set-aside, --since or --instance
deliveries-dismissed =
    { $count ->
        [one] { $count } delivery
       *[other] { $count } deliveries
    } dismissed
deliveries-would-be-dismissed =
    { $count ->
        [one] { $count } delivery
       *[other] { $count } deliveries
    } would be dismissed
deliveries-not-found = not found
deliveries-instance-removed = skipped: its instance was removed, or is another client's now
deliveries-body-deleted = skipped: retention deleted its body
deliveries-unreadable = still not processed: { $reason }
deliveries-would-be-read = would be processed
deliveries-no-media = contains no media
deliveries-erased = skipped: the message was erased on request
deliveries-bytes-missing = its bytes are not in the delivery any more, and the stored file is missing
deliveries-bytes-corrupt = its bytes are not in the delivery any more, and the stored file is corrupt
deliveries-bytes-removed = its bytes are not in the delivery any more, and a retention rule deleted the stored file
deliveries-bytes-erased = its bytes are not in the delivery any more, and the stored file was erased on request
deliveries-read = processed
deliveries-id = delivery
deliveries-instance = instance
deliveries-received = received
deliveries-verdict = verdict
deliveries-arrival = arrival
deliveries-listed = found in the gateway's list, its webhook never came
deliveries-listed-old = found in the gateway's list, too old for its links
deliveries-reason = reason
deliveries-left-out = left out
deliveries-size = bytes
deliveries-not-shown = its body is no longer stored, or is neither JSON nor a form, so keys in it cannot be masked

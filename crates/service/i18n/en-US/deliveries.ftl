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

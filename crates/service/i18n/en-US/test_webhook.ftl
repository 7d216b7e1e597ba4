### What `test-webhook` says.

test-webhook-too-large = a delivery of more than { $limit } bytes is not accepted
test-webhook-names-no-instance = the delivery names no instance, and its shape is that of no known gateway: give one with --instance ID ({ $candidates })
test-webhook-several = the delivery has the shape of { $gateway } and names none of its instances: give one with --instance ID ({ $candidates })
test-webhook-none-of-gateway = the delivery has the shape of { $gateway }, and no instance is of that gateway: give one with --instance ID ({ $candidates })
test-webhook-no-sample = deliveries of { $gateway } bring no files, so there is no sample for { $id }
    .hint = give a delivery as FILE, as the gateway posted it; `midiateca deliveries show` prints one
test-webhook-no-instance = there is no instance yet: `midiateca instance add ID --client N --token-env VAR`, or try `midiateca demo`

### What `sweep` says.

sweep-went =
    deleted: { $files ->
        [one] { $files } file
       *[other] { $files } files
    } ({ $bytes } bytes), { $deliveries ->
        [one] { $deliveries } raw delivery
       *[other] { $deliveries } raw deliveries
    }, { $events ->
        [one] { $events } event
       *[other] { $events } events
    }, { $attempts ->
        [one] { $attempts } attempt
       *[other] { $attempts } attempts
    }
sweep-would-go =
    would be deleted: { $files ->
        [one] { $files } file
       *[other] { $files } files
    } ({ $bytes } bytes), { $deliveries ->
        [one] { $deliveries } raw delivery
       *[other] { $deliveries } raw deliveries
    }, { $events ->
        [one] { $events } event
       *[other] { $events } events
    }, { $attempts ->
        [one] { $attempts } attempt
       *[other] { $attempts } attempts
    }
sweep-failed = { $file } could not be deleted: { $why }; fix the cause, and the next sweep deletes it
sweep-stopped =
    stopped after { $files ->
        [one] { $files } file
       *[other] { $files } files
    } ({ $bytes } bytes); run the same command again to continue
sweep-no-rules = no rule deletes files; see [retention] in `midiateca config init`
sweep-on-hold =
    kept by legal holds: { $files ->
        [one] { $files } file
       *[other] { $files } files
    }, { $deliveries ->
        [one] { $deliveries } raw delivery
       *[other] { $deliveries } raw deliveries
    }; see `midiateca hold list`

### What `sweep` says.

sweep-went = gone: { $files } files ({ $bytes } bytes), { $deliveries } raw deliveries, { $events } events, { $attempts } attempts
sweep-would-go = would go: { $files } files ({ $bytes } bytes), { $deliveries } raw deliveries, { $events } events, { $attempts } attempts
sweep-stuck = { $file } could not be removed: { $why }; mend that, and the next sweep takes it
sweep-no-rules = no rule says that files are to go; see [retention] in `midiateca config init`

### What `audit` says.

audit-unknown-action = there is no action { $name }
    .hint = the actions are { $known }

### What `audit` says.

audit-unknown-action = there is no action { $name }; the page *Audit* has the list

### What `audit` says.

audit-unknown-action = não existe a ação { $name }
    .hint = as ações são { $known }

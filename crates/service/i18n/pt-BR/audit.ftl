### What `audit` says.

audit-unknown-action = não existe a ação { $name }; a página *Auditoria* tem a lista

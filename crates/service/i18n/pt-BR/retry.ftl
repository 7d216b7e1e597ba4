### What `retry` prints.

retry-name-media = nenhuma mídia foi informada
    .hint = informe ids, ou use --failed, --expired, --skipped, --dismissed ou --waiting
retry-unknown-reason = { $name } não é um motivo
    .hint = `midiateca check` mostra os que ocorrem, pelos códigos
retry-nothing = nenhuma mídia corresponde, então nada foi para a fila

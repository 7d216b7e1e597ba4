### What `retry` prints.

retry-name-media = nenhuma mídia foi informada
    .hint = informe ids, ou use --failed, --expired, --skipped, --dismissed ou --waiting
retry-unknown-reason = { $name } não é um motivo
    .hint = `midiateca check` mostra os que ocorrem, pelos códigos
retry-queued = na fila
retry-queued-file-missing = na fila: o arquivo está ausente
retry-would-be-queued = iria para a fila
retry-already-stored = ignorada: já está armazenada
retry-downloading = ignorada: está sendo baixada
retry-erased = ignorada: foi apagada a pedido
retry-skipped = ignorada: o status acabou de mudar
retry-not-found = não encontrada
retry-nothing = nenhuma mídia corresponde, então nada foi para a fila

### What `retry` says.

retry-name-media = informe mídias, ou use --failed, --expired, --skipped, --dismissed ou --waiting
retry-unknown-reason = { $name } não é um motivo; `midiateca check --json` mostra os que existem
retry-queued = na fila
retry-queued-for-lost = na fila, pois o arquivo se perdeu
retry-would-be-queued = iria para a fila
retry-left-alone = deixada como está
retry-unknown = desconhecida

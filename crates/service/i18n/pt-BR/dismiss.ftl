### What `media dismiss` prints.

dismiss-name-media = nenhuma mídia foi informada
    .hint = informe ids, ou use --failed ou --expired
dismiss-sum =
    { $dismissed ->
        [one] { $dismissed } dispensada
       *[other] { $dismissed } dispensadas
    }, { $skipped ->
        [one] { $skipped } ignorada
       *[other] { $skipped } ignoradas
    }, { $not_found ->
        [one] { $not_found } não encontrada
       *[other] { $not_found } não encontradas
    }
dismiss-would-sum =
    { $dismissed ->
        [one] { $dismissed } seria dispensada
       *[other] { $dismissed } seriam dispensadas
    }, { $skipped ->
        [one] { $skipped } ignorada
       *[other] { $skipped } ignoradas
    }, { $not_found ->
        [one] { $not_found } não encontrada
       *[other] { $not_found } não encontradas
    }

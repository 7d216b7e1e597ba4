### What `scrub` prints.

scrub-not-repaired =
    { $failed ->
        [one] { $failed } arquivo não pôde ser reparado
       *[other] { $failed } arquivos não puderam ser reparados
    }; as linhas de log acima dizem por quê
scrub-files-in-use = arquivos órfãos não foram procurados, porque uma importação ou um apagamento está em andamento
scrub-sum =
    { $intact ->
        [one] { $intact } íntegro
       *[other] { $intact } íntegros
    }, { $missing ->
        [one] { $missing } ausente
       *[other] { $missing } ausentes
    }, { $corrupt ->
        [one] { $corrupt } corrompido
       *[other] { $corrupt } corrompidos
    }, { $unreadable ->
        [one] { $unreadable } ilegível
       *[other] { $unreadable } ilegíveis
    }, { $orphaned ->
        [one] { $orphaned } órfão
       *[other] { $orphaned } órfãos
    }
scrub-sum-repaired =
    { $restored ->
        [one] { $restored } restaurado
       *[other] { $restored } restaurados
    }, { $queued } na fila, { $unrecoverable } sem recuperação, { $quarantined ->
        [one] { $quarantined } movido
       *[other] { $quarantined } movidos
    } para { $quarantine }
scrub-quarantine = quarentena
scrub-how-to-repair = dica: `midiateca scrub --repair` repara o que for possível e não exclui nada
scrub-stopped = interrompido; `midiateca scrub --resume` continua
scrub-nothing-to-resume = nenhuma conferência foi interrompida, então esta começou do início

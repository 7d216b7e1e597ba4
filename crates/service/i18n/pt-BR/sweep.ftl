### What `sweep` says.

sweep-went =
    excluídos: { $files ->
        [one] { $files } arquivo
       *[other] { $files } arquivos
    } ({ $bytes } bytes), { $deliveries ->
        [one] { $deliveries } entrega bruta
       *[other] { $deliveries } entregas brutas
    }, { $events ->
        [one] { $events } evento
       *[other] { $events } eventos
    }, { $attempts ->
        [one] { $attempts } tentativa
       *[other] { $attempts } tentativas
    }
sweep-would-go =
    seriam excluídos: { $files ->
        [one] { $files } arquivo
       *[other] { $files } arquivos
    } ({ $bytes } bytes), { $deliveries ->
        [one] { $deliveries } entrega bruta
       *[other] { $deliveries } entregas brutas
    }, { $events ->
        [one] { $events } evento
       *[other] { $events } eventos
    }, { $attempts ->
        [one] { $attempts } tentativa
       *[other] { $attempts } tentativas
    }
sweep-failed = não foi possível excluir { $file }: { $why }; corrija a causa, e a próxima limpeza o exclui
sweep-stopped =
    interrompido depois de { $files ->
        [one] { $files } arquivo
       *[other] { $files } arquivos
    } ({ $bytes } bytes); execute o mesmo comando de novo para continuar
sweep-no-rules = nenhuma regra exclui arquivos; veja [retention] em `midiateca config init`
sweep-on-hold =
    mantidos por retenções legais: { $files ->
        [one] { $files } arquivo
       *[other] { $files } arquivos
    }, { $deliveries ->
        [one] { $deliveries } entrega bruta
       *[other] { $deliveries } entregas brutas
    }; veja `midiateca hold list`

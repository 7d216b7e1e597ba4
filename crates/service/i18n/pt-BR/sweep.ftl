### What `sweep` says.

sweep-went = removidos: { $files } arquivos ({ $bytes } bytes), { $deliveries } entregas brutas, { $events } eventos, { $attempts } tentativas
sweep-would-go = seriam removidos: { $files } arquivos ({ $bytes } bytes), { $deliveries } entregas brutas, { $events } eventos, { $attempts } tentativas
sweep-stuck = não foi possível remover { $file }: { $why }; corrija isso, e a próxima limpeza o remove
sweep-no-rules = nenhuma regra manda remover arquivos; veja [retention] em `midiateca config init`

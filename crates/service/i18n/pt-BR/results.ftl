### What became of a media, a delivery, a file or a webhook slot, by the code that JSON has.

results-retry-queued = na fila
results-retry-queued-file-missing = na fila: o arquivo está ausente
results-retry-would-be-queued = iria para a fila
results-retry-already-stored = ignorada: já está armazenada
results-retry-downloading = ignorada: está sendo baixada
results-retry-erased = ignorada: foi apagada a pedido
results-retry-skipped = ignorada: o status acabou de mudar
results-retry-not-found = não encontrada

results-dismiss-dismissed = dispensada
results-dismiss-would-be-dismissed = seria dispensada
results-dismiss-skipped = ignorada: não falhou nem expirou
results-dismiss-not-found = não encontrada

results-replay-read = processada
results-replay-would-be-read = seria processada
results-replay-no-media = não contém mídia
results-replay-erased = ignorada: a mensagem foi apagada a pedido
results-replay-unreadable = ainda não processada: { $reason }
results-replay-instance-removed = ignorada: a instância foi removida, ou agora é de outro cliente
results-replay-body-deleted = ignorada: a retenção excluiu o conteúdo
results-replay-not-found = não encontrada

results-replaced-missing = os bytes já não estão na entrega, e o arquivo armazenado está ausente
results-replaced-corrupt = os bytes já não estão na entrega, e o arquivo armazenado está corrompido
results-replaced-removed = os bytes já não estão na entrega, e uma regra de retenção excluiu o arquivo armazenado
results-replaced-erased = os bytes já não estão na entrega, e o arquivo armazenado foi apagado a pedido

results-problem-missing = ausente
results-problem-corrupt = corrompido
results-problem-orphaned = órfão
results-problem-unreadable = ilegível

results-repair-restored = restaurado de outra cópia
results-repair-queued = na fila para ser baixado de novo
results-repair-unrecoverable = sem recuperação: não há link
results-repair-found = encontrado e armazenado
results-repair-quarantined = movido para a quarentena
results-repair-skipped = ignorado: mudou durante o reparo, ou não é um arquivo de mídia
results-repair-failed = não reparado: o armazenamento relatou um erro

results-dossier-altered = alterado
results-dossier-missing = ausente
results-dossier-added = não consta em SHA256SUMS
results-dossier-unreadable = não pode ser lido: está comprimido, é um link ou está danificado
results-dossier-unsafe-name = o nome poderia levar para fora da pasta; não descompacte este arquivo
results-dossier-not-signed = a assinatura em SIGNATURE não corresponde a este arquivo e à chave
results-dossier-other-key = assinado por outra instalação
results-dossier-malformed = tem uma linha que não está no formato do sha256sum
results-dossier-hidden = o ZIP tem arquivos ou outros bytes que o índice dele não mostra, ou mostra duas vezes

results-holder-ours = deste servidor
results-holder-other = OUTRO ENDEREÇO
results-holder-empty = VAZIO
results-holder-off = DESATIVADO
results-holder-incomplete = INCOMPLETO

results-slot-would-be-set = seria alterado
results-slot-set = configurado
results-slot-not-set = NÃO configurado
results-slot-incomplete = INCOMPLETO
results-slot-not-read-back = aceito
results-slot-unchanged = mantido

results-step-received = recebida
results-step-committed = confirmada
results-step-detected = detectada
results-step-ignored = ignorada
results-step-set-aside = separada
results-step-refused = recusada
results-step-route-tried = rota tentada
results-step-link = link
results-step-bytes = bytes
results-step-verified = verificada
results-step-path = caminho
results-step-row = registro
results-step-not-stored = não armazenada

results-basis-given = informado
results-basis-paired = nas mesmas mensagens que outro id desta pessoa
results-basis-unfinished = encontrado por um apagamento incompleto desta pessoa

results-left-linked = ainda existe: { $path } ({ $sha256 }): é um link ou está atrás de um, e o destino dele pode pertencer a outra coisa; remova-o à mão, ou substitua o link pela própria pasta ou por uma montagem dela, e execute o mesmo comando de novo
results-left-shared = os mesmos bytes continuam em { $path } ({ $sha256 }): são de outra mídia, que não foi apagada
results-left-orphaned = os mesmos bytes continuam em { $path } ({ $sha256 }): o arquivo é órfão, no lugar do arquivo de outra mensagem; exclua-o se for desta pessoa
results-left-failed = ainda existe: { $path } ({ $sha256 }): não foi possível removê-lo; o log diz por quê

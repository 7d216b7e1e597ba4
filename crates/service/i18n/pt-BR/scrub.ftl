### What `scrub` says.

scrub-missing = faltando
scrub-altered = alterado
scrub-unreadable = não pode ser lido
scrub-unknown = sem registro
scrub-relinked = refeito a partir de outra cópia
scrub-requeued = na fila para ser baixado de novo
scrub-given-up = sem recuperação: não há link
scrub-lost = tinha sido dado por perdido
scrub-found = está lá, e gravado de novo
scrub-quarantined = movido para a quarentena
scrub-left-alone = deixado como está, pois mudou nesse meio-tempo ou não é nosso
scrub-failed = não reparado, pois o armazenamento recusou
scrub-not-repaired = { $failed } não puderam ser reparados; as linhas de log acima dizem por quê
scrub-folder-missing = nenhum dos { $missing } arquivos gravados em { $folder } está lá: está tudo montado? Nada foi alterado; se sumiram mesmo, use --even-if-most-are-missing
scrub-most-missing = { $missing } de { $count } arquivos gravados não estão lá, ou têm outro tamanho: o armazenamento está montado, e é o certo? Nada foi alterado; se sumiram mesmo, use --even-if-most-are-missing
scrub-many-orphaned = { $orphaned } de { $count } arquivos não têm registro: o banco de dados é o certo? Nada foi alterado; para movê-los à quarentena mesmo assim, use --even-if-many-are-orphaned
scrub-files-held = arquivos sem registro não foram procurados, porque uma importação ou um apagamento está em andamento
scrub-sum = { $intact } intactos, { $missing } faltando, { $altered } alterados, { $unknown } sem registro
scrub-sum-repaired = { $relinked } refeitos, { $requeued } na fila de novo, { $given_up } desistidos, { $quarantined } movidos para { $quarantine }
scrub-how-to-repair = para consertar o que for possível: midiateca scrub --repair (nada é apagado)
scrub-stopped = parado; para continuar: midiateca scrub --resume
scrub-nothing-to-resume = nenhuma conferência foi interrompida, então esta começa do início

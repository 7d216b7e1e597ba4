### What `backup` says.

backup-full = o disco de { $path } encheu: libere espaço e rode o mesmo comando de novo, ele continua daqui
backup-not-written = nenhum backup foi feito
backup-not-renewed = nenhum backup novo foi feito, e o anterior continua utilizável
backup-so-far = { $count } arquivos estão no backup até agora
backup-missing = faltando
backup-altered = alterado
backup-missing-kept = faltando, mas o backup tem
backup-altered-kept = alterado, mas o backup tem o certo
backup-sum = { $target }: arquivos: { $count }, bytes: { $bytes }; copiados: { $copied }, vinculados: { $linked }, mantidos: { $kept }, descartados enquanto isso: { $gone }, faltando: { $missing }, alterados: { $altered }
backup-stopped = parado depois de { $count } arquivos (copiados: { $copied }); rode o mesmo comando de novo para continuar
backup-stopped-before = parado depois de { $count } arquivos (copiados: { $copied }); rode o mesmo comando de novo para continuar, o backup anterior continua utilizável
backup-key-elsewhere = a chave não está neste backup; guarde uma cópia de { $key } separada dele, pois sem a chave os tokens do gateway não podem ser lidos
backup-key-here = este backup contém a chave, que abre os tokens do gateway: proteja-o de acordo
backup-key-other = o secret.key deste backup não é a chave em uso: --with-key coloca { $key } no lugar dele; senão, guarde uma cópia de { $key } separada do backup
backup-key-absent = a chave { $key } não existe, por isso não dá para dizer se este backup a contém: coloque-a de volta a partir da cópia guardada
backup-surplus = { $count } arquivos do backup já não constam no banco de dados (apagados ou descartados); --prune os remove
backup-pruned = { $count } arquivos que já não constam no banco de dados foram removidos do backup
backup-settings-elsewhere = as configurações apontam lugares próprios, por isso estão no backup como { $name }: recoloque-as manualmente

### What `backup` says.

backup-full = o disco de { $path } está cheio: libere espaço e execute o mesmo comando de novo, ele continua daqui
backup-not-written = nenhum backup foi feito
backup-not-renewed = nenhum backup novo foi feito; o anterior continua utilizável
backup-missing = ausente
backup-corrupt = corrompido
backup-missing-kept = ausente, mas íntegro no backup
backup-corrupt-kept = corrompido, mas íntegro no backup
backup-sum =
    { $count ->
        [one] { $count } arquivo
       *[other] { $count } arquivos
    }, { $bytes } bytes: { $copied ->
        [one] { $copied } copiado
       *[other] { $copied } copiados
    }, { $linked ->
        [one] { $linked } vinculado
       *[other] { $linked } vinculados
    }, { $kept ->
        [one] { $kept } mantido
       *[other] { $kept } mantidos
    }, { $gone ->
        [one] { $gone } excluído
       *[other] { $gone } excluídos
    } durante o backup, { $missing ->
        [one] { $missing } ausente
       *[other] { $missing } ausentes
    }, { $corrupt ->
        [one] { $corrupt } corrompido
       *[other] { $corrupt } corrompidos
    }
backup-stopped =
    interrompido depois de { $count ->
        [one] { $count } arquivo
       *[other] { $count } arquivos
    } ({ $copied ->
        [one] { $copied } copiado
       *[other] { $copied } copiados
    }); execute o mesmo comando de novo para continuar
backup-stopped-before =
    interrompido depois de { $count ->
        [one] { $count } arquivo
       *[other] { $count } arquivos
    } ({ $copied ->
        [one] { $copied } copiado
       *[other] { $copied } copiados
    }); execute o mesmo comando de novo para continuar, o backup anterior continua utilizável
backup-key-elsewhere = a chave não está neste backup; guarde uma cópia de { $key } em outro lugar, porque sem ela não é possível descriptografar os tokens do gateway
backup-key-here = este backup contém a chave dos tokens do gateway: proteja-o como protege a chave
backup-key-other = o secret.key deste backup não é a chave em uso: --with-key o substitui por { $key }; senão, guarde uma cópia de { $key } em outro lugar
backup-key-absent = a chave { $key } não existe, e por isso não se sabe se este backup a contém: restaure-a a partir da cópia
backup-surplus =
    { $count ->
        [one] { $count } arquivo do backup já não consta
       *[other] { $count } arquivos do backup já não constam
    } no banco de dados (excluídos ou apagados); --prune { $count ->
        [one] o remove
       *[other] os remove
    }
backup-pruned =
    { $count ->
        [one] { $count } arquivo que já não consta no banco de dados foi removido
       *[other] { $count } arquivos que já não constam no banco de dados foram removidos
    } do backup
backup-settings-elsewhere = as configurações contêm caminhos, por isso estão no backup como { $name }: restaure esse arquivo manualmente
backup-files-in-bucket = os arquivos armazenados estão em { $bucket } e não neste backup: copie-os com `aws s3 sync { $bucket } { $target } --exclude '.staging/*' --exclude '.derived/*'` (com --endpoint-url para um servidor próprio)

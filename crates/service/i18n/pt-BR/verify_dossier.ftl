### What `verify-dossier` says.

verify-dossier-fine =
    o dossiê não foi alterado: { $files ->
        [one] { $files } arquivo
       *[other] { $files } arquivos
    } ({ $bytes } bytes), feito em { $at }, assinado por { $key }
verify-dossier-not-fine =
    o dossiê não confere: { $findings ->
        [one] { $findings } problema
       *[other] { $findings } problemas
    }, { $files ->
        [one] { $files } arquivo confere
       *[other] { $files } arquivos conferem
    } ({ $bytes } bytes); feito em { $at }, chave { $key }
verify-dossier-key-inside = foi usada a chave que está no dossiê, escolhida por quem o fez: compare-a com a da instalação, ou informe --key
verify-dossier-not-a-key = --key não é uma chave Ed25519: 32 bytes em base64
    .hint = `midiateca key show --dossier` a mostra onde o dossiê foi feito

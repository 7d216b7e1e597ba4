### What `verify-dossier` says.

verify-dossier-altered = alterado
verify-dossier-missing = ausente
verify-dossier-added = não consta em SHA256SUMS
verify-dossier-unreadable = não pode ser lido: está comprimido, é um link ou está danificado
verify-dossier-unsafe-name = o nome poderia levar para fora da pasta; não descompacte este arquivo
verify-dossier-not-signed = a assinatura em SIGNATURE não corresponde a este arquivo e à chave
verify-dossier-other-key = assinado por outra instalação
verify-dossier-malformed = tem uma linha que não está no formato do sha256sum
verify-dossier-hidden-files = o ZIP tem arquivos ou outros bytes que o índice dele não mostra, ou mostra duas vezes
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

### What `decrypt` says.

decrypt-unknown-kind = { $name } não é um tipo de mídia
    .hint = os tipos são image, video, audio, document, sticker
decrypt-not-32-bytes = { $name } não tem 32 bytes em nenhum formato conhecido
    .hint = copie da mensagem o valor inteiro, entre aspas, como base64, 64 dígitos hexadecimais ou uma lista JSON de números
decrypt-name-output = o arquivo não termina em .enc, então a saída não tem nome
    .hint = informe a saída com -o
decrypt-right = certo
decrypt-wrong = ERRADO
decrypt-padding = preenchimento
decrypt-not-compared = não comparado
decrypt-written = { $output }: { $size } bytes, verificação { $how }, { $label } ({ $checks })
decrypt-not-written = nada foi gravado: { $why } ({ $checks })

## Why not

decrypt-stopped = a operação foi interrompida
decrypt-not-encrypted = o arquivo não está criptografado
decrypt-too-short = apenas { $received } bytes, menos do que qualquer arquivo criptografado
decrypt-bad-shape = { $received } bytes não são blocos inteiros e um MAC: o arquivo foi truncado, ou não está criptografado
decrypt-corrupt = os bytes não são os que foram enviados
decrypt-wrong-key = os bytes estão íntegros, mas a chave ou o tipo não é deles
decrypt-bad-padding = o preenchimento está malformado
decrypt-plain-hash-mismatch = o conteúdo descriptografado não tem o hash informado

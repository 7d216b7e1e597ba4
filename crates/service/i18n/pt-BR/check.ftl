### What `check` says.

## The tables

check-instances = Instâncias
check-media = Mídias
check-reasons = Não armazenadas, e por quê
check-folders = Pastas
check-heads-of-instances = cliente | instância | estado | token | entregas | última entrega
check-heads-of-media = por tipo | | bytes armazenados | por status | | última hora
check-heads-of-reasons = quantidade | motivo | o que significa | recuperável
check-heads-of-folders = pasta | arquivos | bytes
check-token-stored = armazenado
check-missing = ausente

## The lines below them

check-on-disk =
    arquivos no disco: { $present ->
        [one] { $present } presente
       *[other] { $present } presentes
    }, { $missing ->
        [one] { $missing } ausente
       *[other] { $missing } ausentes
    }, { $wrong_size } de tamanho errado
check-look-at = { "  " }veja: { $file }
check-figures =
    taxa de sucesso: { $rate }
    espera mais antiga: { $oldest }
    próximo prazo: { $deadline }
check-hint = dica: midiateca client add NOME; midiateca instance add ID --client N --token-env VAR

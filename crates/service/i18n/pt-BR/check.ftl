### What `check` says.

## The tables

check-instances = Instâncias
check-media = Mídias
check-reasons = Não armazenadas, e por quê
check-folders = Pastas
check-client = cliente
check-instance = instância
check-state = estado
check-token = token
check-deliveries = entregas
check-last-delivery = última entrega
check-by-kind = por tipo
check-count = quantidade
check-stored-bytes = bytes armazenados
check-by-status = por status
check-last-hour = última hora
check-reason = motivo
check-meaning = o que significa
check-retryable = recuperável
check-folder = pasta
check-files = arquivos
check-bytes = bytes
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
    taxa de sucesso: { $rate } (armazenadas, entre as que já têm resultado: as pendentes não contam)
    espera mais antiga: { $oldest }
    próximo prazo: { $deadline }
check-hint = dica: midiateca client add NOME; midiateca instance add ID --client N --token-env VAR
check-never-made = { $count ->
    [one] { $count } entrega que o gateway não enviou
   *[other] { $count } entregas que o gateway não enviou
}: { $instance }

### The short report of `status`.

status-data = dados
status-server = servidor
status-running = em execução
status-running-on = em execução em { $address }
status-stopped = parado
status-not-answering = em execução, não responde
status-not-ready = em execução, não consegue gravar agora
status-unknown = desconhecido: não é possível ler o arquivo de trava
status-disk = disco
status-free = { $free } livres, { $stored } de mídias armazenadas
status-free-unknown = espaço livre desconhecido, { $stored } de mídias armazenadas
status-downloads = downloads
status-paused = pausados até haver { $resume } livres
status-not-paused = não pausados
status-queue = fila
status-queued = pendentes: { $pending }, baixando: { $downloading }, com falha: { $failed }, expiradas: { $expired }
status-oldest-waiting = espera mais antiga
status-next-deadline = próximo prazo
status-last-webhook = último webhook
status-of-instance = { $time }  { $instance } (cliente { $client }, { $state })
status-never = nunca
status-no-instance = nenhuma instância
status-never-made = não enviadas
status-never-made-by = { $count ->
    [one] { $count } entrega que o gateway não enviou
   *[other] { $count } entregas que o gateway não enviou
}  { $instance }

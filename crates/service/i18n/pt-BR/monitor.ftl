### What `monitor` says on its screen.

monitor-too-small = o terminal é pequeno demais para mostrar algo; em 80×24 cabe o principal

## The header

monitor-served = servidor no ar
monitor-not-served = sem servidor
monitor-not-known = consultando…
monitor-paused = PAUSADO
monitor-showing-all = mostrando tudo
monitor-showing = somente
monitor-gone = o banco { $path } sumiu; esperando que volte
monitor-refused = o banco não responde: { $why }; tentando de novo
monitor-no-room = o disco está quase cheio ({ $free } livres): os downloads esperam por { $resume }
monitor-silent = o banco não responde há { $age }

## Deliveries

monitor-deliveries = Entregas
monitor-now = { $rate }/min agora
monitor-measuring = medindo…
monitor-received = { $count } mídias/h
monitor-ended = 60 min: { $stored } gravadas, { $failed } falharam

## The queue

monitor-queue = Fila
monitor-counting = contando…
monitor-ready = prontas
monitor-waiting = em espera
monitor-downloading = baixando
monitor-stored-all = gravadas
monitor-failed-all = falharam
monitor-expired-all = expiraram
monitor-skipped-all = ignoradas
monitor-dismissed-all = dispensadas
monitor-due = Espera, por prazo
monitor-due-short = prazo
monitor-due-hour = <1h
monitor-due-day = <1d
monitor-due-week = <7d
monitor-due-later = depois

## Downloads

monitor-downloads = Downloads em andamento
monitor-interrupted = interrompidos: nenhum servidor no ar
monitor-other-database = agora há outro banco de dados ali; seguem os eventos dele
monitor-no-downloads = nada está sendo baixado
monitor-beginning = começando

## Instances

monitor-instances = Instâncias
monitor-no-instances = nenhuma instância cadastrada; use `midiateca instance add`
monitor-head-instance = instância
monitor-head-state = estado
monitor-head-last = última
monitor-head-deliveries = entregas
monitor-head-waiting = espera
monitor-head-failed = falhas
monitor-head-problem = problema
monitor-connected = conectada
monitor-disconnected = desconectada
monitor-not-told = não informado
monitor-more = { $shown } de { $all }

## Events

monitor-events = Eventos recentes
monitor-no-events = nada do que é mostrado aqui aconteceu ainda
monitor-stored = gravada
monitor-lost = arq. perdido
monitor-removed = removida
monitor-dismissed = dispensada
monitor-erased = apagado
monitor-failed = falhou
monitor-expired = expirou
monitor-postponed = adiada

## One media

monitor-media = Mídia { $id }
monitor-reading = lendo…
monitor-unknown-media = não existe mais mídia com este id
monitor-attempts = Tentativas: { $count }
monitor-no-attempts = nada foi tentado ainda
monitor-went-well = deu certo

## The last line

monitor-ask = Devolver a mídia { $id } à fila? s/n
monitor-no-media = esta linha não é de nenhuma mídia
monitor-queued = a mídia { $id } voltou à fila
monitor-queued-lost = a mídia { $id } voltou à fila: seu arquivo está ausente
monitor-left-alone = a mídia { $id } foi ignorada: está armazenada, sendo baixada, ou foi apagada
monitor-unknown = a mídia { $id } não existe mais
monitor-not-queued = a mídia { $id } não voltou à fila: { $why }
monitor-key-space = espaço
monitor-key-quit = sair
monitor-key-help = ajuda
monitor-key-pause = pausa
monitor-key-go-on = segue
monitor-key-instance = instância
monitor-key-kind = tipo
monitor-key-status = estado
monitor-key-clear = tudo
monitor-key-open = abre
monitor-key-retry = repete
monitor-key-close = fecha
monitor-key-scroll = rola

## Help

monitor-help = Teclas
monitor-help-quit = encerra; Esc e Ctrl-C também
monitor-help-pause = congela a tela e solta; o servidor não para
monitor-help-instance = mostra só uma instância, a próxima a cada vez
monitor-help-kind = mostra só um tipo de mídia: imagem, vídeo, áudio, documento, figurinha
monitor-help-status = lista só o que foi gravado, falhou, expirou ou foi adiado
monitor-help-clear = mostra tudo de novo
monitor-help-select = escolhe um evento (também j, k, teclas de página, Home, End)
monitor-help-open = abre a mídia do evento escolhido: seus campos e cada tentativa
monitor-help-retry = devolve a mídia escolhida à fila; pergunta antes
monitor-help-redraw = redesenha a tela
monitor-help-close = fecha o que está aberto
monitor-help-times = Os horários são em UTC. O gráfico mostra mídias recebidas por minuto na última hora.

### The screen of `monitor`.

monitor-too-small = o terminal é pequeno demais; 80×24 mostra o essencial

## The header

monitor-served = servidor em execução
monitor-not-served = sem servidor
monitor-looking = consultando…
monitor-paused = PAUSADO
monitor-showing-all = mostrando tudo
monitor-showing = somente
monitor-database-missing = o banco de dados { $path } não existe mais; aguardando
monitor-database-failed = o banco de dados não responde: { $why }; nova tentativa em seguida
monitor-no-space = o disco está quase cheio ({ $free } livres): os downloads esperam por { $resume }
monitor-silent = o banco de dados não responde há { $age }

## Deliveries

monitor-deliveries = Entregas
monitor-now = { $rate }/min agora
monitor-measuring = medindo…
monitor-received = { $count } mídias/h
monitor-ended =
    60 min: { $stored ->
        [one] { $stored } armazenada
       *[other] { $stored } armazenadas
    }, { $failed ->
        [one] { $failed } falha
       *[other] { $failed } falhas
    }

## The queue

monitor-queue = Fila
monitor-counting = contando…
monitor-ready = prontas
monitor-waiting = em espera
monitor-downloading = baixando
monitor-stored-all = armazenadas
monitor-failed-all = com falha
monitor-expired-all = expiradas
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
monitor-interrupted = interrompidos: nenhum servidor em execução
monitor-other-database = agora há outro banco de dados nesse caminho; os eventos dele vêm a seguir
monitor-no-downloads = nenhum download em andamento
monitor-download-starting = iniciando

## Instances

monitor-instances = Instâncias
monitor-no-instances = não há instâncias; use `midiateca instance add`
monitor-head-instance = instância
monitor-head-state = estado
monitor-head-last = última
monitor-head-deliveries = entregas
monitor-head-waiting = espera
monitor-head-failed = falhas
monitor-head-problem = problema
monitor-connected = conectada
monitor-disconnected = desconectada
monitor-more = { $shown } de { $all }

## Events

monitor-events = Eventos recentes
monitor-no-events = nenhum evento desta seleção ainda
monitor-stored = armazenada
monitor-lost = ausente
monitor-removed = removida
monitor-dismissed = dispensada
monitor-deleted = apagada para todos
monitor-erased = apagado
monitor-failed = falhou
monitor-expired = expirou
monitor-postponed = adiada

## One media

monitor-media = Mídia { $id }
monitor-reading = lendo…
monitor-unknown-media = não existe mais mídia com este id
monitor-attempts = Tentativas: { $count }
monitor-no-attempts = nenhuma tentativa ainda
monitor-succeeded = concluída

## The last line

monitor-ask = Colocar a mídia { $id } na fila de novo? s/n
monitor-no-media = esta linha não se refere a uma mídia
monitor-queued = a mídia { $id } está na fila
monitor-queued-missing = a mídia { $id } está na fila, porque o arquivo está ausente
monitor-unchanged = a mídia { $id } não mudou: já está armazenada ou sendo baixada
monitor-unknown = a mídia { $id } não existe mais
monitor-not-queued = a mídia { $id } não entrou na fila: { $why }
monitor-key-space = espaço
monitor-key-quit = sair
monitor-key-help = ajuda
monitor-key-pause = pausar
monitor-key-resume = continuar
monitor-key-instance = instância
monitor-key-kind = tipo
monitor-key-status = status
monitor-key-clear = tudo
monitor-key-open = abrir
monitor-key-retry = repetir
monitor-key-close = fechar
monitor-key-scroll = rolar

## Help

monitor-help = Teclas
monitor-help-quit = sai (também Esc e Ctrl-C)
monitor-help-pause = congela a tela e continua; o servidor não é pausado
monitor-help-instance = mostra apenas uma instância; cada toque passa à próxima
monitor-help-kind = mostra apenas um tipo de mídia: imagem, vídeo, áudio, documento, figurinha
monitor-help-status = lista apenas mídias armazenadas, com falha, expiradas ou adiadas
monitor-help-clear = mostra tudo de novo
monitor-help-select = seleciona um evento (também j, k, teclas de página, Home, End)
monitor-help-open = abre a mídia do evento selecionado: os campos e todas as tentativas
monitor-help-retry = coloca a mídia selecionada na fila de novo, depois de confirmar
monitor-help-redraw = redesenha a tela
monitor-help-close = fecha o que está aberto
monitor-help-times = Os horários são do fuso mostrado no topo. As barras mostram as mídias recebidas por minuto na última hora.

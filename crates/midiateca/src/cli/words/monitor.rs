//! What `monitor` says on its screen.

words! {
    TOO_SMALL: "the terminal is too small to show anything; 80×24 shows all that matters", "o terminal é pequeno demais para mostrar algo; em 80×24 cabe o principal";

    // the header
    SERVED: "server running", "servidor no ar";
    NOT_SERVED: "no server", "sem servidor";
    NOT_KNOWN: "looking…", "consultando…";
    PAUSED: "PAUSED", "PAUSADO";
    SHOWING_ALL: "showing everything", "mostrando tudo";
    SHOWING: "only", "somente";
    GONE: "the database {path} is not there; waiting for it to come back", "o banco {path} sumiu; esperando que volte";
    REFUSED: "the database does not answer: {why}; trying again", "o banco não responde: {why}; tentando de novo";
    NO_ROOM: "the disk is nearly full ({free} free): downloads wait for {resume}", "o disco está quase cheio ({free} livres): os downloads esperam por {resume}";
    SILENT: "the database has not answered for {age}", "o banco não responde há {age}";

    // deliveries
    DELIVERIES: "Deliveries", "Entregas";
    NOW: "{rate}/min now", "{rate}/min agora";
    MEASURING: "measuring…", "medindo…";
    RECEIVED: "{count} media/h", "{count} mídias/h";
    ENDED: "60 min: {stored} stored, {failed} failed", "60 min: {stored} gravadas, {failed} falharam";

    // the queue
    QUEUE: "Queue", "Fila";
    COUNTING: "counting…", "contando…";
    READY: "ready", "prontas";
    WAITING: "waiting", "em espera";
    DOWNLOADING: "downloading", "baixando";
    STORED_ALL: "stored", "gravadas";
    FAILED_ALL: "failed", "falharam";
    EXPIRED_ALL: "expired", "expiraram";
    SKIPPED_ALL: "skipped", "ignoradas";
    DISMISSED_ALL: "dismissed", "dispensadas";
    DUE: "Waiting, by deadline", "Espera, por prazo";
    DUE_SHORT: "due", "prazo";
    DUE_HOUR: "<1h", "<1h";
    DUE_DAY: "<1d", "<1d";
    DUE_WEEK: "<7d", "<7d";
    DUE_LATER: "later", "depois";

    // downloads
    DOWNLOADS: "Downloads in flight", "Downloads em andamento";
    INTERRUPTED: "interrupted: no server runs", "interrompidos: nenhum servidor no ar";
    OTHER_DATABASE: "another database lies there now; its events follow", "agora há outro banco de dados ali; seguem os eventos dele";
    NO_DOWNLOADS: "nothing is being downloaded", "nada está sendo baixado";
    BEGINNING: "beginning", "começando";

    // instances
    INSTANCES: "Instances", "Instâncias";
    NO_INSTANCES: "no instance is known; add one with `midiateca instance add`", "nenhuma instância cadastrada; use `midiateca instance add`";
    HEAD_INSTANCE: "instance", "instância";
    HEAD_STATE: "state", "estado";
    HEAD_LAST: "last", "última";
    HEAD_DELIVERIES: "deliveries", "entregas";
    HEAD_WAITING: "waiting", "espera";
    HEAD_FAILED: "failed", "falhas";
    HEAD_PROBLEM: "problem", "problema";
    CONNECTED: "connected", "conectada";
    DISCONNECTED: "disconnected", "desconectada";
    NOT_TOLD: "not told yet", "não informado";
    MORE: "{shown} of {all}", "{shown} de {all}";

    // events
    EVENTS: "Newest events", "Eventos recentes";
    NO_EVENTS: "nothing has happened yet that is shown here", "nada do que é mostrado aqui aconteceu ainda";
    STORED: "stored", "gravada";
    LOST: "file lost", "arq. perdido";
    REMOVED: "removed", "removida";
    DISMISSED: "dismissed", "dispensada";
    ERASED: "erased", "apagado";
    FAILED: "failed", "falhou";
    EXPIRED: "expired", "expirou";
    POSTPONED: "postponed", "adiada";

    // one media
    MEDIA: "Media {id}", "Mídia {id}";
    READING: "reading…", "lendo…";
    UNKNOWN_MEDIA: "no media of this id is known any more", "não existe mais mídia com este id";
    ATTEMPTS: "Attempts: {count}", "Tentativas: {count}";
    NO_ATTEMPTS: "nothing has been tried yet", "nada foi tentado ainda";
    WENT_WELL: "went well", "deu certo";

    // the last line
    ASK: "Put media {id} back in the queue? y/n", "Devolver a mídia {id} à fila? s/n";
    NO_MEDIA: "this line tells of no media", "esta linha não é de nenhuma mídia";
    QUEUED: "media {id} is back in the queue", "a mídia {id} voltou à fila";
    QUEUED_LOST: "media {id} is back in the queue, for its file was lost", "a mídia {id} voltou à fila, pois seu arquivo se perdeu";
    LEFT_ALONE: "media {id} is left alone: it is stored or being fetched", "a mídia {id} ficou como está: já foi gravada ou está sendo baixada";
    UNKNOWN: "media {id} is not known any more", "a mídia {id} não existe mais";
    NOT_QUEUED: "media {id} was not put back: {why}", "a mídia {id} não voltou à fila: {why}";
    KEY_SPACE: "space", "espaço";
    KEY_QUIT: "quit", "sair";
    KEY_HELP: "help", "ajuda";
    KEY_PAUSE: "pause", "pausa";
    KEY_GO_ON: "go on", "segue";
    KEY_INSTANCE: "instance", "instância";
    KEY_KIND: "kind", "tipo";
    KEY_STATUS: "status", "estado";
    KEY_CLEAR: "all", "tudo";
    KEY_OPEN: "open", "abre";
    KEY_RETRY: "retry", "repete";
    KEY_CLOSE: "close", "fecha";
    KEY_SCROLL: "scroll", "rola";

    // help
    HELP: "Keys", "Teclas";
    HELP_QUIT: "end; so do Esc and Ctrl-C", "encerra; Esc e Ctrl-C também";
    HELP_PAUSE: "hold what is shown, and go on; the server is not paused", "congela a tela e solta; o servidor não para";
    HELP_INSTANCE: "show only one instance, the next one each time", "mostra só uma instância, a próxima a cada vez";
    HELP_KIND: "show only one kind of media: image, video, audio, document, sticker", "mostra só um tipo de mídia: imagem, vídeo, áudio, documento, figurinha";
    HELP_STATUS: "list only what was stored, failed, expired or was postponed", "lista só o que foi gravado, falhou, expirou ou foi adiado";
    HELP_CLEAR: "show everything again", "mostra tudo de novo";
    HELP_SELECT: "choose an event (also j, k, page keys, Home, End)", "escolhe um evento (também j, k, teclas de página, Home, End)";
    HELP_OPEN: "open the chosen event's media: its fields and every attempt", "abre a mídia do evento escolhido: seus campos e cada tentativa";
    HELP_RETRY: "put the chosen media back in the queue; asks first", "devolve a mídia escolhida à fila; pergunta antes";
    HELP_REDRAW: "draw the screen anew", "redesenha a tela";
    HELP_CLOSE: "close what is open", "fecha o que está aberto";
    HELP_TIMES: "Times are in UTC. The sparkline is media received per minute in the last hour.", "Os horários são em UTC. O gráfico mostra mídias recebidas por minuto na última hora.";
}

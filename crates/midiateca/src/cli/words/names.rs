//! The names of things. In JSON, in the database and in English they are these words; a line for people in Portuguese
//! calls the thing what it is called there. How a media stands is said so that it fits every kind, "a salvo" beside an
//! image as beside a document.

texts! {
    // kinds
    "image", "imagem";
    "video", "vídeo";
    "audio", "áudio";
    "document", "documento";
    "sticker", "figurinha";

    // how a media stands
    "pending", "pendente";
    "downloading", "baixando";
    "stored", "a salvo";
    "failed", "falhou";
    "expired", "expirou";
    "skipped", "de fora";
    "dismissed", "dispensada";

    // how an instance stands
    "connected", "conectada";
    "disconnected", "desconectada";
    "unknown", "desconhecido";

    // a setting that nobody set
    "default", "padrão";

    // what became of a delivery
    "accepted", "aceita";
    "ignored", "ignorada";
    "set_aside", "separada";
    "refused", "recusada";

    // how bytes were proven
    "full", "completa";
    "mac", "MAC";
    "unproven", "sem prova";

    // events
    "media.stored", "mídia gravada";
    "media.failed", "mídia falhou";
    "media.expired", "mídia expirou";
    "media.postponed", "mídia adiada";
    "media.lost", "arquivo perdido";
    "media.removed", "mídia removida";
    "media.dismissed", "mídia dispensada";
    "media.lost", "arquivo de mídia perdido";
    "contact.erased", "contato apagado";
    "instance.connected", "instância conectada";
    "instance.disconnected", "instância desconectada";

    // fields and facts
    "id", "id";
    "client", "cliente";
    "instance", "instância";
    "gateway", "gateway";
    "message_id", "mensagem";
    "slot", "posição";
    "kind", "tipo";
    "mime_declared", "MIME declarado";
    "mime", "MIME";
    "file_name", "nome do arquivo";
    "caption", "legenda";
    "chat_id", "conversa";
    "sender_id", "remetente";
    "sender_name", "remetente (nome)";
    "from_me", "da própria conta";
    "is_group", "em grupo";
    "sent_at", "enviada em";
    "received_at", "recebida em";
    "status", "estado";
    "reason", "motivo";
    "recoverable", "recuperável";
    "attempts", "tentativas";
    "next_attempt_at", "próxima vez";
    "expires_at", "expira em";
    "stored_at", "gravada em";
    "route", "rota";
    "size", "tamanho";
    "sha256", "SHA-256";
    "verified", "verificação";
    "path", "caminho";
    "width", "largura";
    "height", "altura";
    "seconds", "segundos";
    "voice_note", "mensagem de voz";
    "bytes", "bytes";
    "delivery", "entrega";
    "media", "mídias";
    "duplicate", "repetida";
    "names_instance", "instância citada";
    "n", "n";
    "duration_ms", "duração (ms)";
    "obtained", "obtido";
    "host", "servidor";
    "http_status", "status HTTP";
    "count", "total";
    "how", "como";
    "why", "por quê";
    "true", "sim";
    "false", "não";
}

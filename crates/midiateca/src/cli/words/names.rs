//! The names of things. In JSON, in the database and in English they are these words; a line for people in Portuguese
//! calls the thing what it is called there.

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
    "stored", "gravada";
    "failed", "falhou";
    "expired", "expirou";
    "skipped", "ignorada";

    // how an instance stands
    "connected", "conectada";
    "disconnected", "desconectada";

    // what became of a delivery
    "accepted", "aceita";
    "ignored", "ignorada";
    "quarantined", "em quarentena";
    "refused", "recusada";

    // how bytes were proven
    "full", "completa";
    "mac", "mac";
    "unproven", "sem prova";

    // events
    "media.stored", "mídia gravada";
    "media.failed", "mídia falhou";
    "media.expired", "mídia expirou";
    "media.postponed", "mídia adiada";
    "media.removed", "mídia removida";
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
    "mime_declared", "mime_declarado";
    "mime", "mime";
    "file_name", "nome_do_arquivo";
    "caption", "legenda";
    "chat_id", "conversa";
    "sender_id", "remetente";
    "sender_name", "nome_remetente";
    "from_me", "da_conta";
    "is_group", "em_grupo";
    "sent_at", "enviada_em";
    "received_at", "recebida_em";
    "status", "estado";
    "reason", "motivo";
    "recoverable", "recuperável";
    "attempts", "tentativas";
    "next_attempt_at", "próxima_em";
    "expires_at", "expira_em";
    "stored_at", "gravada_em";
    "route", "rota";
    "size", "tamanho";
    "sha256", "sha256";
    "verified", "verificação";
    "path", "caminho";
    "width", "largura";
    "height", "altura";
    "seconds", "segundos";
    "voice_note", "mensagem_de_voz";
    "bytes", "bytes";
    "delivery", "entrega";
    "media", "mídias";
    "duplicate", "repetida";
    "names_instance", "instância_citada";
    "n", "n";
    "duration_ms", "duração_ms";
    "obtained", "obtido";
    "host", "servidor";
    "http_status", "status_http";
    "count", "total";
    "how", "como";
    "why", "porquê";
    "true", "sim";
    "false", "não";
}

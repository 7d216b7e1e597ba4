//! What `deliveries` says.

words! {
    NAME_DELIVERIES: "name deliveries, or use --set-aside, --since or --instance", "informe entregas, ou use --set-aside, --since ou --instance";
    DISMISSED: "dismissed: {count}", "dispensadas: {count}";
    WOULD_BE_DISMISSED: "would be dismissed: {count}", "seriam dispensadas: {count}";
    UNKNOWN: "unknown", "desconhecida";
    INSTANCE_REMOVED: "left alone: its instance was removed", "deixada como está: a instância foi removida";
    BODY_GONE: "left alone: its body is no longer kept", "deixada como está: o conteúdo não é mais guardado";
    UNREADABLE: "still unreadable: {reason}", "ainda ilegível: {reason}";
    WOULD_BE_READ: "would be read", "seria lida";
    NO_MEDIA: "tells of no media", "não traz mídia";
    ERASED: "left alone: the message was erased on request", "deixada como está: a mensagem foi apagada a pedido";
    BYTES_MISSING: "its bytes are not in the delivery any more, and the stored file is missing", "os bytes já não estão na entrega, e o arquivo armazenado está ausente";
    BYTES_CORRUPT: "its bytes are not in the delivery any more, and the stored file is corrupt", "os bytes já não estão na entrega, e o arquivo armazenado está corrompido";
    BYTES_REMOVED: "its bytes are not in the delivery any more, and a retention rule deleted the stored file", "os bytes já não estão na entrega, e uma regra de retenção excluiu o arquivo armazenado";
    BYTES_ERASED: "its bytes are not in the delivery any more, and the stored file was erased on request", "os bytes já não estão na entrega, e o arquivo armazenado foi apagado a pedido";
    READ: "read", "lida";
}

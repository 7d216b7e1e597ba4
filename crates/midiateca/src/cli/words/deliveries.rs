//! What `deliveries` says.

words! {
    NAME_DELIVERIES: "name deliveries, or use --quarantined, --since or --instance", "informe entregas, ou use --quarantined, --since ou --instance";
    DISMISSED: "dismissed: {count}", "dispensadas: {count}";
    WOULD_BE_DISMISSED: "would be dismissed: {count}", "seriam dispensadas: {count}";
    UNKNOWN: "unknown", "desconhecida";
    INSTANCE_REMOVED: "left alone: its instance was removed", "deixada como está: a instância foi removida";
    BODY_GONE: "left alone: its body is no longer kept", "deixada como está: o conteúdo não é mais guardado";
    UNREADABLE: "still unreadable: {reason}", "ainda ilegível: {reason}";
    WOULD_BE_READ: "would be read", "seria lida";
    NO_MEDIA: "tells of no media", "não traz mídia";
    READ: "read", "lida";
}

//! What `retry` says.

words! {
    NAME_MEDIA: "name media, or use --failed, --expired, --skipped, --dismissed or --waiting", "informe mídias, ou use --failed, --expired, --skipped, --dismissed ou --waiting";
    UNKNOWN_REASON: "{name} is no reason; `midiateca check --json` names those that there are", "{name} não é um motivo; `midiateca check --json` mostra os que existem";
    QUEUED: "queued", "na fila";
    QUEUED_FOR_LOST: "queued, for its file was lost", "na fila, pois o arquivo se perdeu";
    WOULD_BE_QUEUED: "would be queued", "iria para a fila";
    LEFT_ALONE: "left alone", "deixada como está";
    UNKNOWN: "unknown", "desconhecida";
}

//! What `media dismiss` says.

words! {
    NAME_MEDIA: "name media, or use --failed or --expired", "informe mídias, ou use --failed ou --expired";
    DISMISSED: "dismissed", "dispensada";
    WOULD_BE_DISMISSED: "would be dismissed", "seria dispensada";
    LEFT_ALONE: "left alone: it neither failed nor expired", "deixada como está: não falhou nem expirou";
    NOT_FOUND: "not found", "não encontrada";
    SUM: "dismissed: {dismissed}, left alone: {left}, not found: {unknown}", "dispensadas: {dismissed}, deixadas como estão: {left}, não encontradas: {unknown}";
    WOULD_SUM: "would be dismissed: {dismissed}, left alone: {left}, not found: {unknown}", "seriam dispensadas: {dismissed}, deixadas como estão: {left}, não encontradas: {unknown}";
}

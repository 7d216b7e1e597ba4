//! What `scrub` says.

words! {
    MISSING: "missing", "faltando";
    ALTERED: "altered", "alterado";
    UNREADABLE: "cannot be read", "não pode ser lido";
    UNKNOWN: "in no row", "sem registro";
    RELINKED: "put right from another copy", "refeito a partir de outra cópia";
    REQUEUED: "queued to be fetched again", "na fila para ser baixado de novo";
    GIVEN_UP: "given up, for its link is dead", "desistido, pois o link já morreu";
    QUARANTINED: "moved to quarantine", "movido para a quarentena";
    LEFT_ALONE: "left alone, for it changed meanwhile", "deixado como está, pois mudou nesse meio-tempo";
    SUM: "{intact} intact, {missing} missing, {altered} altered, {unknown} in no row", "{intact} intactos, {missing} faltando, {altered} alterados, {unknown} sem registro";
    SUM_REPAIRED: "{relinked} put right, {requeued} queued again, {given_up} given up, {quarantined} moved to {quarantine}", "{relinked} refeitos, {requeued} na fila de novo, {given_up} desistidos, {quarantined} movidos para {quarantine}";
    HOW_TO_REPAIR: "to put right what can be: midiateca scrub --repair (nothing is deleted)", "para consertar o que for possível: midiateca scrub --repair (nada é apagado)";
    STOPPED: "stopped; to go on: midiateca scrub --resume", "parado; para continuar: midiateca scrub --resume";
    NOTHING_TO_RESUME: "no scrub was stopped, so this one begins at the beginning", "nenhuma conferência foi interrompida, então esta começa do início";
}

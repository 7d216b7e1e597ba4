//! What `scrub` says.

words! {
    MISSING: "missing", "faltando";
    ALTERED: "altered", "alterado";
    UNREADABLE: "cannot be read", "não pode ser lido";
    UNKNOWN: "in no row", "sem registro";
    RELINKED: "put right from another copy", "refeito a partir de outra cópia";
    REQUEUED: "queued to be fetched again", "na fila para ser baixado de novo";
    GIVEN_UP: "unrecoverable: it has no link", "sem recuperação: não há link";
    LOST: "was taken for lost", "tinha sido dado por perdido";
    FOUND: "it is there, and stored again", "está lá, e gravado de novo";
    QUARANTINED: "moved to quarantine", "movido para a quarentena";
    LEFT_ALONE: "left alone, for it changed meanwhile or is not ours", "deixado como está, pois mudou nesse meio-tempo ou não é nosso";
    FAILED: "not repaired, for the storage refused it", "não reparado, pois o armazenamento recusou";
    NOT_REPAIRED: "{failed} could not be repaired; the log lines above say why", "{failed} não puderam ser reparados; as linhas de log acima dizem por quê";
    FOLDER_MISSING: "none of the {missing} files stored in {folder} is there: is everything mounted? Nothing was changed; if they truly are gone, say --even-if-most-are-missing", "nenhum dos {missing} arquivos gravados em {folder} está lá: está tudo montado? Nada foi alterado; se sumiram mesmo, use --even-if-most-are-missing";
    MOST_MISSING: "{missing} of {count} stored files are not there, or are of another length: is the storage mounted, and is it the right one? Nothing was changed; if they truly are gone, say --even-if-most-are-missing", "{missing} de {count} arquivos gravados não estão lá, ou têm outro tamanho: o armazenamento está montado, e é o certo? Nada foi alterado; se sumiram mesmo, use --even-if-most-are-missing";
    MANY_ORPHANED: "{orphaned} of {count} files are orphaned: is the database the right one? Nothing was changed; to move them to quarantine all the same, say --even-if-many-are-orphaned", "{orphaned} de {count} arquivos não têm registro: o banco de dados é o certo? Nada foi alterado; para movê-los à quarentena mesmo assim, use --even-if-many-are-orphaned";
    FILES_HELD: "files in no row were not looked for, because an import or an erasure is at work", "arquivos sem registro não foram procurados, porque uma importação ou um apagamento está em andamento";
    SUM: "{intact} intact, {missing} missing, {altered} altered, {unknown} in no row", "{intact} intactos, {missing} faltando, {altered} alterados, {unknown} sem registro";
    SUM_REPAIRED: "{relinked} put right, {requeued} queued again, {given_up} given up, {quarantined} moved to {quarantine}", "{relinked} refeitos, {requeued} na fila de novo, {given_up} desistidos, {quarantined} movidos para {quarantine}";
    HOW_TO_REPAIR: "to put right what can be: midiateca scrub --repair (nothing is deleted)", "para consertar o que for possível: midiateca scrub --repair (nada é apagado)";
    STOPPED: "stopped; to go on: midiateca scrub --resume", "parado; para continuar: midiateca scrub --resume";
    NOTHING_TO_RESUME: "no scrub was stopped, so this one begins at the beginning", "nenhuma conferência foi interrompida, então esta começa do início";
}

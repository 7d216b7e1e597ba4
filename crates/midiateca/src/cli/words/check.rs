//! What `check` says.

words! {
    NO_TOKEN: "{instance}: no gateway token is kept; `midiateca instance add ID --client N --token-env VAR`", "{instance}: sem token do gateway; `midiateca instance add ID --client N --token-env VAR`";
    KEY: "the gateway tokens cannot be opened: {why}; put the right secret.key back, `midiateca doctor` says how", "não é possível abrir os tokens do gateway: {why}; coloque de volta o secret.key certo, `midiateca doctor` diz como";
    PROBLEM: "{instance}: {reason}", "{instance}: {reason}";
    SCAN_CODE: "{instance}: disconnected; scan its QR code again in the gateway's panel", "{instance}: desconectada; leia o QR code de novo no painel do gateway";
    STORAGE: "{count}: {reason}", "{count}: {reason}";
    QUARANTINED: "{count} deliveries of the last day were not what they claim to be, and wait in quarantine", "entregas do último dia que não eram o que diziam ser e estão em quarentena: {count}";
    GIVEN_UP: "{count} media given up; see the reasons, mend, then `midiateca retry --failed --expired`", "mídias sem novas tentativas: {count}; veja os motivos, corrija e use `midiateca retry --failed --expired`";
    FILES_MISSING: "{count} stored files are not on the disk", "arquivos gravados que não estão no disco: {count}";
    FILES_OF_WRONG_SIZE: "{count} stored files have another size than recorded", "arquivos gravados com tamanho diferente do registrado: {count}";
    NO_ROOM: "the disk is nearly full ({free} free): downloads wait, and go on when {resume} are free; see [retention] in `midiateca config init`", "o disco está quase cheio ({free} livres): os downloads esperam e continuam quando houver {resume} livres; veja [retention] em `midiateca config init`";
    WAITS_LONG: "something has waited for more than a day; is `midiateca serve` running?", "há mídia esperando há mais de um dia; o `midiateca serve` está rodando?";

    // the tables
    INSTANCES: "Instances", "Instâncias";
    MEDIA: "Media", "Mídias";
    REASONS: "Not stored, and why", "Não gravadas, e por quê";
    FOLDERS: "Folders", "Pastas";
    CLIENT: "client", "cliente";
    INSTANCE: "instance", "instância";
    STATE: "state", "estado";
    TOKEN: "token", "token";
    DELIVERIES: "deliveries", "entregas";
    LAST_DELIVERY: "last delivery", "última entrega";
    KEPT: "kept", "guardado";
    MISSING: "missing", "falta";
    NOT_TOLD: "not told yet", "não informado";
    BY_KIND: "by kind", "por tipo";
    STORED_BYTES: "stored bytes", "bytes gravados";
    BY_STATUS: "by status", "por estado";
    LAST_HOUR: "last hour", "última hora";
    COUNT: "count", "quantas";
    REASON: "reason", "motivo";
    MEANING: "what it means", "o que significa";
    MAY_HEAL: "may heal", "tem conserto";
    YES: "yes", "sim";
    NO: "no", "não";
    FOLDER: "folder", "pasta";
    FILES: "files", "arquivos";
    BYTES: "bytes", "bytes";

    // the lines below them
    ON_DISK: "files on disk: {present} present, {missing} missing, {wrong_size} of the wrong size", "arquivos no disco: {present} presentes, {missing} faltando, {wrong_size} de tamanho errado";
    LOOK_AT: "  look at: {file}", "  veja: {file}";
    SUCCESS_RATE: "success rate: {rate}", "taxa de sucesso: {rate}";
    OLDEST_WAITING: "oldest waiting: {time}", "espera mais antiga: {time}";
    NEXT_DEADLINE: "next deadline: {time}", "próximo prazo: {time}";
    NEXT: "next: midiateca client add NAME; midiateca instance add ID --client N --token-env VAR", "próximo passo: midiateca client add NOME; midiateca instance add ID --client N --token-env VAR";
    NEEDS_ATTENTION: "needs attention: {need}", "precisa de atenção: {need}";
    ALL_WELL: "verdict: nothing needs a person", "veredito: nada precisa de atenção";
}

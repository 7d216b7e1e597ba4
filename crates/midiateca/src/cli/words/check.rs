//! What `check` says.

words! {
    NO_SERVER: "no server runs on {data}: webhooks are not answered and nothing is downloaded; start it with `systemctl start midiateca` or `midiateca serve`", "nenhum servidor está rodando em {data}: os webhooks não são respondidos e nada é baixado; inicie com `systemctl start midiateca` ou `midiateca serve`";
    STORAGE_GONE: "the storage {path} is not there: is its disk mounted? Do not start a server without it", "o armazenamento {path} não existe: o disco está montado? Não inicie um servidor sem ele";
    SILENT_SERVER: "the server on {address} runs and does not answer: webhooks are not taken; restart it with `systemctl restart midiateca`, and keep its log", "o servidor em {address} está rodando e não responde: os webhooks não são recebidos; reinicie com `systemctl restart midiateca` e guarde o log dele";
    SERVER_NOT_READY: "the server on {address} cannot commit or store now (/readyz is 503), so webhooks may be answered 503; `midiateca doctor --problems` and its log say why", "o servidor em {address} não consegue gravar agora (/readyz responde 503), e os webhooks podem receber 503; `midiateca doctor --problems` e o log dele dizem por quê";
    DATABASE_CLOSED: "the database cannot be written ({path}: {why}), so webhooks are answered 503; {hint}", "não é possível gravar no banco de dados ({path}: {why}), e os webhooks recebem 503; {hint}";
    STORAGE_CLOSED: "the storage cannot be written ({path}: {why}), so nothing is stored; {hint}", "não é possível gravar no armazenamento ({path}: {why}), e nada é armazenado; {hint}";
    NO_TOKEN: "{instance}: no gateway token is kept; `midiateca instance add ID --client N --token-env VAR`", "{instance}: sem token do gateway; `midiateca instance add ID --client N --token-env VAR`";
    KEY: "the gateway tokens cannot be opened: {why}; put the right secret.key back, `midiateca doctor` says how", "não é possível abrir os tokens do gateway: {why}; coloque de volta o secret.key certo, `midiateca doctor` diz como";
    PROBLEM: "{instance}: {reason}", "{instance}: {reason}";
    SCAN_CODE: "{instance}: disconnected; scan its QR code again in the gateway's panel", "{instance}: desconectada; leia o QR code de novo no painel do gateway";
    STORAGE: "{count}: {reason}", "{count}: {reason}";
    QUARANTINED: "{count} deliveries of the last day could not be read and are set aside; `midiateca deliveries list --set-aside`, then `midiateca deliveries replay --set-aside` or `midiateca deliveries dismiss`", "entregas do último dia que não puderam ser lidas e foram separadas: {count}; `midiateca deliveries list --set-aside`, depois `midiateca deliveries replay --set-aside` ou `midiateca deliveries dismiss`";
    GIVEN_UP: "{count} media failed or expired; see the reasons, fix what they name, then `midiateca retry --failed --expired`, or `midiateca media dismiss --failed --expired` to accept the loss", "mídias que falharam ou expiraram: {count}; veja os motivos, corrija e use `midiateca retry --failed --expired`, ou `midiateca media dismiss --failed --expired` para aceitar a perda";
    FILES_MISSING: "{count} stored files are not on the disk", "arquivos gravados que não estão no disco: {count}";
    FILES_OF_WRONG_SIZE: "{count} stored files have another size than recorded", "arquivos gravados com tamanho diferente do registrado: {count}";
    NO_ROOM: "the disk is nearly full ({free} free): downloads wait, and go on when {resume} are free; see [retention] in `midiateca config init`", "o disco está quase cheio ({free} livres): os downloads esperam e continuam quando houver {resume} livres; veja [retention] em `midiateca config init`";
    CLOCK_JUMPED: "the machine's clock is off by {by} from where it should be: nothing is deleted and nothing expires; set it right, or `midiateca doctor --accept-clock`", "o relógio da máquina está {by} fora do horário esperado: nada é removido e nada expira; acerte-o, ou `midiateca doctor --accept-clock`";
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

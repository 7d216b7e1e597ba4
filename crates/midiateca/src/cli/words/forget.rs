//! What `forget` says.

words! {
    UNKNOWN_CLIENT: "no client {client} is known; see `midiateca client list`", "não existe cliente {client}; veja `midiateca client list`";
    NOBODY: "--contact names nobody: give a phone number with its country code, or an id as `midiateca media list --json` shows it", "--contact não diz quem é: informe o telefone com código do país, ou um id como `midiateca media list --json` mostra";
    ERASED: "{at}: erased for client {client}: {names}: {media} media, {files} files ({bytes} bytes), {deliveries} raw deliveries", "{at}: apagado para o cliente {client}: {names}: {media} mídias, {files} arquivos ({bytes} bytes), {deliveries} entregas brutas";
    WOULD_BE_ERASED: "{at}: would be erased for client {client}: {names}: {media} media, {files} files ({bytes} bytes), {deliveries} raw deliveries", "{at}: seria apagado para o cliente {client}: {names}: {media} mídias, {files} arquivos ({bytes} bytes), {deliveries} entregas brutas";
    LEFT: "{count} raw deliveries name the person and bring bytes of somebody else that are not filed yet; run the same command again later", "{count} entregas brutas citam a pessoa e trazem bytes de outra pessoa que ainda não foram arquivados; rode o mesmo comando de novo mais tarde";
    ELSEWHERE: "keep this as the proof; exports and backups made before still hold what they held", "guarde isto como prova; exportações e backups feitos antes ainda contêm o que continham";
}

//! What `forget` says.

words! {
    UNKNOWN_CLIENT: "no client {client} is known; see `midiateca client list`", "não existe cliente {client}; veja `midiateca client list`";
    NOTHING: "nothing of {names} is held for client {client}, so nothing was erased; look at the number, or use an id as `midiateca media list --json` shows it", "não há nada de {names} guardado para o cliente {client}, então nada foi apagado; confira o número, ou use um id como `midiateca media list --json` mostra";
    ERASED: "{at}: erased for client {client}: {names}: {media} media, {files} files ({bytes} bytes), {deliveries} raw deliveries; named in {mentions} media of others, where the number was masked", "{at}: apagado para o cliente {client}: {names}: {media} mídias, {files} arquivos ({bytes} bytes), {deliveries} entregas brutas; citado em {mentions} mídias de outras pessoas, onde o número foi mascarado";
    WOULD_BE_ERASED: "{at}: would be erased for client {client}: {names}: {media} media, {files} files ({bytes} bytes), {deliveries} raw deliveries; named in {mentions} media of others, where the number would be masked", "{at}: seria apagado para o cliente {client}: {names}: {media} mídias, {files} arquivos ({bytes} bytes), {deliveries} entregas brutas; citado em {mentions} mídias de outras pessoas, onde o número seria mascarado";
    LEFT: "{count} raw deliveries name the person and bring bytes of somebody else that are not filed yet", "{count} entregas brutas citam a pessoa e trazem bytes de outra pessoa que ainda não foram arquivados";
    FILES_LEFT: "the files of {count} media could not be removed; the log says why", "os arquivos de {count} mídias não puderam ser removidos; o log diz por quê";
    DOWNLOADS_LEFT: "{count} downloads had not ended yet", "{count} downloads ainda não tinham terminado";
    NOT_WHOLE: "this is not the proof yet: run the same command again", "isto ainda não é a prova: rode o mesmo comando de novo";
    LEFT_IN_DATABASE: "this is not the proof yet: the database's files still hold what was erased, for there is no room to write them anew, or somebody reads them all the while; run the same command again", "isto ainda não é a prova: os arquivos do banco de dados ainda contêm o que foi apagado, porque falta espaço para regravá-los ou alguém não para de lê-los; rode o mesmo comando de novo";
    NAMES_LEFT_OUT: "not looked for, because several people's media go with it: {names}", "não procurado, porque aparece em mídias de várias pessoas: {names}";
    WENT_ON: "an earlier erasure of this person was gone on with: the figures include what it had erased, but the files that it listed are not listed again, so keep what it printed, too", "um apagamento anterior desta pessoa foi retomado: os números incluem o que ele já tinha apagado, mas os arquivos que ele listou não são listados de novo, então guarde também o que ele mostrou";
    ELSEWHERE: "keep this as the proof; exports and backups made before still hold what they held", "guarde isto como prova; exportações e backups feitos antes ainda contêm o que continham";
}

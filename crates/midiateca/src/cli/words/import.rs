//! What `import` says.

words! {
    COUNTED: "{rows} rows and {files} files ({bytes}) are to be looked at", "{rows} registros e {files} arquivos ({bytes}) a examinar";
    CLIENT_NEW: "client {id} {name}: new", "cliente {id} {name}: novo";
    CLIENT_KNOWN: "client {id} {name}: here already", "cliente {id} {name}: já existe aqui";
    INSTANCE_NEW: "instance {id} of client {client}: new", "instância {id} do cliente {client}: nova";
    INSTANCE_KNOWN: "instance {id} of client {client}: here already", "instância {id} do cliente {client}: já existe aqui";
    HOOK: "webhook address of {id}, shown only once: {address}", "endereço do webhook de {id}, mostrado uma única vez: {address}";
    HELD: "held", "guardada";
    HELD_STRAY: "held, in no row", "guardada, sem registro";
    HELD_TOO: "held, though {row} names the same file, and no hash tells whose it is", "guardada, embora {row} aponte para o mesmo arquivo, e nenhum hash diga de qual é";
    QUEUED: "queued", "na fila";
    QUEUED_INSTEAD: "queued, for {file} is not what was sent", "na fila, pois {file} não é o que foi enviado";
    EXPIRED: "expired, and the original system did not have it either", "expirada, e o sistema original também não a tinha";
    KNOWN: "here already", "já está aqui";
    GONE: "erased or removed here, and stays so", "apagada ou removida aqui, e continua assim";
    SKIPPED: "skipped: {reason}", "ignorada: {reason}";
    KEYS_MISSING: "lost: the row has neither key nor path", "perdida: o registro não tem chave nem caminho";
    FILE_MISSING: "lost: its file is not there, and its link is dead", "perdida: o arquivo não existe, e o link já morreu";
    FILE_ELSEWHERE: "lost: its file lies in the folder of another client or instance, and its link is dead", "perdida: o arquivo está na pasta de outro cliente ou instância, e o link já morreu";
    FILE_WRONG: "lost: {file} is not what was sent ({why}), and its link is dead; the file stays where it is", "perdida: {file} não é o que foi enviado ({why}), e o link já morreu; o arquivo fica onde está";
    UNCLEAR_KIND: "left out: the row's media_type is none of the five", "deixada de fora: o media_type do registro não é nenhum dos cinco";
    UNCLEAR_MESSAGE: "left out: it names no message", "deixada de fora: não diz de qual mensagem é";
    UNCLEAR_BODY: "left out: the delivery is not JSON", "deixada de fora: a entrega não é JSON";
    OTHER_INSTANCE: "left out: the delivery names another instance than its row does", "deixada de fora: a entrega cita outra instância que não a do registro";
    CHANGED: "left out: {file} is another file than the one that its message is known to have; that one stays, held or awaited, and {file} stays where it is", "deixada de fora: {file} não é o arquivo que se conhece da mensagem; esse continua guardado ou aguardado, e {file} fica onde está";
    TAKEN: "left out: {row} of another client names the same file, and neither its place nor a hash tells whose it is", "deixada de fora: {row}, de outro cliente, aponta para o mesmo arquivo, e nem o lugar nem um hash diz de quem é";
    UNKNOWN_INSTANCE: "left out: no instance {id} is known", "deixada de fora: nenhuma instância {id} é conhecida";
    PLACE: "left out: its place does not say whose or what it is", "deixado de fora: o lugar não diz de quem é ou o que é";
    NOT_MEDIA: "left out: {why}", "deixado de fora: {why}";
    UNREADABLE: "left out: the file cannot be read", "deixada de fora: o arquivo não pode ser lido";
    NOT_A_FILE: "left out: a link, which is not followed, or no file", "deixado de fora: é um link, que não é seguido, ou não é um arquivo";
    SUM: "{held} held ({bytes}), {strays} of them in no row; {queued} queued, {expired} expired, {skipped} skipped, {known} here already, {gone} gone, {lost} lost, {left_out} left out", "{held} guardadas ({bytes}), {strays} delas sem registro; {queued} na fila, {expired} expiradas, {skipped} ignoradas, {known} já estavam aqui, {gone} removidas, {lost} perdidas, {left_out} deixadas de fora";
    SUM_DRY: "a dry run: nothing was changed. What would be: {sum}", "simulação: nada foi alterado. O que seria: {sum}";
    STOPPED: "stopped; the same command goes on from here", "parado; o mesmo comando continua daqui";
    CONFLICT_CLIENT: "client {id} is {ours} here, and {theirs} in the source", "o cliente {id} é {ours} aqui, e {theirs} na origem";
    CONFLICT_INSTANCE: "instance {id} is client {ours}'s here, and client {theirs}'s in the source", "a instância {id} é do cliente {ours} aqui, e do cliente {theirs} na origem";
    CONFLICTS: "the source's clients or instances are somebody else's here, so nothing was taken: use an empty data folder, or `midiateca instance remove ID`", "os clientes ou instâncias da origem são de outros aqui, então nada foi importado: use uma pasta de dados vazia, ou `midiateca instance remove ID`";
    OTHER_DATABASE: "{path} is not a database of the original system: it has no table {table}", "{path} não é um banco do sistema original: falta a tabela {table}";
    NOT_A_DATABASE: "{path} is not a SQLite database: name the original system's db.sqlite3", "{path} não é um banco SQLite: informe o db.sqlite3 do sistema original";
    DAMAGED: "{path} is damaged, or was copied while it was written: make the copy again with `sqlite3 db.sqlite3 '.backup copy.sqlite3'`, or rescue what it holds with `sqlite3 db.sqlite3 .recover`", "{path} está danificado, ou foi copiado enquanto era gravado: faça a cópia de novo com `sqlite3 db.sqlite3 '.backup copia.sqlite3'`, ou recupere o que houver com `sqlite3 db.sqlite3 .recover`";
    OWN_STORAGE: "{path} is this data folder's own storage: name the original system's media_storage", "{path} é o armazenamento desta própria pasta de dados: informe o media_storage do sistema original";
    NO_ROOM: "{needed} are to be copied, {free} are free, and {floor} of that stay free (storage.pause_below_bytes): make room and give the same command again, which goes on from here, or use --link if both are on one disk", "{needed} a copiar, {free} livres, dos quais {floor} devem ficar livres (storage.pause_below_bytes): libere espaço e dê o mesmo comando de novo, que continua daqui, ou use --link se ambos estão no mesmo disco";
    NO_ROOM_TO_LINK: "{needed} are to be copied, for the files are on another disk than the data folder, where --link cannot help; {free} are free, and {floor} of that stay free (storage.pause_below_bytes): make room and give the same command again, which goes on from here", "{needed} a copiar, pois os arquivos estão em outro disco que a pasta de dados, onde --link não ajuda; {free} livres, dos quais {floor} devem ficar livres (storage.pause_below_bytes): libere espaço e dê o mesmo comando de novo, que continua daqui";
    ROOM_SHORT: "there may not be room for all of this here: {needed} are in the source, {free} are free, and {floor} of that stay free (storage.pause_below_bytes)", "talvez não haja espaço aqui para tudo isso: {needed} na origem, {free} livres, dos quais {floor} devem ficar livres (storage.pause_below_bytes)";
    NO_FOLDER: "{path} is not a folder: name the original system's media_storage", "{path} não é uma pasta: informe o media_storage do sistema original";
}

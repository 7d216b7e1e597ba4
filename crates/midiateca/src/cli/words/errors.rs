//! What is said when a command could not do its work, and what to do next.

words! {
    ERROR: "error: {what}", "erro: {what}";
    NEXT: "  next: {next}", "  próximo passo: {next}";
    NO_STDOUT: "stdout cannot be written: {why}", "não é possível gravar na saída padrão (stdout): {why}";
    NO_THREADS: "no threads can be started: {why}", "não é possível iniciar threads: {why}";

    // the settings
    SETTINGS_UNREADABLE: "cannot read the settings in {path}", "não é possível ler as configurações em {path}";
    NAME_SETTINGS: "name the right file with --config, or write one with `midiateca --config {path} config init`", "informe o arquivo certo com --config, ou crie um com `midiateca --config {path} config init`";
    SETTINGS_INVALID: "{path} is not a valid configuration", "{path} não é uma configuração válida";
    MISREAD: "line {line}, column {column}: `{text}` is not understood ({detail})", "linha {line}, coluna {column}: `{text}` não foi entendido (o leitor de TOML diz: {detail})";
    MEND_SETTINGS: "mend the file; `midiateca --config NEW.toml config init` writes one that explains every setting", "corrija o arquivo; `midiateca --config NOVO.toml config init` cria um que explica cada configuração";
    SEE_SETTINGS: "set it in the file or in the environment; `midiateca --config NEW.toml config init` writes a file that explains every setting", "configure no arquivo ou no ambiente; `midiateca --config NOVO.toml config init` cria um arquivo que explica cada configuração";
    TOO_SMALL: "{key} must be at least {least}", "{key} deve ser no mínimo {least}";
    LISTEN_FORM: "{text} is no address and port to listen on; write it like 0.0.0.0:8000", "{text} não é um endereço com porta para escutar; escreva como 0.0.0.0:8000";
    PUBLIC_URL: "door.public_url is {text}, and must be a plain web address such as https://midia.example.com", "door.public_url é {text}, e deve ser um endereço web simples como https://midia.example.com";
    ROUTES: "fetch.routes must name each route at most once, and at least one", "fetch.routes deve citar pelo menos uma rota, e cada rota só uma vez";
    WATERMARKS: "storage.resume_above_bytes must not be less than storage.pause_below_bytes", "storage.resume_above_bytes não pode ser menor que storage.pause_below_bytes";
    RULE_WITHOUT_LIMIT: "each of retention.rules must say older_than_days, larger_than_bytes or total_over_bytes", "cada regra em retention.rules deve ter older_than_days, larger_than_bytes ou total_over_bytes";
    URL: "{key} must look like {scheme}:///path; nothing else is spoken by this version", "{key} deve ter a forma {scheme}:///caminho; esta versão não entende outra";

    // the data folder
    NO_DATA: "there are no data in {path}: nothing is kept there yet", "não há dados em {path}: nada foi guardado ali ainda";
    NAME_DATA: "name the right folder with --data, or begin with `midiateca client add NAME`", "informe a pasta certa com --data, ou comece com `midiateca client add NOME`";
    FOLDER: "the data folder {path} cannot be used", "não é possível usar a pasta de dados {path}";
    OTHER_FOLDER: "run midiateca as the user that owns the folder, or name another folder with --data", "rode o midiateca com o usuário dono da pasta, ou informe outra pasta com --data";
    LOCK: "cannot lock {path}", "não é possível travar {path}";
    OWN_LOCK: "give that file to the user that runs midiateca, or remove it while no midiateca runs here: it is empty", "dê esse arquivo ao usuário que executa o midiateca, ou apague-o enquanto nenhum midiateca estiver rodando aqui: ele é vazio";
    TAKEN: "another midiateca already serves {path}", "outro midiateca já está servindo {path}";
    END_THE_OTHER: "end that one first, or name another folder with --data", "encerre o outro primeiro, ou informe outra pasta com --data";

    IMPORT_UNDER_WAY: "another import into {path} is under way; this one changed nothing", "outra importação para {path} está em andamento; esta não mudou nada";
    FILES_HELD: "an import, an erasure or `scrub --repair` is at work on the files of {path}", "uma importação, um apagamento ou `scrub --repair` está mexendo nos arquivos de {path}";
    WAIT_AND_AGAIN: "wait until it has ended and run the same command again", "espere terminar e rode o mesmo comando de novo";

    // the clock
    CLOCK_NOT_TRUSTED: "the machine's clock has jumped, or does not fit the last run, so nothing is deleted", "o relógio da máquina saltou, ou não combina com a última execução, por isso nada é removido";
    ACCEPT_CLOCK: "set the clock right (`timedatectl set-ntp true`); if it is right, `midiateca doctor --accept-clock`, or `midiateca sweep --accept-clock`", "acerte o relógio (`timedatectl set-ntp true`); se ele está certo, `midiateca doctor --accept-clock` ou `midiateca sweep --accept-clock`";

    // a database or storage that was lost
    NO_DATABASE: "there is no database in {path}, or an empty one, although there was one: {trace} is still there", "não há banco de dados em {path}, ou está vazio, embora já tenha existido: {trace} ainda está lá";
    FIND_DATABASE: "mount its disk, move it back, or restore it from a backup. Only if it is lost for good, `midiateca serve --new-database` begins a new one: it knows no client, no instance and no stored file", "monte o disco dele, mova-o de volta ou restaure-o de um backup. Só se ele se perdeu de vez, `midiateca serve --new-database` começa um novo: ele não conhece nenhum cliente, nenhuma instância e nenhum arquivo armazenado";
    STORAGE_MISSING: "the storage {path} is not there, although files were stored in it: is the storage mounted?", "o armazenamento {path} não existe, embora haja arquivos armazenados nele: o armazenamento está montado?";
    STORAGE_UNMARKED: "the storage {path} is not the one of this database: the file .midiateca-id is not in it, and the stored files are not there: is the storage mounted?", "o armazenamento {path} não é o deste banco de dados: o arquivo .midiateca-id não está nele, e os arquivos armazenados também não: o armazenamento está montado?";
    STORAGE_OTHER: "the storage {path} belongs to another database: its .midiateca-id is another", "o armazenamento {path} pertence a outro banco de dados: o .midiateca-id dele é outro";
    STORAGE_UNKNOWN: "the storage {path} holds files, and the database has stored none: they are of another database", "o armazenamento {path} contém arquivos, e o banco de dados não armazenou nenhum: são de outro banco de dados";
    STORAGE_MOUNT: "mount its disk, or correct storage.url; a running midiateca goes on by itself then. If files were moved by hand, move .midiateca-id too. Only if this is the right place, `midiateca serve --adopt-storage` makes it the storage of this database", "monte o disco dele, ou corrija storage.url; um midiateca em execução então continua sozinho. Se os arquivos foram movidos à mão, mova também o .midiateca-id. Só se este é o lugar certo, `midiateca serve --adopt-storage` faz dele o armazenamento deste banco de dados";
    STORAGE_RIGHT: "mount the right disk, or correct storage.url and database.url. Only if database and files belong together, `midiateca serve --adopt-storage` makes it the storage of this database", "monte o disco certo, ou corrija storage.url e database.url. Só se o banco de dados e os arquivos pertencem um ao outro, `midiateca serve --adopt-storage` faz dele o armazenamento deste banco de dados";

    // the database
    DB_UNAVAILABLE: "the database cannot commit now", "o banco de dados não consegue gravar agora";
    ENGINE_READ_ONLY: "it can only be read (SQLite code {code})", "só é possível ler (código {code} do SQLite)";
    ENGINE_IO: "the disk or the network share gave an error (SQLite code {code})", "o disco ou o compartilhamento de rede deu erro (código {code} do SQLite)";
    ENGINE_CORRUPT: "the file is damaged (SQLite code {code})", "o arquivo está danificado (código {code} do SQLite)";
    ENGINE_FULL: "the disk is full (SQLite code {code})", "o disco está cheio (código {code} do SQLite)";
    ENGINE_CANNOT_OPEN: "one of its files cannot be opened or created (SQLite code {code})", "não é possível abrir ou criar um dos arquivos dele (código {code} do SQLite)";
    DB_BUSY: "another program holds the database", "outro programa está usando o banco de dados";
    DB_WAIT: "give the same command again once the other one, perhaps another midiateca, is through", "dê o mesmo comando de novo quando o outro, talvez outro midiateca, terminar";
    DB_MAKE_ROOM: "see that the disk has room, and that this user may write the file; `midiateca doctor` looks closer", "veja se o disco tem espaço e se este usuário pode gravar o arquivo; `midiateca doctor` verifica em detalhe";
    DB_GONE: "the database {path} is not there any more, although a running process has it open", "o banco de dados {path} não existe mais, embora um processo em execução o mantenha aberto";
    DB_OTHER: "another database is at {path} in place of the open one", "há outro banco de dados em {path} no lugar do que está aberto";
    DB_OLDER: "an older copy is at {path} in place of the open database", "há uma cópia mais antiga em {path} no lugar do banco de dados aberto";
    DB_DAMAGED: "the database {path} was truncated or overwritten while it was open", "o banco de dados {path} foi truncado ou sobrescrito enquanto estava aberto";
    DB_OTHER_LOG: "the write-ahead log of {path} was replaced or truncated while the database was open", "o write-ahead log de {path} foi substituído ou truncado enquanto o banco de dados estava aberto";
    DB_UNPROVEN: "it cannot be determined whether the database at {path} is still the open one", "não é possível determinar se o banco de dados em {path} ainda é o que está aberto";
    DB_BRING_BACK: "move the database, with its -wal and -shm files, back to {path}; midiateca goes on by itself then. If it was deleted, restore it from a backup and restart midiateca", "mova o banco de dados, com os arquivos -wal e -shm, de volta para {path}; o midiateca então continua sozinho. Se foi apagado, restaure-o de um backup e reinicie o midiateca";
    DB_BRING_BACK_OR_RESTART: "move the newer database back to {path}; midiateca goes on by itself then. To go on with the older copy, restart midiateca: what was stored after the copy was made is not in it", "mova o banco de dados mais novo de volta para {path}; o midiateca então continua sozinho. Para continuar com a cópia antiga, reinicie o midiateca: o que foi armazenado depois dela não está nela";
    DB_RESTORE: "stop midiateca, restore the database from a backup, and start it again", "pare o midiateca, restaure o banco de dados de um backup e inicie-o de novo";
    DB_RESTART: "restart midiateca, then run `midiateca doctor`", "reinicie o midiateca e depois rode `midiateca doctor`";
    DB_TOO_NEW: "the database was written by a newer version (migration {version})", "o banco de dados foi gravado por uma versão mais nova (migração {version})";
    DB_USE_NEWER: "use that version, or restore a backup made before the upgrade", "use aquela versão, ou restaure um backup anterior à atualização";
    DB_FOREIGN: "the file of the database belongs to another program; nothing in it was changed", "o arquivo do banco de dados é de outro programa; nada nele foi alterado";
    DB_NAME_RIGHT: "correct database.url or --data, or put the right file back from a backup", "corrija database.url ou --data, ou traga o arquivo certo de um backup";
    DB_UNSAFE: "SQLite {found} is too old to be trusted with a write-ahead log", "o SQLite {found} é antigo demais para se confiar nele com write-ahead log";
    DB_USE_RELEASED: "use a released midiateca, which brings its own SQLite", "use um midiateca publicado, que traz o próprio SQLite";
    DB_MALFORMED: "column {column} of the database does not hold what it should", "a coluna {column} do banco de dados não contém o que deveria";
    DB_NO_COPY: "the database cannot be read where it is, and not be copied to {folder}", "não é possível ler o banco de dados onde ele está, nem copiá-lo para {folder}";
    DB_SET_TMPDIR: "set TMPDIR to a folder with room for a copy of the database", "aponte TMPDIR para uma pasta com espaço para uma cópia do banco de dados";
    DB_PANICKED: "the work on the database panicked; nothing of it was committed", "o trabalho no banco de dados falhou no meio; nada dele foi gravado";
    DB_NOT_ONE: "the file is not a SQLite database", "o arquivo não é um banco de dados SQLite";
    UNKNOWN_NAME: "its name cannot be resolved", "não é possível resolver o nome";
    LOOK_AT_RESOLVER: "see that the name is right, and that this machine resolves names: /etc/resolv.conf", "veja se o nome está certo e se esta máquina resolve nomes: /etc/resolv.conf";
    DB_REFUSED: "the database refused a statement", "o banco de dados recusou um comando";
    DB_LOOK: "`midiateca doctor` reads the whole database and says what to do", "`midiateca doctor` lê o banco inteiro e diz o que fazer";

    // the key
    KEY_FILE: "the key file {path} cannot be used", "não é possível usar o arquivo de chave {path}";
    KEY_OWNER: "see that the file belongs to the user that runs midiateca, and that this user may read it", "veja se o arquivo pertence ao usuário que roda o midiateca, e se este usuário pode lê-lo";
    KEY_MISSING: "the key file {path} is not there, and the gateway tokens are sealed with it", "o arquivo de chave {path} não existe, e os tokens do gateway estão cifrados com ele";
    KEY_BACK_OR_NEW: "put the file back from where its copy is kept; only if it is lost for good, `midiateca instance add ID --client N --token-env VAR --new-key` begins with a new key, and every instance needs its token again", "coloque o arquivo de volta a partir da cópia guardada; só se ele se perdeu de vez, `midiateca instance add ID --client N --token-env VAR --new-key` começa com uma chave nova, e cada instância precisa receber o token de novo";
    NOT_A_KEY: "{path} is not a key file: it must hold 32 bytes, base64url", "{path} não é um arquivo de chave: deve conter 32 bytes em base64url";
    KEY_RESTORE: "put the right file back from a backup", "restaure o arquivo certo de um backup";
    SEALED: "a sealed token cannot be opened: was secret.key replaced?", "não é possível abrir um token cifrado: o arquivo secret.key foi trocado?";
    KEY_OR_TOKEN: "put the right secret.key back, or add the token again: `midiateca instance add ID --client N --token-env VAR`", "restaure o arquivo secret.key certo, ou grave o token de novo: `midiateca instance add ID --client N --token-env VAR`";

    // the files
    DISK_FULL: "the disk is full", "o disco está cheio";
    FREE_ROOM: "make room, or let go of old files: [retention] in `midiateca config init`, then `midiateca sweep --dry-run`", "libere espaço, ou remova arquivos antigos: [retention] em `midiateca config init`, depois `midiateca sweep --dry-run`";
    NOT_WRITTEN: "the file cannot be written", "não é possível gravar o arquivo";
    LOOK_AT_STORAGE: "`midiateca doctor` tries the storage and says what to do", "`midiateca doctor` testa o armazenamento e diz o que fazer";
    BEHIND_LINK: "{path} is a link, or behind one, and is left alone: what it leads to may belong to something else", "{path} é um link, ou está atrás de um, e foi deixado como está: aquilo a que ele leva pode pertencer a outra coisa";
    LOOK_BEHIND_LINK: "put the folder itself, or a mount of it, in the place of the link, and run the same command again", "coloque a própria pasta, ou uma montagem dela, no lugar do link e rode o mesmo comando de novo";
    NOT_REMOVED: "a file could not be removed", "não foi possível remover um arquivo";
    NOBODY: "--contact {contact} names nobody who is known: give a phone number with its country code, or an id as `midiateca media list --json` shows it", "--contact {contact} não é ninguém conhecido: informe o telefone com código do país, ou um id como `midiateca media list --json` mostra";
    SEVERAL_PEOPLE: "{count} other ids go with {name}, so it is not one person's, and nothing was erased; give the person's number instead", "{name} aparece junto com outros {count} ids, então não é de uma pessoa só, e nada foi apagado; informe o número da pessoa";
    SEVERAL_COUNTRIES: "--contact {contact} may be any of {held}, which are not one person's, and nothing was erased; give the one that is meant with + and its country code", "--contact {contact} pode ser qualquer um destes: {held}, que não são da mesma pessoa, e nada foi apagado; informe o certo com + e o código do país";
    RUN_AGAIN: "mend that and run the same command again; it goes on where it stopped", "corrija isso e rode o mesmo comando de novo; ele continua de onde parou";

    UNREADABLE: "cannot read {path}", "não é possível ler {path}";
    UNUSABLE: "cannot use {path}", "não é possível usar {path}";
    MEND_COPY: "stop the program that writes it, or take a copy with `sqlite3 {path} '.backup copy.sqlite3'` and name that", "pare o programa que o grava, ou faça uma cópia com `sqlite3 {path} '.backup copy.sqlite3'` e informe a cópia";

    // the door
    LISTEN: "cannot listen on {address}", "não é possível escutar em {address}";
    OTHER_ADDRESS: "end the program that listens there, or choose another address and port, such as --listen 0.0.0.0:8080", "encerre o programa que escuta ali, ou escolha outro endereço e porta, como --listen 0.0.0.0:8080";

    // the network
    REFUSED: "the address is refused", "o endereço foi recusado";
    UNRESOLVED: "its name leads to no address", "o nome não leva a nenhum endereço";
    UNREACHABLE: "no answer", "sem resposta";
    TIMED_OUT: "too slow", "demorou demais";
    STATUS: "status {status}", "status {status}";
    CUT_SHORT: "the connection ended early", "a conexão terminou antes da hora";
    ENDED_EARLY: "the answer ended before the file", "a resposta terminou antes do arquivo";
    TOO_LARGE: "larger than {limit} bytes", "maior que {limit} bytes";
    UNKNOWN_CODING: "the server sent the content coding {coding}", "o servidor enviou a codificação de conteúdo {coding}";
    UNDECODABLE: "the answer cannot be decoded", "não foi possível decodificar a resposta";
    PROXY_AUTHORIZATION: "the proxy asks for a user name and password", "o proxy pede usuário e senha";
    UNUSABLE_PROXY: "{variable} does not name a usable proxy", "{variable} não indica um proxy utilizável";
    SET_PROXY: "set HTTPS_PROXY and HTTP_PROXY to http://USER:PASSWORD@HOST:PORT (https://, socks5:// and socks5h:// work too), and list in NO_PROXY what is reached without it", "defina HTTPS_PROXY e HTTP_PROXY como http://USUÁRIO:SENHA@HOST:PORTA (https://, socks5:// e socks5h:// também servem), e liste em NO_PROXY o que é acessado sem ele";
    LOOK_AT_NETWORK: "`midiateca doctor` tries every connection and says what to do", "`midiateca doctor` testa cada conexão e diz o que fazer";
    NOT_A_URL: "the link is not a URL", "o link não é uma URL";
    SCHEME: "the link's scheme or user part is not allowed", "o esquema ou a parte de usuário do link não é permitida";
    HOST: "the host {host} is not allowed", "o host {host} não é permitido";
    ALLOW_HOST: "if it is yours, name it in fetch.allowed_hosts", "se for seu, inclua-o em fetch.allowed_hosts";
    NOT_PUBLIC: "the address {address} is not public", "o endereço {address} não é público";
    NO_PUBLIC_ADDRESS: "the name leads to no public address", "o nome não leva a nenhum endereço público";
    REDIRECTS: "too many redirects", "redirecionamentos demais";

    // the gateway
    NO_TOKEN: "no gateway token is kept for this instance", "não há token do gateway para esta instância";
    ADD_TOKEN: "add it: `midiateca instance add ID --client N --token-env VAR`", "grave-o: `midiateca instance add ID --client N --token-env VAR`";
    TOKEN_SEALED: "the gateway token cannot be unsealed", "não é possível abrir o token do gateway";
    API_BASE: "the API base is not a URL", "o endereço da API não é uma URL";
    SET_API_BASE: "correct it: `midiateca instance add ID --client N --api-base URL`", "corrija-o: `midiateca instance add ID --client N --api-base URL`";
    GATEWAY_SILENT: "the gateway does not answer", "o gateway não responde";
    GATEWAY_STATUS: "the gateway answered {status}", "o gateway respondeu {status}";
    GATEWAY_REFUSES: "the gateway refuses: {named}", "o gateway recusa: {named}";
    GATEWAY_EMPTY: "the gateway's answer tells nothing of the instance", "a resposta do gateway não informa nada da instância";
    GATEWAY_OTHER: "the gateway told of another instance: {named}", "o gateway respondeu sobre outra instância: {named}";
    GATEWAY_NOT_JSON: "the gateway answered something that is not JSON", "o gateway respondeu algo que não é JSON";
    LOOK_AT_INSTANCE: "`midiateca doctor --instance ID` tries the instance's token and says what to do", "`midiateca doctor --instance ID` testa o token da instância e diz o que fazer";

    // a point in time
    NO_TIME: "{text} is no time; write it like 2026-11-24, 2026-11-24T12:00:00Z, 90m, 24h or 7d", "{text} não é um horário; escreva como 2026-11-24, 2026-11-24T12:00:00Z, 90m, 24h ou 7d";

    // the terminal
    TERMINAL_PANICKED: "something in the program panicked", "algo no programa falhou";
    TERMINAL_NOT_TAKEN: "the terminal cannot be taken", "não é possível usar o terminal";
    TERMINAL_NO_KEYS: "the terminal's keys cannot be read", "não é possível ler o teclado do terminal";
    USE_LINES: "`midiateca monitor --lines` needs no full screen", "`midiateca monitor --lines` dispensa a tela cheia";

    // what the system said
    SYSTEM: "{what} (os error {code})", "{what} (erro {code} do sistema)";
    NOT_FOUND: "no such file or directory", "não existe arquivo ou pasta com este nome";
    PERMISSION_DENIED: "permission denied", "permissão negada";
    ALREADY_EXISTS: "it exists already", "já existe";
    NOT_A_FOLDER: "not a directory", "não é uma pasta";
    IS_A_FOLDER: "it is a directory", "é uma pasta";
    FOLDER_NOT_EMPTY: "the directory is not empty", "a pasta não está vazia";
    READ_ONLY: "the file system is read-only", "o sistema de arquivos é somente leitura";
    NO_ROOM: "no space left on the device", "não há espaço no dispositivo";
    QUOTA: "the quota is used up", "a cota foi esgotada";
    FILE_TOO_LARGE: "the file is too large", "o arquivo é grande demais";
    BUSY: "it is busy", "está em uso";
    NOT_UTF8: "it is not UTF-8 text", "não é texto em UTF-8";
    INTERRUPTED: "interrupted", "interrompido";
    ENDED: "it ended too early", "terminou antes da hora";
    ADDRESS_IN_USE: "the address is already in use", "o endereço já está em uso";
    ADDRESS_NOT_OURS: "the address is none of this machine", "o endereço não é desta máquina";
    CONNECTION_REFUSED: "connection refused", "conexão recusada";
    CONNECTION_RESET: "connection reset by the other side", "conexão encerrada pelo outro lado";
    NOT_CONNECTED: "not connected", "não conectado";
    BROKEN_PIPE: "broken pipe", "o outro lado parou de ler";
    OS_TIMED_OUT: "timed out", "tempo esgotado";
    HOST_UNREACHABLE: "the host is unreachable", "a máquina não pode ser alcançada";
    NETWORK_UNREACHABLE: "the network is unreachable", "a rede não pode ser alcançada";
    NETWORK_DOWN: "the network is down", "a rede está fora do ar";
    OUT_OF_MEMORY: "out of memory", "memória esgotada";
    SEE_PATH: "see that the path is right: `ls -l` shows what is there, and a path without / at its beginning is looked for in the current folder", "confira o caminho: `ls -l` mostra o que existe, e um caminho sem / no início é procurado na pasta atual";
    SEE_OWNER: "see who owns it with `ls -l`, and run midiateca as that user, or give this one the right", "veja quem é o dono com `ls -l`, e rode o midiateca com esse usuário, ou dê a permissão a este";
}

//! What `backup` says.

words! {
    WITHIN: "the backup at {target} and {other} lie within each other: name a folder elsewhere, best on another disk", "o backup em {target} e {other} estão um dentro do outro: informe uma pasta em outro lugar, de preferência em outro disco";
    FOREIGN: "{path} is not empty and is not a backup made by this program, or was served as a data folder: name an empty or new folder", "{path} não está vazia e não é um backup feito por este programa, ou já foi usada como pasta de dados: informe uma pasta nova ou vazia";
    NOT_A_FOLDER: "{path} is a file, and a backup is a folder: name a new or empty folder", "{path} é um arquivo, e um backup é uma pasta: informe uma pasta nova ou vazia";
    NO_KEY: "--with-key: the key {path} is not there; put it back from where its copy is kept, or leave --with-key out", "--with-key: a chave {path} não existe; coloque-a de volta a partir da cópia guardada, ou rode sem --with-key";
    ABSENT: "{path} is not there, so the backup is not made in it: make it, or mount its disk", "{path} não existe, por isso o backup não é feito ali: crie a pasta ou monte o disco dela";
    OTHER_DATABASE: "{path} holds the backup of another database, which stays as it is: name another folder; and if this is the wrong database, see --data and what is mounted there", "{path} contém o backup de outro banco de dados, que fica como está: informe outra pasta; e se este é o banco errado, confira --data e o que está montado ali";
    TAKEN: "another backup to {path} is under way: wait for it to end", "outro backup para {path} está em andamento: espere terminar";
    NO_ROOM: "{path} has room for {free} bytes and {needed} are needed: make room there, or name another folder", "{path} tem espaço para {free} bytes e são necessários {needed}: libere espaço ou informe outra pasta";
    FULL: "the disk of {path} became full: make room and run the same command again, it goes on from here", "o disco de {path} encheu: libere espaço e rode o mesmo comando de novo, ele continua daqui";
    NOT_WRITTEN: "no backup was made", "nenhum backup foi feito";
    NOT_RENEWED: "no new backup was made, and the one before stays usable", "nenhum backup novo foi feito, e o anterior continua utilizável";
    AGAIN: "run the same command again; it goes on where it stopped", "rode o mesmo comando de novo; ele continua de onde parou";
    SO_FAR: "{count} files are in the backup so far", "{count} arquivos estão no backup até agora";
    DAMAGED: "the database is damaged ({problem}), and no backup is made of that: see `midiateca doctor`", "o banco de dados está danificado ({problem}), e disso não se faz backup: veja `midiateca doctor`";
    MISSING: "missing", "faltando";
    ALTERED: "altered", "alterado";
    MISSING_KEPT: "missing, but the backup holds it", "faltando, mas o backup tem";
    ALTERED_KEPT: "altered, but the backup holds the right one", "alterado, mas o backup tem o certo";
    SUM: "{target}: {count} files, {bytes} bytes: {copied} copied, {linked} linked, {kept} kept, {gone} let go meanwhile, {missing} missing, {altered} altered", "{target}: arquivos: {count}, bytes: {bytes}; copiados: {copied}, vinculados: {linked}, mantidos: {kept}, descartados enquanto isso: {gone}, faltando: {missing}, alterados: {altered}";
    STOPPED: "stopped after {count} files ({copied} copied); run the same command again to go on", "parado depois de {count} arquivos (copiados: {copied}); rode o mesmo comando de novo para continuar";
    STOPPED_BEFORE: "stopped after {count} files ({copied} copied); run the same command again to go on, the backup before stays usable", "parado depois de {count} arquivos (copiados: {copied}); rode o mesmo comando de novo para continuar, o backup anterior continua utilizável";
    WRONG_KEY: "--with-key: {path} is not the key that opens the gateway tokens; put the right one back first, or leave --with-key out", "--with-key: {path} não é a chave que abre os tokens do gateway; coloque a certa de volta antes, ou rode sem --with-key";
    KEY_ELSEWHERE: "the key is not in this backup; keep a copy of {key} apart from it, for without the key the gateway tokens cannot be read", "a chave não está neste backup; guarde uma cópia de {key} separada dele, pois sem a chave os tokens do gateway não podem ser lidos";
    KEY_HERE: "this backup holds the key, which opens the gateway tokens: guard it accordingly", "este backup contém a chave, que abre os tokens do gateway: proteja-o de acordo";
    KEY_OTHER: "the secret.key in this backup is not the key in use: --with-key puts {key} in its place; otherwise keep a copy of {key} apart from the backup", "o secret.key deste backup não é a chave em uso: --with-key coloca {key} no lugar dele; senão, guarde uma cópia de {key} separada do backup";
    KEY_ABSENT: "the key {key} is not there, so nobody can say whether this backup holds it: put it back from where its copy is kept", "a chave {key} não existe, por isso não dá para dizer se este backup a contém: coloque-a de volta a partir da cópia guardada";
    SURPLUS: "{count} files in the backup are no longer named by the database (erased or let go); --prune takes them away", "{count} arquivos do backup já não constam no banco de dados (apagados ou descartados); --prune os remove";
    PRUNED: "{count} files that the database no longer names were taken out of the backup", "{count} arquivos que já não constam no banco de dados foram removidos do backup";
    SETTINGS_ELSEWHERE: "the settings name places of their own, so they are in the backup as {name}: put them back by hand", "as configurações apontam lugares próprios, por isso estão no backup como {name}: recoloque-as manualmente";
}

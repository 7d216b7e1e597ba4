//! What `media export` says.

words! {
    UNKNOWN_CLIENT: "no client {client} is known; see `midiateca client list`", "nenhum cliente {client} é conhecido; veja `midiateca client list`";
    UNKNOWN_INSTANCE: "no instance {instance} is known; see `midiateca instance list`", "nenhuma instância {instance} é conhecida; veja `midiateca instance list`";

    ONLY_TAR: "{target} is stdout, to which only a tar archive can be written; leave --format out", "{target} é a saída padrão, que só pode receber um arquivo tar; deixe --format de fora";
    OTHER_ARCHIVE: "{target} names an archive of another kind; media are compressed already, so name a .tar or a .zip", "{target} indica outro tipo de arquivo compactado; mídias já vêm comprimidas, então use um nome com .tar ou .zip";
    INSIDE_VAULT: "{target} lies among the stored media; name a place outside of the data folder", "{target} fica no meio das mídias guardadas; escolha um lugar fora da pasta de dados";
    TERMINAL: "an archive is not for a terminal; write it to a file, or to a pipe such as `| ssh host 'cat > media.tar'`", "um arquivo tar não serve para o terminal; grave-o num arquivo ou num pipe, como `| ssh servidor 'cat > midias.tar'`";
    EXISTS: "{target} exists already and stays as it is; name another file, or move it away first", "{target} já existe e fica como está; escolha outro nome, ou mova-o antes";
    NO_FOLDER: "the folder for {target} is not there; make it first", "a pasta para {target} não existe; crie-a antes";
    NOT_A_FOLDER: "{target} is a file, not a folder; name a folder, or a file that ends in .tar or .zip", "{target} é um arquivo, não uma pasta; informe uma pasta, ou um arquivo que termine em .tar ou .zip";
    FOREIGN: "{target} is not empty and is not an export of midiateca, so nothing is written into it; name another folder", "{target} não está vazia e não é uma exportação do midiateca, então nada é gravado nela; escolha outra pasta";
    BUSY: "another export is writing to {target} now; wait for its end, or name another target", "outra exportação está gravando em {target} agora; espere ela terminar, ou escolha outro destino";
    NO_ROOM: "{needed} are needed and {free} are free where {target} is to be; make room, name another place, or export less with --client, --since and --until", "são necessários {needed} e há {free} livres onde {target} ficaria; libere espaço, escolha outro lugar, ou exporte menos com --client, --since e --until";
    DISK_FULL: "the disk is full", "o disco está cheio";
    NOT_WRITTEN: "cannot write {target}", "não foi possível gravar {target}";
    NOTHING_LEFT: "{problem}; nothing was left of {target}", "{problem}; nada ficou de {target}";
    GOES_ON: "{problem}; {files} files are in {target}, and the same command goes on from there", "{problem}; {files} arquivos estão em {target}, e o mesmo comando continua dali";
    IN_THE_WAY: "{files} files are in {target}, and something in it stands in the way of the next: move it away, and the same command goes on", "{files} arquivos estão em {target}, e algo nela impede o próximo: tire do caminho, e o mesmo comando continua";
    CUT_SHORT: "{problem}; the archive on stdout is cut short and is to be thrown away", "{problem}; o arquivo na saída padrão está incompleto e deve ser descartado";
    STOPPED: "stopped", "interrompido";

    MISSING: "missing", "faltando";
    OTHER_LENGTH: "another length", "outro tamanho";
    ALTERED: "altered", "alterado";
    UNREADABLE: "unreadable", "ilegível";

    SUM: "{files} files ({bytes}) in {target}; {wrong} wrong", "{files} arquivos ({bytes}) em {target}; {wrong} com problema";
    WOULD_BE: "would be exported to {target}: {files} files ({bytes}); {wrong} wrong", "seriam exportados para {target}: {files} arquivos ({bytes}); {wrong} com problema";
    KEPT: "{count} of them were there already", "{count} deles já estavam lá";
    CARRIED: "{count} more files of earlier exports are there and stay in the manifest", "mais {count} arquivos de exportações anteriores estão lá e continuam no manifesto";
    WRONG_ONES: "what is wrong is marked in manifest.jsonl; `midiateca retry ID` fetches a lost file again while WhatsApp has it", "o que tem problema está marcado em manifest.jsonl; `midiateca retry ID` busca de novo um arquivo perdido enquanto o WhatsApp o tiver";
}

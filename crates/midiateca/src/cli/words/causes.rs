//! What to do about a file or folder that cannot be written, a hint for each cause.

words! {
    FULL: "the disk is full: free space, or delete old files with a rule of [retention] and `midiateca sweep`", "o disco está cheio: libere espaço, ou apague arquivos antigos com uma regra de [retention] e `midiateca sweep`";
    NO_ENTRIES: "the disk has space but takes no more files: see `df -i {path}`, and delete files that are not needed", "o disco tem espaço, mas não aceita mais arquivos: veja `df -i {path}` e apague arquivos desnecessários";
    QUOTA: "the quota is used up: raise it, or delete old files with a rule of [retention] and `midiateca sweep`", "a cota acabou: aumente-a, ou apague arquivos antigos com uma regra de [retention] e `midiateca sweep`";
    READ_ONLY: "the file system of {path} is mounted read-only: see `dmesg` for a disk fault, then `mount -o remount,rw`; under systemd, add the path to ReadWritePaths", "o sistema de arquivos de {path} está montado como somente leitura: veja em `dmesg` se há falha de disco, depois `mount -o remount,rw`; com systemd, inclua o caminho em ReadWritePaths";
    OWNER: "it belongs to another user: run the command as that user, or give it to the user that runs midiateca with `chown -R USER {path}`", "pertence a outro usuário: rode o comando como esse usuário, ou passe-o ao usuário que executa o midiateca com `chown -R USUÁRIO {path}`";
    MODE: "its mode forbids it: `chmod u+rwX {path}`", "o modo não permite: `chmod u+rwX {path}`";
    FORBIDDEN: "its mode is not the cause: see `lsattr -d {path}` (attribute i or a), a security module (SELinux, AppArmor), or root_squash of a network file system", "a causa não é o modo: veja `lsattr -d {path}` (atributo i ou a), um módulo de segurança (SELinux, AppArmor) ou o root_squash de um sistema de arquivos em rede";
    NOT_A_FOLDER: "a file stands where a folder is expected: move {path} out of the way, or correct the setting that names it", "há um arquivo onde deveria haver uma pasta: tire {path} do caminho, ou corrija a configuração que o indica";
    MISSING: "it is not there: is its disk mounted? Mount it, or correct the setting that names {path}", "não existe: o disco está montado? Monte-o, ou corrija a configuração que indica {path}";
    DEVICE: "the disk reports I/O errors: see `dmesg` and `smartctl -a`, copy the data away with `midiateca backup`, and replace the disk", "o disco está com erros de E/S: veja `dmesg` e `smartctl -a`, copie os dados com `midiateca backup` e troque o disco";
    GONE: "the network file system does not answer: see that its server runs, then unmount and mount {path} again", "o sistema de arquivos em rede não responde: veja se o servidor dele está no ar, depois desmonte e monte {path} de novo";
    TOO_MANY_FILES: "too many files are open: raise the limit (`ulimit -n`, LimitNOFILE in the systemd unit, fs.file-max)", "há arquivos abertos demais: aumente o limite (`ulimit -n`, LimitNOFILE na unidade do systemd, fs.file-max)";
    BUSY: "another program holds it: end it, or try again later", "outro programa está usando: encerre-o, ou tente de novo mais tarde";
    OTHER: "see `dmesg` and the system log for {path}", "veja {path} em `dmesg` e no log do sistema";
}

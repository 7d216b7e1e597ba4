### What to do about a file or folder that cannot be written, a hint for each cause.

causes-disk-full = o disco está cheio: libere espaço, ou exclua arquivos antigos com uma regra de [retention] e `midiateca sweep`
causes-no-inodes = o disco tem espaço, mas não aceita mais arquivos: veja `df -i { $path }` e exclua arquivos desnecessários
causes-quota-exceeded = a cota acabou: aumente-a, ou exclua arquivos antigos com uma regra de [retention] e `midiateca sweep`
causes-read-only = o sistema de arquivos de { $path } está montado como somente leitura: veja em `dmesg` se há falha de disco, depois `mount -o remount,rw`; com systemd, inclua o caminho em ReadWritePaths
causes-owner = pertence a outro usuário: execute o comando com esse usuário, ou passe-o ao usuário que executa o midiateca com `chown -R USUÁRIO { $path }`
causes-parent = { $path } não existe, e este usuário não pode criá-lo: indique outro lugar, ou peça ao administrador que o crie e o passe a este usuário
causes-mode = o modo não permite: `chmod u+rwX { $path }`
causes-forbidden = a causa não é o modo: veja `lsattr -d { $path }` (atributo i ou a), um módulo de segurança (SELinux, AppArmor) ou o root_squash de um sistema de arquivos em rede
causes-not-a-folder = há um arquivo onde deveria haver uma pasta: mova { $path } para outro lugar, ou corrija a configuração que o indica
causes-missing = não existe: o disco está montado? Monte-o, ou corrija a configuração que indica { $path }
causes-device-failed = o disco está com erros de E/S: veja `dmesg` e `smartctl -a`, copie os dados com `midiateca backup` e troque o disco
causes-file-system-gone = o sistema de arquivos em rede não responde: verifique se o servidor dele está em execução, depois desmonte e monte { $path } de novo
causes-too-many-files = há arquivos abertos demais: aumente o limite (`ulimit -n`, LimitNOFILE na unidade do systemd, fs.file-max)
causes-busy = outro programa o está usando: encerre-o, ou tente de novo mais tarde
causes-other = veja { $path } em `dmesg` e no log do sistema

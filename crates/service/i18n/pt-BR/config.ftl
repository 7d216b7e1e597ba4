### What `config` says.

config-default = padrão
config-file-fine = { $path }: nenhum problema encontrado
config-no-file = sem arquivo de configuração; nenhum problema encontrado no ambiente

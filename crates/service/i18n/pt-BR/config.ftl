### What `config` says.

config-default = padrão

### What `config` says.

config-default = default

### What `config` says.

config-default = default
config-file-fine = { $path }: no problems found
config-no-file = no settings file; no problems found in the environment

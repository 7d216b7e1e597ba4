### Errors in the arguments of a command, by their codes, and hints. In English clap's own text is shown, these only as JSON.

usage-error-unknown-argument = argumento desconhecido: '{ $argument }'
usage-error-unknown-command = comando desconhecido: '{ $command }'
usage-error-missing-command = '{ $command }' exige um subcomando
usage-error-missing-argument = faltam argumentos obrigatórios: { $argument }
usage-error-missing-value = '{ $argument }' exige um valor
usage-error-invalid-value = valor inválido '{ $value }' para '{ $argument }'
usage-error-unexpected-value = valor a mais para '{ $argument }': '{ $value }'
usage-error-repeated-argument = '{ $argument }' só pode ser usado uma vez
usage-error-conflicting-arguments = '{ $argument }' não pode ser usado com { $others }
usage-error-not-utf8 = um argumento não é texto em UTF-8
usage-error-usage = os argumentos são inválidos
usage-hint-values = valores possíveis: { $value }
usage-hint-commands = subcomandos: { $value }
usage-hint-similar = existe { $value }
usage-hint-as-value = para informar '{ $value }' como valor, escreva '-- { $value }'
usage-hint-help = para saber mais, use '--help'

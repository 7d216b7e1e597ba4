### Errors in the arguments of a command, by their codes, and hints. In English clap's own text is shown, these only as JSON.

usage-error-unknown-argument = unknown argument: '{ $argument }'
usage-error-unknown-command = unknown command: '{ $command }'
usage-error-missing-command = '{ $command }' requires a command
usage-error-missing-argument = required arguments are missing: { $argument }
usage-error-missing-value = '{ $argument }' requires a value
usage-error-invalid-value = invalid value '{ $value }' for '{ $argument }'
usage-error-unexpected-value = unexpected value for '{ $argument }': '{ $value }'
usage-error-repeated-argument = '{ $argument }' can only be used once
usage-error-conflicting-arguments = '{ $argument }' cannot be used with { $others }
usage-error-not-utf8 = an argument is not text in UTF-8
usage-error-usage = the arguments are invalid
usage-hint-values = possible values: { $value }
usage-hint-commands = commands: { $value }
usage-hint-similar = there is { $value }
usage-hint-as-value = to pass '{ $value }' as a value, write '-- { $value }'
usage-hint-help = use '--help' for more

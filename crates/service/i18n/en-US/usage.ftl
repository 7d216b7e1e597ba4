### What is said of arguments that were not understood, and the words around the help.

## Around the help

usage-usage = Usage:
usage-options = [OPTIONS]
usage-required-command = <COMMAND>
usage-optional-command = [COMMAND]
usage-commands-heading = Commands
usage-arguments-heading = Arguments
usage-options-heading = Options
usage-also = [alias: { $names }]
usage-environment = [env: { $name }={ $value }]
usage-variable-named = [env: { $name }]
usage-default = [default: { $value }]
usage-possible = [possible values: { $values }]
usage-possible-heading = Possible values:

## What stands for a value

usage-address = ADDRESS
usage-delivery = DELIVERY
usage-dir = DIR
usage-file = FILE
usage-encrypted-file = FILE.enc
usage-format = FORMAT
usage-kind = KIND
usage-lang = LANG
usage-list = LIST
usage-log-format = LOG_FORMAT
usage-media = MEDIA
usage-name = NAME
usage-out = OUT
usage-reason = REASON
usage-status = STATUS
usage-target = TARGET
usage-time = TIME
usage-variable = VAR
usage-when = WHEN

## Wrong usage

usage-unknown-argument = unexpected argument '{ $argument }'
usage-unknown-command = unrecognized subcommand '{ $command }'
usage-no-command = '{ $command }' requires a subcommand
usage-missing = missing required arguments: { $arguments }
usage-no-value = '{ $argument }' requires a value
usage-invalid-value = invalid value '{ $value }' for '{ $argument }'
usage-invalid-because = invalid value '{ $value }' for '{ $argument }': { $why }
usage-too-many-values = unexpected value '{ $value }' for '{ $argument }'; no more were expected
usage-wrong-count =
    '{ $argument }' takes { $expected ->
        [one] { $expected } value
       *[other] { $expected } values
    }, but { $actual } were given
usage-too-few-values =
    '{ $argument }' takes at least { $expected ->
        [one] { $expected } value
       *[other] { $expected } values
    }, but { $actual } were given
usage-no-equals = '{ $argument }' requires an equals sign before its value
usage-twice = '{ $argument }' cannot be used more than once
usage-conflict = '{ $argument }' cannot be used with { $others }
usage-not-utf8 = an argument is not UTF-8 text
usage-wrong = the arguments were not understood: { $why }
usage-possible-values = { "  " }possible values: { $values }
usage-possible-commands = { "  " }subcommands: { $values }
usage-similar = { "  " }tip: there is { $names }
usage-as-value = { "  " }tip: to give '{ $argument }' as a value, write '-- { $argument }'
usage-see-help = For more information, try '--help'.

## A number


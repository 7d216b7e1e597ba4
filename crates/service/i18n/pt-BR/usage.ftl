### What is said of arguments that were not understood, and the words around the help.

## Around the help

usage-usage = Uso:
usage-options = [OPÇÕES]
usage-required-command = <COMANDO>
usage-optional-command = [COMANDO]
usage-commands-heading = Comandos
usage-arguments-heading = Argumentos
usage-options-heading = Opções
usage-also = [também: { $names }]
usage-environment = [variável: { $name }={ $value }]
usage-variable-named = [variável: { $name }]
usage-default = [padrão: { $value }]
usage-possible = [valores possíveis: { $values }]
usage-possible-heading = Valores possíveis:

## What stands for a value

usage-address = ENDEREÇO
usage-delivery = ENTREGA
usage-dir = PASTA
usage-file = ARQUIVO
usage-encrypted-file = ARQUIVO.enc
usage-format = FORMATO
usage-kind = TIPO
usage-lang = IDIOMA
usage-list = LISTA
usage-log-format = FORMATO
usage-media = MÍDIA
usage-name = NOME
usage-out = SAÍDA
usage-reason = MOTIVO
usage-status = ESTADO
usage-target = DESTINO
usage-time = HORÁRIO
usage-variable = VARIÁVEL
usage-when = QUANDO

## Wrong usage

usage-unknown-argument = argumento desconhecido: '{ $argument }'
usage-unknown-command = comando desconhecido: '{ $command }'
usage-no-command = '{ $command }' exige um subcomando
usage-missing = faltam argumentos obrigatórios: { $arguments }
usage-no-value = '{ $argument }' exige um valor
usage-invalid-value = valor inválido '{ $value }' para '{ $argument }'
usage-invalid-because = valor inválido '{ $value }' para '{ $argument }': { $why }
usage-too-many-values = valor a mais para '{ $argument }': '{ $value }'
usage-wrong-count =
    '{ $argument }' recebe { $expected ->
        [one] { $expected } valor
       *[other] { $expected } valores
    }, mas { $actual ->
        [one] { $actual } foi informado
       *[other] { $actual } foram informados
    }
usage-too-few-values =
    '{ $argument }' recebe no mínimo { $expected ->
        [one] { $expected } valor
       *[other] { $expected } valores
    }, mas { $actual ->
        [one] { $actual } foi informado
       *[other] { $actual } foram informados
    }
usage-no-equals = '{ $argument }' exige um sinal de igual antes do valor
usage-twice = '{ $argument }' só pode ser usado uma vez
usage-conflict = '{ $argument }' não pode ser usado com { $others }
usage-not-utf8 = um argumento não é texto em UTF-8
usage-wrong = os argumentos não foram entendidos: { $why }
usage-possible-values = { "  " }valores possíveis: { $values }
usage-possible-commands = { "  " }subcomandos: { $values }
usage-similar = { "  " }dica: existe { $names }
usage-as-value = { "  " }dica: para informar '{ $argument }' como valor, escreva '-- { $argument }'
usage-see-help = Para saber mais, use '--help'.

## A number


//! What is said of arguments that were not understood, and the words around the help.

words! {
    // around the help
    USAGE: "Usage:", "Uso:";
    OPTIONS: "[OPTIONS]", "[OPÇÕES]";
    REQUIRED_COMMAND: "<COMMAND>", "<COMANDO>";
    OPTIONAL_COMMAND: "[COMMAND]", "[COMANDO]";
    COMMANDS_HEADING: "Commands", "Comandos";
    ARGUMENTS_HEADING: "Arguments", "Argumentos";
    OPTIONS_HEADING: "Options", "Opções";
    ALSO: "[alias: {names}]", "[também: {names}]";
    ENVIRONMENT: "[env: {name}={value}]", "[variável: {name}={value}]";
    VARIABLE_NAMED: "[env: {name}]", "[variável: {name}]";
    DEFAULT: "[default: {value}]", "[padrão: {value}]";
    POSSIBLE: "[possible values: {values}]", "[valores possíveis: {values}]";
    POSSIBLE_HEADING: "Possible values:", "Valores possíveis:";

    // what stands for a value
    ADDRESS: "ADDRESS", "ENDEREÇO";
    DELIVERY: "DELIVERY", "ENTREGA";
    DIR: "DIR", "PASTA";
    FILE: "FILE", "ARQUIVO";
    ENCRYPTED_FILE: "FILE.enc", "ARQUIVO.enc";
    FORMAT: "FORMAT", "FORMATO";
    KIND: "KIND", "TIPO";
    LANG: "LANG", "IDIOMA";
    LIST: "LIST", "LISTA";
    LOG_FORMAT: "LOG_FORMAT", "FORMATO";
    MEDIA: "MEDIA", "MÍDIA";
    NAME: "NAME", "NOME";
    OUT: "OUT", "SAÍDA";
    REASON: "REASON", "MOTIVO";
    STATUS: "STATUS", "ESTADO";
    TARGET: "TARGET", "DESTINO";
    TIME: "TIME", "HORÁRIO";
    VARIABLE: "VAR", "VARIÁVEL";

    // wrong usage
    UNKNOWN_ARGUMENT: "unexpected argument '{argument}'", "argumento desconhecido: '{argument}'";
    UNKNOWN_COMMAND: "unrecognized subcommand '{command}'", "comando desconhecido: '{command}'";
    NO_COMMAND: "'{command}' requires a subcommand, and none was given", "'{command}' precisa de um subcomando, e nenhum foi informado";
    MISSING: "required, and not given: {arguments}", "faltam argumentos obrigatórios: {arguments}";
    NO_VALUE: "'{argument}' requires a value, and none was given", "'{argument}' precisa de um valor, e nenhum foi informado";
    INVALID_VALUE: "invalid value '{value}' for '{argument}'", "valor inválido '{value}' para '{argument}'";
    INVALID_BECAUSE: "invalid value '{value}' for '{argument}': {why}", "valor inválido '{value}' para '{argument}': {why}";
    TOO_MANY_VALUES: "unexpected value '{value}' for '{argument}'; no more were expected", "valor a mais para '{argument}': '{value}'";
    WRONG_COUNT: "'{argument}' takes {expected} values, and {actual} were given", "'{argument}' recebe {expected} valores, e {actual} foram informados";
    TOO_FEW_VALUES: "'{argument}' takes at least {expected} values, and {actual} were given", "'{argument}' recebe no mínimo {expected} valores, e {actual} foram informados";
    NO_EQUALS: "'{argument}' requires an equal sign before its value", "'{argument}' precisa de um sinal de igual antes do valor";
    TWICE: "'{argument}' cannot be used more than once", "'{argument}' só pode ser usado uma vez";
    CONFLICT: "'{argument}' cannot be used with {others}", "'{argument}' não pode ser usado com {others}";
    NOT_UTF8: "an argument is not UTF-8 text", "um argumento não é texto em UTF-8";
    WRONG: "the arguments were not understood: {why}", "os argumentos não foram entendidos: {why}";
    POSSIBLE_VALUES: "  possible values: {values}", "  valores possíveis: {values}";
    POSSIBLE_COMMANDS: "  there are: {values}", "  existem: {values}";
    SIMILAR: "  tip: there is {names}", "  dica: existe {names}";
    AS_VALUE: "  tip: to give '{argument}' as a value, write '-- {argument}'", "  dica: para informar '{argument}' como valor, escreva '-- {argument}'";
    SEE_HELP: "For more information, try '--help'.", "Para saber mais, use '--help'.";

    // a number
    NO_DIGITS: "it is not a whole number", "não é um número inteiro";
    NUMBER_TOO_LARGE: "the number is too large", "o número é grande demais";
    NUMBER_TOO_SMALL: "the number is too small", "o número é pequeno demais";
}

/// What stands for a value in help, usage and errors.
pub(crate) const VALUES: &[crate::cli::words::Words] = &[
    ADDRESS,
    DELIVERY,
    DIR,
    FILE,
    ENCRYPTED_FILE,
    FORMAT,
    KIND,
    LANG,
    LIST,
    LOG_FORMAT,
    MEDIA,
    NAME,
    OUT,
    REASON,
    STATUS,
    TARGET,
    TIME,
    VARIABLE,
];

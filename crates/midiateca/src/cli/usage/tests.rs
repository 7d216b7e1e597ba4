use super::*;

fn told(line: &str, lang: Language) -> String {
    let arguments = line.split(' ').map(OsString::from);
    let error = read(lang, arguments).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{line}");
    whole(&error, lang)
}

#[test]
fn wrong_usage_is_told_in_both_languages() {
    for (line, english, portuguese) in [
        (
            "midiateca check --helpp",
            &["unexpected argument '--helpp'", "tip: there is --help"][..],
            &["argumento desconhecido: '--helpp'", "dica: existe --help"][..],
        ),
        (
            "midiateca medias",
            &["unrecognized subcommand 'medias'", "tip: there is media"],
            &["comando desconhecido: 'medias'", "dica: existe media"],
        ),
        (
            "midiateca --json",
            &["requires a subcommand", "subcommands: serve, "],
            &["'midiateca' exige um subcomando", "subcomandos: serve, "],
        ),
        (
            "midiateca client add",
            &["missing required arguments: <NAME>"],
            &["faltam argumentos obrigatórios: <NOME>"],
        ),
        (
            "midiateca --data",
            &["'--data <DIR>' requires a value"],
            &["'--data <PASTA>' exige um valor"],
        ),
        (
            "midiateca check --log-format xml",
            &[
                "invalid value 'xml' for '--log-format <LOG_FORMAT>'",
                "possible values: human, json",
            ],
            &[
                "valor inválido 'xml' para '--log-format <FORMATO>'",
                "valores possíveis: human, json",
            ],
        ),
        (
            "midiateca check --lang pt-Br",
            &["invalid value 'pt-Br'", "tip: there is pt-BR"],
            &["valor inválido 'pt-Br'", "dica: existe pt-BR"],
        ),
        (
            "midiateca media list --since ontem",
            &["ontem is not a time"],
            &["valor inválido 'ontem' para '--since <HORÁRIO>': ontem não é um horário"],
        ),
        (
            "midiateca media list --kind foto",
            &["invalid value 'foto' for '--kind <KIND>'", "image, video"],
            &["valor inválido 'foto' para '--kind <TIPO>'", "image, video"],
        ),
        (
            "midiateca media list --limit muitas",
            &["it is not a whole number"],
            &["valor inválido 'muitas' para '--limit <N>': não é um número inteiro"],
        ),
        (
            "midiateca media list --client 99999999999999999999",
            &["the number is too large"],
            &["o número é grande demais"],
        ),
        (
            "midiateca check -v -q",
            &["'--verbose' cannot be used with --quiet"],
            &["'--verbose' não pode ser usado com --quiet"],
        ),
        (
            "midiateca check --config a --config b",
            &["'--config <FILE>' cannot be used more than once"],
            &["'--config <ARQUIVO>' só pode ser usado uma vez"],
        ),
        (
            "midiateca check --json=yes",
            &["unexpected value 'yes' for '--json'"],
            &["valor a mais para '--json': 'yes'"],
        ),
        (
            "midiateca client add A B",
            &["unexpected argument 'B'"],
            &["argumento desconhecido: 'B'"],
        ),
        (
            "midiateca client add A --novo",
            &["write '-- --novo'"],
            &["dica: para informar '--novo' como valor, escreva '-- --novo'"],
        ),
    ] {
        for (lang, expected) in [
            (Language::English, english),
            (Language::Portuguese, portuguese),
        ] {
            let told = told(line, lang);
            for part in expected {
                assert!(told.contains(part), "{line}\n{told}");
            }
            assert!(told.ends_with(lang.say(words::SEE_HELP)), "{told}");
            assert!(
                told.starts_with(&lang.fill(cli::ERROR, &[("message", &"")])),
                "{told}"
            );
            if lang == Language::Portuguese {
                for english in ["Usage", "OPTIONS", "COMMAND", "the ", "value"] {
                    assert!(!told.replace("valores", "").contains(english), "{told}");
                }
            }
        }
    }
}

#[test]
fn help_is_no_mistake() {
    for line in [
        "midiateca --help",
        "midiateca help media list",
        "midiateca -V",
    ] {
        for lang in [Language::English, Language::Portuguese] {
            let arguments = line.split(' ').map(OsString::from);
            assert_eq!(read(lang, arguments).unwrap_err().exit_code(), 0, "{line}");
        }
    }
}

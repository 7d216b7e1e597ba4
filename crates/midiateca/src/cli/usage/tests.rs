use super::*;

fn wrong(line: &str, lang: Language) -> (Explanation, String) {
    let arguments = line.split(' ').map(OsString::from);
    let error = read(lang, arguments).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{line}");
    (explanation(&error, lang), rendered(&error, lang))
}

/// A line, its code, and parts of the Portuguese text.
const WRONG: &[(&str, &str, &[&str])] = &[
    (
        "check --helpp",
        "unknown_argument",
        &["argumento desconhecido: '--helpp'", "dica: existe --help"],
    ),
    (
        "medias",
        "unknown_command",
        &["comando desconhecido: 'medias'", "dica: existe media"],
    ),
    (
        "--json",
        "missing_command",
        &["'midiateca' exige um subcomando", "subcomandos: serve, "],
    ),
    (
        "client add",
        "missing_argument",
        &["faltam argumentos obrigatórios: <NOME>"],
    ),
    (
        "--data",
        "missing_value",
        &["'--data <PASTA>' exige um valor"],
    ),
    (
        "check --log-format xml",
        "invalid_value",
        &[
            "'xml' para '--log-format <FORMATO>'",
            "possíveis: human, json",
        ],
    ),
    (
        "check --lang pt-Br",
        "invalid_value",
        &["valor inválido 'pt-Br'", "existe pt-BR"],
    ),
    (
        "media list --since ontem",
        "invalid_value",
        &["'ontem' para '--since <HORÁRIO>': ontem não é um horário"],
    ),
    (
        "media list --limit muitas",
        "invalid_value",
        &["'muitas' para '--limit <N>': não é um número inteiro"],
    ),
    (
        "media list --kind foto",
        "invalid_value",
        &[
            "valor inválido 'foto' para '--kind <TIPO>'",
            "possíveis: image, video",
        ],
    ),
    (
        "media list --client 99999999999999999999",
        "invalid_value",
        &["o número é grande demais"],
    ),
    (
        "client add A B",
        "unknown_argument",
        &["argumento desconhecido: 'B'"],
    ),
    (
        "check -v -q",
        "conflicting_arguments",
        &["'--verbose' não pode ser usado com --quiet"],
    ),
    (
        "check --config a --config b",
        "repeated_argument",
        &["'--config <ARQUIVO>' só pode ser usado uma vez"],
    ),
    (
        "check --json=yes",
        "unexpected_value",
        &["valor a mais para '--json': 'yes'"],
    ),
    (
        "client add A --novo",
        "unknown_argument",
        &["dica: para informar '--novo' como valor, escreva '-- --novo'"],
    ),
];

#[test]
fn an_error_has_a_code_and_a_hint_in_both_languages() {
    for (line, code, expected) in WRONG {
        let line = format!("midiateca {line}");
        let (english, text) = wrong(&line, Language::English);
        assert_eq!(&english.code, code, "{line}");
        assert!(text.starts_with(&format!("error: {}", &english.message[..9])));
        assert!(!english.message.contains("Usage"), "{english:?}");
        let (portuguese, text) = wrong(&line, Language::Portuguese);
        assert_eq!(&portuguese.code, code, "{line}");
        for part in *expected {
            assert!(text.contains(part), "{line}\n{text}");
        }
        // clap adds no usage where a value is wrong.
        let is_value = code.ends_with("_value");
        assert!(is_value || text.contains("\n\nUso: midiateca"), "{text}");
        for word in ["Usage", "OPTIONS", "COMMAND", "the "] {
            assert!(!text.contains(word), "{text}");
        }
    }
}

#[test]
fn the_english_message_is_one_line_and_the_tip_its_hint() {
    let (error, _) = wrong("midiateca client add", Language::English);
    let expected = "the following required arguments were not provided: <NAME>";
    assert_eq!(error.message, expected);
    let hint = "For more information, try '--help'.";
    assert_eq!(error.hint.as_deref(), Some(hint));
    let (error, _) = wrong("midiateca media list --kind foto", Language::English);
    assert_eq!(error.message, "invalid value 'foto' for '--kind <KIND>'");
    let hint = "possible values: image, video, audio, document, sticker";
    assert_eq!(error.hint.as_deref(), Some(hint));
    let (error, _) = wrong("midiateca medias", Language::English);
    let hint = "a similar subcommand exists: 'media'";
    assert_eq!(error.hint.as_deref(), Some(hint));
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

#[test]
fn an_option_is_found_in_arguments_that_cannot_be_parsed() {
    for (line, expected) in [
        ("check", None),
        ("--lang pt-BR check", Some("pt-BR")),
        ("media list --nonsense --lang=pt", Some("pt")),
        ("check --lang", Some("")),
        ("check --language=pt-BR", None),
        ("client add -- --lang=pt-BR", None),
    ] {
        let arguments = line.split(' ').map(str::to_owned);
        assert_eq!(value_of("--lang", arguments).as_deref(), expected, "{line}");
    }
}

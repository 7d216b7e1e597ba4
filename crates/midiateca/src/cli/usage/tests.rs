use std::fmt::Write as _;

use super::*;

fn wrong(line: &str, lang: Language) -> (Explanation, String) {
    let arguments = line.split(' ').map(OsString::from);
    let error = read(lang, arguments).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{line}");
    (explanation(&error, lang), rendered(&error, lang))
}

const WRONG: [&str; 15] = [
    "check --helpp",
    "medias",
    "--json",
    "client add",
    "--data",
    "check --log-format xml",
    "check --lang pt-Br",
    "media list --kind foto",
    "media list --since ontem",
    "media list --limit muitas",
    "media list --limit 0",
    "check -v -q",
    "check --config a --config b",
    "check --json=yes",
    "client add A --novo",
];

#[test]
fn an_error_has_a_code_and_a_hint_in_both_languages() {
    let mut all = String::new();
    for line in WRONG {
        let line = format!("midiateca {line}");
        let (english, shown) = wrong(&line, Language::English);
        let (portuguese, text) = wrong(&line, Language::Portuguese);
        assert_eq!(english.code, portuguese.code, "{line}");
        assert!(!english.message.contains("Usage"), "{english:?}");
        for word in ["Usage", "OPTIONS", "COMMAND", "the ", " is "] {
            assert!(!text.contains(word), "{text}");
        }
        let json = complaint::rendered(&english, Language::English, true);
        let _ = writeln!(all, "$ {line}\n{json}\n{shown}\n\n{text}\n");
    }
    insta::assert_snapshot!(all);
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

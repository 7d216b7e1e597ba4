use std::path::PathBuf;

use anyhow::Context as _;

use super::*;

fn shown(error: &anyhow::Error, lang: Language, is_json: bool) -> String {
    let explanation = Explainer::new(lang, own).explain(error.as_ref());
    rendered(&explanation, lang, is_json)
}

#[test]
fn an_error_is_a_line_and_its_hint_another() {
    let path = PathBuf::from("/srv");
    let error = anyhow::Error::from(context::Error::NoData { path });
    assert_eq!(
        shown(&error, Language::English, false),
        "error: there are no data in /srv\n  hint: give the right folder with --data, or start with `midiateca client add NAME`"
    );
    assert!(shown(&error, Language::Portuguese, false).contains("\n  dica: "));
}

#[test]
fn in_json_an_error_is_one_document_with_a_code() {
    let path = PathBuf::from("/srv");
    for (error, code) in [
        (
            anyhow::Error::from(context::Error::NoData { path }),
            "data_missing",
        ),
        (
            UsageError::new(Language::English, words::NO_STDOUT, &[]).into(),
            "no_stdout",
        ),
        (anyhow::anyhow!("something else"), "unexpected"),
    ] {
        let text = shown(&error, Language::English, true);
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["error"]["code"], code);
        assert!(document["error"]["message"].is_string(), "{text}");
        assert_eq!(document["error"].as_object().unwrap().len(), 3, "{text}");
    }
}

#[test]
fn a_sentence_put_before_an_error_stays_before_it() {
    let error = Err::<(), _>(io::Error::from(io::ErrorKind::IsADirectory))
        .context("não é possível ler /tmp")
        .unwrap_err();
    assert_eq!(
        shown(&error, Language::Portuguese, false),
        "erro: não é possível ler /tmp: é uma pasta"
    );
}

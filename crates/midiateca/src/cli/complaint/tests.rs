use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::*;

#[test]
fn an_error_is_a_line_with_a_hint_or_one_document_with_a_code() {
    let path = PathBuf::from("/srv");
    let folder = Err::<(), _>(io::Error::from(io::ErrorKind::IsADirectory));
    let errors = [
        context::Error::NoData { path }.into(),
        usage!(Language::English, words::NO_STDOUT).into(),
        anyhow::anyhow!("something else"),
        folder.context("cannot read /tmp").unwrap_err(),
    ];
    let mut all = String::new();
    for error in &errors {
        for lang in Language::ALL {
            let explanation = Explainer::new(lang, own).explain(error.as_ref());
            for is_json in [false, true] {
                let _ = writeln!(all, "{}", rendered(&explanation, lang, is_json));
            }
        }
    }
    insta::assert_snapshot!(all);
}

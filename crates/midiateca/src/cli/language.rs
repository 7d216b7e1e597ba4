//! The language of a run, and values for people.

use std::fmt::Display;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use serde_json::Value;

use crate::cli::unparsed::unparsed;
use crate::cli::{TextKey, zone};
pub(crate) use midiateca_service::i18n::Language;
pub(crate) use midiateca_service::terminal::{plain, tame};

pub(crate) fn parser() -> impl TypedValueParser<Value = Language> {
    let values = [
        PossibleValue::new("en").help("English"),
        PossibleValue::new("pt-BR")
            .alias("pt")
            .help("Brazilian Portuguese"),
    ];
    PossibleValuesParser::new(values).map(|name| Language::of_locale(&name).unwrap_or_default())
}

/// Of this run, before its arguments are parsed or if they cannot be: `--lang`, else the environment.
pub(crate) fn of_process() -> Language {
    match unparsed("--lang").as_deref() {
        Some("en") => Language::English,
        Some("pt-BR" | "pt") => Language::Portuguese,
        _ => of_environment(),
    }
}

/// From `LC_ALL`, `LC_MESSAGES` or `LANG`; where they name a language, the list in `LANGUAGE` goes first, as with gettext.
pub(crate) fn of_environment() -> Language {
    from_variables(|name| std::env::var(name).ok())
}

fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Language {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
    let locale = locale.unwrap_or_default();
    let listed = match locale.split('.').next() {
        None | Some("" | "C" | "POSIX") => None,
        Some(_) => set(&"LANGUAGE"),
    };
    let listed = listed.unwrap_or_default();
    let mut wanted = listed.split(':').chain([locale.as_str()]);
    wanted.find_map(Language::of_locale).unwrap_or_default()
}

/// A text whose variables are fields of a report.
pub(crate) fn summary(lang: Language, key: TextKey, report: &impl Serialize) -> String {
    // Reports have string keys only and no fallible serialisation.
    let report = serde_json::to_value(report).unwrap_or_default();
    let fields = report.as_object().into_iter().flatten();
    let fields = fields.map(|(name, value)| match value {
        Value::String(text) => (name.as_str(), text as &dyn Display),
        other => (name.as_str(), other as _),
    });
    lang.fill(key, &fields.collect::<Vec<_>>())
}

/// What became of something, by the code that JSON has of it.
pub(crate) fn result(
    lang: Language,
    of: &str,
    code: impl Serialize,
    values: &[(&str, &dyn Display)],
) -> String {
    // Codes have no fallible serialisation.
    let code = serde_json::to_value(code).unwrap_or_default();
    let code = format!("{of}.{}", code.as_str().unwrap_or_default());
    lang.fill_code("results", &code, values, &[])
}

/// The value of a field for people; nothing where nothing is known.
pub(crate) fn value(lang: Language, field: &str, value: &Value) -> Option<String> {
    Some(match (field, value) {
        (_, Value::Null) => return None,
        ("kind" | "status" | "verified" | "proof" | "how", Value::String(name)) => {
            plain(lang.name(name))
        }
        (name, Value::String(text)) if name.ends_with("_at") => zone::local_of(text),
        (_, Value::String(text)) => plain(text),
        (_, Value::Bool(answer)) => lang.name(if *answer { "true" } else { "false" }).to_owned(),
        (_, other) => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_the_language() {
        use Language::{English, Portuguese};
        for (set, expected) in [
            (&[][..], English),
            (&[("LANG", "pt_BR.UTF-8")], Portuguese),
            (&[("LANG", "pt")], Portuguese),
            (&[("LANG", "ptolemy")], English),
            (&[("LANG", "pt_BR.UTF-8"), ("LC_ALL", "C")], English),
            (&[("LANG", "pt_BR.UTF-8"), ("LC_ALL", "")], Portuguese),
            (&[("LANG", "C"), ("LC_MESSAGES", "pt_BR")], Portuguese),
            (
                &[("LANG", "de_DE"), ("LANGUAGE", "de:pt_BR:en")],
                Portuguese,
            ),
            (&[("LANG", "pt_BR"), ("LANGUAGE", "en")], English),
            (&[("LANG", "C.UTF-8"), ("LANGUAGE", "pt_BR")], English),
            (&[("LANG", "de_DE.UTF-8")], English),
        ] {
            let variable = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(from_variables(variable), expected, "{set:?}");
        }
    }
}

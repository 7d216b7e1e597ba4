//! What cannot be understood: the settings, a number, and a point in time.

use std::fmt::Display;
use std::num::{IntErrorKind, ParseIntError};

use super::Told;
use crate::cli::language::{Language, plain};
use crate::cli::since;
use crate::cli::words::{errors as words, usage};
use midiateca_service::config::{Error, Misread, Problem};

pub(super) fn settings(error: &Error, lang: Language) -> Told {
    match error {
        Error::Unreadable { path, .. } => Told::with(
            lang,
            words::SETTINGS_UNREADABLE,
            words::NAME_SETTINGS,
            &[("path", &path.display())],
        ),
        Error::Invalid { path, source } => {
            let values: [(&str, &dyn Display); 1] = [("path", &path.display())];
            match source {
                // Its own hint says more.
                Problem::Renamed { .. } => Told::new(lang, words::SETTINGS_INVALID, &values),
                _ => Told::with(lang, words::SETTINGS_INVALID, words::MEND_SETTINGS, &values),
            }
        }
        Error::Impossible(found) => problem(found, lang),
    }
}

pub(super) fn misread(misread: &Misread, lang: Language) -> Told {
    // The parser lists every key there is.
    let (text, detail) = (plain(&misread.text), &misread.detail);
    let values: [(&str, &dyn Display); 4] = [
        ("line", &misread.line),
        ("column", &misread.column),
        ("text", &text),
        ("detail", detail),
    ];
    Told::new(lang, words::MISREAD, &values)
}

pub(super) fn problem(problem: &Problem, lang: Language) -> Told {
    let told =
        |what, values: &[(&str, &dyn Display)]| Told::with(lang, what, words::SEE_SETTINGS, values);
    match problem {
        Problem::Misread(found) => misread(found, lang),
        Problem::Renamed { old, new, line } => Told::with(
            lang,
            words::RENAMED,
            words::WRITE_INSTEAD,
            &[
                ("old", &plain(old)),
                ("new", &plain(new)),
                ("line", &plain(line)),
            ],
        ),
        Problem::UnknownVariable { name } => {
            told(words::UNKNOWN_VARIABLE, &[("name", &plain(name))])
        }
        Problem::Variable { name, detail } => told(
            words::VARIABLE,
            &[("name", &plain(name)), ("detail", &plain(detail))],
        ),
        Problem::TimeZone { name } => told(words::TIME_ZONE, &[("name", &plain(name))]),
        Problem::TooSmall { key, least } => {
            told(words::TOO_SMALL, &[("key", key), ("least", least)])
        }
        Problem::Listen { text } => told(words::LISTEN_FORM, &[("text", &plain(text))]),
        Problem::PublicUrl { text } => told(words::PUBLIC_URL, &[("text", &plain(text))]),
        Problem::Routes => told(words::ROUTES, &[]),
        Problem::Watermarks => told(words::WATERMARKS, &[]),
        Problem::RuleWithoutLimit => told(words::RULE_WITHOUT_LIMIT, &[]),
        Problem::Url { key, scheme } => told(words::URL, &[("key", key), ("scheme", scheme)]),
    }
}

pub(super) fn number(error: &ParseIntError, lang: Language) -> Told {
    let words = match error.kind() {
        IntErrorKind::PosOverflow => usage::NUMBER_TOO_LARGE,
        IntErrorKind::NegOverflow => usage::NUMBER_TOO_SMALL,
        _ => usage::NO_DIGITS,
    };
    Told::new(lang, words, &[])
}

pub(super) fn time(error: &since::Error, lang: Language) -> Told {
    let since::Error::NoTime { text } = error;
    Told::new(lang, words::NO_TIME, &[("text", &plain(text))])
}

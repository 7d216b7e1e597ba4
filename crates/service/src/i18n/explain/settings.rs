//! Errors of settings, numbers and times.

use std::fmt::Display;
use std::num::{IntErrorKind, ParseIntError};

use super::super::Language;
use super::super::keys::errors as words;
use super::Cause;
use crate::config::{Error, Misread, NotATime, Problem};
use crate::terminal::plain;

pub(super) fn settings(error: &Error, lang: Language) -> Cause {
    match error {
        Error::Unreadable { path, .. } => Cause::with(
            lang,
            words::SETTINGS_UNREADABLE,
            words::NAME_SETTINGS,
            &[("path", &path.display())],
        ),
        Error::Invalid { path, source } => {
            let values: [(&str, &dyn Display); 1] = [("path", &path.display())];
            match source {
                // Its own hint says more.
                Problem::Renamed { .. } => Cause::new(lang, words::SETTINGS_INVALID, &values),
                _ => Cause::with(lang, words::SETTINGS_INVALID, words::FIX_SETTINGS, &values),
            }
        }
        Error::Impossible(found) => problem(found, lang),
    }
}

pub(super) fn misread(misread: &Misread, lang: Language) -> Cause {
    // The parser lists every valid key.
    let (text, detail) = (plain(&misread.text), &misread.detail);
    let values: [(&str, &dyn Display); 4] = [
        ("line", &misread.line),
        ("column", &misread.column),
        ("text", &text),
        ("detail", detail),
    ];
    Cause::new(lang, words::SETTING_MISREAD, &values)
}

pub(super) fn problem(problem: &Problem, lang: Language) -> Cause {
    let cause = |what, values: &[(&str, &dyn Display)]| {
        Cause::with(lang, what, words::SEE_SETTINGS, values)
    };
    match problem {
        Problem::Misread(found) => misread(found, lang),
        Problem::Renamed { old, new, line } => Cause::with(
            lang,
            words::SETTING_RENAMED,
            words::WRITE_INSTEAD,
            &[
                ("old", &plain(old)),
                ("new", &plain(new)),
                ("line", &plain(line)),
            ],
        ),
        Problem::UnknownVariable { name } => {
            cause(words::UNKNOWN_VARIABLE, &[("name", &plain(name))])
        }
        Problem::Variable { name, detail } => cause(
            words::VARIABLE_INVALID,
            &[("name", &plain(name)), ("detail", &plain(detail))],
        ),
        Problem::TimeZone { name } => cause(words::TIME_ZONE_INVALID, &[("name", &plain(name))]),
        Problem::TooSmall { key, least } => {
            cause(words::SETTING_TOO_SMALL, &[("key", key), ("least", least)])
        }
        Problem::Listen { text } => cause(words::LISTEN_INVALID, &[("text", &plain(text))]),
        Problem::PublicUrl { text } => cause(words::PUBLIC_URL_INVALID, &[("text", &plain(text))]),
        Problem::Routes => cause(words::ROUTES_INVALID, &[]),
        Problem::Watermarks => cause(words::WATERMARKS_INVALID, &[]),
        Problem::RuleWithoutLimit => cause(words::RULE_WITHOUT_LIMIT, &[]),
        Problem::Url { key, scheme } => {
            cause(words::URL_INVALID, &[("key", key), ("scheme", scheme)])
        }
    }
}

pub(super) fn time(error: &NotATime, lang: Language) -> Cause {
    Cause::new(lang, words::TIME_INVALID, &[("text", &plain(&error.text))])
}

pub(super) fn number(error: &ParseIntError, lang: Language) -> Cause {
    let words = match error.kind() {
        IntErrorKind::PosOverflow => words::NUMBER_TOO_LARGE,
        IntErrorKind::NegOverflow => words::NUMBER_TOO_SMALL,
        _ => words::NOT_A_NUMBER,
    };
    Cause::new(lang, words, &[])
}

//! Errors of settings, numbers and times.

use std::fmt::Display;
use std::num::{IntErrorKind, ParseIntError};

use super::super::Language;
use super::super::keys::errors as words;
use super::Cause;
use crate::config::{Error, Fault, FileProblem, Misread, NotATime, Problem};
use crate::db::AddressError;
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
            match source.problem {
                // Its own hint says more.
                Problem::Renamed { .. } => Cause::new(lang, words::SETTINGS_INVALID, &values),
                _ => Cause::with(lang, words::SETTINGS_INVALID, words::FIX_SETTINGS, &values),
            }
        }
        Error::Impossible(found) => problem(found, lang),
    }
}

/// With its line, where its own text has none.
pub(super) fn in_file(found: &FileProblem, lang: Language) -> Cause {
    let cause = problem(&found.problem, lang);
    match found.line {
        None => cause,
        Some(line) => Cause {
            message: lang.fill(
                words::SETTING_IN_LINE,
                &[("line", &line), ("problem", &cause.message)],
            ),
            ..cause
        },
    }
}

pub(super) fn misread(misread: &Misread, lang: Language) -> Cause {
    let key = plain(misread.key.as_deref().unwrap_or_default());
    let values: [(&str, &dyn Display); 4] = [
        ("line", &misread.line),
        ("column", &misread.column),
        ("text", &plain(&misread.text)),
        ("key", &key),
    ];
    let words = match misread.fault {
        Fault::Syntax => words::SETTING_MISREAD,
        Fault::UnknownKey => words::SETTING_UNKNOWN,
        Fault::Value => words::SETTING_INVALID,
    };
    let cause = Cause::new(lang, words, &values);
    // It may list every valid key.
    with_detail(cause, &misread.detail, lang)
}

/// With what the parser says, which is English.
fn with_detail(mut cause: Cause, detail: &str, lang: Language) -> Cause {
    if lang == Language::English {
        cause.message = format!("{} ({detail})", cause.message);
    }
    cause
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
        Problem::Variable { name, text, detail } => {
            let values: [(&str, &dyn Display); 2] =
                [("name", &plain(name)), ("text", &plain(text))];
            let cause = cause(words::VARIABLE_INVALID, &values);
            with_detail(cause, &plain(detail), lang)
        }
        Problem::TimeZone { name } => cause(words::TIME_ZONE_INVALID, &[("name", &plain(name))]),
        Problem::TooSmall { key, least } => {
            cause(words::SETTING_TOO_SMALL, &[("key", key), ("least", least)])
        }
        Problem::Listen { text } => cause(words::LISTEN_INVALID, &[("text", &plain(text))]),
        Problem::PublicUrl { text } => cause(words::PUBLIC_URL_INVALID, &[("text", &plain(text))]),
        Problem::Routes => cause(words::ROUTES_INVALID, &[]),
        Problem::ProgramWithoutPath { key } => cause(words::PROGRAM_WITHOUT_PATH, &[("key", key)]),
        Problem::Host { key, text } => {
            cause(words::NOT_A_HOST, &[("key", key), ("text", &plain(text))])
        }
        Problem::Watermarks => cause(words::WATERMARKS_INVALID, &[]),
        Problem::RuleWithoutLimit => cause(words::RULE_WITHOUT_LIMIT, &[]),
        Problem::StorageUrl => cause(words::STORAGE_URL_INVALID, &[]),
        Problem::Endpoint => cause(words::STORAGE_ENDPOINT_INVALID, &[]),
        Problem::DatabaseServer { error } => {
            let what = match error {
                AddressError::Malformed => words::DATABASE_URL_MALFORMED,
                AddressError::TlsMode => words::DATABASE_TLS_MODE,
                AddressError::Roots => words::DATABASE_ROOTS,
            };
            cause(what, &[])
        }
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

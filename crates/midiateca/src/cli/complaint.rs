//! Errors on stderr: `midiateca_service::i18n::explain`, with the error types of the command line.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::Path;

use serde_json::json;

use super::language::Language;
use super::words::{TextKey, cli as words};
use super::{answer, context, monitor};
use midiateca_service::config::Config;
use midiateca_service::i18n::explain::{Cause, Explainer, Explanation, explain};
use midiateca_service::ops::probe;

/// Wrong usage that clap does not see.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub(crate) struct UsageError(Explanation);

impl UsageError {
    /// The key is the code; the hint is an attribute of its text.
    pub fn new(lang: Language, key: TextKey, values: &[(&str, &dyn Display)]) -> Self {
        Self(Explanation {
            code: key.code(),
            message: lang.fill(key, values),
            hint: lang.hint(key, values),
        })
    }

    /// With a message whose text has no key.
    pub fn with_code(code: &str, message: String) -> Self {
        Self(Explanation {
            code: code.to_owned(),
            message,
            hint: None,
        })
    }

    pub fn hint(mut self, lang: Language, key: TextKey) -> Self {
        self.0.hint = Some(lang.say(key).to_owned());
        self
    }

    /// An error of the service that wrong usage caused.
    pub fn because(error: &(dyn Error + 'static), lang: Language) -> Self {
        Self(Explainer::new(lang, own).explain(error))
    }
}

/// What is written to stdout is lost.
#[derive(Debug, thiserror::Error)]
#[error("stdout cannot be written")]
pub(super) struct NoStdout(#[source] pub io::Error);

/// The threads of the runtime cannot be started.
#[derive(Debug, thiserror::Error)]
#[error("no threads can be started")]
pub(super) struct NoThreads(#[source] pub io::Error);

/// An error with its causes, as a part of another text.
pub(super) fn why(error: &(dyn Error + 'static), lang: Language) -> String {
    Explainer::new(lang, own).message(error)
}

/// What to do about the first of data folder, database and storage that cannot be written.
pub(super) fn disk_hint(data: &Path, config: &Config, lang: Language) -> Option<String> {
    explain(&probe::first_unwritable(data, config)?, lang).hint
}

/// Whether an error may come from a disk that cannot be written.
pub(super) fn is_about_writing(error: &(dyn Error + 'static), lang: Language) -> bool {
    Explainer::new(lang, own).is_about_writing(error)
}

/// The stable code of an error.
pub(super) fn code(error: &(dyn Error + 'static)) -> String {
    Explainer::new(Language::English, own).explain(error).code
}

/// Writes an error to stderr: a sentence and a hint, or with `--json` one document. `hint` goes before the error's own.
pub(super) fn show(error: &(dyn Error + 'static), lang: Language, hint: Option<String>) {
    let mut explanation = Explainer::new(lang, own).explain(error);
    explanation.hint = hint.or(explanation.hint);
    write(&explanation, lang, answer::is_json());
}

/// An explanation on stderr.
pub(super) fn write(explanation: &Explanation, lang: Language, is_json: bool) {
    eprintln!("{}", rendered(explanation, lang, is_json));
}

pub(super) fn rendered(explanation: &Explanation, lang: Language, is_json: bool) -> String {
    if is_json {
        return json!({ "error": explanation }).to_string();
    }
    let mut text = lang.fill(words::ERROR, &[("message", &explanation.message)]);
    if let Some(hint) = &explanation.hint {
        text.push_str("\n  ");
        text.push_str(&lang.fill(words::HINT, &[("hint", hint)]));
    }
    text
}

fn own(cause: &(dyn Error + 'static), lang: Language) -> Option<Cause> {
    None.or_else(|| Some(usage(cause.downcast_ref()?)))
        .or_else(|| Some(no_data(cause.downcast_ref()?, lang)))
        .or_else(|| Some(terminal(cause.downcast_ref()?, lang)))
        .or_else(|| {
            cause.downcast_ref::<NoStdout>()?;
            Some(Cause::new(lang, words::NO_STDOUT, &[]))
        })
        .or_else(|| {
            cause.downcast_ref::<NoThreads>()?;
            Some(Cause::new(lang, words::NO_THREADS, &[]))
        })
}

fn usage(error: &UsageError) -> Cause {
    Cause::of_explanation(error.0.clone())
}

fn no_data(error: &context::Error, lang: Language) -> Cause {
    let context::Error::NoData { path } = error;
    let values: [(&str, &dyn Display); 1] = [("path", &path.display())];
    Cause::with(lang, words::DATA_MISSING, words::NAME_DATA, &values)
}

fn terminal(error: &monitor::Error, lang: Language) -> Cause {
    match error {
        monitor::Error::Panicked => Cause::new(lang, words::TERMINAL_PANICKED, &[]),
        monitor::Error::NotTaken(_) => {
            Cause::with(lang, words::TERMINAL_NOT_TAKEN, words::USE_LINES, &[])
        }
        monitor::Error::NoKeys => Cause::with(lang, words::TERMINAL_NO_KEYS, words::USE_LINES, &[]),
    }
}

#[cfg(test)]
mod tests;

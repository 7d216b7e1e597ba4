//! Errors on stderr: `midiateca_service::i18n::explain`, with the error types of the command line.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::Path;

use serde_json::json;

use crate::cli::{Language, TextKey, mode, words::cli as words, words::context as files};
use midiateca_service::config::{self, Config};
use midiateca_service::i18n::explain::{Cause, Explainer, Explanation, explain};
use midiateca_service::ops::clients::ClientError;
use midiateca_service::ops::endpoints::EndpointError;
use midiateca_service::ops::holds::HoldError;
use midiateca_service::ops::import::multichat;
use midiateca_service::ops::instance::AddError;
use midiateca_service::ops::keys::KeyError;
use midiateca_service::ops::probe::WriteFailure;
use midiateca_service::ops::users::UserError;
use midiateca_service::ops::{backup, dossier, erasure, export, probe};

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

    /// An error of the service that wrong usage caused.
    pub fn because(error: &(dyn Error + 'static), lang: Language) -> Self {
        Self(Explainer::new(lang, own).explain(error))
    }
}

pub(super) fn unreadable(lang: Language, path: &Path, error: io::Error) -> anyhow::Error {
    let is_usage = is_wrong_path(&error);
    let text = fill!(lang, files::CANNOT_READ, path = path.display());
    let error = anyhow::Error::new(error).context(text);
    if is_usage {
        return UsageError::because(error.as_ref(), lang).into();
    }
    error
}

/// Whether there is no such file: wrong usage where the command line names it.
pub(super) fn is_wrong_path(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}

/// Errors of the command line only.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What is written to stdout is lost.
    #[error("stdout cannot be written")]
    NoStdout(#[source] io::Error),
    /// The threads of the runtime cannot be started.
    #[error("no threads can be started")]
    NoThreads(#[source] io::Error),
    /// The terminal was restored, so that the message of the panic can be read.
    #[error("something in the program panicked")]
    Panicked,
    #[error("the terminal cannot be taken")]
    NoTerminal(#[source] io::Error),
    /// No key can end the full screen any more.
    #[error("the terminal's keys cannot be read")]
    NoKeys,
}

/// An error with its causes, as a part of another text.
pub(super) fn why(error: &(dyn Error + 'static), lang: Language) -> String {
    Explainer::new(lang, own).message(error)
}

/// A hint for the first of data folder, database and storage that cannot be written.
pub(super) fn disk_hint(data: &Path, config: &Config, lang: Language) -> Option<String> {
    write_hint(&probe::first_unwritable(data, config)?, lang)
}

pub(super) fn write_hint(failure: &WriteFailure, lang: Language) -> Option<String> {
    explain(failure, lang).hint
}

/// The place outside of the data folder that an export or a backup could not write.
pub(super) fn at_destination(error: &(dyn Error + 'static)) -> Option<WriteFailure> {
    let (path, source) = if let Some(error) = error.downcast_ref() {
        match error {
            export::Error::Target { target, source } => (target.clone(), source),
            export::Error::Failed { target, source, .. } => (target.path()?.to_owned(), source),
            _ => return None,
        }
    } else if let Some(backup::Error::Io { path, source }) = error.downcast_ref() {
        (path.clone(), source)
    } else {
        return None;
    };
    let code = source.raw_os_error();
    let source = code.map_or_else(|| source.kind().into(), io::Error::from_raw_os_error);
    Some(WriteFailure::at(&path)(source))
}

/// Whether an error may come from a disk that cannot be written.
pub(super) fn is_about_writing(error: &(dyn Error + 'static), lang: Language) -> bool {
    Explainer::new(lang, own).is_about_writing(error)
}

pub(super) fn code(error: &(dyn Error + 'static)) -> String {
    Explainer::new(Language::English, own).explain(error).code
}

/// Writes an error to stderr: a sentence and a hint, or with `--json` one document. `hint` goes before the error's own.
pub(super) fn show(error: &(dyn Error + 'static), lang: Language, hint: Option<String>) {
    let mut explanation = Explainer::new(lang, own).explain(error);
    explanation.hint = hint.or(explanation.hint);
    write(&explanation, lang, mode::is_json());
}

pub(super) fn write(explanation: &Explanation, lang: Language, is_json: bool) {
    eprintln!("{}", rendered(explanation, lang, is_json));
}

pub(super) fn rendered(explanation: &Explanation, lang: Language, is_json: bool) -> String {
    if is_json {
        return json!({ "error": explanation }).to_string();
    }
    let mut text = fill!(lang, words::ERROR, message = explanation.message);
    if let Some(hint) = &explanation.hint {
        text.push_str("\n  ");
        text.push_str(&fill!(lang, words::HINT, hint));
    }
    text
}

fn own(cause: &(dyn Error + 'static), lang: Language) -> Option<Cause> {
    if let Some(UsageError(explanation)) = cause.downcast_ref() {
        return Some(Cause::of_explanation(explanation.clone()));
    }
    let text = |key| Cause::new(lang, key, &[]);
    Some(match cause.downcast_ref()? {
        Failure::NoStdout(_) => text(words::NO_STDOUT),
        Failure::NoThreads(_) => text(words::NO_THREADS),
        Failure::Panicked => text(words::TERMINAL_PANICKED),
        Failure::NoTerminal(_) => text(words::TERMINAL_NOT_TAKEN),
        Failure::NoKeys => text(words::TERMINAL_NO_KEYS),
    })
}

/// Whether a command line or settings are wrong: in every other error, something that is needed is out of reach.
pub(super) fn is_usage(error: &(dyn Error + 'static)) -> bool {
    fn as_error<E: Error + 'static>(
        cause: &(dyn Error + 'static),
        is_usage: fn(&E) -> bool,
    ) -> bool {
        cause.downcast_ref().is_some_and(is_usage)
    }
    error.is::<UsageError>()
        || error.is::<config::Error>()
        || as_error(error, ClientError::is_usage)
        || as_error(error, export::Error::is_usage)
        || error.is::<dossier::verify::Error>()
        || as_error(error, AddError::is_usage)
        || as_error(error, KeyError::is_usage)
        || as_error(error, EndpointError::is_usage)
        || as_error(error, UserError::is_usage)
        || as_error(error, backup::Error::is_usage)
        || as_error(error, erasure::Error::is_usage)
        || as_error(error, HoldError::is_usage)
        || as_error(error, multichat::Error::is_usage)
}

//! Errors for people: a stable code, a message and a hint, in their language.
//!
//! Errors are in English, for logs. Each enum is matched exhaustively, so that a new variant does not compile without
//! a text. Errors of libraries and of the system have no text and are shown as they are.

mod export;
mod ground;
mod instance;
mod network;
mod settings;
mod system;
mod test_delivery;
mod whole;

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::sync::Arc;

use super::{Language, Reader, TextKey};
use crate::net;

pub use ground::{displaced, displaced_storage, no_database, unknown_storage};

/// An explained error.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// Stable, in snake_case; [`UNEXPECTED`] without a text.
    pub code: String,
    /// The message, with its causes.
    pub message: String,
    pub hint: Option<String>,
}

/// The code of errors without a text.
pub const UNEXPECTED: &str = "unexpected";

/// One error of a chain.
pub struct Cause {
    /// None for a library's own message.
    code: Option<String>,
    message: String,
    hint: Option<String>,
    /// What a page says instead.
    page_hint: Option<String>,
    /// What the API says instead.
    api_message: Option<String>,
    api_hint: Option<String>,
    /// It may come from a disk that cannot be written.
    is_about_writing: bool,
    rest: Rest,
}

/// The hint after a cause.
#[derive(Default)]
enum Rest {
    /// The error's own causes.
    #[default]
    Causes,
    Nothing,
    Only(Box<Cause>),
}

type Values<'a> = [(&'a str, &'a dyn Display)];

impl Cause {
    /// The hint is an attribute of the text.
    pub fn new(lang: Language, message: TextKey, values: &Values<'_>) -> Self {
        Self {
            hint: lang.hint(message, values),
            page_hint: lang.hint_for(Reader::Page, message, values),
            api_message: Some(lang.fill_for(Reader::Api, message, values)),
            api_hint: lang.hint_for(Reader::Api, message, values),
            ..Self::of_text(message, lang.fill(message, values))
        }
    }

    /// Both texts take the same values.
    pub fn with(lang: Language, message: TextKey, hint: TextKey, values: &Values<'_>) -> Self {
        Self {
            hint: Some(lang.fill(hint, values)),
            page_hint: Some(lang.fill_for(Reader::Page, hint, values)),
            api_hint: Some(lang.fill_for(Reader::Api, hint, values)),
            ..Self::new(lang, message, values)
        }
    }

    /// A cause with a finished message.
    pub fn of_text(key: TextKey, message: String) -> Self {
        Self {
            code: Some(key.code()),
            message,
            hint: None,
            page_hint: None,
            api_message: None,
            api_hint: None,
            is_about_writing: false,
            rest: Rest::Causes,
        }
    }

    /// A cause that was explained already.
    pub fn of_explanation(explanation: Explanation) -> Self {
        Self {
            code: Some(explanation.code),
            message: explanation.message,
            page_hint: explanation.hint.clone(),
            api_message: None,
            api_hint: explanation.hint.clone(),
            hint: explanation.hint,
            is_about_writing: false,
            rest: Rest::Causes,
        }
    }

    fn unknown(cause: &dyn Error) -> Self {
        Self {
            code: None,
            message: cause.to_string().trim_end().to_owned(),
            hint: None,
            page_hint: None,
            api_message: None,
            api_hint: None,
            is_about_writing: false,
            rest: Rest::Causes,
        }
    }

    /// For an error that may come from a disk that cannot be written.
    fn about_writing(self, is_about_writing: bool) -> Self {
        Self {
            is_about_writing,
            ..self
        }
    }

    fn is_known(&self) -> bool {
        self.code.is_some()
    }
}

/// Explains errors in one language. `own` handles the caller's error types.
#[derive(Clone, Copy)]
pub struct Explainer {
    lang: Language,
    own: fn(&(dyn Error + 'static), Language) -> Option<Cause>,
}

pub fn explain(error: &(dyn Error + 'static), lang: Language) -> Explanation {
    explain_for(Reader::Program, error, lang)
}

pub fn explain_for(reader: Reader, error: &(dyn Error + 'static), lang: Language) -> Explanation {
    Explainer::new(lang, |_, _| None).explain_for(reader, error)
}

impl Explainer {
    pub fn new(lang: Language, own: fn(&(dyn Error + 'static), Language) -> Option<Cause>) -> Self {
        Self { lang, own }
    }

    /// The code is that of the first cause that has one.
    pub fn explain(self, error: &(dyn Error + 'static)) -> Explanation {
        self.explain_for(Reader::Program, error)
    }

    fn explain_for(self, reader: Reader, error: &(dyn Error + 'static)) -> Explanation {
        let causes = self.causes(error);
        let code = causes.iter().find_map(|cause| cause.code.clone());
        let message = joined(reader, &causes);
        Explanation {
            code: code.unwrap_or_else(|| UNEXPECTED.to_owned()),
            message,
            hint: causes.into_iter().find_map(|cause| match reader {
                Reader::Program => cause.hint,
                Reader::Api => cause.api_hint,
                Reader::Page => cause.page_hint,
            }),
        }
    }

    /// Whether an error may come from a disk that cannot be written.
    pub fn is_about_writing(self, error: &(dyn Error + 'static)) -> bool {
        self.causes(error)
            .iter()
            .any(|cause| cause.is_about_writing)
    }

    /// The message with its causes, for use in another text.
    pub fn message(self, error: &(dyn Error + 'static)) -> String {
        joined(Reader::Program, &self.causes(error))
    }

    fn cause(self, cause: &(dyn Error + 'static)) -> Cause {
        let lang = self.lang;
        (self.own)(cause, lang)
            .or_else(|| Some(settings::settings(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::in_file(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::misread(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::problem(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::number(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::time(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::app(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::coordination(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::opening(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::db(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::secrets(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::storage(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::retention(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::verify(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::erasure(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::hold(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::listen(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::server(cause.downcast_ref()?, lang)))
            .or_else(|| Some(whole::takeover(cause.downcast_ref()?, lang)))
            .or_else(|| Some(whole::client(cause.downcast_ref()?, lang)))
            .or_else(|| Some(whole::foreign(cause.downcast_ref()?, lang)))
            .or_else(|| Some(test_delivery::test_delivery(cause.downcast_ref()?, lang)))
            .or_else(|| Some(export::export(cause.downcast_ref()?, lang)))
            .or_else(|| Some(export::dossier(cause.downcast_ref()?, lang)))
            .or_else(|| Some(whole::backup(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::unresolved(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::proxy(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::fetch(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::guard(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::gateway_admin(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::reconcile(cause.downcast_ref()?, lang)))
            .or_else(|| Some(instance::add(cause.downcast_ref()?, lang)))
            .or_else(|| Some(instance::key(cause.downcast_ref()?, lang)))
            .or_else(|| Some(instance::endpoint(cause.downcast_ref()?, lang)))
            .or_else(|| Some(instance::user(cause.downcast_ref()?, lang)))
            .or_else(|| Some(instance::password(*cause.downcast_ref()?, lang)))
            .or_else(|| Some(system::write_failure(cause.downcast_ref()?, lang)))
            .or_else(|| Some(system::io(cause.downcast_ref()?, self)))
            .or_else(|| Some(system::io(cause.downcast_ref::<Arc<io::Error>>()?, self)))
            .unwrap_or_else(|| Cause::unknown(cause))
    }

    fn causes(self, error: &(dyn Error + 'static)) -> Vec<Cause> {
        let mut causes = Vec::new();
        let mut next = Some(error);
        while let Some(cause) = next {
            let mut known = self.cause(cause);
            let rest = std::mem::take(&mut known.rest);
            causes.push(known);
            next = cause.source().filter(|_| !is_unresolved(cause));
            match rest {
                Rest::Causes => {}
                Rest::Nothing => break,
                Rest::Only(cause) => {
                    causes.push(*cause);
                    break;
                }
            }
            if cause.is::<net::Error>() {
                causes.extend(self.of_the_network(next));
                break;
            }
        }
        causes
    }

    /// Network libraries nest errors, and only the innermost one gives the reason: the causes that have a text, or
    /// else the last one.
    fn of_the_network(self, first: Option<&(dyn Error + 'static)>) -> Vec<Cause> {
        let (mut causes, mut next) = (Vec::new(), first);
        while let Some(cause) = next {
            causes.push(self.cause(cause));
            next = cause.source().filter(|_| !is_unresolved(cause));
        }
        if causes.iter().any(Cause::is_known) {
            causes.retain(Cause::is_known);
            return causes;
        }
        causes.pop().into_iter().collect()
    }
}

/// The resolver's own message follows and adds nothing.
fn is_unresolved(cause: &(dyn Error + 'static)) -> bool {
    let inner = cause.downcast_ref::<io::Error>();
    let inner = inner.and_then(io::Error::get_ref);
    cause.is::<net::Unresolved>() || inner.is_some_and(|inner| inner.is::<net::Unresolved>())
}

/// Libraries may repeat their own message in the next cause.
fn joined(reader: Reader, causes: &[Cause]) -> String {
    let mut messages: Vec<&str> = Vec::new();
    for cause in causes {
        let before = messages.last().filter(|_| !cause.is_known());
        let message = match (reader, &cause.api_message) {
            (Reader::Api, Some(message)) => message,
            _ => &cause.message,
        };
        if !before.is_some_and(|before| message.contains(before)) {
            messages.push(message);
        }
    }
    messages.join(": ")
}

#[cfg(test)]
mod tests;

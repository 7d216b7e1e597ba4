//! Why a command could not do its work, in the language of whoever asked, and the next command to try.
//!
//! The library's errors are written in English, for logs. Here, at the edge, each of them has its sentence of the
//! catalogue: a match without a rest for every enum, so that a new variant does not build without one. What nobody here
//! knows (an error of a library, of the system) is told as it is.

mod ground;
mod network;
mod settings;
mod system;
mod whole;

use std::error::Error;
use std::fmt::Display;

use super::language::Language;
use super::words::{Words, errors as words};

/// One cause, and what to do about it if that is known.
struct Told {
    what: String,
    next: Option<String>,
}

/// What is put in the holes of both sentences.
type Values<'a> = [(&'a str, &'a dyn Display)];

impl Told {
    fn new(lang: Language, what: Words, values: &Values<'_>) -> Self {
        Self {
            what: lang.fill(what, values),
            next: None,
        }
    }

    fn with(lang: Language, what: Words, next: Words, values: &Values<'_>) -> Self {
        Self {
            what: lang.fill(what, values),
            next: Some(lang.fill(next, values)),
        }
    }

    fn of(cause: &(dyn Error + 'static), lang: Language) -> Self {
        None.or_else(|| Some(settings::settings(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::problem(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::time(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::number(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::context(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::app(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::db(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::secrets(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::vault(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::retention(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::serve(cause.downcast_ref()?, lang)))
            .or_else(|| Some(whole::takeover(cause.downcast_ref()?, lang)))
            .or_else(|| Some(whole::foreign(cause.downcast_ref()?, lang)))
            .or_else(|| Some(whole::backup(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::fetch(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::guard(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::panel(cause.downcast_ref()?, lang)))
            .or_else(|| Some(system::terminal(cause.downcast_ref()?, lang)))
            .or_else(|| Some(system::io(cause.downcast_ref()?, lang)))
            .unwrap_or_else(|| Self {
                what: cause.to_string().trim_end().to_owned(),
                next: None,
            })
    }
}

fn causes(error: &(dyn Error + 'static), lang: Language) -> Vec<Told> {
    let mut told = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        told.push(Told::of(cause, lang));
        next = cause.source();
    }
    told
}

fn joined(causes: &[Told]) -> String {
    let sentences: Vec<_> = causes.iter().map(|cause| cause.what.as_str()).collect();
    sentences.join(": ")
}

/// An error with all that lies behind it, as a part of another sentence.
pub(super) fn why(error: &(dyn Error + 'static), lang: Language) -> String {
    joined(&causes(error, lang))
}

/// All there is to say: what happened, and below it what to do next.
pub(super) fn whole(error: &(dyn Error + 'static), lang: Language) -> String {
    let causes = causes(error, lang);
    let mut text = lang.fill(words::ERROR, &[("what", &joined(&causes))]);
    if let Some(next) = causes.iter().find_map(|cause| cause.next.as_ref()) {
        text.push('\n');
        text.push_str(&lang.fill(words::NEXT, &[("next", next)]));
    }
    text
}

#[cfg(test)]
mod tests;

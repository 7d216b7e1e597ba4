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
use std::io;
use std::sync::Arc;

use super::language::Language;
use super::words::{Words, errors as words};
use midiateca_service::{db, server};

pub(in crate::cli) use ground::{displaced, displaced_storage};

/// One cause, and what to do about it if that is known.
struct Told {
    what: String,
    next: Option<String>,
    /// Whether it is a sentence of the catalogue, and not a library's own text.
    is_known: bool,
}

/// What is put in the holes of both sentences.
type Values<'a> = [(&'a str, &'a dyn Display)];

impl Told {
    fn new(lang: Language, what: Words, values: &Values<'_>) -> Self {
        Self {
            what: lang.fill(what, values),
            next: None,
            is_known: true,
        }
    }

    fn with(lang: Language, what: Words, next: Words, values: &Values<'_>) -> Self {
        Self {
            what: lang.fill(what, values),
            next: Some(lang.fill(next, values)),
            is_known: true,
        }
    }

    /// What nobody here has a sentence for.
    fn unknown(cause: &dyn Error) -> Self {
        Self {
            what: cause.to_string().trim_end().to_owned(),
            next: None,
            is_known: false,
        }
    }

    fn of(cause: &(dyn Error + 'static), lang: Language) -> Self {
        system::name(cause, lang)
            .or_else(|| Some(settings::settings(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::misread(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::problem(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::time(cause.downcast_ref()?, lang)))
            .or_else(|| Some(settings::number(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::context(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::app(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::opening(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::db(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::secrets(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::vault(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::retention(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::verify(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::erasure(cause.downcast_ref()?, lang)))
            .or_else(|| Some(ground::server(cause.downcast_ref()?, lang)))
            .or_else(|| Some(whole::takeover(cause.downcast_ref()?, lang)))
            .or_else(|| Some(whole::foreign(cause.downcast_ref()?, lang)))
            .or_else(|| Some(whole::backup(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::unresolved(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::proxy(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::fetch(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::guard(cause.downcast_ref()?, lang)))
            .or_else(|| Some(network::panel(cause.downcast_ref()?, lang)))
            .or_else(|| Some(system::terminal(cause.downcast_ref()?, lang)))
            .or_else(|| Some(system::io(cause.downcast_ref()?, lang)))
            .or_else(|| Some(system::io(cause.downcast_ref::<Arc<io::Error>>()?, lang)))
            .unwrap_or_else(|| Self::unknown(cause))
    }
}

fn causes(error: &(dyn Error + 'static), lang: Language) -> Vec<Told> {
    let mut told = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        told.push(Told::of(cause, lang));
        next = cause.source();
        let db_error = match cause.downcast_ref() {
            Some(server::Error::Db(error)) => Some(error),
            _ => cause.downcast_ref::<db::Error>(),
        };
        if db_error.is_some_and(|error| error.is_not_a_database() || error.is_busy()) {
            break;
        }
        if let Some(known) = db_error.and_then(|error| ground::engine(error, lang)) {
            told.push(known);
            break;
        }
        if cause.is::<midiateca_service::net::Error>() {
            told.extend(of_the_network(next, lang));
            break;
        }
    }
    told
}

/// The libraries of the network tell which of their layers failed, one inside the other, and only the innermost of them
/// says why: what is known of it is told, or else the last word.
fn of_the_network(first: Option<&(dyn Error + 'static)>, lang: Language) -> Vec<Told> {
    let (mut told, mut next) = (Vec::new(), first);
    while let Some(cause) = next {
        told.push(Told::of(cause, lang));
        next = cause.source();
    }
    if told.iter().any(|cause| cause.is_known) {
        told.retain(|cause| cause.is_known);
        return told;
    }
    told.pop().into_iter().collect()
}

/// A library may say in its next link what it has said already, with a number before it.
fn joined(causes: &[Told]) -> String {
    let mut sentences: Vec<&str> = Vec::new();
    for cause in causes {
        let before = sentences.last().filter(|_| !cause.is_known);
        if !before.is_some_and(|before| cause.what.contains(before)) {
            sentences.push(&cause.what);
        }
    }
    sentences.join(": ")
}

/// An error with all that lies behind it, as a part of another sentence.
pub(super) fn why(error: &(dyn Error + 'static), lang: Language) -> String {
    joined(&causes(error, lang))
}

/// All there is to say: what happened, and below it what to do next, which is `hint` where it is known better.
pub(super) fn whole(error: &(dyn Error + 'static), lang: Language, hint: Option<String>) -> String {
    let causes = causes(error, lang);
    let mut text = lang.fill(words::ERROR, &[("what", &joined(&causes))]);
    let next = causes.into_iter().find_map(|cause| cause.next);
    if let Some(next) = &hint.or(next) {
        text.push('\n');
        text.push_str(&lang.fill(words::NEXT, &[("next", next)]));
    }
    text
}

#[cfg(test)]
mod tests;

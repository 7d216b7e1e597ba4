//! The filter of a list as a person typed it. A value that cannot be used is said where it stands, and the rest stays as it
//! is. Nothing is listed then: an action must not have more than the person meant.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::IntoParams;

use super::document::Document;
use super::frame::Frame;
use super::panel::in_time;
use crate::config::Since;
use crate::http::api::ApiError;
use crate::http::api::query::{self, Query};
use crate::i18n::keys::dashboard as words;
use crate::i18n::{Explanation, Reader, explain};
use crate::terminal;

/// Fields with a day or a time.
const TIMES: [&str; 3] = ["from", "to", "day"];

/// What was typed, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// The fields of the filter.
    pub shown: Document,
    wrong: BTreeMap<String, String>,
    /// What is wrong with no field of the form.
    pub problem: Option<Explanation>,
    /// Why the list cannot be read now.
    pub failure: Option<Explanation>,
}

impl Typed {
    pub fn text(&self, field: &str) -> String {
        self.shown.text(field)
    }

    pub fn has(&self, field: &str) -> bool {
        self.shown.has(field)
    }

    pub fn is_day(&self, field: &str) -> bool {
        self.shown.is_day(field)
    }

    /// All fields but one.
    pub fn pairs_without(&self, field: &str) -> Vec<(String, String)> {
        let mut pairs = self.shown.pairs();
        pairs.retain(|(name, _)| name != field);
        pairs
    }

    /// The message of a field that cannot be used; empty for one that can.
    pub fn wrong(&self, field: &str) -> &str {
        self.wrong.get(field).map_or("", String::as_str)
    }

    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.wrong.values().map(String::as_str)
    }

    pub fn is_wrong(&self) -> bool {
        self.problem.is_some() || !self.wrong.is_empty()
    }

    /// Whether the list could be read.
    pub fn is_listed(&self) -> bool {
        !self.is_wrong() && self.failure.is_none()
    }

    /// Of the page: one part that fails does not make it fail.
    pub fn status(&self) -> StatusCode {
        if self.is_wrong() {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        }
    }

    /// What was found; None if the list refuses the filter or cannot be read now, which is shown with the form then.
    pub fn keep<T>(
        &mut self,
        frame: &Frame,
        found: Result<T, ApiError>,
    ) -> Result<Option<T>, ApiError> {
        let error = match found {
            Ok(found) => return Ok(Some(found)),
            Err(error) => error,
        };
        let explained = error.explanation(Reader::Page, frame.lang);
        match error.status() {
            StatusCode::BAD_REQUEST => self.problem = Some(explained),
            status if status.is_server_error() => self.failure = Some(explained),
            _ => return Err(error),
        }
        Ok(None)
    }

    /// The same for a list that is still to be read, within the patience of a page.
    pub async fn wait<T>(
        &mut self,
        frame: &Frame,
        listing: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<Option<T>, ApiError> {
        let found = in_time(listing).await;
        self.keep(frame, found)
    }
}

/// The parameters of a page's address, each read alone. `own` names those that the page itself takes. Browsers send the
/// empty fields of a form, too.
pub fn read<A, B>(parts: &Parts, frame: &Frame, own: &[&str]) -> (Option<Query<A, B>>, Typed)
where
    A: DeserializeOwned + IntoParams,
    B: DeserializeOwned + IntoParams,
{
    let query = parts.uri.query().unwrap_or("").as_bytes();
    let given = url::form_urlencoded::parse(query).filter(|(_, value)| !value.trim().is_empty());
    let known = query::names::<A>();
    let is_known = |name: &str| known.iter().any(|one| one == name);
    let (mut pairs, mut shown, mut wrong) = (Vec::new(), Map::new(), BTreeMap::new());
    for (name, value) in given {
        let is_own = own.contains(&name.as_ref());
        let found = if TIMES.contains(&name.as_ref()) {
            wrong_time(&value, frame)
        } else if is_own || !is_known(&name) {
            // What is unknown is found by reading all.
            None
        } else {
            wrong_alone::<A, B>(&name, &value, frame)
        };
        if let Some(message) = found {
            wrong.insert(name.to_string(), terminal::tame(&message));
        } else if !is_own {
            pairs.push((name.to_string(), value.to_string()));
        }
        // What is unknown, or cannot be used, may be anything.
        if is_own || is_known(&name) {
            let is_wrong = wrong.contains_key(name.as_ref());
            let value = if is_wrong {
                terminal::tame(&value)
            } else {
                value.into_owned()
            };
            shown.insert(name.into_owned(), Value::String(value));
        }
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let mut typed = Typed {
        shown: Document(Value::Object(shown)),
        wrong,
        problem: None,
        failure: None,
    };
    let read = typed.keep(frame, query::of_text(&query));
    let read = read.ok().flatten();
    (read.filter(|_| !typed.is_wrong()), typed)
}

fn wrong_time(value: &str, frame: &Frame) -> Option<String> {
    let error = Since::typed(value).err()?;
    Some(explain::explain_for(Reader::Page, &error, frame.lang).message)
}

/// What is wrong with a known parameter.
fn wrong_alone<A, B>(name: &str, value: &str, frame: &Frame) -> Option<String>
where
    A: DeserializeOwned + IntoParams,
    B: DeserializeOwned + IntoParams,
{
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish();
    let error = query::of_text::<A, B>(&query).err()?;
    let detail = error.detail(frame.lang);
    Some(detail.unwrap_or_else(|| frame.fill(words::NOT_A_CHOICE, "value", terminal::plain(value))))
}

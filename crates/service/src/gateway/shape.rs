//! The forms by which the gateway of a delivery is recognised.

use wa_media::read::{field, same_name};

use super::fields::{Object, objects, words};
use super::signature::Headers;

/// A form of a gateway's deliveries. Of all gateways' forms the first one that fits decides.
pub(super) struct Shape {
    /// The form's turn. Forms whose fields others have, too, come before theirs: all places are in the table of
    /// `docs/adding-a-gateway.md`.
    pub place: u16,
    pub fits: fn(&Seen<'_>) -> bool,
}

/// What decides whose a delivery is.
pub(super) struct Seen<'a> {
    pub headers: &'a Headers,
    pub body: &'a Object,
    /// The text in `event`, or an empty one.
    pub event: String,
    /// The first object in `payload`.
    pub payload: Option<&'a Object>,
    /// The first object in `data`.
    pub data: Option<&'a Object>,
}

impl<'a> Seen<'a> {
    pub fn new(headers: &'a Headers, body: &'a Object) -> Self {
        let first = |name: &str| objects(body, &[name]).first().copied();
        Self {
            headers,
            body,
            event: words(body, &["event"]).unwrap_or_default(),
            payload: first("payload"),
            data: first("data"),
        }
    }

    /// Whether the body has all of these fields.
    pub fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| has(self.body, &[name]))
    }

    /// Whether the request has one of these headers.
    pub fn is_sent_with(&self, headers: &[&str]) -> bool {
        headers.iter().any(|name| self.headers.get(name).is_some())
    }
}

/// Whether an object has one of these fields.
pub(super) fn has(of: &Object, names: &[&str]) -> bool {
    field(of, names).is_some()
}

/// Whether there is a field of the name, whatever its value is.
pub(super) fn is_named(of: &Object, name: &str) -> bool {
    of.keys().any(|known| same_name(known, name))
}

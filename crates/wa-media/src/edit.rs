//! The edit that a content is part of: the edited message and the time.

use serde_json::{Map, Value};

use crate::read::{field, millis, text};

/// An edit. Nothing in it is verified: its author chooses the message id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit<'a> {
    /// The edited message.
    pub(crate) id: Option<&'a str>,
    /// Unix milliseconds, by the sender's clock.
    pub(crate) at_ms: Option<i64>,
}

impl<'a> Edit<'a> {
    /// Reads an object with an `editedMessage`, and that field itself, where some gateways put the key.
    pub(crate) fn new(around: &'a Map<String, Value>, edited: &'a Map<String, Value>) -> Self {
        let at_ms = |object| field(object, &["timestampMs", "editTimestampMs"]).and_then(millis);
        Self {
            id: target(around).or_else(|| target(edited)),
            at_ms: at_ms(around).or_else(|| at_ms(edited)),
        }
    }

    /// Fills missing fields from the outer edit.
    pub(crate) fn or(self, outer: Option<Self>) -> Self {
        Self {
            id: self.id.or(outer.and_then(|outer| outer.id)),
            at_ms: self.at_ms.or(outer.and_then(|outer| outer.at_ms)),
        }
    }
}

/// The id in a message key.
fn target(object: &Map<String, Value>) -> Option<&str> {
    const KEYS: &[&str] = &[
        "key",
        "messageKey",
        "targetMessageKey",
        "protocolMessageKey",
    ];
    const IDS: &[&str] = &["id", "stanzaId", "messageId", "keyId", "_serialized"];
    let next_to_it = field(
        object,
        &["editedMessageId", "originalMessageId", "targetMessageId"],
    );
    if let Some(id) = next_to_it.and_then(text) {
        return Some(id);
    }
    let key = field(object, KEYS)?;
    let id = match key.as_object() {
        Some(key) => field(key, IDS)?,
        None => key,
    };
    match id.as_object() {
        Some(id) => field(id, IDS).and_then(text).map(bare),
        None => text(id).map(bare),
    }
}

/// WhatsApp Web writes ids as `false_5500900000001@c.us_3EB0…`, and in groups the sender after that.
fn bare(id: &str) -> &str {
    let serialized = id.strip_prefix("true_").or(id.strip_prefix("false_"));
    serialized
        .and_then(|rest| rest.split('_').nth(1))
        .unwrap_or(id)
}

/// The id of the message that a `protocolMessage` revokes; empty when it has none. Its type is 0, which JSON may omit.
pub(crate) fn revoked(protocol: &Map<String, Value>) -> Option<&str> {
    field(protocol, &["key"])?;
    let is_revoke = match field(protocol, &["type"]) {
        Some(kind) => {
            kind.as_u64() == Some(0)
                || text(kind).is_some_and(|kind| matches!(kind, "0" | "REVOKE"))
        }
        None => protocol
            .values()
            .filter(|value| value.is_object() || value.is_array())
            .count()
            .eq(&1),
    };
    is_revoke.then(|| target(protocol).unwrap_or_default())
}

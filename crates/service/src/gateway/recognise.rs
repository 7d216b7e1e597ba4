//! Recognises the gateway of a delivery by its headers and shape. It picks the reader and the check, and replaces none of
//! them.

use std::sync::LazyLock;

use serde_json::Value as Json;
use wa_media::read::same_name;

use super::fields::{Object, words};
use super::shape::{Seen, Shape, has};
use super::signature::Headers;
use super::{Gateway, envelope};

/// The source of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliverySource {
    Gateway(Gateway),
    /// A hub behind gateways: its files are copies of theirs.
    Chatwoot,
}

impl Gateway {
    /// Whether both have the same instances: partners of Meta have its numbers.
    pub fn is_alike(self, other: Self) -> bool {
        let of_meta = [Self::Meta, Self::Dialog360];
        self == other || of_meta.contains(&self) && of_meta.contains(&other)
    }
}

impl DeliverySource {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway(gateway) => gateway.as_str(),
            Self::Chatwoot => "chatwoot",
        }
    }
}

/// How deep and how wide the envelopes of automations are searched.
const DEEPEST: usize = 8;
const MOST_OBJECTS: usize = 256;

/// The forms of all gateways, in the order of their places.
static SHAPES: LazyLock<Vec<(&Shape, Gateway)>> = LazyLock::new(|| {
    let of = |gateway: Gateway| {
        gateway
            .protocol()
            .shapes()
            .iter()
            .map(move |it| (it, gateway))
    };
    let mut shapes: Vec<_> = Gateway::ALL.into_iter().flat_map(of).collect();
    shapes.sort_by_key(|(shape, _)| shape.place);
    shapes
});

/// The gateway of a delivery; `None` when nothing decides. Meta's partners look like Meta.
pub fn recognise(headers: &Headers, body: &Json) -> Option<DeliverySource> {
    let root = body.as_object()?;
    let seen = Seen::new(headers, root);
    let mut shapes = SHAPES.iter();
    let found = shapes.find(|(shape, _)| (shape.fits)(&seen));
    found
        .map(|(_, gateway)| DeliverySource::Gateway(*gateway))
        .or_else(|| is_of_hub(root).then_some(DeliverySource::Chatwoot))
}

/// The source of a body without its headers, also inside the envelope of an automation.
pub fn source(body: &[u8]) -> Option<DeliverySource> {
    let mut body = super::parse(body).ok()?;
    envelope::open_content(&mut body);
    recognise(&Headers::default(), &body).or_else(|| recognise_inside(&body))
}

/// The source of the first delivery inside the envelope of an automation or a queue.
pub(super) fn recognise_inside(body: &Json) -> Option<DeliverySource> {
    search(body, "", 0, &mut 0)
}

fn search(value: &Json, name: &str, depth: usize, seen: &mut usize) -> Option<DeliverySource> {
    *seen += 1;
    if depth > DEEPEST || *seen > MOST_OBJECTS {
        return None;
    }
    match value {
        Json::Object(object) => {
            let found = recognise(&Headers::default(), value);
            // Values inside a message are no deliveries.
            let is_message = || MESSAGES.iter().all(|name| !has(object, &[name]));
            found.or_else(|| {
                let mut fields = object.iter().filter(|_| is_message());
                fields.find_map(|(name, value)| search(value, name, depth + 1, seen))
            })
        }
        Json::Array(items) => {
            let mut items = items.iter();
            items.find_map(|item| search(item, name, depth + 1, seen))
        }
        Json::String(text) if name.is_empty() || may_be_body(name) => {
            let parsed = envelope::read(text, false)?;
            search(&parsed, "", depth + 1, seen)
        }
        _ => None,
    }
}

/// Fields of messages and of their content.
const MESSAGES: &[&str] = &["msgContent", "key", "Info", "messageid", "conversation"];

fn may_be_body(name: &str) -> bool {
    envelope::is_body(name) || same_name(name, "message")
}

/// Such as `message_created` and `conversation_updated`.
fn is_of_hub(body: &Object) -> bool {
    let event = words(body, &["event"]).unwrap_or_default();
    let is_event = ["message_", "conversation_"]
        .iter()
        .any(|start| event.starts_with(start));
    // An event about a conversation is the conversation itself.
    let is_placed = has(body, &["account", "account_id"]) && has(body, &["conversation", "inbox"]);
    is_event && (is_placed || has(body, &["inbox_id", "contact_inbox"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_a_place_of_its_own_and_every_gateway_a_form() {
        let places: Vec<_> = SHAPES.iter().map(|(shape, _)| shape.place).collect();
        assert!(
            places.windows(2).all(|pair| pair[0] < pair[1]),
            "{places:?}"
        );
        let is_known = |gateway: &Gateway| SHAPES.iter().any(|(_, known)| known.is_alike(*gateway));
        assert!(Gateway::ALL.iter().all(is_known));
    }
}

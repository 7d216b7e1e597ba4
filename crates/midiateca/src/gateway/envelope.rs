//! Finds a gateway's own delivery inside what automations put around it: n8n, Make, Zapier and Typebot post `{"headers",
//! "query", "body": {…}}`, `[{…}]`, a body that is JSON inside a text, or a field of any name. Depth, width and number are
//! bounded.

use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::collections::VecDeque;
use wa_media::read::{field, same_name};

type Object = Map<String, Json>;

/// How many levels of objects and lists are looked into.
const DEEPEST: usize = 8;
/// How many objects are looked at.
const MOST_OBJECTS: usize = 16_384;
/// How many texts are read as JSON.
const MOST_TEXTS: usize = 256;
/// How often a text is read that is a text in JSON.
const MOST_QUOTED: usize = 3;
/// How many deliveries one body may hold.
pub(super) const MOST_ENVELOPES: usize = 4_096;

/// What a body holds.
#[derive(Debug, Default)]
pub(super) struct Envelopes {
    /// The deliveries, in the order in which they stand.
    pub(super) found: Vec<Object>,
    /// There was more than is looked at.
    pub(super) cut_short: bool,
}

/// Takes out the objects that satisfy `is_envelope`, looked for from the outside in. What is inside of one is not looked
/// at, and the same one twice counts once.
pub(super) fn take(body: &mut Json, is_envelope: impl Fn(&Object) -> bool) -> Envelopes {
    let mut envelopes = Envelopes::default();
    let mut work = VecDeque::from([(body, 0, true)]);
    let (mut objects, mut texts) = (0, 0);
    while let Some((value, depth, may_be_json)) = work.pop_front() {
        if let Json::String(text) = value
            && may_be_json
            && texts < MOST_TEXTS
            && let Some(parsed) = inside(text)
        {
            texts += 1;
            *value = parsed;
        }
        if depth > DEEPEST || objects == MOST_OBJECTS || envelopes.found.len() == MOST_ENVELOPES {
            envelopes.cut_short |= value.is_object() || value.is_array();
            continue;
        }
        match value {
            Json::Object(object) if is_envelope(object) => {
                objects += 1;
                if !envelopes.found.contains(object) {
                    envelopes.found.push(std::mem::take(object));
                }
            }
            Json::Object(object) => {
                objects += 1;
                // What a person wrote is never read as JSON.
                let is_queued = field(object, QUEUE_FIELDS).is_some();
                let is_message = !is_queued && field(object, MESSAGE_FIELDS).is_some();
                let fields = object.iter_mut().map(|(name, value)| {
                    let is_body = is_body(name) || is_queued && same_name(name, "message");
                    let may_be_json = !is_message && is_body;
                    (value, depth + 1, may_be_json)
                });
                work.extend(fields);
            }
            Json::Array(items) => {
                work.extend(
                    items
                        .iter_mut()
                        .map(|value| (value, depth + 1, may_be_json)),
                );
            }
            _ => {}
        }
    }
    envelopes
}

/// Fields by which an object is known to describe a message, in which `body` is a person's text.
const MESSAGE_FIELDS: &[&str] = &[
    "key",
    "from",
    "chatId",
    "chat",
    "sender",
    "remoteJid",
    "messageId",
];
/// Fields of what a queue of Amazon's puts around a text: no person writes there.
const QUEUE_FIELDS: &[&str] = &["TopicArn", "receiptHandle", "eventSourceARN"];
/// Fields in which automations put a body that they did not read.
const BODIES: &[&str] = &[
    "body", "rawBody", "raw", "payload", "data", "json", "event", "request", "input", "webhook",
    "value", "item", "items", "records",
];

fn is_body(name: &str) -> bool {
    BODIES.iter().any(|body| same_name(name, body))
}

/// The JSON object or list that a text is, perhaps written as a text in JSON a few times.
pub(super) fn inside(text: &str) -> Option<Json> {
    let mut text = Cow::Borrowed(text.trim());
    for _ in 0..MOST_QUOTED {
        if !text.starts_with('"') {
            break;
        }
        text = Cow::Owned(serde_json::from_str(&text).ok()?);
    }
    if !text.starts_with(['{', '[']) || super::separators(text.as_bytes()) > super::MOST_VALUES {
        return None;
    }
    serde_json::from_str(&text).ok()
}

/// The value of a form, where a body is none of JSON but `payload={…}`, as some senders post it.
pub(super) fn of_form(body: &[u8]) -> Option<Json> {
    let begin = body.iter().position(|byte| *byte == b'=')?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if begin == 0 || begin > 64 || !body[..begin].iter().all(is_name) {
        return None;
    }
    let fields = url::form_urlencoded::parse(body).take(MOST_TEXTS);
    let fields = fields.map(|(name, value)| {
        let value = inside(&value).unwrap_or_else(|| Json::String(value.into_owned()));
        (name.into_owned(), value)
    });
    let fields: Object = fields.collect();
    fields
        .values()
        .any(|value| !value.is_string())
        .then_some(Json::Object(fields))
}

/// Whether an object holds the field in which W-API puts a message.
pub(super) fn holds_content(object: &Object) -> bool {
    field(object, &["msgContent"]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(mut body: Json) -> Vec<String> {
        let envelopes = take(&mut body, holds_content).found;
        let ids = envelopes
            .into_iter()
            .map(|envelope| envelope["messageId"].to_string());
        ids.collect()
    }

    #[test]
    fn a_delivery_is_found_whatever_is_around_it() {
        let one = json!({"messageId": 1, "msgContent": {"conversation": "oi"}});
        for body in [
            one.clone(),
            json!({"headers": {}, "params": {}, "query": {}, "body": one}),
            json!([{"json": {"headers": {}, "body": one}}]),
            json!({"body": one.to_string()}),
            json!({"body": {"raw": json!({"data": one}).to_string()}}),
            json!([[one]]),
            json!({"payload": {"data": {"message": one}}}),
            json!({"anything": {"at": {"all": one}}, "copy": one}),
            json!({"raw_body": one.to_string()}),
            json!({"body": json!(one.to_string()).to_string()}),
            json!([one.to_string()]),
            json!({"Type": "Notification", "MessageId": "n", "TopicArn": "t", "Message": one.to_string()}),
            json!({"Records": [{"messageId": "q", "receiptHandle": "r", "body": one.to_string()}]}),
        ] {
            assert_eq!(found(body.clone()), ["1"], "{body}");
        }
        // A person's own words are none.
        for body in [
            json!({"key": {"id": "A"}, "body": one.to_string()}),
            json!({"conversation": one.to_string()}),
            json!({"message": one.to_string()}),
        ] {
            assert_eq!(found(body.clone()), Vec::<String>::new(), "{body}");
        }
        let two = json!({"messageId": 2, "msgContent": {"conversation": "oi"}});
        assert_eq!(found(json!([one, {"body": two}])), ["1", "2"]);
    }

    #[test]
    fn depth_width_and_number_are_bounded() {
        let one = json!({"messageId": 1, "msgContent": {"conversation": "oi"}});
        let mut deep = one.clone();
        for _ in 0..20 {
            deep = json!({"body": deep});
        }
        let wide: Vec<_> = (0..20_000).map(|n| json!({"n": n})).collect();
        let many: Vec<_> = (0..5_000)
            .map(|n| json!({"messageId": n, "msgContent": {"a": n}}))
            .collect();
        let read = take(&mut json!(many[..300]), holds_content);
        assert!(read.found.len() == 300 && !read.cut_short);
        for mut body in [deep, json!(wide), json!(many)] {
            let envelopes = take(&mut body, holds_content);
            assert!(envelopes.cut_short && envelopes.found.len() <= MOST_ENVELOPES);
        }
    }

    #[test]
    fn a_form_is_read_where_one_of_its_fields_is_json() {
        let form = of_form(b"payload=%7B%22a%22%3A1%7D&source=zapier").unwrap();
        assert_eq!(form, json!({"payload": {"a": 1}, "source": "zapier"}));
        assert!(of_form(b"hello=world").is_none() && of_form(b"{\"a\":\"b=c\"}").is_none());
    }
}

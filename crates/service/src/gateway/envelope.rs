//! Finds a gateway's delivery inside the envelopes of automations and queues: n8n, Make, Zapier and Typebot post `{"headers",
//! "query", "body": {…}}`, `[{…}]`, a body that is JSON inside a text, or a field of any name; API Gateway, Pub/Sub, Logic
//! Apps, CloudEvents, SNS and SQS a text that is JSON or base64 of JSON. Depth, width and number are bounded.
//!
//! Base64 inside a message is a file, so it is decoded only outside of messages.

use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use wa_media::Base64Decoder;
use wa_media::read::{field, same_name, text};

use crate::model::TOKEN_START;

type Object = Map<String, Json>;

/// How many levels of objects and lists are searched.
const DEEPEST: usize = 8;
/// How many objects are searched.
const MOST_OBJECTS: usize = 16_384;
/// How many texts are read as JSON.
const MOST_TEXTS: usize = 256;
/// How often a text inside a text is read as JSON.
const MOST_QUOTED: usize = 3;
/// How many deliveries one body may contain.
pub(super) const MOST_ENVELOPES: usize = 4_096;

/// The deliveries in a body.
#[derive(Debug, Default)]
pub(super) struct Envelopes {
    /// In their order.
    pub(super) found: Vec<Object>,
    /// There was more than the limits allow.
    pub(super) cut_short: bool,
    /// Texts where a body should be that cannot be read; a long one is replaced by an empty one.
    pub(super) sealed: Vec<String>,
}

/// A value that is still to be searched.
struct Item<'a> {
    value: &'a mut Json,
    depth: usize,
    text: Text,
    /// Whether it is inside a message or a file, so that base64 is a file's.
    is_in_message: bool,
    /// Whether it is an item of a queue, whose `messageId` is the queue's.
    is_queued: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    /// A person's words.
    Words,
    /// A body, or a person's words.
    Body,
    /// A body: its envelope is known to carry one.
    Carried,
}

/// Takes out the objects that satisfy `is_envelope`, searched from the outside in. The inside of a match is not searched,
/// and equal matches count once.
pub(super) fn take(body: &mut Json, is_envelope: impl Fn(&Object) -> bool) -> Envelopes {
    let mut envelopes = Envelopes::default();
    let mut work = VecDeque::from([Item {
        value: body,
        depth: 0,
        text: Text::Body,
        is_in_message: false,
        is_queued: false,
    }]);
    let (mut objects, mut texts) = (0, 0);
    let mut known = HashSet::new();
    while let Some(item) = work.pop_front() {
        if let Json::String(text) = item.value {
            let may_be_body = item.text != Text::Words && texts < MOST_TEXTS;
            match may_be_body
                .then(|| read(text, item.is_in_message))
                .flatten()
            {
                Some(parsed) => {
                    texts += 1;
                    *item.value = parsed;
                }
                None if !item.is_in_message && is_sealed(text, item.text) => {
                    let text = if text.len() > LONGEST_SEALED_BYTES {
                        ""
                    } else {
                        text
                    };
                    envelopes.sealed.push(text.to_owned());
                }
                None => {}
            }
        }
        let Item { value, depth, .. } = item;
        if depth > DEEPEST || objects == MOST_OBJECTS || envelopes.found.len() == MOST_ENVELOPES {
            envelopes.cut_short |= value.is_object() || value.is_array();
            continue;
        }
        match value {
            Json::Object(object) if is_envelope(object) => {
                objects += 1;
                let object = std::mem::take(object);
                if known.insert(digest(&object)) {
                    envelopes.found.push(object);
                }
            }
            Json::Object(object) => {
                objects += 1;
                let enclosing = Enclosing::new(object, item.is_queued, item.is_in_message);
                let children = object.iter_mut().map(|(name, value)| Item {
                    value,
                    depth: depth + 1,
                    text: enclosing.text(name),
                    is_in_message: enclosing.is_in_message,
                    is_queued: enclosing.queues(name),
                });
                work.extend(children);
            }
            Json::Array(items) => {
                let children = items.iter_mut().map(|value| Item {
                    value,
                    depth: depth + 1,
                    ..item
                });
                work.extend(children);
            }
            _ => {}
        }
    }
    envelopes
}

/// By which equal deliveries are known: names come in one order, so equal objects are written equally.
fn digest(object: &Object) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(object).unwrap_or_default()).into()
}

/// Fields that identify a message, in which `body` is a person's text. The last one is also a queue's.
const MESSAGE_FIELDS: &[&str] = &[
    "key",
    "from",
    "chatId",
    "chat",
    "sender",
    "remoteJid",
    "messageId",
];
/// Fields that identify a file.
const FILE_FIELDS: &[&str] = &["mimetype", "fileName"];
/// Fields of a queue's envelope: no person writes there.
const QUEUE_FIELDS: &[&str] = &["TopicArn", "receiptHandle", "eventSourceARN", "publishTime"];
/// Fields of envelopes that carry a body: API Gateway and load balancers, Logic Apps, CloudEvents, RabbitMQ.
const CARRIER_FIELDS: &[&str] = &[
    "isBase64Encoded",
    "$content",
    "specversion",
    "data_base64",
    "payload_encoding",
    "sourceMessageId",
];
/// The types of SNS messages.
const NOTIFICATIONS: &[&str] = &[
    "Notification",
    "SubscriptionConfirmation",
    "UnsubscribeConfirmation",
];
/// Fields in which automations put a body that they did not parse.
const BODIES: &[&str] = &[
    "body",
    "rawBody",
    "raw",
    "payload",
    "data",
    "json",
    "event",
    "request",
    "input",
    "webhook",
    "value",
    "item",
    "items",
    "records",
    "$content",
    "dataBase64",
    "bodyBase64",
    "base64Body",
    "contentData",
    "messageText",
    "sourceBody",
    "detail",
];
/// Shorter texts without blanks may be an id.
const LEAST_ENCODED_BYTES: usize = 128;
/// Longer texts that cannot be read are no token.
const LONGEST_SEALED_BYTES: usize = 2 << 10;

pub(super) fn is_body(name: &str) -> bool {
    BODIES.iter().any(|body| same_name(name, body))
}

/// The encoding that an object states for its values.
struct Enclosing {
    is_message: bool,
    is_in_message: bool,
    is_carrier: bool,
    is_notification: bool,
    has_subscription: bool,
}

impl Enclosing {
    fn new(object: &Object, is_item: bool, is_in_message: bool) -> Self {
        let has = |names: &[&str]| field(object, names).is_some();
        let kind = field(object, &["Type"]).and_then(text);
        let is_notification = has(QUEUE_FIELDS)
            || has(&["Message"]) && kind.is_some_and(|kind| NOTIFICATIONS.contains(&kind));
        let of_messages = if is_item {
            &MESSAGE_FIELDS[..MESSAGE_FIELDS.len() - 1]
        } else {
            MESSAGE_FIELDS
        };
        let is_message = !is_notification && has(of_messages);
        Self {
            is_message,
            is_in_message: is_in_message || is_message || has(FILE_FIELDS),
            is_carrier: is_notification || is_item || has(CARRIER_FIELDS),
            is_notification,
            has_subscription: has(&["subscription"]),
        }
    }

    /// A person's words are never read as JSON.
    fn text(&self, name: &str) -> Text {
        let is_body = is_body(name) || self.is_notification && same_name(name, "message");
        if !is_body || self.is_message {
            Text::Words
        } else if self.is_carrier {
            Text::Carried
        } else {
            Text::Body
        }
    }

    fn queues(&self, name: &str) -> bool {
        same_name(name, "records") || self.has_subscription && same_name(name, "message")
    }
}

/// Reads a text as a body: JSON, base64 of JSON, or a form with JSON in a field.
pub(super) fn read(text: &str, is_in_message: bool) -> Option<Json> {
    inside(text).or_else(|| {
        if is_in_message {
            return None;
        }
        from_form(text.as_bytes()).or_else(|| from_base64(text))
    })
}

/// Reads base64 of JSON or of a form.
fn from_base64(text: &str) -> Option<Json> {
    let text = text.trim();
    if text.len() < 4 || text.contains(char::is_whitespace) && !text.contains(['\n', '\r']) {
        return None;
    }
    let (mut decoder, mut decoded) = (Base64Decoder::new(), Vec::new());
    decoder.update(text.as_bytes(), &mut decoded).ok()?;
    decoder.finish(&mut decoded).ok()?;
    let decoded = decoded.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&decoded);
    let decoded = std::str::from_utf8(decoded).ok()?;
    inside(decoded).or_else(|| from_form(decoded.as_bytes()))
}

/// Whether a text that cannot be read may contain a delivery.
fn is_sealed(text: &str, place: Text) -> bool {
    let text = text.trim();
    if text.contains(TOKEN_START) {
        return true;
    }
    let is_scalar = || serde_json::from_str::<Json>(text).is_ok();
    match place {
        Text::Words => false,
        Text::Carried => !text.is_empty() && !is_scalar(),
        Text::Body => {
            let is_address = text.starts_with("http://") || text.starts_with("https://");
            let is_long = text.len() >= LEAST_ENCODED_BYTES && !text.contains(char::is_whitespace);
            text.starts_with(['{', '[']) || text.starts_with("eyJ") || is_long && !is_address
        }
    }
}

/// Fields in which senders write the content of a delivery as JSON in a text.
const CONTENTS: &[&str] = &["payload", "data", "event", "message"];

/// Reads the content of a delivery that is JSON in a text. Only of objects that name an event besides: in others, such a field
/// may be a person's words.
pub(super) fn open_content(root: &mut Json) {
    let Some(object) = root.as_object_mut() else {
        return;
    };
    let is_one = |name: &String, names: &[&str]| names.iter().any(|known| same_name(known, name));
    let names_event = ["event", "EventType", "device_id", "type"];
    if !object.keys().any(|name| is_one(name, &names_event)) || holds_content(object) {
        return;
    }
    for (_, value) in object.iter_mut().filter(|(name, _)| is_one(name, CONTENTS)) {
        if let Some(opened) = value.as_str().and_then(inside) {
            *value = opened;
        }
    }
}

/// The JSON object or list in a text, also when it is quoted as JSON a few times.
pub(super) fn inside(text: &str) -> Option<Json> {
    let mut text = Cow::Borrowed(text.trim());
    for _ in 0..MOST_QUOTED {
        if !text.starts_with('"') {
            break;
        }
        text = Cow::Owned(serde_json::from_str(&text).ok()?);
    }
    if !text.starts_with(['{', '['])
        || super::plain_json::separators(text.as_bytes()) > super::plain_json::MOST_VALUES
    {
        return None;
    }
    super::plain_json::from_json(text.as_bytes()).ok()
}

/// The value of a form such as `payload={…}`, which some senders post instead of JSON.
pub(super) fn from_form(body: &[u8]) -> Option<Json> {
    let begin = body.iter().position(|byte| *byte == b'=')?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if begin == 0 || begin > 64 || !body[..begin].iter().all(is_name) {
        return None;
    }
    let fields = url::form_urlencoded::parse(body).take(MOST_TEXTS);
    let fields = fields.map(|(name, value)| {
        let parsed = inside(&value).or_else(|| is_body(&name).then(|| from_base64(&value))?);
        let value = parsed.unwrap_or_else(|| Json::String(value.into_owned()));
        (name.into_owned(), value)
    });
    let mut object = Object::new();
    for (name, value) in fields {
        // Of a field that is repeated, the first value that is not empty counts.
        let is_known = object.get(&name).is_some_and(|known| known != "");
        if !is_known {
            object.insert(name, value);
        }
    }
    let fields = object;
    // Twilio's forms have no JSON.
    let is_message = fields.contains_key("AccountSid");
    let has_json = fields.values().any(|value| !value.is_string());
    (is_message || has_json).then_some(Json::Object(fields))
}

/// Whether an object has the field in which W-API puts a message.
pub(super) fn holds_content(object: &Object) -> bool {
    field(object, &["msgContent"]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use serde_json::json;

    fn base64(value: &Json) -> String {
        STANDARD.encode(value.to_string())
    }

    fn found(mut body: Json) -> Vec<String> {
        let envelopes = take(&mut body, holds_content).found;
        let ids = envelopes
            .into_iter()
            .map(|envelope| envelope["messageId"].to_string());
        ids.collect()
    }

    #[test]
    fn a_delivery_is_found_in_every_envelope() {
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
            json!({"Records": [{"messageId": "q", "body": base64(&one)}]}),
            json!({"Type": "Notification", "MessageId": "n", "Message": one.to_string()}),
            json!({"body": base64(&one), "isBase64Encoded": true, "headers": {}, "httpMethod": "POST"}),
            json!({"body": one.to_string(), "isBase64Encoded": false}),
            json!({"body": STANDARD.encode(format!("payload={}", one.to_string().replace('"', "%22"))), "isBase64Encoded": true}),
            json!({"message": {"data": base64(&one), "messageId": "p"}, "subscription": "s"}),
            json!({"message": {"data": base64(&one), "message_id": "p", "publish_time": "t"}}),
            json!({"$content-type": "application/json", "$content": base64(&one)}),
            json!([{"id": "e", "eventType": "wa", "subject": "s", "data": one}]),
            json!({"specversion": "1.0", "id": "c", "data_base64": base64(&one)}),
            json!({"specversion": "1.0", "data": one.to_string()}),
            json!({"body": URL_SAFE_NO_PAD.encode(format!("\u{feff} {one}"))}),
            json!({"data": format!("data:application/json;base64,{}", base64(&one))}),
            json!({"Records": [{"kinesis": {"data": base64(&json!({"message": {"data": base64(&one)}}))}}]}),
        ] {
            assert_eq!(found(body.clone()), ["1"], "{body}");
            assert!(
                take(&mut body.clone(), holds_content).sealed.is_empty(),
                "{body}"
            );
        }
        // A person's own words are no delivery.
        for body in [
            json!({"key": {"id": "A"}, "body": one.to_string()}),
            json!({"conversation": one.to_string()}),
            json!({"message": one.to_string()}),
            json!({"Records": [{"from": "A", "body": one.to_string()}]}),
            // Neither is a file.
            json!({"mimetype": "application/json", "data": base64(&one)}),
            json!({"key": {"id": "A"}, "message": {"data": base64(&one)}}),
        ] {
            assert_eq!(found(body.clone()), Vec::<String>::new(), "{body}");
            assert!(
                take(&mut body.clone(), holds_content).sealed.is_empty(),
                "{body}"
            );
        }
        let two = json!({"messageId": 2, "msgContent": {"conversation": "oi"}});
        assert_eq!(found(json!([one, {"body": two}])), ["1", "2"]);
    }

    #[test]
    fn an_envelope_with_an_unreadable_body_is_reported() {
        for body in [
            json!({"body": "H4sIAAAAAAAAA6tWSk5JLFKyUlAqLkksKlayiq6uBQBp7b0eFAAAAA==", "isBase64Encoded": true}),
            json!({"message": {"data": "%%%", "messageId": "p"}, "subscription": "s"}),
            json!({"$content": "AAECAwQF"}),
            json!({"Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe"}),
            json!({"Records": [{"messageId": "q", "body": "{\"cut\":"}]}),
            json!({"body": "{\"cut\":"}),
            json!({"payload": "eyJhbGciOiJkaXIifQ..AAAA.BBBB.CCCC"}),
            json!({"data": "QUJD".repeat(100)}),
            json!({"anything": format!("{TOKEN_START}0000")}),
        ] {
            let read = take(&mut body.clone(), holds_content);
            assert!(read.found.is_empty() && read.sealed.len() == 1, "{body}");
        }
        for body in [
            json!({"body": "", "isBase64Encoded": false}),
            json!({"body": "null", "isBase64Encoded": false}),
            json!({"body": "oi, tudo bem?", "data": "3EB0A1", "value": "https://a.example/".repeat(20)}),
            json!({"event": "presence", "data": {"status": "composing"}}),
        ] {
            assert!(
                take(&mut body.clone(), holds_content).sealed.is_empty(),
                "{body}"
            );
        }
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
        let form = from_form(b"payload=%7B%22a%22%3A1%7D&source=zapier").unwrap();
        assert_eq!(form, json!({"payload": {"a": 1}, "source": "zapier"}));
        assert!(from_form(b"hello=world").is_none() && from_form(b"{\"a\":\"b=c\"}").is_none());
    }
}

//! Recognises the gateway of a delivery by its headers and shape. It picks the reader and the check, and replaces none of
//! them.

use serde_json::Value as Json;
use wa_media::read::{field, same_name};

use super::fields::{self, Object, object, objects, word, words};
use super::signature::Headers;
use super::{Gateway, envelope, gowa, gupshup, whatsmeow};

/// The source of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
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

impl Source {
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

/// The gateway of a delivery; `None` when nothing decides. Meta's partners look like Meta.
pub fn recognise(headers: &Headers, body: &Json) -> Option<Source> {
    let root = body.as_object()?;
    let by_form = of_form(root);
    let gateway = by_form
        .or_else(|| by_header(headers, root))
        .or_else(|| by_shape(root));
    gateway
        .map(Source::Gateway)
        .or_else(|| is_of_hub(root).then_some(Source::Chatwoot))
}

/// The source of a body without its headers, also inside the envelope of an automation.
pub fn source(body: &[u8]) -> Option<Source> {
    let mut body = super::parse(body).ok()?;
    envelope::open_content(&mut body);
    recognise(&Headers::default(), &body).or_else(|| recognise_inside(&body))
}

/// The source of the first delivery inside the envelope of an automation or a queue.
pub(super) fn recognise_inside(body: &Json) -> Option<Source> {
    search(body, "", 0, &mut 0)
}

fn search(value: &Json, name: &str, depth: usize, seen: &mut usize) -> Option<Source> {
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

fn is_of_hub(body: &Object) -> bool {
    // `message_created`, `conversation_updated` and so on; those of a conversation are the conversation themselves.
    let event = words(body, &["event"]).unwrap_or_default();
    let is_event = ["message_", "conversation_"]
        .iter()
        .any(|start| event.starts_with(start));
    let is_placed =
        has(body, &["conversation"]) || has(body, &["inbox"]) || has(body, &["inbox_id"]);
    is_event && is_placed && (has(body, &["account"]) || has(body, &["account_id"]))
}

fn has(body: &Object, names: &[&str]) -> bool {
    field(body, names).is_some()
}

fn of_form(body: &Object) -> Option<Gateway> {
    if has(body, &["jsonData"]) {
        return Some(Gateway::Wuzapi);
    }
    let sids = ["MessageSid", "SmsSid", "SmsMessageSid"];
    let is_twilio = has(body, &["AccountSid"]) && has(body, &sids);
    is_twilio.then_some(Gateway::Twilio)
}

fn by_header(headers: &Headers, body: &Object) -> Option<Gateway> {
    let sent = |names: &[&str]| names.iter().any(|name| headers.get(name).is_some());
    let is_waha = sent(&["x-webhook-request-id", "x-webhook-hmac"]);
    let is_zapi = headers
        .get("server")
        .is_some_and(|name| name.eq_ignore_ascii_case("Z-API"));
    if sent(&["x-quepasa-wid"]) {
        Some(Gateway::Quepasa)
    } else if is_waha && has(body, &["session"]) && object(body, &["payload"]).is_some() {
        Some(Gateway::Waha)
    } else {
        (is_zapi || sent(&["z-api-token"])).then_some(Gateway::Zapi)
    }
}

/// The first rule that fits decides.
fn by_shape(body: &Object) -> Option<Gateway> {
    let all = |names: &[&str]| names.iter().all(|name| has(body, &[name]));
    let event = words(body, &["event"]).unwrap_or_default();
    let first = |name: &str| objects(body, &[name]).first().copied();
    let [payload, data] = ["payload", "data"].map(first);
    let within = |of: Option<&Object>, names: &[&str]| of.is_some_and(|of| has(of, names));
    let is_callback = || word(body, &["type"]).is_some_and(|name| name.ends_with("callback"));
    let is_webhook = event.to_lowercase().starts_with("webhook");
    let rules: [(&dyn Fn() -> bool, Gateway); 15] = [
        // Version 3 of its format is Meta's.
        (&|| gupshup::is_of_version_3(body), Gateway::Gupshup),
        (&|| is_of_meta(body), Gateway::Meta),
        (
            &|| all(&["EventType"]) && has(body, OF_UAZAPI),
            Gateway::Uazapi,
        ),
        (&|| is_of_evolution_go(body, data), Gateway::EvolutionGo),
        (
            &|| all(&["event", "session"]) && payload.is_some(),
            Gateway::Waha,
        ),
        (
            &|| payload.is_some() && all(&["device_id"]) || gowa::is_of_version_6(body),
            Gateway::Gowa,
        ),
        (
            &|| within(payload, &["payload", "source", "gsId"]) && all(&["app", "type"]),
            Gateway::Gupshup,
        ),
        (&is_callback, Gateway::Zapi),
        (&|| is_webhook || all(&["msgContent"]), Gateway::Wapi),
        (&|| is_of_wuzapi(body), Gateway::Wuzapi),
        (
            &|| all(&["event", "instance"]) && is_of_evolution(body, &event),
            Gateway::Evolution,
        ),
        (
            &|| all(&["event", "instance"]) && within(data, &["chatid", "messageid"]),
            Gateway::Uazapi,
        ),
        (
            &|| all(&["event", "session"]) && !has(body, &["payload"]),
            Gateway::Wppconnect,
        ),
        (&|| is_of_quepasa(body), Gateway::Quepasa),
        (&|| all(&["instanceId", "connectedPhone"]), Gateway::Wapi),
    ];
    let mut rules = rules.into_iter();
    rules.find(|(fits, _)| fits()).map(|(_, gateway)| gateway)
}

/// Fields that uazapi sends besides the name of the event.
const OF_UAZAPI: &[&str] = &[
    "BaseUrl",
    "instanceName",
    "owner",
    "chatSource",
    "message",
    "chat",
];

fn is_of_evolution_go(body: &Object, data: Option<&Object>) -> bool {
    let is_message = data.is_some_and(|data| object(data, &["Info"]).is_some());
    let is_named = has(body, &["instanceId"]) && has(body, &["instanceName"]);
    // Only news of the session have no `data`.
    has(body, &["event"])
        && (has(body, &["instanceToken"])
            || has(body, &["data"]) && (is_message || is_named) && !has(body, &["instance"]))
}

fn is_of_meta(body: &Object) -> bool {
    let is_named = words(body, &["object"]).as_deref() == Some("whatsapp_business_account")
        || words(body, &["messaging_product"]).as_deref() == Some("whatsapp");
    let entries = objects(body, &["entry"]);
    is_named
        || entries
            .iter()
            .any(|entry| field(entry, &["changes"]).is_some())
}

fn is_of_wuzapi(body: &Object) -> bool {
    let is_named = field(body, &["userID"]).is_some() && field(body, &["instanceName"]).is_some();
    let event = object(body, &["event"]);
    let has_info = event.is_some_and(|event| object(event, &["Info"]).is_some());
    let is_session = is_named && whatsmeow::connected(&fields::event(body, &["type"])).is_some();
    field(body, &["type"]).is_some() && names(body, "event") && (is_named || has_info) || is_session
}

fn is_of_evolution(body: &Object, event: &str) -> bool {
    let data = objects(body, &["data"]);
    let has_key = data
        .first()
        .is_some_and(|data| field(data, &["key"]).is_some());
    field(body, &["data"]).is_some()
        && (event.contains('.') || has_key || field(body, &["server_url"]).is_some())
}

fn is_of_quepasa(body: &Object) -> bool {
    let chat = object(body, &["chat"]);
    let has_chat = chat.is_some_and(|chat| field(chat, &["id"]).is_some());
    // Others write `fromMe`.
    let is_own = |name: &String| name.eq_ignore_ascii_case("fromme") && name != "fromMe";
    has_chat && names(body, "timestamp") && (body.keys().any(is_own) || names(body, "frominternal"))
}

/// Whether there is a field of the name, whatever its value is.
fn names(body: &Object, name: &str) -> bool {
    body.keys().any(|known| same_name(known, name))
}

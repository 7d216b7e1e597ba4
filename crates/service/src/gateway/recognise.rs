//! Recognises the gateway of a delivery by its headers and shape. It picks the reader and the check, and replaces none of
//! them.

use serde_json::Value as Json;
use wa_media::read::field;

use super::Gateway;
use super::fields::{Object, object, objects, words};
use super::signature::Headers;

/// The source of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Gateway(Gateway),
    /// A hub behind gateways: its files are copies of theirs.
    Chatwoot,
}

/// The gateway of a delivery; `None` when nothing decides. Meta's partners look like Meta.
pub fn recognise(headers: &Headers, body: &Json) -> Option<Source> {
    let body = body.as_object()?;
    let by_form = of_form(body);
    let gateway = by_form
        .or_else(|| by_header(headers, body))
        .or_else(|| by_shape(body));
    let is_hub = || {
        let is_created = words(body, &["event"]).as_deref() == Some("message_created");
        is_created && has(body, &["account"]) && has(body, &["conversation"])
    };
    gateway
        .map(Source::Gateway)
        .or_else(|| is_hub().then_some(Source::Chatwoot))
}

fn has(body: &Object, names: &[&str]) -> bool {
    field(body, names).is_some()
}

fn of_form(body: &Object) -> Option<Gateway> {
    if has(body, &["jsonData"]) {
        return Some(Gateway::Wuzapi);
    }
    let is_twilio = has(body, &["AccountSid"]) && has(body, &["MessageSid", "SmsSid"]);
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
    let payload = object(body, &["payload"]);
    let data = object(body, &["data"]);
    let within = |of: Option<&Object>, names: &[&str]| of.is_some_and(|of| has(of, names));
    let is_callback = words(body, &["type"]).is_some_and(|name| name.ends_with("Callback"));
    let is_webhook = event.to_lowercase().starts_with("webhook");
    let rules: &[(bool, Gateway)] = &[
        (is_of_meta(body), Gateway::Meta),
        (
            all(&["EventType"]) && has(body, &["BaseUrl", "instanceName"]),
            Gateway::Uazapi,
        ),
        (
            all(&["event", "data", "instanceToken"]),
            Gateway::EvolutionGo,
        ),
        (
            all(&["event", "session"]) && payload.is_some(),
            Gateway::Waha,
        ),
        (all(&["device_id"]) && payload.is_some(), Gateway::Gowa),
        (
            all(&["app", "version", "type"]) && within(payload, &["payload"]),
            Gateway::Gupshup,
        ),
        (is_callback, Gateway::Zapi),
        (
            is_webhook || all(&["msgContent", "instanceId"]),
            Gateway::Wapi,
        ),
        (is_of_wuzapi(body), Gateway::Wuzapi),
        (
            all(&["event", "instance"]) && is_of_evolution(body, &event),
            Gateway::Evolution,
        ),
        (
            all(&["event", "instance"]) && within(data, &["chatid", "messageid"]),
            Gateway::Uazapi,
        ),
        (
            all(&["event", "session"]) && !has(body, &["payload"]),
            Gateway::Wppconnect,
        ),
        (is_of_quepasa(body), Gateway::Quepasa),
        (all(&["instanceId", "connectedPhone"]), Gateway::Wapi),
    ];
    rules
        .iter()
        .find(|(fits, _)| *fits)
        .map(|(_, gateway)| *gateway)
}

fn is_of_meta(body: &Object) -> bool {
    let is_named = words(body, &["object"]).as_deref() == Some("whatsapp_business_account");
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
    field(body, &["type"]).is_some() && body.contains_key("event") && (is_named || has_info)
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
    has_chat
        && body.contains_key("timestamp")
        && (body.contains_key("fromme") || body.contains_key("frominternal"))
}

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
    let has = |names: &[&str]| field(body, names).is_some();
    let is_object = |name: &str| object(body, &[name]).is_some();
    let event = words(body, &["event"]).unwrap_or_default();
    let payload = object(body, &["payload"]);
    let by_header = |name: &str| headers.get(name).is_some();
    let is_server = |name: &str| {
        headers
            .get("server")
            .is_some_and(|it| it.eq_ignore_ascii_case(name))
    };
    let rules: &[(bool, Gateway)] = &[
        (has(&["jsonData"]), Gateway::Wuzapi),
        (
            has(&["AccountSid"]) && has(&["MessageSid", "SmsSid"]),
            Gateway::Twilio,
        ),
        (by_header("x-quepasa-wid"), Gateway::Quepasa),
        (
            (by_header("x-webhook-request-id") || by_header("x-webhook-hmac"))
                && has(&["session"])
                && payload.is_some(),
            Gateway::Waha,
        ),
        (
            by_header("z-api-token") || is_server("Z-API"),
            Gateway::Zapi,
        ),
        (is_of_meta(body), Gateway::Meta),
        (
            has(&["EventType"]) && has(&["BaseUrl", "instanceName"]),
            Gateway::Uazapi,
        ),
        (
            has(&["event"]) && has(&["data"]) && has(&["instanceToken"]),
            Gateway::EvolutionGo,
        ),
        (
            has(&["event"]) && has(&["session"]) && payload.is_some(),
            Gateway::Waha,
        ),
        (has(&["device_id"]) && payload.is_some(), Gateway::Gowa),
        (
            has(&["app"])
                && has(&["version"])
                && has(&["type"])
                && payload.is_some_and(|payload| object(payload, &["payload"]).is_some()),
            Gateway::Gupshup,
        ),
        (
            words(body, &["type"]).is_some_and(|name| name.ends_with("Callback")),
            Gateway::Zapi,
        ),
        (
            event.to_lowercase().starts_with("webhook")
                || has(&["msgContent"]) && has(&["instanceId"]),
            Gateway::Wapi,
        ),
        (is_of_wuzapi(body), Gateway::Wuzapi),
        (
            has(&["event"]) && has(&["instance"]) && is_of_evolution(body, &event),
            Gateway::Evolution,
        ),
        (
            has(&["event"])
                && has(&["instance"])
                && object(body, &["data"])
                    .is_some_and(|data| field(data, &["chatid", "messageid"]).is_some()),
            Gateway::Uazapi,
        ),
        (
            has(&["event"]) && has(&["session"]) && !has(&["payload"]),
            Gateway::Wppconnect,
        ),
        (is_of_quepasa(body), Gateway::Quepasa),
        (
            has(&["instanceId"]) && has(&["connectedPhone"]),
            Gateway::Wapi,
        ),
    ];
    if let Some((_, gateway)) = rules.iter().find(|(fits, _)| *fits) {
        return Some(Source::Gateway(*gateway));
    }
    let is_hub = event == "message_created" && has(&["account"]) && is_object("conversation");
    is_hub.then_some(Source::Chatwoot)
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

//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};
use wa_media::read::{field, text};

use super::{Evolution, call};
use crate::clock::rfc3339;
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Session, Slot, SlotContent, Wanted, absent, renamed};
use crate::gateway::{Access, Call, CallMethod, HistoryRange, segment};

const EVENTS: &[&str] = &[
    "MESSAGES_UPSERT",
    "SEND_MESSAGE",
    "MESSAGES_SET",
    "MESSAGES_EDITED",
    "CONNECTION_UPDATE",
    "STATUS_INSTANCE",
    "LOGOUT_INSTANCE",
];

/// Those of them without which media, or the connection's state, do not arrive.
const NEEDED: &[&str] = &[
    "MESSAGES_UPSERT",
    "SEND_MESSAGE",
    "MESSAGES_SET",
    "MESSAGES_EDITED",
    "CONNECTION_UPDATE",
];

/// The fields of its setting as it is read, and as it is set.
const SETTING: &[(&str, &str)] = &[
    ("enabled", "enabled"),
    ("url", "url"),
    ("headers", "headers"),
    ("webhookByEvents", "byEvents"),
    ("webhookBase64", "base64"),
    ("events", "events"),
];

impl Admin for Evolution {
    /// `offset` is the size of a page there, and both ends of the time are needed.
    fn history_call(&self, access: Access<'_>, range: HistoryRange<'_>) -> Option<Call> {
        let path = format!("chat/findMessages/{}", segment(access.instance));
        let call = Call::new(CallMethod::Post, path, ("apikey", access.token));
        let time = json!({"gte": rfc3339(range.since), "lte": rfc3339(range.until)});
        let body = json!({"where": {"messageTimestamp": time}, "page": range.page + 1, "offset": range.page_size});
        Some(call.with_body(body))
    }

    fn read_history(&self, access: Access<'_>, answer: Json) -> Vec<Json> {
        let page = answer.get("messages").unwrap_or(&answer);
        let records = page.get("records").unwrap_or(page).as_array();
        let records = records.into_iter().flatten();
        let body = |data: &Json| json!({"event": "messages.upsert", "instance": access.instance, "data": data});
        records.map(body).collect()
    }

    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("url")] }
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "webhook/find", access))
    }

    /// The setting is replaced as a whole. An empty address is refused, so it is switched off instead.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let webhook = match wanted.setting {
            Some(before) => renamed(before, SETTING),
            None => {
                let mut webhook = json!({
                    "enabled": wanted.is_on(),
                    "url": wanted.or_current(&wanted.current["url"]),
                    "byEvents": false,
                    "base64": false,
                    "events": EVENTS,
                });
                if let Some(secret) = access.secret.filter(|_| wanted.is_on()) {
                    webhook["headers"] = json!({"authorization": format!("Bearer {secret}")});
                }
                webhook
            }
        };
        vec![call(CallMethod::Post, "webhook/set", access).with_body(json!({"webhook": webhook}))]
    }

    /// Null when it was never set. An empty list stands for all events.
    fn read_slot(&self, _: &Slot, answer: &Json, has_secret: bool) -> Vec<SlotContent> {
        let Some(content) = SlotContent::of(&answer["url"]) else {
            return Vec::new();
        };
        let is_all = answer["events"].as_array().is_none_or(Vec::is_empty);
        let mut lacks = if is_all {
            Vec::new()
        } else {
            absent(&answer["events"], NEEDED, "*")
        };
        let headers = answer["headers"].as_object();
        let is_signed = headers.is_some_and(|headers| field(headers, &["authorization"]).is_some());
        if has_secret && !is_signed {
            lacks.push("headers.authorization");
        }
        vec![SlotContent {
            is_off: answer["enabled"] == false,
            lacks,
            setting: answer.clone(),
            ..content
        }]
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "instance/connectionState", access))
    }

    fn read_session(&self, answer: &Json) -> Session {
        let state = text(&answer["instance"]["state"]);
        Session::of(state.map(|state| state.eq_ignore_ascii_case("open")))
    }
}

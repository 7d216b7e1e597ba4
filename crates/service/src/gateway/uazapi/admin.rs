//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};
use wa_media::read::{flag, text};

use super::{Uazapi, call};
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Session, Slot, SlotContent, Wanted, absent, renamed};
use crate::gateway::{Access, Call, CallMethod, HistoryRange};

const EVENTS: &[&str] = &["messages", "messages_update", "connection", "history"];

/// Those of them without which media, or the connection's state, do not arrive.
const NEEDED: &[&str] = &["messages", "messages_update", "connection"];

/// The fields of its setting as it is read, and as it is set.
const SETTING: &[(&str, &str)] = &[
    ("enabled", "enabled"),
    ("url", "url"),
    ("events", "events"),
    ("excludeMessages", "excludeMessages"),
    ("addUrlEvents", "addUrlEvents"),
    ("addUrlTypesMessages", "addUrlTypesMessages"),
];

impl Admin for Uazapi {
    /// It lists the newest first and does not filter by time.
    fn history_call(&self, access: Access<'_>, range: HistoryRange<'_>) -> Option<Call> {
        let call = Call::new(CallMethod::Post, "message/find", ("token", access.token));
        let offset = range.page * range.page_size;
        Some(call.with_body(json!({"limit": range.page_size, "offset": offset})))
    }

    fn read_history(&self, access: Access<'_>, answer: Json) -> Vec<Json> {
        let messages = answer.get("messages").and_then(Json::as_array);
        let messages = messages.into_iter().flatten();
        let body = |message: &Json| json!({"EventType": "messages", "instanceName": access.instance, "message": message});
        messages.map(body).collect()
    }

    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("url")] }
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "webhook", access))
    }

    /// Without `enabled` it is switched off. An empty address is not sent: it is switched off instead.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let body = match wanted.setting {
            Some(before) => renamed(before, SETTING),
            None => json!({
                "enabled": wanted.is_on(),
                "url": wanted.or_current(&webhook(wanted.current)["url"]),
                "events": EVENTS,
                "excludeMessages": [],
                "addUrlEvents": false,
                "addUrlTypesMessages": false,
            }),
        };
        vec![call(CallMethod::Post, "webhook", access).with_body(body)]
    }

    fn read_slot(&self, _: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let webhook = webhook(answer);
        let Some(content) = SlotContent::of(&webhook["url"]) else {
            return Vec::new();
        };
        let mut lacks = absent(&webhook["events"], NEEDED, "all");
        let excluded = webhook["excludeMessages"].as_array();
        if excluded.is_some_and(|excluded| !excluded.is_empty()) {
            lacks.push("excludeMessages");
        }
        vec![SlotContent {
            is_off: !flag(&webhook["enabled"]),
            lacks,
            setting: webhook.clone(),
            ..content
        }]
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "instance/status", access))
    }

    fn read_session(&self, answer: &Json) -> Session {
        let status = &answer["status"];
        let named = text(&answer["instance"]["status"])
            .map(|name| json!(name.eq_ignore_ascii_case("connected")));
        let connected = match named {
            Some(named) if status["connected"].is_null() => named,
            _ => status["connected"].clone(),
        };
        Session::of_flags(&connected, &status["loggedIn"])
    }
}

/// The answer is a list of one, or the setting alone.
fn webhook(answer: &Json) -> &Json {
    if answer.is_array() {
        &answer[0]
    } else {
        answer
    }
}

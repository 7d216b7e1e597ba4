//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};
use wa_media::read::{field, flag, text};

use super::{Wapi, call, id_text};
use crate::gateway::envelope::{self, holds_content};
use crate::gateway::protocol::Admin;
use crate::gateway::{Access, Call, CallMethod, HistoryRange, Session, Slot, SlotContent, Wanted};

/// Six slots, one family of events each; events of an unset one are not sent at all.
const SLOTS: &[Slot] = &[
    slot(
        "received",
        "webhook/update-webhook-received",
        "webhookReceivedUrl",
    ),
    slot(
        "delivery",
        "webhook/update-webhook-delivery",
        "webhookDeliveryUrl",
    ),
    slot(
        "message-status",
        "webhook/update-webhook-message-status",
        "webhookStatusUrl",
    ),
    slot(
        "connected",
        "webhook/update-webhook-connected",
        "webhookConnectedUrl",
    ),
    slot(
        "disconnected",
        "webhook/update-webhook-disconnected",
        "webhookDisconnectedUrl",
    ),
    slot(
        "chat-presence",
        "webhook/update-webhook-chat-presence",
        "webhookPresenceUrl",
    ),
];

/// Its answer contains the slots, among other things.
const SLOTS_PATH: &str = "instance/fetch-instance";

/// How deep the instance may be nested in an answer.
const DEEPEST: usize = 3;

impl Admin for Wapi {
    /// The log of webhooks, which is kept for 30 days.
    fn history_call(&self, access: Access<'_>, range: HistoryRange<'_>) -> Option<Call> {
        let mut call = call(CallMethod::Get, "webhook/fetch-webhook-logs", access);
        let (size, page) = (range.page_size, range.page + 1);
        call.path.push_str(&format!("&perPage={size}&page={page}"));
        Some(call)
    }

    /// The form of the log is not documented, so each delivery in it is looked for.
    fn read_history(&self, _: Access<'_>, mut answer: Json) -> Vec<Json> {
        let found = envelope::take(&mut answer, holds_content).found;
        found.into_iter().map(Json::Object).collect()
    }

    fn slots(&self) -> &'static [Slot] {
        SLOTS
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, SLOTS_PATH, access))
    }

    fn slot_calls(&self, slot: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let call = call(CallMethod::Put, slot.path, access);
        vec![call.with_body(slot_call(wanted.address))]
    }

    fn refusal(&self, answer: &Json) -> Option<String> {
        refusal(answer)
    }

    fn describes_instance(&self, answer: &Json) -> bool {
        describes_instance(answer)
    }

    fn read_slot(&self, slot: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let address = read_slot(slot, answer).map(|address| SlotContent {
            address,
            is_off: is_slot_off(slot, answer),
            lacks: Vec::new(),
            setting: Json::Null,
        });
        address.into_iter().collect()
    }

    fn read_session(&self, answer: &Json) -> Session {
        read_session(answer)
    }

    fn own_messages_slot(&self) -> &'static str {
        "delivery"
    }
}

const fn slot(name: &'static str, path: &'static str, field: &'static str) -> Slot {
    Slot {
        name,
        path,
        field,
        is_shared: false,
    }
}

/// Only `value` works; the two other documented names are answered with "updated" and ignored.
fn slot_call(address: &str) -> Json {
    json!({"value": address})
}

/// A field of the instance in an answer; some answers nest the instance some levels deep, or in a list.
fn of_instance<'a>(answer: &'a Json, names: &[&str]) -> Option<&'a Json> {
    let mut level = answer;
    for _ in 0..DEEPEST {
        if let [alone] = level.as_array().map_or(&[][..], Vec::as_slice) {
            level = alone;
        }
        let object = level.as_object()?;
        if let Some(found) = field(object, names) {
            return Some(found);
        }
        level = field(object, &["data", "instance"])?;
    }
    None
}

/// The error text of an answer with `error: true`, whatever its status.
fn refusal(answer: &Json) -> Option<String> {
    let object = answer.as_object()?;
    let refuses = field(object, &["error"]).is_some_and(flag);
    let message = field(object, &["message"]).and_then(text);
    refuses.then(|| message.unwrap_or("error").to_owned())
}

/// Whether an answer describes an instance at all: its connection, or a slot.
fn describes_instance(answer: &Json) -> bool {
    let has = |name: &str| of_instance(answer, &[name]).is_some();
    has("connected") || SLOTS.iter().any(|slot| has(slot.field))
}

/// The address in a slot. Only the bare address is documented; similar gateways wrap it.
fn read_slot(slot: &Slot, answer: &Json) -> Option<String> {
    let value = of_instance(answer, &[slot.field])?;
    let wrapped = value.as_object();
    let address = wrapped.map_or(Some(value), |object| field(object, &["url", "value"]));
    address.and_then(text).map(str::to_owned)
}

/// Whether a slot is switched off, with or without an address.
fn is_slot_off(slot: &Slot, answer: &Json) -> bool {
    let switch = slot.field.replace("Url", "Enabled");
    let wrapped = of_instance(answer, &[slot.field]).and_then(Json::as_object);
    let inside = wrapped.and_then(|object| field(object, &["enabled"]));
    inside
        .or_else(|| of_instance(answer, &[&switch]))
        .and_then(boolean)
        == Some(false)
}

/// A boolean in any of its spellings.
fn boolean(value: &Json) -> Option<bool> {
    let is_no = value == &json!(false) || value == &json!(0);
    match text(value).map(str::to_lowercase).as_deref() {
        Some("false" | "0" | "no" | "off") => Some(false),
        _ if is_no => Some(false),
        _ => flag(value).then_some(true),
    }
}

/// The state of an instance. The name of the switch for groups is known from its setter only.
fn read_session(answer: &Json) -> Session {
    Session {
        instance: of_instance(answer, &["instanceId"]).and_then(id_text),
        connected: of_instance(answer, &["connected"]).and_then(boolean),
        has_number: of_instance(answer, &["connectedPhone"])
            .and_then(id_text)
            .is_some_and(|phone| !phone.is_empty()),
        ignores_groups: of_instance(answer, &["ignoreGroups", "ignoreGroup", "ignore_groups"])
            .and_then(boolean),
        signs: None,
    }
}

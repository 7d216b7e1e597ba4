//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};
use wa_media::read::flag;

use super::Zapi;
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Session, Slot, SlotContent, Wanted};
use crate::gateway::{Access, Call, CallMethod, segment};

/// The callbacks besides that of received messages, and the call that sets each alone. Their paths are from the documentation
/// of single webhooks, and less sure than the rest.
const OTHER_CALLBACKS: &[(&str, &str)] = &[
    ("deliveryCallbackUrl", "update-webhook-delivery"),
    ("connectedCallbackUrl", "update-webhook-connected"),
    ("disconnectedCallbackUrl", "update-webhook-disconnected"),
    ("messageStatusCallbackUrl", "update-webhook-message-status"),
    ("presenceChatCallbackUrl", "update-webhook-chat-presence"),
];

impl Admin for Zapi {
    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("receivedCallbackUrl")] }
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "me", access))
    }

    /// One call sets all callbacks. When they are restored, those that differed are set again one by one.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let sent_by_me = wanted
            .setting
            .map(|before| flag(&before["receiveCallbackSentByMe"]));
        let body = json!({"value": wanted.address, "notifySentByMe": sent_by_me.unwrap_or(true)});
        let all = call(CallMethod::Put, "update-every-webhooks", access).with_body(body);
        let mut calls = vec![all];
        if let Some(before) = wanted.setting {
            let others = OTHER_CALLBACKS.iter().filter_map(|(field, path)| {
                let address = before[*field].as_str().unwrap_or_default();
                let body = json!({"value": address});
                (address != wanted.address)
                    .then(|| call(CallMethod::Put, path, access).with_body(body))
            });
            calls.extend(others);
        }
        calls
    }

    fn read_slot(&self, _: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let Some(content) = SlotContent::of(&answer["receivedCallbackUrl"]) else {
            return Vec::new();
        };
        let mut lacks = Vec::new();
        if !flag(&answer["receiveCallbackSentByMe"]) {
            lacks.push("notifySentByMe");
        }
        for name in ["connectedCallbackUrl", "disconnectedCallbackUrl"] {
            if answer[name] != content.address.as_str() {
                lacks.push(name);
            }
        }
        let fields = OTHER_CALLBACKS.iter().map(|(field, _)| *field);
        let fields = fields.chain(["receivedCallbackUrl", "receiveCallbackSentByMe"]);
        let setting = fields.map(|field| (field.to_owned(), answer[field].clone()));
        vec![SlotContent {
            lacks,
            setting: Json::Object(setting.collect()),
            ..content
        }]
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "status", access))
    }

    fn read_session(&self, answer: &Json) -> Session {
        Session::of_flags(&answer["connected"], &Json::Null)
    }
}

/// The stored token is that of the instance; the account's security token may follow after a colon.
fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    let (token, account) = access.tokens();
    let [id, token] = [access.instance, token].map(segment);
    let path = format!("instances/{id}/token/{token}/{path}");
    let mut call = Call::new(method, path, ("client-token", account.unwrap_or_default()));
    if account.is_none() {
        call.headers.clear();
    }
    call
}

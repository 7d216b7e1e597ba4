//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};
use wa_media::read::text;

use super::Waha;
use crate::clock::SECOND;
use crate::gateway::fields::{Object, id, object, time};
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Session, Slot, SlotContent, Wanted, absent, boolean};
use crate::gateway::{Access, Call, CallMethod, HistoryRange, ListedChat, segment};

/// The chats that were used last.
const MOST_CHATS: u32 = 50;

const EVENTS: &[&str] = &["message.any", "message.edited", "session.status"];

impl Admin for Waha {
    /// The chat `all` is known to the engines NOWEB and GOWS only.
    fn history_call(&self, access: Access<'_>, range: HistoryRange<'_>) -> Option<Call> {
        let session = segment(access.instance);
        let chat = segment(range.chat.unwrap_or("all"));
        let (limit, offset) = (range.page_size, range.page * range.page_size);
        let (since, until) = (range.since / SECOND, range.until / SECOND);
        let path = format!(
            "api/{session}/chats/{chat}/messages?limit={limit}&offset={offset}&downloadMedia=false&filter.timestamp.gte={since}&filter.timestamp.lte={until}"
        );
        Some(Call::new(
            CallMethod::Get,
            path,
            ("x-api-key", access.token),
        ))
    }

    fn chats_call(&self, access: Access<'_>) -> Option<Call> {
        let session = segment(access.instance);
        let path = format!(
            "api/{session}/chats?limit={MOST_CHATS}&offset=0&sortBy=messageTimestamp&sortOrder=desc"
        );
        Some(Call::new(
            CallMethod::Get,
            path,
            ("x-api-key", access.token),
        ))
    }

    /// The id of a chat is a text, or an object in the form of WhatsApp Web.
    fn read_chats(&self, answer: &Json) -> Vec<ListedChat> {
        let chats = answer.as_array().into_iter().flatten();
        let read = |chat: &Json| {
            let chat = chat.as_object()?;
            let last = object(chat, &["lastMessage"]);
            let last = last.and_then(|message| time(message, &["timestamp", "messageTimestamp"]));
            Some(ListedChat {
                id: id(chat, &["id"])?,
                last_at: last.or_else(|| time(chat, &["timestamp", "conversationTimestamp"])),
            })
        };
        chats.filter_map(read).collect()
    }

    fn read_history(&self, access: Access<'_>, answer: Json) -> Vec<Json> {
        let messages = answer.as_array().into_iter().flatten();
        let body = |payload: &Json| json!({"event": "message.any", "session": access.instance, "payload": payload});
        messages.map(body).collect()
    }

    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::shared("webhooks")] }
    }

    /// The answer has the session's state, too. Webhooks of the gateway's environment are not in it.
    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, access))
    }

    /// The whole configuration is replaced, so it is sent as it was read; only the webhook of this server differs.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let mut config = match &wanted.current["config"] {
            Json::Object(config) => config.clone(),
            _ => Object::new(),
        };
        let mut webhooks = match config.remove("webhooks") {
            Some(Json::Array(webhooks)) => webhooks,
            _ => Vec::new(),
        };
        let is_own = |webhook: &Json| webhook["url"].as_str().is_some_and(wanted.is_own);
        webhooks.retain(|webhook| !is_own(webhook));
        if let Some(before) = wanted.setting {
            webhooks.push(before.clone());
        } else if wanted.is_on() {
            let mut own = json!({
                "url": wanted.address,
                "events": EVENTS,
                "retries": {"policy": "exponential", "delaySeconds": 2, "attempts": 15},
                "customHeaders": [],
            });
            if let Some(secret) = access.secret {
                own["hmac"] = json!({"key": secret});
            }
            webhooks.push(own);
        }
        config.insert("webhooks".to_owned(), webhooks.into());
        let body = json!({"name": access.instance, "config": config});
        vec![call(CallMethod::Put, access).with_body(body)]
    }

    fn describes_instance(&self, answer: &Json) -> bool {
        text(&answer["status"]).is_some()
    }

    fn read_slot(&self, _: &Slot, answer: &Json, has_secret: bool) -> Vec<SlotContent> {
        let webhooks = answer["config"]["webhooks"].as_array();
        let content = webhooks.into_iter().flatten().filter_map(|webhook| {
            let mut lacks = absent(&webhook["events"], EVENTS, "*");
            if has_secret && text(&webhook["hmac"]["key"]).is_none() {
                lacks.push("hmac.key");
            }
            Some(SlotContent {
                lacks,
                setting: webhook.clone(),
                ..SlotContent::of(&webhook["url"])?
            })
        });
        content.collect()
    }

    fn read_session(&self, answer: &Json) -> Session {
        let status = text(&answer["status"]);
        Session {
            ignores_groups: boolean(&answer["config"]["ignore"]["groups"]),
            ..Session::of(status.map(|status| status.eq_ignore_ascii_case("WORKING")))
        }
    }
}

fn call(method: CallMethod, access: Access<'_>) -> Call {
    let path = format!("api/sessions/{}", segment(access.instance));
    Call::new(method, path, ("x-api-key", access.token))
}

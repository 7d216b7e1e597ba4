//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};

use super::{Wuzapi, call};
use crate::gateway::fields::{Object, id, time, words};
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Session, Slot, SlotContent, Wanted, absent, boolean};
use crate::gateway::{Access, Call, CallMethod, HistoryRange, ListedChat, segment};

/// The newest messages of a chat that are compared.
const MOST_OF_A_CHAT: u32 = 100;

const EVENTS: &[&str] = &[
    "Message",
    "Connected",
    "Disconnected",
    "LoggedOut",
    "HistorySync",
];

impl Admin for Wuzapi {
    /// Each chat has a list of its own, without pages; it is empty where the user's `history` is 0.
    fn history_call(&self, access: Access<'_>, range: HistoryRange<'_>) -> Option<Call> {
        let chat = segment(range.chat.filter(|_| range.page == 0)?);
        let path = format!("chat/history?chat_jid={chat}&limit={MOST_OF_A_CHAT}");
        Some(call(CallMethod::Get, &path, access))
    }

    fn read_history(&self, _: Access<'_>, answer: Json) -> Vec<Json> {
        let records = answer.get("data").unwrap_or(&answer).as_array();
        let records = records.into_iter().flatten().filter_map(Json::as_object);
        let body = |record: &Object| {
            let event = words(record, &["data_json", "datajson"])?;
            let event: Json = serde_json::from_str(&event).ok()?;
            let s3 = words(record, &["media_link"]).map(|link| json!({"url": link}));
            Some(json!({"type": "Message", "event": event.as_object()?, "s3": s3}))
        };
        records.filter_map(body).collect()
    }

    fn chats_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "chat/history?chat_jid=index", access))
    }

    /// The answer has the chats of all its users. The messages of a chat are always those of the token's user.
    fn read_chats(&self, answer: &Json) -> Vec<ListedChat> {
        let users = answer.get("data").unwrap_or(answer).as_object();
        let chats = users
            .into_iter()
            .flat_map(|users| users.values())
            .filter_map(Json::as_array)
            .flatten()
            .filter_map(Json::as_object);
        let read = |chat: &Object| {
            Some(ListedChat {
                id: id(chat, &["chat_jid"])?,
                last_at: time(chat, &["last_updated"]),
            })
        };
        let mut chats: Vec<_> = chats.filter_map(read).collect();
        chats.sort_by(|one, other| (&one.id, other.last_at).cmp(&(&other.id, one.last_at)));
        chats.dedup_by(|one, other| one.id == other.id);
        chats.sort_by_key(|chat| std::cmp::Reverse(chat.last_at));
        chats
    }

    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("webhook")] }
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "webhook", access))
    }

    /// Without `events` nothing at all is sent. The key comes first, so that no delivery is unsigned.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let before = wanted.setting.map(|before| before["subscribe"].clone());
        let events = before
            .filter(Json::is_array)
            .unwrap_or_else(|| json!(EVENTS));
        let key = access
            .secret
            .filter(|_| wanted.is_on() && wanted.setting.is_none());
        let key = key.map(|key| {
            let body = json!({"hmac_key": key});
            call(CallMethod::Post, "session/hmac/config", access).with_body(body)
        });
        let body = json!({"webhookurl": wanted.address, "events": events});
        let webhook = call(CallMethod::Post, "webhook", access).with_body(body);
        key.into_iter().chain([webhook]).collect()
    }

    fn read_slot(&self, _: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let data = &answer["data"];
        let content = SlotContent::of(&data["webhook"]).map(|content| SlotContent {
            lacks: absent(&data["subscribe"], EVENTS, "All"),
            setting: json!({"subscribe": data["subscribe"]}),
            ..content
        });
        content.into_iter().collect()
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "session/status", access))
    }

    fn read_session(&self, answer: &Json) -> Session {
        let data = &answer["data"];
        Session {
            signs: boolean(&data["hmac_configured"]),
            ..Session::of_flags(&data["connected"], &data["loggedIn"])
        }
    }
}

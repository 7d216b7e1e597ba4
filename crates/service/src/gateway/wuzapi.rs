//! wuzapi. Facts from its source (builds of 2026).
//!
//! The delivery is JSON, a form with the field `jsonData`, or `multipart/form-data` with the file in a part of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use wa_media::read::{field, same_name, text};

use super::fields::{
    self, Object, connection, event, first, id, link, nothing, object, objects, time, words,
};
use super::mask::TokenField;
use super::slot::{Session, Slot, SlotContent, Wanted, absent, boolean};
use super::whatsmeow;
use super::{
    Access, Call, CallMethod, Error, FileAnswer, FileCall, FileRequest, HistoryRange, ListedChat,
    ParsedDelivery, Protocol, Sample, Signature, answers, envelope, segment, unread,
};
use crate::model::{DeliveryReason, Reason, Route};

pub(super) struct Wuzapi;

/// The newest messages of a chat that are compared.
const MOST_OF_A_CHAT: u32 = 100;

const EVENTS: &[&str] = &[
    "Message",
    "Connected",
    "Disconnected",
    "LoggedOut",
    "HistorySync",
];

fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    Call::new(method, path, ("token", access.token))
}

/// Whether an object is news of a session without content.
fn is_session(of: &Object) -> bool {
    let is_named = field(of, &["userID", "instanceName"]).is_some();
    is_named && whatsmeow::connected(&event(of, &["type"])).is_some()
}

impl Protocol for Wuzapi {
    fn is_delivery(&self, of: &Object) -> bool {
        field(of, &["jsonData"]).is_some()
            || words(of, &["type"]).is_some() && of.keys().any(|name| same_name(name, "event"))
            || is_session(of)
    }

    fn names(&self, root: &Object) -> Vec<String> {
        let parsed = field(root, &["jsonData"])
            .and_then(text)
            .and_then(envelope::inside);
        let inner = parsed.as_ref().and_then(Json::as_object);
        let both = [Some(root), inner].into_iter().flatten();
        both.flat_map(|of| fields::names(of, &["instanceName", "userID"]))
            .collect()
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let parsed = field(root, &["jsonData"])
            .and_then(text)
            .and_then(envelope::inside);
        let inner = parsed.as_ref().and_then(Json::as_object);
        let inner = inner
            .or_else(|| object(root, &["jsonData"]))
            .unwrap_or(root);
        let empty = Object::new();
        let data = objects(inner, &["event"]).first().copied();
        let data = data.unwrap_or(&empty);
        let name = event(inner, &["type"]);
        if let Some(connected) = whatsmeow::connected(&name) {
            return vec![connection(connected)];
        }
        match name.as_str() {
            "historysync" => whatsmeow::history(data),
            "presence" | "chatpresence" => vec![nothing(DeliveryReason::PresenceUpdate)],
            name if name.starts_with("call") => vec![nothing(DeliveryReason::Call)],
            _ if whatsmeow::is_message(data) => {
                let mut reading = whatsmeow::read(data);
                // The file part of a multipart body has the name `file`.
                let is_text = |value| text(value).map(|_| value);
                let bytes = first(inner, &["base64"], is_text);
                let bytes = bytes.or_else(|| first(root, &["base64", "file"], is_text));
                let s3 = object(inner, &["s3"]).and_then(|s3| link(s3, &["url"]));
                whatsmeow::add_file(&mut reading, bytes, s3);
                vec![reading]
            }
            _ => vec![nothing(DeliveryReason::StatusUpdate)],
        }
    }

    /// A form or a multipart body without the field of the message has texts only.
    fn read_unknown(&self, body: &Json) -> Result<Vec<ParsedDelivery>, Error> {
        let root = body.as_object().filter(|root| !root.is_empty());
        let is_form = root.is_some_and(|root| root.values().all(Json::is_string));
        if is_form && !root.is_some_and(unread::has_file) {
            return Err(Error::UnreadableEnvelope);
        }
        Ok(vec![nothing(DeliveryReason::NoMessage)])
    }

    fn signature(&self) -> Signature {
        Signature::HmacSha256 {
            header: "x-hmac-signature",
        }
    }

    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let (key, path) = (request.media_key?, request.direct_path?);
        let hash = |hash: Option<&[u8; 32]>| hash.map(|hash| STANDARD.encode(hash));
        let body = json!({
            "Url": format!("https://mmg.whatsapp.net{path}"),
            "DirectPath": path,
            "MediaKey": STANDARD.encode(key.as_bytes()),
            "Mimetype": request.mime.unwrap_or("application/octet-stream"),
            "FileEncSHA256": hash(request.enc_sha256),
            "FileSHA256": hash(request.sha256),
            "FileLength": request.length_bytes,
        });
        let path = format!("chat/download{}", request.kind.as_str());
        let call = call(CallMethod::Post, &path, access);
        Some(FileCall::Ask(call.with_body(body)))
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        answers::file(status, body, &[], &["Data"])
    }

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

    fn token_fields(&self) -> &'static [TokenField] {
        &[TokenField {
            name: "token",
            everywhere: false,
        }]
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

    fn sample(&self, of: &Sample<'_>) -> Option<Json> {
        Some(json!({
            "type": "Message",
            "instanceName": of.instance,
            "userID": of.instance,
            "event": {
                "Info": {"ID": of.id, "Chat": of.chat, "Sender": of.chat},
                "Message": {"imageMessage": of.image()},
            },
            "base64": of.base64,
        }))
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
    }
}

//! WAHA with its engines NOWEB (Baileys), GOWS (whatsmeow) and WEBJS. Facts from its documentation and source.

use serde_json::{Value as Json, json};
use url::Url;
use wa_media::read::text;
use wa_media::{FoundMedia, Inline, MediaKind};

use super::fields::{
    self, Fields, Object, bare, connection, deletion, event, first, id, is_opus, is_private,
    is_set, kind_of_mime, kind_of_word, link, nothing, object, objects, sender, time, with_found,
    without_media, word, words,
};
use super::{
    Access, Call, CallMethod, FileAnswer, FileCall, FileRequest, HistoryRange, ListedChat, Message,
    ParsedDelivery, Protocol, Sample, Signature, answers, at_own_address, baileys, segment, unread,
    whatsmeow,
};
use crate::clock::{Millis, SECOND};
use crate::model::{DeliveryReason, Reason, Route, SenderId};

use super::slot::{Session, Slot, SlotContent, Wanted, absent, boolean};

pub(super) struct Waha;

/// The chats that were used last.
const MOST_CHATS: u32 = 50;

const EVENTS: &[&str] = &["message.any", "message.edited", "session.status"];

fn call(method: CallMethod, access: Access<'_>) -> Call {
    let path = format!("api/sessions/{}", segment(access.instance));
    Call::new(method, path, ("x-api-key", access.token))
}

impl Protocol for Waha {
    fn is_delivery(&self, of: &Object) -> bool {
        words(of, &["event"]).is_some() && !objects(of, &["payload"]).is_empty()
    }

    fn names(&self, root: &Object) -> Vec<String> {
        fields::names(root, &["session"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let payloads = objects(root, &["payload"]);
        let empty = Object::new();
        let payload = payloads.first().copied().unwrap_or(&empty);
        let name = event(root, &["event"]);
        match name.as_str() {
            "session.status" => {
                let at = time(root, &["timestamp"]);
                let message = Message {
                    sent_at: at,
                    ..Message::default()
                };
                return vec![match word(payload, &["status"]).as_deref() {
                    Some("working") => ParsedDelivery {
                        message,
                        ..connection(true)
                    },
                    Some(state) if is_down(state) => ParsedDelivery {
                        message,
                        ..connection(false)
                    },
                    _ => nothing(DeliveryReason::StatusUpdate),
                }];
            }
            name if name.starts_with("presence") => {
                return vec![nothing(DeliveryReason::PresenceUpdate)];
            }
            name if name.starts_with("call") => return vec![nothing(DeliveryReason::Call)],
            // A reaction, an acknowledgement or a vote repeats the message that it is about.
            "message" | "message.any" | "message.edited" => {}
            "message.revoked" => {
                let deleted = payloads.iter().map(|payload| deleted(root, payload));
                return deleted.collect();
            }
            _ => return vec![nothing(DeliveryReason::StatusUpdate)],
        }
        unread::each(root, payloads, |payload| Some(read(root, payload)))
    }

    fn signature(&self) -> Signature {
        Signature::HmacSha512 {
            header: "x-webhook-hmac",
        }
    }

    /// Makes WAHA download the file again; the answer has a new link.
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let parts = [access.instance, request.chat?, request.message_id].map(segment);
        let [session, chat, message] = parts;
        let path = format!("api/{session}/chats/{chat}/messages/{message}?downloadMedia=true");
        Some(FileCall::Ask(Call::new(
            CallMethod::Get,
            path,
            ("x-api-key", access.token),
        )))
    }

    /// NOWEB asks the phone like Baileys, GOWS since 2026.4.3.
    fn reupload_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        self.file_call(access, request)
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        answers::file(status, body, &["url"], &[])
    }

    fn file_headers(&self, access: Access<'_>) -> Vec<(&'static str, String)> {
        vec![("x-api-key", access.token.to_owned())]
    }

    /// Its own files; those that it uploads to a storage stay longer.
    fn link_life(&self, link: &str) -> Option<Millis> {
        link.contains("/api/files/").then_some(180 * SECOND)
    }

    /// WAHA writes the name by which it knows itself, which may not be that of the configured address.
    fn file_url(&self, link: &str, api_base: &Url) -> Option<Url> {
        let url = Url::parse(link).ok()?;
        if !url.path().starts_with("/api/files/") {
            return Some(url);
        }
        Some(at_own_address(&url, api_base))
    }

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

    /// Its links die after 180 seconds, so they come first.
    fn file_paths(&self) -> &'static [&'static str] {
        &["/api/files/"]
    }

    fn sample(&self, of: &Sample<'_>) -> Option<Json> {
        Some(json!({
            "event": "message.any",
            "session": of.instance,
            "payload": {
                "id": format!("false_{}_{}", of.chat, of.id),
                "from": of.chat,
                "fromMe": false,
                "hasMedia": true,
                "media": {"mimetype": of.mime, "data": of.base64},
                "_data": {"message": {"imageMessage": of.image()}},
            },
        }))
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Link, Route::Cdn, Route::Gateway]
    }
}

/// Whether a session is down, or waits for a person: `PASSKEY_REQUIRED` and others of its kind are newer than the rest.
fn is_down(state: &str) -> bool {
    ["failed", "stopped", "scan_qr_code"].contains(&state)
        || state.starts_with("passkey")
        || state.starts_with("pairing")
        || state.ends_with("_required")
}

/// The message as it was before it was deleted, which the engines NOWEB and GOWS do not have, and what it became: its id may be that of the
/// deletion. Other engines name the deleted message without its chat.
fn deleted(root: &Object, payload: &Object) -> ParsedDelivery {
    let [before, after] = ["before", "after"].map(|name| object(payload, &[name]));
    let state = before.or(after).unwrap_or(payload);
    let empty = Object::new();
    let raw = object(state, &["_data"]).unwrap_or(&empty);
    let message = message(root, state, raw);
    let from_me = message.origin.from_me;
    let mut ids: Vec<_> = before
        .and_then(|before| id(before, &["id"]))
        .into_iter()
        .collect();
    if let Some(own) = id(payload, &["revokedMessageId"]) {
        if let Some(chat) = &message.origin.chat {
            let in_chat = format!("{from_me}_{}_{own}", chat.as_str());
            ids.extend(id(state, &["participant"]).map(|sender| format!("{in_chat}_{sender}")));
            ids.push(in_chat);
        }
        ids.push(own);
    }
    if ids.is_empty() {
        ids.extend(id(state, &["id"]));
    }
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    without_media(message, deletion(&ids, Some(from_me)))
}

fn read(root: &Object, payload: &Object) -> ParsedDelivery {
    let empty = Object::new();
    let raw = object(payload, &["_data"]).unwrap_or(&empty);
    let content = object(raw, &["message"]).unwrap_or(raw);
    let is_marked = wa_media::says_view_once(raw) || wa_media::says_view_once(payload);
    let mut found = wa_media::find_in_marked(content, is_marked);
    // `media` is null where WAHA did not download the file, which it can do later.
    let has_media = is_set(payload, &["hasMedia"]);
    let file = object(payload, &["media"]).filter(|file| has_media || !file.is_empty());
    let file = file.or_else(|| has_media.then_some(&empty));
    if let (true, Some(file)) = (found.media.is_empty(), file) {
        let mime = words(file, &["mimetype"]);
        let declared = [raw, payload]
            .into_iter()
            .find_map(|of| word(of, &["type"]));
        let declared = declared.unwrap_or_default();
        let by_mime = mime.as_deref().map(kind_of_mime);
        let kind = match kind_of_word(&declared) {
            Some(kind @ MediaKind::Sticker) => kind,
            kind => by_mime.or(kind).unwrap_or(MediaKind::Document),
        };
        found.media.push(FoundMedia {
            voice_note: declared == "ptt" || is_opus(mime.as_deref()),
            mime,
            view_once: is_marked,
            ..bare(kind)
        });
    }
    if let [alone] = &mut found.media[..] {
        alone.caption = alone.caption.take().or_else(|| words(payload, &["body"]));
        if let Some(file) = file {
            let plain = link(file, &["url"]).or_else(|| link(payload, &["mediaUrl"]));
            alone.link = plain;
            let mime = words(file, &["mimetype"]);
            alone.mime = alone.mime.take().or(mime);
            alone.inline = alone
                .inline
                .take()
                .or_else(|| first(file, &["data"], text).map(Inline::new));
            alone.file_name = alone
                .file_name
                .take()
                .or_else(|| words(file, &["filename"]));
        }
        if let Some(original) = id(payload, &["editedMessageId"]) {
            alone.edited = true;
            alone.edits = Some(original);
        }
    }
    with_found(message(root, payload, raw), found)
}

fn message(root: &Object, payload: &Object, raw: &Object) -> Message {
    let account = object(root, &["me"]).and_then(|me| id(me, &["id"]));
    let from_me = is_set(payload, &["fromMe"]);
    // NOWEB and GOWS write the chat in `from` even in own messages, WEBJS the real sender. The id has the chat.
    let [from, to] = ["from", "to"].map(|name| id(payload, &[name]));
    let own_id = id(payload, &["id"]).unwrap_or_default();
    let is_to = |to: &String| own_id.split('_').nth(1) == Some(to.as_str());
    let is_sender = match (&from, &account) {
        (Some(from), Some(account)) => is_same_user(from, account),
        (Some(_), None) => to.as_ref().is_some_and(is_to),
        (None, _) => true,
    };
    let is_sender = from_me && is_sender;
    let of_sender = from.clone().filter(|from| is_sender && is_private(from));
    let account = account.or(of_sender);
    let chat = if is_sender { to.or(from) } else { from };
    let name = words(raw, &["pushName", "notifyName"]);
    let name = name.or_else(|| object(raw, &["Info"]).and_then(|info| words(info, &["PushName"])));
    Message {
        id: own_id,
        origin: Fields {
            sender: if from_me {
                sender([account])
            } else {
                sender_of(payload, raw, chat.as_deref())
            },
            is_group: false,
            from_me,
            chat,
        }
        .origin(),
        sender_name: name.filter(|_| !from_me),
        sent_at: time(payload, &["timestamp"]),
    }
}

/// Whether two ids are of one user, with or without a device and at any server.
fn is_same_user(a: &str, b: &str) -> bool {
    let user = |id: &str| id.split(['@', ':']).next().map(str::to_owned);
    user(a) == user(b)
}

/// The engine's own message may have the phone number where WAHA has only the LID.
fn sender_of(payload: &Object, raw: &Object, chat: Option<&str>) -> SenderId {
    let [participant, alternative] =
        ["participant", "participantAlt"].map(|name| id(payload, &[name]));
    let of_chat = chat.filter(|chat| is_private(chat)).map(str::to_owned);
    let of_key = object(raw, &["key"]).map(|key| baileys::sender_of(raw, key, chat));
    let of_info = object(raw, &["Info"]).map(|info| whatsmeow::sender_of(info, chat, false));
    let known = of_key.or(of_info).unwrap_or_default();
    sender([participant, alternative, of_chat, known.id, known.lid])
}

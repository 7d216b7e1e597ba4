//! Reading deliveries.

use serde_json::{Value as Json, json};
use wa_media::read::text;
use wa_media::{FoundMedia, Inline, MediaKind};

use super::Waha;
use crate::gateway::fields::{
    self, Fields, Object, bare, connection, deletion, described, event, first, id, is_opus,
    is_private, is_set, kind_of_mime, kind_of_word, link, nothing, object, objects, passing,
    sender, time, with_found, with_media, without_media, word, words,
};
use crate::gateway::protocol::Read;
use crate::gateway::shape::Shape;
use crate::gateway::{Message, ParsedDelivery, Sample, baileys, unread, whatsmeow};
use crate::model::{DeliveryReason, SenderId};

impl Read for Waha {
    fn shapes(&self) -> &'static [Shape] {
        const HEADERS: &[&str] = &["x-webhook-request-id", "x-webhook-hmac"];
        &[
            Shape {
                place: 40,
                fits: |seen| {
                    let has_payload = object(seen.body, &["payload"]).is_some();
                    seen.is_sent_with(HEADERS) && seen.has(&["session"]) && has_payload
                },
            },
            Shape {
                place: 90,
                fits: |seen| seen.has(&["event", "session"]) && seen.payload.is_some(),
            },
        ]
    }

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
                return vec![match word(payload, &["status"]).as_deref() {
                    Some("working") => connection(true, at),
                    Some(state) if is_down(state) => connection(false, at),
                    _ => nothing(DeliveryReason::StatusUpdate),
                }];
            }
            // A reaction, an acknowledgement or a vote repeats the message that it is about.
            "message" | "message.any" | "message.edited" => {}
            "message.revoked" => {
                let deleted = payloads.iter().map(|payload| deleted(root, payload));
                return deleted.collect();
            }
            other => {
                let passing = passing(other);
                return vec![passing.unwrap_or_else(|| nothing(DeliveryReason::StatusUpdate))];
            }
        }
        unread::each(root, payloads, |payload| Some(read(root, payload)))
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
    let files = objects(payload, &["media"]);
    if found.media.is_empty() && files.len() > 1 {
        let media = files.into_iter().map(one_of_several).collect();
        return with_media(message(root, payload, raw), media);
    }
    let file = files
        .first()
        .copied()
        .filter(|file| has_media || !file.is_empty());
    let file = file.or_else(|| has_media.then_some(&empty));
    if let (true, Some(file)) = (found.media.is_empty(), file) {
        let mime = words(file, &["mimetype"]).or_else(|| words(payload, &["mimetype"]));
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

fn one_of_several(file: &Object) -> FoundMedia {
    let mime = words(file, &["mimetype"]);
    let kind = mime.as_deref().map_or(MediaKind::Document, kind_of_mime);
    FoundMedia {
        voice_note: is_opus(mime.as_deref()),
        inline: first(file, &["data"], text).map(Inline::new),
        ..described(kind, file, link(file, &["url"]))
    }
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

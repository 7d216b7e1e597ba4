//! Reading deliveries.

use wa_media::read::{field, number};
use wa_media::{FoundMedia, MediaKind};

use super::Quepasa;
use crate::gateway::fields::{
    Fields, Object, connection, described, id, is_opus, is_set, kind_of_mime, kind_of_word, link,
    nothing, object, objects, sender, time, with_media, word, words,
};
use crate::gateway::protocol::Read;
use crate::gateway::shape::{Seen, Shape, is_named};
use crate::gateway::{Message, ParsedDelivery};
use crate::model::DeliveryReason;

/// A message has one.
const MOST_FILES: usize = 32;

impl Read for Quepasa {
    fn shapes(&self) -> &'static [Shape] {
        &[
            Shape {
                place: 30,
                fits: |seen| seen.is_sent_with(&["x-quepasa-wid"]),
            },
            Shape {
                place: 180,
                fits: is_message,
            },
        ]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        let has = |name: &str| object(of, &[name]).is_some();
        words(of, &["type"]).is_some() && has("chat")
            || id(of, &["id"]).is_some() && has("attachment")
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let message = message(root);
        let declared = word(root, &["type"]).unwrap_or_default();
        if declared == "system" {
            let info = object(root, &["info"]);
            let event = info
                .and_then(|info| word(info, &["event"]))
                .or_else(|| word(root, &["text"]));
            let at = message.sent_at;
            return vec![match event.as_deref() {
                Some("connected") => connection(true, at),
                Some("disconnected" | "stopped") => connection(false, at),
                _ => nothing(DeliveryReason::StatusUpdate),
            }];
        }
        // A message whose file is left out is still known to have one.
        let empty = Object::new();
        let mut attachments = objects(root, &["attachment", "attachments"]);
        if attachments.is_empty() && kind_of_word(&declared).is_some() {
            attachments.push(&empty);
        }
        let files = attachments.into_iter().take(MOST_FILES);
        let files = files.map(|attachment| file(root, attachment, &declared));
        let files = files.collect();
        vec![with_media(message, files)]
    }
}

fn file(root: &Object, attachment: &Object, declared: &str) -> FoundMedia {
    let mime = words(attachment, &["mime", "mimetype"]);
    let kind =
        kind_of_word(declared).unwrap_or_else(|| kind_of_mime(mime.as_deref().unwrap_or_default()));
    let has_waveform = field(attachment, &["waveform"]).is_some();
    FoundMedia {
        length_bytes: field(attachment, &["filelength"]).and_then(number),
        voice_note: kind == MediaKind::Audio && (has_waveform || is_opus(mime.as_deref())),
        view_once: declared == "view_once",
        caption: words(root, &["text"]),
        mime,
        ..described(kind, attachment, link(attachment, &["url"]))
    }
}

fn message(root: &Object) -> Message {
    let empty = Object::new();
    let chat = object(root, &["chat"]).unwrap_or(&empty);
    let participant = object(root, &["participant"]);
    let from_me = is_set(root, &["fromme", "from_me"]);
    let chat_id = id(chat, &["id"]);
    let of_participant = |name: &str| participant.and_then(|it| id(it, &[name]));
    let sender = if from_me {
        sender([id(root, &["wid"])])
    } else if participant.is_some() {
        sender([of_participant("phone"), of_participant("id")])
    } else {
        sender([chat_id.clone(), id(chat, &["phone"]), id(chat, &["lid"])])
    };
    let named = if from_me {
        None
    } else {
        Some(participant.unwrap_or(chat))
    };
    Message {
        id: id(root, &["id"]).unwrap_or_default(),
        origin: Fields {
            chat: chat_id,
            is_group: false,
            from_me,
            sender,
        }
        .origin(),
        sender_name: named.and_then(|named| words(named, &["title"])),
        sent_at: time(root, &["timestamp"]),
    }
}

fn is_message(seen: &Seen<'_>) -> bool {
    let body = seen.body;
    let has_chat = object(body, &["chat"]).is_some_and(|chat| field(chat, &["id"]).is_some());
    // Others write `fromMe`.
    let is_own = |name: &String| name.eq_ignore_ascii_case("fromme") && name != "fromMe";
    has_chat
        && is_named(body, "timestamp")
        && (body.keys().any(is_own) || is_named(body, "frominternal"))
}

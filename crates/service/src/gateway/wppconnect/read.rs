//! Reading deliveries.

use serde_json::{Value as Json, json};
use wa_media::read::{field, number, text};
use wa_media::{FoundMedia, Inline, MediaKind};

use super::Wppconnect;
use crate::gateway::fields::{
    self, Fields, Object, connection, deletion, event, id, is_private, is_set, kind_of_mime, link,
    nothing, object, objects, passing, sender, time, with_media, without_media, word, words,
};
use crate::gateway::protocol::Read;
use crate::gateway::shape::Shape;
use crate::gateway::{Message, ParsedDelivery, Sample, unread};
use crate::model::{ChatId, DeliveryReason};

const KINDS: &[(&str, MediaKind)] = &[
    ("image", MediaKind::Image),
    ("video", MediaKind::Video),
    ("gif", MediaKind::Video),
    ("ptv", MediaKind::Video),
    ("audio", MediaKind::Audio),
    ("ptt", MediaKind::Audio),
    ("document", MediaKind::Document),
    ("sticker", MediaKind::Sticker),
];

const TEXTS: &[&str] = &["chat", "text", "revoked"];

/// In base64. A word of this length is no caption.
const SHORTEST_FILE: usize = 40;

impl Read for Wppconnect {
    fn shapes(&self) -> &'static [Shape] {
        &[Shape {
            place: 170,
            fits: |seen| seen.has(&["event", "session"]) && !seen.has(&["payload"]),
        }]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        words(of, &["event"]).is_some() && words(of, &["session"]).is_some()
    }

    fn names(&self, root: &Object) -> Vec<String> {
        fields::names(root, &["session"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let name = event(root, &["event"]);
        match name.as_str() {
            "status.find" => vec![match word(root, &["status"]).as_deref() {
                Some("inchat" | "islogged") => connection(true, None),
                Some(
                    // The first is how the server spells the second.
                    "desconnectedmobile" | "disconnectedmobile" | "notlogged" | "browserclose"
                    | "autoclosecalled" | "phonenotconnected" | "devicenotconnected"
                    | "serverclose" | "deletetoken",
                ) => connection(false, None),
                _ => nothing(DeliveryReason::StatusUpdate),
            }],
            "closesession" | "logoutsession" => vec![connection(false, None)],
            "onrevokedmessage" => vec![deleted(root)],
            // An acknowledgement repeats the type of a message without its file.
            name if name.contains("message") => {
                let items = objects(root, &["messages", "data", "message", "response"]);
                if items.is_empty() {
                    return vec![read(root)];
                }
                unread::each(root, items, |item| Some(read(item)))
            }
            other => {
                let passing = passing(other);
                vec![passing.unwrap_or_else(|| nothing(DeliveryReason::StatusUpdate))]
            }
        }
    }

    fn sample(&self, of: &Sample<'_>) -> Option<Json> {
        Some(json!({
            "event": "onmessage",
            "session": of.instance,
            "id": format!("false_{}_{}", of.chat, of.id),
            "from": of.chat,
            "type": "image",
            "mimetype": of.mime,
            "filehash": of.sha256,
            "body": of.base64,
        }))
    }
}

fn read(item: &Object) -> ParsedDelivery {
    let declared = word(item, &["type"]).unwrap_or_default();
    let kind = KINDS.iter().find(|(name, _)| *name == declared);
    let kind = kind
        .map(|(_, kind)| *kind)
        .or_else(|| unnamed(item, &declared));
    let media = kind.map(|kind| file(item, kind, &declared));
    with_media(message(item), media.into_iter().collect())
}

/// The kind of a file in a message of another type, such as one with buttons. A text has a key for the picture of its link.
fn unnamed(item: &Object, declared: &str) -> Option<MediaKind> {
    let has = |name: &str| field(item, &[name]).is_some();
    let is_file = has("mediaKey") && has("directPath") && !TEXTS.contains(&declared);
    let mime = words(item, &["mimetype"]).filter(|_| is_file)?;
    Some(kind_of_mime(&mime))
}

fn file(item: &Object, kind: MediaKind, declared: &str) -> FoundMedia {
    let described = FoundMedia::of_fields(kind, item);
    // `content` keeps the thumbnail: an equal body is no file, because the gateway did not download it.
    let thumbnail = field(item, &["content"]).and_then(text);
    let body = field(item, &["body"]).and_then(text);
    let body = body.filter(|body| Some(*body) != thumbnail && may_be_file(body));
    // WhatsApp Web repeats a document's name as its caption.
    let caption = described.caption.clone();
    let is_name = caption.is_some() && caption == described.file_name;
    let seconds = field(item, &["duration"]).and_then(number);
    FoundMedia {
        inline: body.map(Inline::new).or_else(|| described.inline.clone()),
        link: link(item, &["fileUrl"]),
        caption: caption.filter(|_| !is_name),
        seconds: described
            .seconds
            .or(seconds.and_then(|it| u32::try_from(it).ok())),
        voice_note: declared == "ptt" || described.voice_note,
        ..described
    }
}

/// Whether a body is a file in base64 and not a caption.
fn may_be_file(body: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "+/=-_\r\n".contains(letter);
    body.starts_with("data:") || body.len() >= SHORTEST_FILE && body.chars().all(is_plain)
}

/// `refId` is the deleted message, in the form of WhatsApp Web: who sent it, its chat and its id. The sender of the deletion chose
/// it, so the chat is the one in which the deletion came, where both are ids of the same kind.
fn deleted(root: &Object) -> ParsedDelivery {
    let item = object(root, &["data"]).unwrap_or(root);
    let target = id(item, &["refId"]).unwrap_or_default();
    let mut parts = target.split('_');
    let (by_me, chat) = match (parts.next(), parts.next(), parts.next()) {
        (Some(by_me @ ("true" | "false")), Some(chat), Some(_)) => {
            (Some(by_me == "true"), Some(chat.to_owned()))
        }
        _ => (None, None),
    };
    let came_in = id(item, &[if by_me == Some(true) { "to" } else { "from" }]);
    let server = |id: &str| id.split_once('@').map(|(_, server)| server.to_owned());
    let is_comparable = |came_in: &String| {
        let chat = chat.as_deref();
        chat.is_none_or(|chat| server(chat) == server(came_in))
    };
    let chat = came_in.filter(is_comparable).or(chat);
    let mut message = Message {
        sent_at: time(item, &["t", "timestamp"]),
        ..Message::default()
    };
    message.origin.chat = chat.map(ChatId);
    message.origin.from_me = by_me.unwrap_or_default();
    without_media(message, deletion(&[&target], by_me))
}

fn message(item: &Object) -> Message {
    let from_me = is_set(item, &["fromMe"]);
    let from = id(item, &["from"]);
    let to = id(item, &["to"]);
    let is_to_group = from.as_deref().is_some_and(|from| !is_private(from));
    let other = if from_me && !is_to_group {
        to
    } else {
        from.clone()
    };
    let chat = id(item, &["chatId"]).or(other);
    let contact = object(item, &["sender"]);
    // One of them may be the phone number where the other is a LID.
    let author = id(item, &["author"]);
    let of_contact = contact.and_then(|contact| id(contact, &["id"]));
    let is_group = is_set(item, &["isGroupMsg"]);
    let is_person = chat.as_deref().is_some_and(is_private) && !is_group;
    let of_chat = chat.clone().filter(|_| is_person && !from_me);
    let name = contact.and_then(|contact| words(contact, &["pushname", "name"]));
    Message {
        id: id(item, &["id"]).unwrap_or_default(),
        origin: Fields {
            sender: if from_me {
                // In a group, `from` may be the group.
                sender([author, of_contact, from.filter(|from| is_private(from))])
            } else {
                sender([of_chat, author, of_contact])
            },
            chat,
            is_group,
            from_me,
        }
        .origin(),
        sender_name: words(item, &["notifyName"]).or(name).filter(|_| !from_me),
        sent_at: time(item, &["t", "timestamp"]),
    }
}

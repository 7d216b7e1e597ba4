//! Reading deliveries.

use wa_media::read::flag;
use wa_media::{FoundMedia, MediaKind};

use super::Zapi;
use crate::gateway::fields::{
    self, Fields, Object, connection, deletion, event, first, id, is_private, is_set, link,
    nothing, objects, passing, sender, time, with_media, without_media, word, words,
};
use crate::gateway::protocol::Read;
use crate::gateway::shape::{Seen, Shape};
use crate::gateway::{Message, ParsedDelivery};
use crate::model::DeliveryReason;

/// The fields with a file, their kind, and the field with its link.
const FILES: &[(&str, MediaKind, &str)] = &[
    ("image", MediaKind::Image, "imageUrl"),
    ("video", MediaKind::Video, "videoUrl"),
    ("ptv", MediaKind::Video, "videoUrl"),
    ("gif", MediaKind::Video, "gifUrl"),
    ("audio", MediaKind::Audio, "audioUrl"),
    ("document", MediaKind::Document, "documentUrl"),
    ("sticker", MediaKind::Sticker, "stickerUrl"),
];

/// No message has more.
const MOST_FILES: usize = 32;

/// Fields about another message, or with a sender's decoration.
const CLOSED: &[&str] = &[
    "statusImage",
    "externalAdReply",
    "reaction",
    "referencedMessage",
    "quotedMessage",
];

impl Read for Zapi {
    fn shapes(&self) -> &'static [Shape] {
        &[
            Shape {
                place: 50,
                fits: is_sent_by_it,
            },
            Shape {
                place: 120,
                fits: |seen| is_callback(seen.body),
            },
        ]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        is_callback(of) || words(of, &["messageId"]).is_some() && words(of, &["phone"]).is_some()
    }

    fn names(&self, root: &Object) -> Vec<String> {
        fields::names(root, &["instanceId"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let message = message(root);
        match event(root, &["type"]).as_str() {
            "connectedcallback" => {
                // Without the field, the name says it.
                let connected = first(root, &["connected"], |value| Some(flag(value)));
                return vec![connection(connected.unwrap_or(true), message.sent_at)];
            }
            "disconnectedcallback" => return vec![connection(false, message.sent_at)],
            "deliverycallback" | "messagestatuscallback" => {
                return vec![nothing(DeliveryReason::StatusUpdate)];
            }
            name => {
                if let Some(reading) = passing(name) {
                    return vec![reading];
                }
            }
        }
        // Its documentation does not say how a deletion is sent; servers with its interface send this field.
        if let Some(target) = id(root, &["revokedMessageId"]) {
            let content = deletion(&[&target], Some(message.origin.from_me));
            return vec![without_media(message, content)];
        }
        // Such as a group's new picture.
        if words(root, &["notification"]).is_some() {
            return vec![nothing(DeliveryReason::NoMedia)];
        }
        let mut media = files(root);
        let edits = is_set(root, &["isEdit"]).then(|| edited(root, &message));
        for file in &mut media {
            file.view_once |= wa_media::says_view_once(root);
            file.edited = edits.is_some();
            file.caption_removed = file.edited && file.caption.is_none();
            file.edits.clone_from(&edits);
        }
        vec![with_media(message, media)]
    }
}

/// The message that an edit changes. An edit repeats the whole message, usually under its id.
fn edited(root: &Object, message: &Message) -> String {
    let original = ["editMessageId", "editedMessageId", "originalMessageId"];
    id(root, &original).unwrap_or_else(|| message.id.clone())
}

/// The files of a message, and those in its parts, such as the headers of templates and of cards.
fn files(root: &Object) -> Vec<FoundMedia> {
    let names = FILES.iter().map(|(name, ..)| *name);
    let closed: Vec<_> = names.chain(CLOSED.iter().copied()).collect();
    let mut files = Vec::new();
    for part in fields::parts(root, &closed) {
        let is_root = std::ptr::eq(part, root);
        for (name, kind, url) in FILES {
            let described = objects(part, &[name]);
            let read = |file: &Object| {
                let link = link(file, &[url, "ptvUrl", "fileUrl", "mediaUrl", "url"]);
                // Without a link the gateway lost it.
                let is_file = is_root && !file.is_empty() || link.is_some();
                is_file.then(|| fields::described(*kind, file, link))
            };
            files.extend(described.into_iter().filter_map(read));
            // Of some only the link is given.
            let link = link(part, &[url]).filter(|_| *name != "ptv");
            files.extend(link.map(|link| fields::described(*kind, &Object::new(), Some(link))));
        }
        // Of products.
        let link = link(part, &["productImage"]);
        files.extend(
            link.map(|link| fields::described(MediaKind::Image, &Object::new(), Some(link))),
        );
    }
    files.truncate(MOST_FILES);
    files
}

fn message(root: &Object) -> Message {
    let from_me = is_set(root, &["fromMe"]);
    let chat = id(root, &["phone", "chatLid"]);
    let is_group =
        is_set(root, &["isGroup"]) || chat.as_deref().is_some_and(|chat| chat.ends_with("-group"));
    // In a group or a story, the sender is one of many.
    let is_of_many = is_group || !chat.as_deref().is_none_or(is_private);
    let sender = if from_me {
        sender([id(root, &["connectedPhone"])])
    } else {
        let participant = [
            id(root, &["participantPhone"]),
            id(root, &["participantLid"]),
        ];
        let other = [chat.clone(), id(root, &["senderLid", "chatLid"])];
        sender(if is_of_many { participant } else { other })
    };
    Message {
        id: id(root, &["messageId"]).unwrap_or_default(),
        origin: Fields {
            chat,
            is_group,
            from_me,
            sender,
        }
        .origin(),
        sender_name: words(root, &["senderName"]),
        // Milliseconds; the documentation shows seconds in places.
        sent_at: time(root, &["momment", "moment"]),
    }
}

fn is_sent_by_it(seen: &Seen<'_>) -> bool {
    let server = seen.headers.get("server");
    server.is_some_and(|name| name.eq_ignore_ascii_case("Z-API"))
        || seen.is_sent_with(&["z-api-token"])
}

fn is_callback(body: &Object) -> bool {
    word(body, &["type"]).is_some_and(|name| name.ends_with("callback"))
}

//! Older forms: of bots, and of the enterprise API, which posts a form with the file as JSON in a field. The second is a guess after
//! its documentation.

use wa_media::FoundMedia;

use crate::gateway::fields::{
    Object, described, id, is_opus, kind_of_mime, kind_of_word, link, object, of_person, time,
    with_media, word, words,
};
use crate::gateway::{Message, ParsedDelivery};
use crate::model::MediaKind;

/// Fields of the enterprise API with a file.
const FILES: &[&str] = &[
    "image", "video", "audio", "voice", "document", "file", "sticker",
];

pub(super) fn is_of_bot(root: &Object) -> bool {
    let has = |name: &str| object(root, &[name]).is_some();
    has("messageobj") && (has("senderobj") || has("contextobj"))
}

pub(super) fn read_bot(root: &Object) -> ParsedDelivery {
    let empty = Object::new();
    let of = object(root, &["messageobj"]).unwrap_or(&empty);
    let contact = object(root, &["senderobj"]);
    let declared = word(of, &["type"]).unwrap_or_default();
    let kind = kind_of_word(&declared);
    let media = kind.map(|kind| FoundMedia {
        file_name: words(of, &["fileName", "filename"]),
        ..described(kind, of, link(of, &["url", "text"]))
    });
    let message = Message {
        sender_name: contact.and_then(|contact| words(contact, &["display"])),
        ..message(of, id(of, &["id"]), id(of, &["from"]))
    };
    with_media(message, media.into_iter().collect())
}

pub(super) fn is_of_enterprise(root: &Object) -> bool {
    let has = |name: &str| words(root, &[name]).is_some();
    has("mobile") && has("waNumber") && has("type")
}

pub(super) fn read_enterprise(root: &Object) -> ParsedDelivery {
    let read = |name: &&str| read_file(object(root, &[*name])?, name);
    let media = FILES.iter().filter_map(read).collect();
    let message = Message {
        sender_name: words(root, &["name"]),
        ..message(root, id(root, &["messageId"]), id(root, &["mobile"]))
    };
    with_media(message, media)
}

/// The signature is the query of the link.
fn read_file(file: &Object, name: &str) -> Option<FoundMedia> {
    let mime = words(file, &["mime_type"]);
    let kind = kind_of_word(name).or_else(|| mime.as_deref().map(kind_of_mime))?;
    let signature = words(file, &["signature"]).unwrap_or_default();
    let link = link(file, &["url"]).map(|link| {
        if link.contains('?') {
            link
        } else {
            format!("{link}{signature}")
        }
    });
    Some(FoundMedia {
        voice_note: kind == MediaKind::Audio && (name == "voice" || is_opus(mime.as_deref())),
        file_name: words(file, &["filename", "name"]),
        ..described(kind, file, link)
    })
}

fn message(of: &Object, message_id: Option<String>, source: Option<String>) -> Message {
    Message {
        id: message_id.unwrap_or_default(),
        origin: of_person(source),
        sender_name: None,
        sent_at: time(of, &["timestamp"]),
    }
}

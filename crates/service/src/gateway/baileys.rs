//! Messages as Baileys writes them, `{key, message, messageTimestamp, pushName}`: Evolution API and the NOWEB engine of WAHA.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use wa_media::read::{field, text};
use wa_media::{FoundMedia, MediaKind, says_view_once};

use super::fields::{
    Fields, Object, add_lost, add_neighbours, bare, deletion, id, is_private, is_set, kind_of_word,
    object, sender, time, with_found, without_media, words,
};
use super::{FileRequest, Message, ParsedDelivery, envelope};
use crate::model::ChatKind;
use crate::model::{ChatId, SenderId};

/// Baileys writes this in place of the account's own name.
const SELF_NAMES: &[&str] = &["Você", "You"];

/// Whether an object is such a message.
pub(super) fn is_message(of: &Object) -> bool {
    object(of, &["key"]).is_some_and(|key| id(key, &["id", "remoteJid"]).is_some())
}

/// The message in an item of a list, which has it in a field or is the message.
pub(super) fn in_item(item: &Object) -> &Object {
    let inner = object(item, &["message"]).filter(|_| !is_message(item));
    inner.filter(|inner| is_message(inner)).unwrap_or(item)
}

/// Reads one message; `account` is the account's own id.
pub(super) fn read(item: &Object, account: Option<&str>) -> ParsedDelivery {
    let message = message(item, account);
    let empty = Object::new();
    // A change of a message has its new content in a field of its own.
    let changed = || object(object(item, &["update"])?, &["message"]);
    let opened = field(item, &["message"]).and_then(text);
    let opened = opened.and_then(envelope::inside);
    let written = || opened.as_ref()?.as_object();
    let content = object(item, &["message"]).or_else(written);
    let content = content.or_else(changed).unwrap_or_else(|| {
        // An edit may be the protocol message itself.
        if object(item, &["editedMessage"]).is_some() {
            item
        } else {
            &empty
        }
    });
    let key = object(item, &["key"]);
    let is_marked = says_view_once(item) || key.is_some_and(says_view_once);
    let mut found = wa_media::find_in_marked(content, is_marked);
    // The gateway may still have the file of a message whose content it left out.
    let kind = words(item, &["messageType"]).and_then(|name| kind_of_word(&name));
    add_lost(&mut found, || {
        Some(FoundMedia {
            voice_note: is_set(item, &["ptt"]),
            view_once: is_marked,
            ..bare(kind?)
        })
    });
    add_neighbours(&mut found.media, &[content, item]);
    with_found(message, found)
}

/// A message that was deleted for everyone, by its key alone or in `key`.
pub(super) fn deleted(item: &Object) -> Option<ParsedDelivery> {
    let key = object(item, &["key"]).unwrap_or(item);
    let target = id(key, &["id", "keyId"])?;
    let keyed = Object::from_iter([("key".to_owned(), Json::Object(key.clone()))]);
    let message = message(&keyed, None);
    let content = deletion(&[&target], Some(message.origin.from_me));
    Some(without_media(message, content))
}

pub(super) fn message(item: &Object, account: Option<&str>) -> Message {
    let empty = Object::new();
    let key = object(item, &["key"]).unwrap_or(&empty);
    let from_me = is_set(key, &["fromMe"]);
    let chat = id(key, &["remoteJid"]);
    let name = words(item, &["pushName"]);
    Message {
        id: id(key, &["id"]).unwrap_or_default(),
        origin: Fields {
            is_group: chat.as_deref().is_some_and(is_group),
            sender: if from_me {
                sender([account.map(str::to_owned)])
            } else {
                sender_of(item, key, chat.as_deref())
            },
            from_me,
            chat,
        }
        .origin(),
        sender_name: name.filter(|name| !(from_me && SELF_NAMES.contains(&name.as_str()))),
        sent_at: time(item, &["messageTimestamp"]),
    }
}

fn is_group(chat: &str) -> bool {
    ChatId(chat.to_owned()).kind() == ChatKind::Group
}

/// The person who sent a received message. In a group it is the participant, in a private chat the other person.
pub(super) fn sender_of(item: &Object, key: &Object, chat: Option<&str>) -> SenderId {
    let names = [
        "participantAlt",
        "participantPn",
        "participant",
        "participantLid",
    ];
    let participant = names.map(|name| id(key, &[name]));
    if !chat.is_none_or(is_private) {
        let of_item = id(item, &["participant"]);
        return sender(participant.into_iter().chain([of_item]));
    }
    let others = ["remoteJidAlt", "senderPn", "senderLid"].map(|name| id(key, &[name]));
    sender(
        [chat.map(str::to_owned)]
            .into_iter()
            .chain(others)
            .chain(participant),
    )
}

/// The description of a file under the name of its kind, as Baileys needs it to download the file.
pub(super) fn file_of(request: &FileRequest<'_>) -> Option<(&'static str, Json)> {
    let name = match request.kind {
        MediaKind::Image => "imageMessage",
        MediaKind::Video => "videoMessage",
        MediaKind::Audio => "audioMessage",
        MediaKind::Document => "documentMessage",
        MediaKind::Sticker => "stickerMessage",
    };
    let (key, path) = (request.media_key?, request.direct_path?);
    let hash = |hash: Option<&[u8; 32]>| hash.map(|hash| STANDARD.encode(hash));
    let file = json!({
        "url": format!("https://mmg.whatsapp.net{path}"),
        "directPath": path,
        "mediaKey": STANDARD.encode(key.as_bytes()),
        "mimetype": request.mime,
        "fileSha256": hash(request.sha256),
        "fileEncSha256": hash(request.enc_sha256),
        "fileLength": request.length_bytes,
    });
    Some((name, file))
}

//! Messages as whatsmeow prints them, `{Info, Message, RawMessage}`: Evolution GO, wuzapi and the GOWS engine of WAHA.
//!
//! `Message` is unwrapped and `RawMessage` is the original, so both contain the same file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use wa_media::read::same_name;
use wa_media::{FoundMedia, says_view_once};

use super::baileys;
use super::fields::{
    Fields, Object, add_lost, add_neighbours, bare, connection, id, is_private, is_set,
    kind_of_word, object, objects, passing, sender, those_that_count, time, with_found, word,
    words,
};
use super::{FileRequest, Message, ParsedDelivery, unread};
use crate::model::{DeliveryReason, SenderId};

/// Whether an object is such a message.
pub(super) fn is_message(of: &Object) -> bool {
    object(of, &["Info"]).is_some_and(|info| id(info, &["ID", "Chat"]).is_some())
}

/// Whether the session is up after an event of this name, which may have no content; `None` for other events.
pub(super) fn connected(name: &str) -> Option<bool> {
    match name {
        "connected" | "pairsuccess" | "loggedin" => Some(true),
        "loggedout" | "disconnected" | "connectfailure" => Some(false),
        _ => None,
    }
}

/// Reads an event that its name alone describes: news of the session, a history, or one that never has a message.
pub(super) fn by_name(name: &str, content: &Object) -> Option<Vec<ParsedDelivery>> {
    if let Some(connected) = connected(name) {
        return Some(vec![connection(connected, None)]);
    }
    if name == "historysync" {
        return Some(history(content));
    }
    passing(name).map(|reading| vec![reading])
}

pub(super) fn read(event: &Object) -> ParsedDelivery {
    let message = message(event);
    let empty = Object::new();
    let content = object(event, &["Message"])
        .filter(|content| !content.is_empty())
        .or_else(|| object(event, &["RawMessage"]))
        .unwrap_or(&empty);
    let mut found = wa_media::find_in_marked(content, says_view_once(event));
    add_lost(&mut found, || lost(event));
    add_neighbours(&mut found.media, &[content, event]);
    with_found(message, found)
}

/// The file of a message whose content is left out although it is known. A message that could not be decrypted has none: it
/// follows, or never comes.
fn lost(event: &Object) -> Option<FoundMedia> {
    let has = |name: &str| event.keys().any(|key| same_name(key, name));
    if has("IsUnavailable") || has("DecryptFailMode") || !has("Message") {
        return None;
    }
    let info = object(event, &["Info"])?;
    let is_media = word(info, &["Type"]).as_deref() == Some("media");
    let declared = word(info, &["MediaType"]).filter(|_| is_media)?;
    Some(FoundMedia {
        voice_note: declared == "ptt",
        ..bare(kind_of_word(&declared)?)
    })
}

fn message(event: &Object) -> Message {
    let empty = Object::new();
    let info = object(event, &["Info"]).unwrap_or(&empty);
    let from_me = is_set(info, &["IsFromMe"]);
    let chat = id(info, &["Chat"]);
    Message {
        id: id(info, &["ID"]).unwrap_or_default(),
        origin: Fields {
            is_group: is_set(info, &["IsGroup"]),
            sender: sender_of(info, chat.as_deref(), from_me),
            from_me,
            chat,
        }
        .origin(),
        sender_name: words(info, &["PushName"]),
        sent_at: time(info, &["Timestamp"]),
    }
}

/// `SenderAlt` has the phone number where `Sender` is a LID, and the other way round.
pub(super) fn sender_of(info: &Object, chat: Option<&str>, from_me: bool) -> SenderId {
    let is_other_person = !from_me && chat.is_some_and(is_private);
    let of_chat = chat.filter(|_| is_other_person).map(str::to_owned);
    sender([id(info, &["Sender"]), id(info, &["SenderAlt"]), of_chat])
}

/// The messages of a `HistorySync` event, which are in Baileys' form.
pub(super) fn history(event: &Object) -> Vec<ParsedDelivery> {
    let data = object(event, &["Data"]).unwrap_or(event);
    let conversations = objects(data, &["conversations"]);
    let messages = conversations
        .iter()
        .flat_map(|conversation| objects(conversation, &["messages"]));
    let messages = messages.map(baileys::in_item);
    let readings = unread::each(event, messages.collect(), |item| {
        Some(baileys::read(item, None))
    });
    those_that_count(readings, DeliveryReason::NoMedia)
}

/// Adds what a gateway puts next to the message: the file's bytes, or a link to it.
pub(super) fn add_file(reading: &mut ParsedDelivery, bytes: Option<&Json>, link: Option<String>) {
    if let [alone] = &mut reading.media[..] {
        let bytes = bytes.and_then(wa_media::read::text);
        alone.inline = alone
            .inline
            .take()
            .or_else(|| bytes.map(wa_media::Inline::new));
        alone.link = alone.link.take().or(link);
    }
}

/// The fields of a file as whatsmeow's gateways name them.
pub(super) fn file_of(request: &FileRequest<'_>) -> Option<Json> {
    let (key, path) = (request.media_key?, request.direct_path?);
    let hash = |hash: Option<&[u8; 32]>| hash.map(|hash| STANDARD.encode(hash));
    Some(json!({
        "URL": format!("https://mmg.whatsapp.net{path}"),
        "directPath": path,
        "mediaKey": STANDARD.encode(key.as_bytes()),
        "mimetype": request.mime,
        "fileSHA256": hash(request.sha256),
        "fileEncSHA256": hash(request.enc_sha256),
        "fileLength": request.length_bytes,
    }))
}

//! Reading deliveries.

use serde_json::Value as Json;
use wa_media::read::{field, same_name, text};
use wa_media::{FoundMedia, MediaKind};

use super::Gowa;
use crate::gateway::fields::{
    self, Fields, Object, deletion, described, event, id, is_opus, is_private, is_set, link,
    nothing, object, objects, passing, sender, time, with_media, without_device, without_media,
    words,
};
use crate::gateway::protocol::Read;
use crate::gateway::shape::{Seen, Shape};
use crate::gateway::{Message, ParsedDelivery, envelope, unread};
use crate::model::DeliveryReason;

const FILES: &[(&str, MediaKind)] = &[
    ("image", MediaKind::Image),
    ("video", MediaKind::Video),
    ("video_note", MediaKind::Video),
    ("audio", MediaKind::Audio),
    ("document", MediaKind::Document),
    ("sticker", MediaKind::Sticker),
];

/// Fields of an object with the path of a file.
const PATHS: &[&str] = &["path", "media_path", "file_path"];

/// No message has more.
const MOST_FILES: usize = 32;

impl Read for Gowa {
    fn shapes(&self) -> &'static [Shape] {
        &[Shape {
            place: 100,
            fits: |seen| {
                seen.payload.is_some() && seen.has(&["device_id"])
                    || is_of_version_7(seen)
                    || is_of_version_6(seen.body)
            },
        }]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        words(of, &["device_id", "event"]).is_some() && !objects(of, &["payload"]).is_empty()
            || is_of_version_6(of)
    }

    fn names(&self, root: &Object) -> Vec<String> {
        let mut names = fields::names(root, &["device_id"]);
        // The number alone is usual as an id.
        let number = |name: &String| Some(name.split_once('@')?.0.to_owned());
        names.extend(names.iter().find_map(number));
        names
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let name = event(root, &["event"]);
        if is_of_version_6(root) {
            return vec![read_version_6(root)];
        }
        if let Some(reading) = passing(&name) {
            return vec![reading];
        }
        if name == "message.revoked" {
            let payloads = objects(root, &["payload"]).into_iter();
            return payloads.map(deleted).collect();
        }
        let is_edit = name == "message.edited";
        let payloads = objects(root, &["payload"]);
        if !is_edit && name != "message" && !name.is_empty() {
            let is_strange = payloads.iter().any(|payload| has_file(payload));
            return vec![unread::unknown_event(root, is_strange)];
        }
        unread::each(root, payloads, |payload| Some(read(payload, is_edit)))
    }
}

fn read(payload: &Object, is_edit: bool) -> ParsedDelivery {
    let empty = Object::new();
    let mut media: Vec<_> = FILES
        .iter()
        .filter_map(|(name, kind)| file(payload, name, *kind))
        .collect();
    let others = payload.iter().filter(|(name, _)| !is_known(name));
    for (name, value) in others {
        let is_list = same_name(name, "interactive_media");
        let mut paths = Vec::new();
        add_paths(value, &mut paths);
        paths.retain(|path| is_list || path.trim_start_matches('/').starts_with("statics/"));
        let files = paths
            .into_iter()
            .map(|path| described(kind_of_path(&path), &empty, Some(path)));
        media.extend(files.take(MOST_FILES));
    }
    if let (true, Some(kind)) = (media.is_empty(), lost(payload)) {
        media.push(FoundMedia::of_fields(kind, &empty));
    }
    let original = id(payload, &["original_message_id", "edited_message_id"]);
    for file in &mut media {
        file.view_once |= wa_media::says_view_once(payload);
        file.edited = is_edit;
        file.edits = original.clone().filter(|_| is_edit);
    }
    with_media(message(payload), media)
}

/// Whether a field is read as what its name says, or is about another message.
fn is_known(name: &str) -> bool {
    let is_file = FILES.iter().any(|(known, _)| same_name(name, known));
    let is_about_other = ["quoted", "replied", "reply"]
        .iter()
        .any(|start| name.starts_with(start));
    is_file || is_about_other
}

/// The paths in a text, an object, or a list of either.
fn add_paths(value: &Json, paths: &mut Vec<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| add_paths(item, paths)),
        Json::Object(object) => paths.extend(words(object, PATHS)),
        value => paths.extend(text(value).map(str::to_owned)),
    }
}

/// A file is a path, or an object with a path. A `url` is the encrypted file on WhatsApp's CDN, without its key.
fn file(payload: &Object, name: &str, kind: MediaKind) -> Option<FoundMedia> {
    let value = field(payload, &[name])?;
    let empty = Object::new();
    let fields = object(payload, &[name]).unwrap_or(&empty);
    let path = text(value)
        .map(str::to_owned)
        .or_else(|| words(fields, PATHS));
    let plain = link(fields, &["url"]).filter(|url| wa_media::path_of_url(url).is_none());
    let file = described(kind, fields, path.or(plain));
    Some(FoundMedia {
        voice_note: kind == MediaKind::Audio && is_opus(file.mime.as_deref()),
        ..file
    })
}

/// Version 7 has no device.
fn is_of_version_7(seen: &Seen<'_>) -> bool {
    let is_message = seen.payload.is_some_and(|payload| {
        let has = |name: &str| field(payload, &[name]).is_some();
        has("id") && has("chat_id") && has("from") && has("timestamp")
    });
    is_message && seen.has(&["event"]) && !seen.has(&["instanceId"])
}

/// Version 6 and earlier put the fields of the payload into the root, and the message's id into `message`.
fn is_of_version_6(root: &Object) -> bool {
    let has_path = |(name, _): &(&str, MediaKind)| {
        object(root, &[name]).is_some_and(|file| words(file, &["media_path"]).is_some())
    };
    let is_named = words(root, &["from"]).is_some()
        && (words(root, &["sender_id", "pushname"]).is_some() || FILES.iter().any(has_path));
    is_named
        && field(root, &["payload"]).is_none()
        && (id_in_message(root).is_some() || field(root, &["action"]).is_some())
}

fn id_in_message(root: &Object) -> Option<String> {
    let parsed = field(root, &["message"])
        .and_then(text)
        .and_then(envelope::inside);
    let parsed = parsed.as_ref().and_then(Json::as_object);
    id(parsed.or_else(|| object(root, &["message"]))?, &["id"])
}

/// `from` is the sender, and in groups and for own messages `sender in chat`. Nothing else says whose message it is.
fn read_version_6(root: &Object) -> ParsedDelivery {
    let from = words(root, &["from"]).unwrap_or_default();
    let (sender, chat) = from.split_once(" in ").unwrap_or((&from, &from));
    let [sender, chat] = [sender, chat].map(without_device);
    let server = |id: &str| id.split_once('@').map(|(_, server)| server.to_owned());
    let is_own = sender != chat && is_private(&chat) && server(&sender) == server(&chat);
    let mut payload = root.clone();
    for (name, value) in [
        ("id", id_in_message(root)),
        ("chat_id", Some(chat)),
        ("from", Some(sender)),
        ("from_name", words(root, &["pushname"])),
    ] {
        payload.insert(name.to_owned(), value.into());
    }
    payload.insert("is_from_me".to_owned(), is_own.into());
    match words(root, &["action"]).as_deref() {
        Some("message_revoked") => deleted(&payload),
        Some("message_edited") if has_file(&payload) => read(&payload, true),
        Some("message_edited") => nothing(DeliveryReason::StatusUpdate),
        _ if field(root, &["reaction"]).is_some() => nothing(DeliveryReason::NoMedia),
        _ => read(&payload, false),
    }
}

fn has_file(payload: &Object) -> bool {
    let mut files = FILES
        .iter()
        .filter_map(|(name, kind)| file(payload, name, *kind));
    files.any(|file| file.link.is_some())
}

/// The kind of a file that is named and empty: its download failed. A sender that names all kinds says nothing.
fn lost(payload: &Object) -> Option<MediaKind> {
    let is_named = |name: &str| payload.keys().any(|known| same_name(known, name));
    let named = FILES.iter().filter(|(name, _)| is_named(name));
    let named: Vec<_> = named.map(|(_, kind)| *kind).collect();
    match named[..] {
        [kind] => Some(kind),
        _ => None,
    }
}

/// The kind by the extension of a path.
fn kind_of_path(path: &str) -> MediaKind {
    let extension = path.rsplit('.').next().unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "jpe" | "jfif" | "png" | "webp" | "gif" => MediaKind::Image,
        "mp4" | "m4v" | "mov" | "3gp" | "webm" => MediaKind::Video,
        "ogg" | "oga" | "opus" | "mp3" | "m4a" | "aac" | "wav" => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}

fn deleted(payload: &Object) -> ParsedDelivery {
    let message = message(payload);
    let target = id(payload, &["revoked_message_id"]).unwrap_or_default();
    let content = deletion(&[&target], Some(message.origin.from_me));
    without_media(message, content)
}

fn message(payload: &Object) -> Message {
    let from_me = is_set(payload, &["is_from_me"]);
    let chat = id(payload, &["chat_id"]);
    let is_other = !from_me && chat.as_deref().is_some_and(is_private);
    let of_chat = chat.clone().filter(|_| is_other);
    Message {
        id: id(payload, &["id"]).unwrap_or_default(),
        origin: Fields {
            sender: sender([id(payload, &["from"]), of_chat, id(payload, &["from_lid"])]),
            chat,
            is_group: false,
            from_me,
        }
        .origin(),
        sender_name: words(payload, &["from_name"]),
        sent_at: time(payload, &["timestamp"]),
    }
}

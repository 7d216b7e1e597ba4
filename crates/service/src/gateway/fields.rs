//! Reads the fields that several gateways share.

use serde_json::{Map, Value as Json};
use wa_media::read::{field, flag, millis, text};
use wa_media::{FoundMedia, MediaKind};

use super::id::clean;
use super::{Deletion, DeliveryContent, Message, ParsedDelivery};
use crate::clock::{Millis, millis_of_utc};
use crate::model::{ChatId, ChatKind, DeliveryReason, Origin, SenderId};

pub(super) type Object = Map<String, Json>;

/// A field that is an object.
pub(super) fn object<'a>(of: &'a Object, names: &[&str]) -> Option<&'a Object> {
    field(of, names).and_then(Json::as_object)
}

/// The objects in a field that is a list, or one object.
pub(super) fn objects<'a>(of: &'a Object, names: &[&str]) -> Vec<&'a Object> {
    match field(of, names) {
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_object).collect(),
        Some(Json::Object(one)) => vec![one],
        _ => Vec::new(),
    }
}

/// A text that is not blank, or a number as text.
pub(super) fn words(of: &Object, names: &[&str]) -> Option<String> {
    match field(of, names)? {
        Json::Number(number) => Some(number.to_string()),
        value => text(value)
            .filter(|words| !words.trim().is_empty())
            .map(str::to_owned),
    }
}

/// An id: a text or a number; WhatsApp Web writes an object with the text in `_serialized`.
pub(super) fn id(of: &Object, names: &[&str]) -> Option<String> {
    let value = field(of, names)?;
    let id = match value {
        Json::Object(parts) => words(parts, &["_serialized"]).or_else(|| {
            let [user, server] = ["user", "server"].map(|name| words(parts, &[name]));
            if let (Some(user), Some(server)) = (user, server) {
                return Some(format!("{user}@{server}"));
            }
            let [remote, own] = ["remote", "id"].map(|name| id(parts, &[name]));
            let from_me = is_set(parts, &["fromMe"]);
            Some(format!("{from_me}_{}_{}", remote?, own?))
        })?,
        Json::Number(number) => number.to_string(),
        _ => text(value)?.to_owned(),
    };
    Some(clean(id.trim())).filter(|id| !id.is_empty())
}

pub(super) fn is_set(of: &Object, names: &[&str]) -> bool {
    field(of, names).is_some_and(flag)
}

/// A time as a number of any unit, or as a text with or without a zone.
pub(super) fn time(of: &Object, names: &[&str]) -> Option<Millis> {
    let value = field(of, names)?;
    let at = millis(value).or_else(|| text(value).and_then(millis_of_utc))?;
    Some(at).filter(|at| *at > 0)
}

/// An event's name in lower case, its words separated by dots: `MESSAGES_UPSERT` and `messages-upsert` are
/// `messages.upsert`.
pub(super) fn event(of: &Object, names: &[&str]) -> String {
    let name = field(of, names).and_then(text).unwrap_or_default();
    name.to_lowercase().replace(['_', '-'], ".")
}

/// A word of a closed set, such as a state, in lower case.
pub(super) fn word(of: &Object, names: &[&str]) -> Option<String> {
    words(of, names).map(|word| word.trim().to_lowercase())
}

/// An id without its device: `…:14@s.whatsapp.net` is `…@s.whatsapp.net`.
pub(super) fn without_device(id: &str) -> String {
    match id.split_once('@') {
        Some((user, server)) => {
            let user = user.split(':').next().unwrap_or(user);
            format!("{user}@{server}")
        }
        None => id.to_owned(),
    }
}

/// The sender by all ids that a message gives, in the order of trust: a phone number before a LID.
pub(super) fn sender(ids: impl IntoIterator<Item = Option<String>>) -> SenderId {
    let ids: Vec<_> = ids
        .into_iter()
        .flatten()
        .map(|id| without_device(&id))
        .collect();
    let is_lid = |id: &&String| id.ends_with("@lid") || id.ends_with("@hosted.lid");
    let phone = ids.iter().find(|id| !is_lid(id));
    let lid = ids.iter().find(is_lid);
    SenderId::new(phone.or(lid).cloned(), lid.cloned())
}

/// The fields of a message's origin, before they are compared with each other.
pub(super) struct Fields {
    pub chat: Option<String>,
    pub is_group: bool,
    pub from_me: bool,
    /// Ids of the person or account that sent it.
    pub sender: SenderId,
}

impl Fields {
    pub fn origin(self) -> Origin {
        let chat = self.chat.map(ChatId);
        let is_groups = |chat: &ChatId| chat.kind() == ChatKind::Group;
        Origin {
            is_group: self.is_group || chat.as_ref().is_some_and(is_groups),
            sender: self.sender,
            from_me: self.from_me,
            chat,
        }
    }
}

/// Whether an id is of one person's chat.
pub(super) fn is_private(chat: &str) -> bool {
    ChatId(chat.to_owned()).kind() == ChatKind::Private
}

/// The names of the instance in these fields of a delivery.
pub(super) fn names(of: &Object, fields: &[&str]) -> Vec<String> {
    let named = fields.iter().filter_map(|name| match object(of, &[name]) {
        Some(instance) => id(instance, &["name", "instanceName", "id"]),
        None => id(of, &[name]),
    });
    named.collect()
}

/// A reading without media.
pub(super) fn without_media(message: Message, content: DeliveryContent) -> ParsedDelivery {
    ParsedDelivery {
        instance: None,
        names: Vec::new(),
        content,
        message,
        media: Vec::new(),
        unknown: Vec::new(),
        cut_short: false,
    }
}

pub(super) fn nothing(reason: DeliveryReason) -> ParsedDelivery {
    without_media(Message::default(), DeliveryContent::Nothing(reason))
}

pub(super) fn connection(connected: bool) -> ParsedDelivery {
    without_media(
        Message::default(),
        DeliveryContent::Connection { connected },
    )
}

/// That a message was deleted for everyone.
pub(super) fn deletion(ids: &[&str], by_me: Option<bool>) -> DeliveryContent {
    let messages = ids.iter().map(|id| clean(id.trim()));
    let messages: Vec<_> = messages.filter(|id| !id.is_empty()).collect();
    if messages.is_empty() {
        return DeliveryContent::Notice(super::REVOKED);
    }
    DeliveryContent::Deleted(Deletion { messages, by_me })
}

/// A reading of the media that were found in a message.
pub(super) fn with_found(message: Message, found: wa_media::Found) -> ParsedDelivery {
    let content = if !found.media.is_empty() {
        DeliveryContent::Media
    } else if found.sealed {
        DeliveryContent::Notice(super::SEALED)
    } else if let Some(id) = found.revokes {
        deletion(&[&id], Some(message.origin.from_me))
    } else {
        DeliveryContent::Nothing(DeliveryReason::NoMedia)
    };
    let mut media = found.media;
    for media in &mut media {
        media.edits = media.edits.as_deref().map(clean);
    }
    ParsedDelivery {
        media,
        unknown: found.unknown,
        cut_short: found.cut_short,
        ..without_media(message, content)
    }
}

/// A reading of media that a gateway describes in its own fields.
pub(super) fn with_media(message: Message, media: Vec<FoundMedia>) -> ParsedDelivery {
    let content = if media.is_empty() {
        DeliveryContent::Nothing(DeliveryReason::NoMedia)
    } else {
        DeliveryContent::Media
    };
    ParsedDelivery {
        media,
        ..without_media(message, content)
    }
}

/// The kind that a gateway's word for a type of messages names, such as `imageMessage`, `ptt` or `user_created_sticker`.
pub(super) fn kind_of_word(word: &str) -> Option<MediaKind> {
    let word = word.to_ascii_lowercase().replace('_', "");
    let word = word.strip_suffix("message").unwrap_or(&word);
    match word {
        "image" => Some(MediaKind::Image),
        "video" | "gif" | "ptv" | "videonote" => Some(MediaKind::Video),
        "audio" | "ptt" | "voice" => Some(MediaKind::Audio),
        "document" | "file" | "documentwithcaption" => Some(MediaKind::Document),
        "sticker" | "usercreatedsticker" | "lottiesticker" => Some(MediaKind::Sticker),
        _ => None,
    }
}

/// A media of which only the kind is known, because the gateway lost the rest or leaves it out.
pub(super) fn bare(kind: MediaKind) -> FoundMedia {
    FoundMedia::of_fields(kind, &Object::new())
}

/// The kind of a declared type: `image/webp` alone does not make a sticker.
pub(super) fn kind_of_mime(mime: &str) -> MediaKind {
    let mime = mime.to_ascii_lowercase();
    if mime.starts_with("application/was") {
        return MediaKind::Sticker;
    }
    match mime.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("video") => MediaKind::Video,
        Some("audio") => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}

/// Whether a declared type is that of a voice note, for gateways that do not mark them.
pub(super) fn is_opus(mime: Option<&str>) -> bool {
    mime.is_some_and(|mime| {
        mime.to_ascii_lowercase()
            .replace(' ', "")
            .contains("codecs=opus")
    })
}

/// A link that can be requested.
pub(super) fn link(of: &Object, names: &[&str]) -> Option<String> {
    let link = words(of, names)?;
    let link = link.trim();
    let is_http = ["http://", "https://"].iter().any(|start| {
        let head = link.get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start))
    });
    is_http.then(|| link.to_owned())
}

//! Reads the fields that several gateways share.

use serde_json::{Map, Value as Json};
use wa_media::read::{field, flag, millis, same_name, text};
use wa_media::{FoundMedia, Inline, MediaKind};

use super::id::clean;
use super::{Deletion, DeliveryContent, Message, ParsedDelivery};
use crate::clock::{Millis, millis_of_utc};
use crate::model::{ChatId, ChatKind, DeliveryReason, Origin, SenderId};

pub(super) type Object = Map<String, Json>;

/// Lists inside lists are opened this deep.
const DEEPEST_LIST: usize = 8;

/// The first of the fields that `read` accepts: one of another type does not end the search.
pub(super) fn first<'a, T>(
    of: &'a Object,
    names: &[&str],
    read: impl Fn(&'a Json) -> Option<T>,
) -> Option<T> {
    names
        .iter()
        .find_map(|name| field(of, &[name]).and_then(&read))
}

/// A field that is an object, or a list with one.
pub(super) fn object<'a>(of: &'a Object, names: &[&str]) -> Option<&'a Object> {
    first(of, names, |value| match value {
        Json::Array(items) => match &items[..] {
            [item] => item.as_object(),
            _ => None,
        },
        value => value.as_object(),
    })
}

/// The objects in the first field that has any: in a list, in lists inside of it, in an object with the keys 0, 1, 2, … as PHP
/// and form encoders write a list, or one object.
pub(super) fn objects<'a>(of: &'a Object, names: &[&str]) -> Vec<&'a Object> {
    let found = first(of, names, |value| {
        let mut found = Vec::new();
        add_objects(value, 0, &mut found);
        (!found.is_empty()).then_some(found)
    });
    found.unwrap_or_default()
}

fn add_objects<'a>(value: &'a Json, depth: usize, found: &mut Vec<&'a Object>) {
    if depth > DEEPEST_LIST {
        return;
    }
    let mut add = |item| add_objects(item, depth + 1, found);
    match value {
        Json::Array(items) => items.iter().for_each(add),
        Json::Object(object) => match numbered(object) {
            Some(items) => items.into_iter().for_each(&mut add),
            None => found.push(object),
        },
        _ => {}
    }
}

/// The values of an object with the keys 0, 1, 2, … in the order of the keys, if they are objects or lists: the bytes of a key
/// are written like this, too.
fn numbered(object: &Object) -> Option<Vec<&Json>> {
    let is_item = |item: &&Json| item.is_object() || item.is_array() || item.is_null();
    let items = (0..object.len()).map(|at| object.get(&at.to_string()).filter(is_item));
    let items: Vec<_> = items.collect::<Option<_>>()?;
    items.iter().any(|item| !item.is_null()).then_some(items)
}

/// Parts of a message that are searched.
const MOST_PARTS: usize = 512;
const DEEPEST_PART: usize = 12;

/// An object and all objects inside of it, from the outside in, except in fields of these names.
pub(super) fn parts<'a>(of: &'a Object, closed: &[&str]) -> Vec<&'a Object> {
    let mut found = vec![of];
    let (mut begin, mut depth) = (0, 0);
    while begin < found.len() && depth < DEEPEST_PART {
        let end = found.len();
        for at in begin..end {
            let fields = found[at].iter();
            let is_open = |name: &str| !closed.iter().any(|it| same_name(name, it));
            for (_, value) in fields.filter(|(name, _)| is_open(name)) {
                if found.len() < MOST_PARTS {
                    add_objects(value, 0, &mut found);
                }
            }
        }
        (begin, depth) = (end, depth + 1);
    }
    found
}

/// A number as text, without the notation of a fraction or a power; `None` when digits of it are lost.
pub(super) fn digits(number: &serde_json::Number) -> Option<String> {
    if number.is_f64() {
        return wa_media::read::number(&Json::Number(number.clone())).map(|it| it.to_string());
    }
    Some(number.to_string())
}

/// A text that is not blank, or a number as text.
pub(super) fn words(of: &Object, names: &[&str]) -> Option<String> {
    first(of, names, |value| match value {
        Json::Number(number) => Some(number.to_string()),
        value => text(value)
            .filter(|words| !words.trim().is_empty())
            .map(str::to_owned),
    })
}

/// An id: a text or a number; WhatsApp Web writes an object with the text in `_serialized`.
pub(super) fn id(of: &Object, names: &[&str]) -> Option<String> {
    first(of, names, id_of)
}

fn id_of(value: &Json) -> Option<String> {
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
        Json::Number(number) => digits(number)?,
        Json::Array(items) => match &items[..] {
            [Json::Object(item)] => id_of(&Json::Object(item.clone()))?,
            _ => return None,
        },
        _ => text(value)?.to_owned(),
    };
    Some(clean(id.trim())).filter(|id| !id.is_empty())
}

pub(super) fn is_set(of: &Object, names: &[&str]) -> bool {
    field(of, names).is_some_and(flag)
}

/// A time as a number of any unit, or as a text with or without a zone.
pub(super) fn time(of: &Object, names: &[&str]) -> Option<Millis> {
    first(of, names, |value| {
        let at = millis(value).or_else(|| text(value).and_then(millis_of_utc))?;
        Some(at).filter(|at| *at > 0)
    })
}

/// An event's name in lower case, its words separated by dots: `MESSAGES_UPSERT` and `messages-upsert` are
/// `messages.upsert`.
pub(super) fn event(of: &Object, names: &[&str]) -> String {
    let name = first(of, names, text).unwrap_or_default();
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

/// The origin of a message that a person sent to the account.
pub(super) fn of_person(person: Option<String>) -> Origin {
    let sender = sender([person.clone()]);
    let (is_group, from_me) = (false, false);
    Fields {
        chat: person,
        is_group,
        from_me,
        sender,
    }
    .origin()
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

/// News of the session, with their own time if they have one.
pub(super) fn connection(connected: bool, at: Option<Millis>) -> ParsedDelivery {
    let message = Message {
        sent_at: at,
        ..Message::default()
    };
    without_media(message, DeliveryContent::Connection { connected })
}

/// Reads an event that never has a message, by its name.
pub(super) fn passing(name: &str) -> Option<ParsedDelivery> {
    if name.contains("presence") {
        return Some(nothing(DeliveryReason::PresenceUpdate));
    }
    let is_call = name.starts_with("call") || name == "incomingcall";
    is_call.then(|| nothing(DeliveryReason::Call))
}

/// Of several readings, those with something to store; this reason when there are none.
pub(super) fn those_that_count(
    mut readings: Vec<ParsedDelivery>,
    otherwise: DeliveryReason,
) -> Vec<ParsedDelivery> {
    if readings.len() > 1 {
        readings.retain(ParsedDelivery::counts);
    }
    if readings.is_empty() {
        readings.push(nothing(otherwise));
    }
    readings
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

/// The bytes of the only file, and a link to it, that a gateway puts next to the content of its message.
pub(super) fn add_neighbours(media: &mut [FoundMedia], places: &[&Object]) {
    let [alone] = media else {
        return;
    };
    let bytes = |place: &&Object| first(place, &["base64"], text).map(Inline::new);
    let plain = |place: &&Object| link(place, &["mediaUrl"]);
    alone.inline = alone
        .inline
        .take()
        .or_else(|| places.iter().find_map(bytes));
    alone.link = alone.link.take().or_else(|| places.iter().find_map(plain));
}

/// A media of which only the kind is known, because the gateway lost the rest or leaves it out.
pub(super) fn bare(kind: MediaKind) -> FoundMedia {
    FoundMedia::of_fields(kind, &Object::new())
}

/// A file that a gateway describes in its own fields, where `url` is no address of WhatsApp's.
pub(super) fn described(kind: MediaKind, fields: &Object, link: Option<String>) -> FoundMedia {
    FoundMedia {
        link,
        url: None,
        direct_path: None,
        ..FoundMedia::of_fields(kind, fields)
    }
}

/// Adds the file of a message whose content is left out: the gateway may still have it.
pub(super) fn add_lost(found: &mut wa_media::Found, lost: impl FnOnce() -> Option<FoundMedia>) {
    let is_other = found.sealed || found.revokes.is_some();
    if found.media.is_empty() && !is_other {
        found.media.extend(lost());
    }
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
    first(of, names, |value| {
        let link = text(value)?.trim();
        let is_http = ["http://", "https://"].iter().any(|start| {
            let head = link.get(..start.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(start))
        });
        is_http.then(|| link.to_owned())
    })
}

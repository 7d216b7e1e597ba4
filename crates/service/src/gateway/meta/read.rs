//! Reading deliveries.

use serde_json::Value as Json;
use wa_media::read::{bytes32, field, text};
use wa_media::{FoundMedia, MediaKind};

use super::Meta;
use crate::gateway::fields::{
    Fields, Object, bare, deletion, described, id, is_set, kind_of_mime, kind_of_word, link,
    object, objects, parts, sender, those_that_count, time, with_media, without_media, word, words,
};
use crate::gateway::protocol::Read;
use crate::gateway::shape::{Seen, Shape};
use crate::gateway::{Message, ParsedDelivery, envelope, unread};
use crate::model::DeliveryReason;

/// The lists of messages in a change, and whether they are the account's own.
const LISTS: &[(&str, bool)] = &[("messages", false), ("message_echoes", true)];

const KINDS: &[(&str, MediaKind)] = &[
    ("image", MediaKind::Image),
    ("video", MediaKind::Video),
    ("video_note", MediaKind::Video),
    ("gif", MediaKind::Video),
    ("audio", MediaKind::Audio),
    ("voice", MediaKind::Audio),
    ("document", MediaKind::Document),
    ("sticker", MediaKind::Sticker),
];

/// Fields about another message or an advertisement.
const CLOSED: &[&str] = &[
    "context", "referral", "errors", "reaction", "edit", "revoke",
];

/// A form has fewer.
const MOST_FILES_OF_A_FLOW: usize = 32;

impl Read for Meta {
    /// What its partners send looks like its own.
    fn shapes(&self) -> &'static [Shape] {
        if self.is_signed {
            &[
                Shape {
                    place: 60,
                    fits: is_shape,
                },
                Shape {
                    place: 195,
                    fits: is_bare_value,
                },
            ]
        } else {
            &[]
        }
    }

    fn is_delivery(&self, of: &Object) -> bool {
        !objects(of, &["entry"]).is_empty() || is_value(of)
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let entries = objects(root, &["entry"]);
        let changes = entries
            .iter()
            .flat_map(|entry| objects(entry, &["changes"]));
        let mut values: Vec<_> = changes
            .filter_map(|change| object(change, &["value"]))
            .collect();
        // Automations write it as JSON in a text.
        let opened = entries
            .iter()
            .flat_map(|entry| objects(entry, &["changes"]));
        let opened =
            opened.filter_map(|change| envelope::inside(text(field(change, &["value"])?)?));
        let opened: Vec<_> = opened.collect();
        values.extend(opened.iter().filter_map(Json::as_object));
        if is_value(root) {
            values.push(root);
        }
        let is_status = values
            .iter()
            .any(|value| !objects(value, &["statuses"]).is_empty());
        let readings: Vec<_> = values.into_iter().flat_map(read_value).collect();
        let otherwise = if is_status {
            DeliveryReason::StatusUpdate
        } else {
            DeliveryReason::NoMedia
        };
        those_that_count(readings, otherwise)
    }
}

/// Some partners send the value of a change alone.
fn is_value(of: &Object) -> bool {
    let lists = LISTS.iter().flat_map(|(name, _)| objects(of, &[name]));
    lists
        .into_iter()
        .any(|message| id(message, &["id"]).is_some() && words(message, &["type"]).is_some())
}

fn read_value(value: &Object) -> Vec<ParsedDelivery> {
    let instance = object(value, &["metadata"]).and_then(|it| id(it, &["phone_number_id"]));
    let mut readings = Vec::new();
    for (name, is_echo) in LISTS {
        let messages = objects(value, &[name]);
        readings.extend(unread::each(value, messages, |message| {
            // The files of a history come as messages of both sides.
            let is_own = *is_echo || is_from_account(value, message);
            Some(read(value, message, is_own))
        }));
    }
    // A history has its messages in threads, each with the other side's number.
    for thread in objects(value, &["history"])
        .iter()
        .flat_map(|it| objects(it, &["threads"]))
    {
        let other = person(thread, "id");
        let messages = objects(thread, &["messages"]);
        readings.extend(unread::each(value, messages, |message| {
            let is_own = is_own_in_thread(value, message, other.as_deref());
            let mut reading = read(value, message, is_own);
            if is_own {
                reading.message.origin.chat = other.clone().map(crate::model::ChatId);
            }
            Some(reading)
        }));
    }
    for reading in &mut readings {
        reading.instance.clone_from(&instance);
        reading.names.extend(instance.clone());
    }
    readings
}

/// The id of a person: a phone number without its `+`, or an id of Meta's own such as `BR.777`.
fn person(of: &Object, name: &str) -> Option<String> {
    let id = id(of, &[name])?;
    let number = id.strip_prefix('+').filter(|rest| is_phone(rest));
    Some(number.map_or_else(|| id.clone(), str::to_owned))
}

fn is_phone(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a message of a history is the account's own. The thread has the other side's number or Meta's id of it, and a
/// message may have only the one or the other.
fn is_own_in_thread(value: &Object, message: &Object, other: Option<&str>) -> bool {
    let is_other = |id: &String| Some(id.as_str()) == other;
    let senders = ["from", "from_user_id"].map(|name| person(message, name));
    let mut receivers = ["to", "to_user_id"]
        .into_iter()
        .filter_map(|name| person(message, name));
    if senders.iter().flatten().any(is_other) {
        return false;
    }
    if receivers.any(|id| is_other(&id)) {
        return true;
    }
    let is_comparable = |id: &String| other.is_some_and(|other| is_phone(other) == is_phone(id));
    if senders.iter().flatten().any(is_comparable) {
        return true;
    }
    is_from_account(value, message)
}

/// Whether a message is from the number that the delivery is for.
fn is_from_account(value: &Object, message: &Object) -> bool {
    let account = object(value, &["metadata"]).and_then(|it| words(it, &["display_phone_number"]));
    let digits =
        account.map(|account| account.replace(|letter: char| !letter.is_ascii_digit(), ""));
    digits.is_some_and(|digits| !digits.is_empty() && person(message, "from") == Some(digits))
}

fn read(value: &Object, outer: &Object, is_own: bool) -> ParsedDelivery {
    if let Some(target) = object(outer, &["revoke"]).and_then(|it| id(it, &["original_message_id"]))
    {
        return without_media(
            message(value, outer, is_own),
            deletion(&[&target], Some(is_own)),
        );
    }
    // An edit repeats the file under a new id.
    let edit = object(outer, &["edit"]);
    let inner = edit
        .and_then(|edit| object(edit, &["message"]))
        .unwrap_or(outer);
    let edits = edit.and_then(|edit| id(edit, &["original_message_id"]));
    let mut media = Vec::new();
    let empty = Object::new();
    let declared = word(inner, &["type"]).unwrap_or_default();
    for (name, kind) in KINDS {
        // Without an id the file is lost, or its id follows.
        let found = object(inner, &[name]);
        let Some(file) = found.or_else(|| (*name == declared).then_some(&empty)) else {
            continue;
        };
        media.push(FoundMedia {
            edited: edits.is_some(),
            edits: edits.clone(),
            ..read_file(file, name, *kind)
        });
    }
    media.extend(of_parts(inner));
    media.extend(of_flow(inner));
    // Such as a round video, which Meta does not pass on.
    let unsupported = object(inner, &["unsupported"]).and_then(|it| word(it, &["type"]));
    let lost = unsupported.and_then(|name| kind_of_word(&name));
    media.extend(lost.filter(|_| media.is_empty()).map(bare));
    with_media(message(value, outer, is_own), media)
}

fn read_file(file: &Object, name: &str, kind: MediaKind) -> FoundMedia {
    FoundMedia {
        media_id: id(file, &["id"]),
        sha256: field(file, &["sha256"]).and_then(bytes32),
        voice_note: name == "voice" || is_set(file, &["voice"]),
        animated: is_set(file, &["animated"]),
        ..described(kind, file, link(file, &["url", "link"]))
    }
}

/// The files in parts of a message, such as the header of one with buttons, or the components of a template.
fn of_parts(message: &Object) -> Vec<FoundMedia> {
    let names = KINDS.iter().map(|(name, _)| *name);
    let closed: Vec<_> = names.chain(CLOSED.iter().copied()).collect();
    let parts = parts(message, &closed).into_iter().skip(1);
    let files = parts.flat_map(|part| {
        KINDS.iter().flat_map(move |(name, kind)| {
            let files = objects(part, &[name]).into_iter();
            files.map(move |file| read_file(file, name, *kind))
        })
    });
    let is_there = |file: &FoundMedia| file.media_id.is_some() || file.link.is_some();
    files.filter(is_there).take(MOST_FILES_OF_A_FLOW).collect()
}

/// The files that a person uploaded in a form of the chat ("flow"): lists of descriptions in the form's answers.
fn of_flow(message: &Object) -> Vec<FoundMedia> {
    let reply = object(message, &["interactive"]).and_then(|it| object(it, &["nfm_reply"]));
    let answers = reply.and_then(|reply| match field(reply, &["response_json"]) {
        Some(Json::String(text)) => envelope::inside(text),
        other => other.cloned(),
    });
    let answers = answers.as_ref().and_then(Json::as_object);
    let values = answers.into_iter().flat_map(|answers| answers.values());
    let files = values
        .filter_map(Json::as_array)
        .flatten()
        .filter_map(Json::as_object);
    let read = |file: &Object| {
        let mime = words(file, &["mime_type"])?;
        let is_plain = field(file, &["encryption_metadata"]).is_none();
        let link = link(file, &["url", "cdn_url"]).filter(|_| is_plain);
        Some(FoundMedia {
            media_id: Some(id(file, &["id"])?),
            ..described(kind_of_mime(&mime), file, link)
        })
    };
    files.filter_map(read).take(MOST_FILES_OF_A_FLOW).collect()
}

fn message(value: &Object, of: &Object, from_me: bool) -> Message {
    let group = id(of, &["group_id"]);
    let from_user = person(of, "from_user_id");
    let from = person(of, "from").or_else(|| from_user.clone());
    let to = person(of, "to").or_else(|| person(of, "to_user_id"));
    let is_group = group.is_some();
    let chat = group.or(if from_me { to } else { from.clone() });
    let ids = [from.clone(), from_user];
    let contacts = objects(value, &["contacts"]);
    let contact = contacts.iter().find(|contact| {
        let known = ["wa_id", "user_id"].map(|name| person(contact, name));
        ids.iter()
            .flatten()
            .any(|id| known.contains(&Some(id.clone())))
    });
    let profile = contact.and_then(|contact| object(contact, &["profile"]));
    Message {
        id: id(of, &["id"]).unwrap_or_default(),
        origin: Fields {
            chat,
            is_group,
            from_me,
            sender: sender([from]),
        }
        .origin(),
        sender_name: profile.and_then(|profile| words(profile, &["name"])),
        sent_at: time(of, &["timestamp"]),
    }
}

fn is_shape(seen: &Seen<'_>) -> bool {
    let is_named = |name: &str, wanted: &str| words(seen.body, &[name]).as_deref() == Some(wanted);
    let entries = objects(seen.body, &["entry"]);
    is_named("object", "whatsapp_business_account")
        || is_named("messaging_product", "whatsapp")
        || entries
            .iter()
            .any(|entry| field(entry, &["changes"]).is_some())
}

/// The value of a change alone, as on-premises APIs send it.
fn is_bare_value(seen: &Seen<'_>) -> bool {
    let messages = objects(seen.body, &["messages"]);
    let is_message = |message: &&Object| {
        let has = |name| words(message, &[name]).is_some();
        ["from", "id", "timestamp", "type"].into_iter().all(has)
    };
    !seen.has(&["event"]) && messages.first().is_some_and(is_message)
}

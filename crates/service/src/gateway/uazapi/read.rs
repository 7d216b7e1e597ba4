//! Reading deliveries.

use serde_json::{Value as Json, json};
use wa_media::read::field;
use wa_media::{FoundMedia, Inline, MediaKind};

use super::Uazapi;
use crate::gateway::fields::{
    self, Fields, Object, add_lost, bare, connection, deletion, event, first, id, is_set,
    kind_of_word, link, nothing, object, objects, passing, sender, those_that_count, time,
    with_found, without_media, word, words,
};
use crate::gateway::id::clean;
use crate::gateway::protocol::Read;
use crate::gateway::shape::{Shape, has};
use crate::gateway::{
    DeliveryContent, LateLink, Message, ParsedDelivery, Sample, envelope, unread,
};
use crate::model::DeliveryReason;

/// The most deleted messages of one update.
const MOST_UPDATED: usize = 1_000;

/// Where an update is: captured deliveries have it in `event`, the documented ones in `data`.
const UPDATES: &[&str] = &["event", "data", "message"];

/// Fields of a delivery besides the name of the event.
const OTHER_FIELDS: &[&str] = &[
    "BaseUrl",
    "instanceName",
    "owner",
    "chatSource",
    "message",
    "chat",
];

impl Read for Uazapi {
    fn shapes(&self) -> &'static [Shape] {
        &[
            Shape {
                place: 70,
                fits: |seen| seen.has(&["EventType"]) && has(seen.body, OTHER_FIELDS),
            },
            Shape {
                place: 160,
                fits: |seen| {
                    let is_message = seen
                        .data
                        .is_some_and(|it| has(it, &["chatid", "messageid"]));
                    is_message && seen.has(&["event", "instance"])
                },
            },
        ]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        words(of, &["EventType"]).is_some()
            || words(of, &["event"]).is_some() && !objects(of, &["data"]).is_empty()
    }

    fn names(&self, root: &Object) -> Vec<String> {
        fields::names(root, &["instanceName", "instance"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let name = event(root, &["EventType", "event"]);
        if name.starts_with("connection") {
            return vec![connection_of(root)];
        }
        if let Some(reading) = passing(&name) {
            return vec![reading];
        }
        let late = late_links(root, name.contains("update"));
        if !late.is_empty() {
            return late;
        }
        let deleted = deleted(root);
        if !deleted.is_empty() {
            return deleted;
        }
        let items = objects(root, &["message", "messages", "data", "event"]);
        let items = items
            .into_iter()
            .flat_map(|item| match objects(item, &["messages"]) {
                inner if inner.is_empty() => vec![item],
                inner => inner,
            });
        let readings = unread::each(root, items.collect(), |item| {
            let is_message = id(item, &["messageid", "id"]).is_some();
            is_message.then(|| read(item))
        });
        those_that_count(readings, DeliveryReason::StatusUpdate)
    }

    fn sample(&self, of: &Sample<'_>) -> Option<Json> {
        let mut content = of.image();
        content["base64"] = of.base64.into();
        Some(json!({
            "EventType": "messages",
            "instanceName": of.instance,
            "message": {
                "messageid": of.id,
                "chatid": of.chat,
                "messageType": "ImageMessage",
                "content": content,
            },
        }))
    }
}

fn read(item: &Object) -> ParsedDelivery {
    let declared = word(item, &["mediaType"]).unwrap_or_default();
    // `content` is the file's description without its name, which is the message's type; some builds write it as text.
    let mut wrapped = Object::new();
    let content = match field(item, &["content"]) {
        Some(Json::String(text)) => envelope::inside(text),
        _ => object(item, &["content"]).cloned().map(Json::Object),
    };
    let name = words(item, &["messageType"]).unwrap_or_else(|| declared.clone());
    let content = content.filter(Json::is_object);
    if let Some(content) = &content {
        wrapped.insert(name.clone(), content.clone());
    }
    let is_marked = wa_media::says_view_once(item);
    let mut found = wa_media::find_in_marked(&wrapped, is_marked);
    let content = content.as_ref().and_then(Json::as_object);
    if let (Some(content), false) = (content, found.media.iter().any(FoundMedia::has_file)) {
        // It may be the whole message.
        let inner = wa_media::find_in_marked(content, is_marked);
        if inner.media.iter().any(FoundMedia::has_file) {
            found = inner;
        }
    }
    // The gateway may still have the file of a message whose content it left out.
    let kind = kind_of_word(&declared).or_else(|| kind_of_word(&name));
    add_lost(&mut found, || {
        Some(FoundMedia {
            view_once: is_marked,
            ..bare(kind?)
        })
    });
    let edits = id(item, &["edited"]);
    if let [alone] = &mut found.media[..] {
        let text = words(item, &["text"]);
        alone.caption = alone.caption.take().or(text);
        alone.voice_note |= declared == "ptt";
        let places = [Some(item), content].into_iter().flatten();
        let mut links = places.filter_map(|of| link(of, &["fileURL"]));
        alone.link = links.next();
        let bytes = first(item, &["base64", "base64Data"], wa_media::read::text).map(Inline::new);
        alone.inline = alone.inline.take().or(bytes);
        if declared.contains("sticker") {
            alone.kind = MediaKind::Sticker;
        }
        if let Some(edits) = edits {
            alone.edited = true;
            alone.edits = Some(edits);
        }
    }
    let from_me = is_set(item, &["fromMe"]);
    let chat = id(item, &["chatid", "wa_chatid"]);
    let is_group = is_set(item, &["isGroup"]);
    let of_chat = chat.clone().filter(|_| !from_me && !is_group);
    let message = Message {
        id: message_id(item).unwrap_or_default(),
        origin: Fields {
            sender: sender([
                id(item, &["sender_pn"]),
                of_chat,
                id(item, &["sender"]),
                id(item, &["sender_alt"]),
                id(item, &["sender_lid"]),
            ]),
            chat,
            is_group,
            from_me,
        }
        .origin(),
        sender_name: words(item, &["senderName"]),
        sent_at: time(item, &["messageTimestamp"]),
    };
    with_found(message, found)
}

/// `messageid`, or the part of `id` behind the owner's number.
fn message_id(item: &Object) -> Option<String> {
    id(item, &["messageid"]).or_else(|| {
        let id = id(item, &["id"])?;
        Some(id.rsplit(':').next().unwrap_or(&id).to_owned())
    })
}

/// What the session became. The documented envelope has it in `data`, and the instance's name in `instance`.
fn connection_of(root: &Object) -> ParsedDelivery {
    let places = places(root, &["instance", "data", "event"]).chain([root]);
    let mut states = places.filter_map(|it| word(it, &["status", "state"]));
    match states.next().as_deref() {
        Some("connected" | "open") => connection(true, None),
        Some("connecting") => nothing(DeliveryReason::StatusUpdate),
        Some(_) => connection(false, None),
        None => match word(root, &["type"]).as_deref() {
            Some("loggedout" | "disconnected") => connection(false, None),
            _ => nothing(DeliveryReason::StatusUpdate),
        },
    }
}

/// The objects in all of these fields.
fn places<'a>(root: &'a Object, names: &'a [&str]) -> impl Iterator<Item = &'a Object> {
    names.iter().flat_map(|name| objects(root, &[name]))
}

/// Links for earlier messages: by the ids of an update, or by a message of which nothing else is said.
fn late_links(root: &Object, is_update: bool) -> Vec<ParsedDelivery> {
    let read = |update: &Object| {
        let ids = field(update, &["MessageIDs"]).is_some();
        if !ids && (!is_update || object(update, &["content"]).is_some()) {
            return None;
        }
        let url = link(update, &["FileURL"])?;
        let message = updated(update, ids_of(update).next())?;
        Some(without_media(
            message,
            DeliveryContent::Link(LateLink { url }),
        ))
    };
    places(root, UPDATES)
        .filter_map(read)
        .take(MOST_UPDATED)
        .collect()
}

/// A guess by its other updates: the type of the update and the ids of its messages.
fn deleted(root: &Object) -> Vec<ParsedDelivery> {
    let is_deleted = |of: &Object| {
        let mut names = ["type", "state"]
            .into_iter()
            .filter_map(|name| word(of, &[name]));
        names.any(|name| ["deletedmessage", "deleted", "revoked"].contains(&name.as_str()))
    };
    let is_said = is_deleted(root);
    let updates = places(root, &UPDATES[..2]).filter(|update| is_said || is_deleted(update));
    let read = |update: &Object, target: &str| {
        let message = updated(update, None)?;
        let content = deletion(&[target], Some(message.origin.from_me));
        Some(without_media(message, content))
    };
    let deleted = updates.flat_map(|update| ids_of(update).filter_map(move |id| read(update, id)));
    deleted.take(MOST_UPDATED).collect()
}

fn ids_of(update: &Object) -> impl Iterator<Item = &str> {
    let ids = field(update, &["MessageIDs"]).and_then(|ids| ids.as_array());
    let ids = ids.into_iter().flatten();
    ids.filter_map(Json::as_str).take(MOST_UPDATED)
}

/// The message that an update is about.
fn updated(update: &Object, first: Option<&str>) -> Option<Message> {
    let message_id = first.map(clean).or_else(|| message_id(update));
    Some(Message {
        id: message_id.unwrap_or_default(),
        origin: Fields {
            chat: id(update, &["Chat", "chatid"]),
            is_group: is_set(update, &["IsGroup"]),
            from_me: is_set(update, &["IsFromMe"]),
            sender: sender([]),
        }
        .origin(),
        sender_name: None,
        sent_at: time(update, &["Timestamp"]),
    })
}

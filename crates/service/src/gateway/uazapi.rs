//! uazapi and uazapiGO. The form with `EventType` is known from captured deliveries, the form `{event, instance, data}` from
//! documentation only.

use serde_json::{Value as Json, json};
use wa_media::read::{field, flag, text};
use wa_media::{FoundMedia, Inline, MediaKind};

use super::fields::{
    self, Fields, Object, bare, connection, deletion, event, first, id, is_set, kind_of_word, link,
    nothing, object, objects, sender, time, with_found, without_media, word, words,
};
use super::id::clean;
use super::mask::TokenField;
use super::slot::{Session, Slot, SlotContent, Wanted, absent, renamed};
use super::{
    Access, Call, CallMethod, DeliveryContent, FileAnswer, FileCall, FileRequest, HistoryRange,
    LateLink, Message, ParsedDelivery, Protocol, Sample, answers, envelope, unread,
};
use crate::model::{DeliveryReason, Reason, Route};

pub(super) struct Uazapi;

const EVENTS: &[&str] = &["messages", "messages_update", "connection", "history"];
/// Those of them without which media, or the connection's state, do not arrive.
const NEEDED: &[&str] = &["messages", "messages_update", "connection"];

/// The fields of its setting as it is read, and as it is set.
const SETTING: &[(&str, &str)] = &[
    ("enabled", "enabled"),
    ("url", "url"),
    ("events", "events"),
    ("excludeMessages", "excludeMessages"),
    ("addUrlEvents", "addUrlEvents"),
    ("addUrlTypesMessages", "addUrlTypesMessages"),
];

/// The most deleted messages of one update.
const MOST_UPDATED: usize = 1_000;

fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    Call::new(method, path, ("token", access.token))
}

/// The answer is a list of one, or the setting alone.
fn webhook(answer: &Json) -> &Json {
    if answer.is_array() {
        &answer[0]
    } else {
        answer
    }
}

impl Protocol for Uazapi {
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
        if name.starts_with("presence") {
            return vec![nothing(DeliveryReason::PresenceUpdate)];
        }
        if name.starts_with("call") {
            return vec![nothing(DeliveryReason::Call)];
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
        let mut readings = unread::each(root, items.collect(), |item| {
            let is_message = id(item, &["messageid", "id"]).is_some();
            is_message.then(|| read(item))
        });
        if readings.len() > 1 {
            readings.retain(ParsedDelivery::counts);
        }
        if readings.is_empty() {
            readings.push(nothing(DeliveryReason::StatusUpdate));
        }
        readings
    }

    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let call = call(CallMethod::Post, "message/download", access);
        let body = json!({"id": request.message_id, "return_link": true, "return_base64": false, "generate_mp3": false});
        Some(FileCall::Ask(call.with_body(body)))
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        answers::file(status, body, &["fileURL", "url"], &["base64Data"])
    }

    fn token_fields(&self) -> &'static [TokenField] {
        &[TokenField {
            name: "token",
            everywhere: false,
        }]
    }

    /// It lists the newest first and does not filter by time.
    fn history_call(&self, access: Access<'_>, range: HistoryRange<'_>) -> Option<Call> {
        let call = Call::new(CallMethod::Post, "message/find", ("token", access.token));
        let offset = range.page * range.page_size;
        Some(call.with_body(json!({"limit": range.page_size, "offset": offset})))
    }

    fn read_history(&self, access: Access<'_>, answer: Json) -> Vec<Json> {
        let messages = answer.get("messages").and_then(Json::as_array);
        let messages = messages.into_iter().flatten();
        let body = |message: &Json| json!({"EventType": "messages", "instanceName": access.instance, "message": message});
        messages.map(body).collect()
    }

    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("url")] }
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "webhook", access))
    }

    /// Without `enabled` it is switched off. An empty address is not sent: it is switched off instead.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let body = match wanted.setting {
            Some(before) => renamed(before, SETTING),
            None => json!({
                "enabled": wanted.is_on(),
                "url": wanted.or_current(&webhook(wanted.current)["url"]),
                "events": EVENTS,
                "excludeMessages": [],
                "addUrlEvents": false,
                "addUrlTypesMessages": false,
            }),
        };
        vec![call(CallMethod::Post, "webhook", access).with_body(body)]
    }

    fn read_slot(&self, _: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let webhook = webhook(answer);
        let Some(content) = SlotContent::of(&webhook["url"]) else {
            return Vec::new();
        };
        let mut lacks = absent(&webhook["events"], NEEDED, "all");
        let excluded = webhook["excludeMessages"].as_array();
        if excluded.is_some_and(|excluded| !excluded.is_empty()) {
            lacks.push("excludeMessages");
        }
        vec![SlotContent {
            is_off: !flag(&webhook["enabled"]),
            lacks,
            setting: webhook.clone(),
            ..content
        }]
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, "instance/status", access))
    }

    fn read_session(&self, answer: &Json) -> Session {
        let status = &answer["status"];
        let named = text(&answer["instance"]["status"])
            .map(|name| json!(name.eq_ignore_ascii_case("connected")));
        let connected = match named {
            Some(named) if status["connected"].is_null() => named,
            _ => status["connected"].clone(),
        };
        Session::of_flags(&connected, &status["loggedIn"])
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

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
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
    if let Some(content) = content.filter(Json::is_object) {
        wrapped.insert(name.clone(), content);
    }
    let is_marked = wa_media::says_view_once(item);
    let mut found = wa_media::find_in_marked(&wrapped, is_marked);
    // The gateway may still have the file of a message whose content it left out.
    let kind = kind_of_word(&declared).or_else(|| kind_of_word(&name));
    if let Some(kind) =
        kind.filter(|_| found.media.is_empty() && !found.sealed && found.revokes.is_none())
    {
        found.media.push(FoundMedia {
            view_once: is_marked,
            ..bare(kind)
        });
    }
    let edits = id(item, &["edited"]);
    if let [alone] = &mut found.media[..] {
        let text = words(item, &["text"]);
        alone.caption = alone.caption.take().or(text);
        alone.voice_note |= declared == "ptt";
        alone.link = link(item, &["fileURL"]);
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
        Some("connected" | "open") => connection(true),
        Some("connecting") => nothing(DeliveryReason::StatusUpdate),
        Some(_) => connection(false),
        None => match word(root, &["type"]).as_deref() {
            Some("loggedout" | "disconnected") => connection(false),
            _ => nothing(DeliveryReason::StatusUpdate),
        },
    }
}

/// The objects in all of these fields.
fn places<'a>(root: &'a Object, names: &'a [&str]) -> impl Iterator<Item = &'a Object> {
    names.iter().flat_map(|name| objects(root, &[name]))
}

/// Where an update is: captured deliveries have it in `event`, the documented ones in `data`.
const UPDATES: &[&str] = &["event", "data", "message"];

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

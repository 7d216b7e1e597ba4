//! Reading deliveries.

use serde_json::{Value as Json, json};
use wa_media::read::{field, flag, millis, text};

use super::{Object, Wapi, id_text};
use crate::clock::{Millis, SECOND, millis_of_utc};
use crate::gateway::envelope::{self, holds_content};
use crate::gateway::fields::{deletion, first, object};
use crate::gateway::id::clean;
use crate::gateway::protocol::Read;
use crate::gateway::shape::Shape;
use crate::gateway::{DeliveryContent, Error, Message, ParsedDelivery, Sample, unread};
use crate::model::{ChatId, ChatKind, DeliveryReason, Origin, SenderId};

/// The content of a message. It may be large, so it is not copied.
enum Content<'a> {
    /// Some proxies send it as JSON inside a text.
    Parsed(Object),
    Here(&'a Object),
}

impl Read for Wapi {
    fn shapes(&self) -> &'static [Shape] {
        &[
            Shape {
                place: 130,
                fits: |seen| {
                    seen.event.to_lowercase().starts_with("webhook") || seen.has(&["msgContent"])
                },
            },
            // Z-API has these fields, too.
            Shape {
                place: 190,
                fits: |seen| seen.has(&["instanceId", "connectedPhone"]),
            },
        ]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        holds_content(of) || is_delivery(of)
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        vec![read_one(root)]
    }

    fn sample(&self, of: &Sample<'_>) -> Option<Json> {
        let mut image = of.image();
        image["base64"] = of.base64.into();
        Some(json!({
            "event": "webhookReceived",
            "instanceId": of.instance,
            "messageId": of.id,
            "chat": {"id": "5500900000001"},
            "msgContent": {"imageMessage": image},
        }))
    }

    fn read_body(&self, body: Json) -> Result<Vec<ParsedDelivery>, Error> {
        read(body)
    }

    fn is_inside_envelope(&self, of: &Object) -> bool {
        holds_content(of)
    }

    fn named_instance(&self, beginning: &[u8]) -> Option<String> {
        named_instance(beginning)
    }
}

/// Reads the deliveries in a body, inside any known envelope.
fn read(mut body: Json) -> Result<Vec<ParsedDelivery>, Error> {
    if let Some(root) = body.as_object().filter(|root| holds_content(root)) {
        return Ok(vec![read_one(root)]);
    }
    if let Some(parsed) = body.as_str().and_then(envelope::inside) {
        body = parsed;
    }
    if !(body.is_object() || body.is_array()) {
        return Err(Error::NotAnObject);
    }
    let outer = body
        .as_object()
        .and_then(|root| field(root, &["instanceId"]))
        .and_then(id_text);
    let mut envelopes = envelope::take(&mut body, holds_content);
    let is_sealed = !envelopes.sealed.is_empty();
    if envelopes.found.is_empty() && !body.as_object().is_some_and(is_delivery) {
        let others = envelope::take(&mut body, is_delivery);
        envelopes.found = others.found;
    }
    let read_one_of = |of| unread::marked_in(vec![read_one(of)], of);
    let mut readings: Vec<_> = envelopes.found.iter().flat_map(read_one_of).collect();
    if readings.is_empty() {
        readings.push(read_one(body.as_object().ok_or(Error::NotAnObject)?));
    } else {
        readings.extend(unread::rest_of(&body));
    }
    for reading in &mut readings {
        reading.instance = reading.instance.take().or_else(|| outer.clone());
        reading.cut_short |= envelopes.cut_short || is_sealed;
    }
    let is_nothing =
        |reading: &ParsedDelivery| matches!(reading.content, DeliveryContent::Nothing(_));
    if is_sealed && readings.iter().all(is_nothing) {
        Err(Error::UnreadableEnvelope)
    } else {
        Ok(readings)
    }
}

/// Whether an object is a delivery although it has no message of W-API's form: a session event, or a message in the form of
/// other gateways.
fn is_delivery(object: &Object) -> bool {
    let has = |names: &[&str]| field(object, names).is_some();
    has(&["instanceId"])
        || has(&["event"]) && has(&["instance", "data", "connected", "status"])
        || has(&["key"]) && has(&["message"])
}

fn read_one(root: &Object) -> ParsedDelivery {
    let instance = first(root, &["instanceId", "instance"], id_text);
    let nested = nested_message(root).filter(|_| !holds_content(root));
    let envelope = nested.unwrap_or(root);
    let content = content_of(envelope);
    let view_once = wa_media::says_view_once(envelope);
    let mut found = wa_media::find_in_marked(content.object(), view_once);
    for media in &mut found.media {
        media.edits = media.edits.as_deref().map(clean);
    }
    let topic = if !found.media.is_empty() {
        DeliveryContent::Media
    } else if found.sealed {
        DeliveryContent::Notice(crate::gateway::SEALED)
    } else if is_delivery_in_text(envelope) {
        DeliveryContent::Notice("a text that holds a whole delivery")
    } else if let Some(id) = &found.revokes {
        deletion(&[id], Some(message(envelope).origin.from_me))
    } else {
        content_without_media(root, content.object())
    };
    ParsedDelivery {
        instance,
        names: Vec::new(),
        content: topic,
        message: message(envelope),
        media: found.media,
        unknown: found.unknown,
        cut_short: found.cut_short,
    }
}

impl Content<'_> {
    fn object(&self) -> &Object {
        match self {
            Self::Parsed(object) => object,
            Self::Here(object) => object,
        }
    }
}

/// The message's content; without any, the envelope itself.
fn content_of(envelope: &Object) -> Content<'_> {
    let content = field(envelope, &["msgContent", "message"]);
    let parsed = content
        .and_then(text)
        .and_then(|text| serde_json::from_str(text).ok())
        .filter(|parsed| !holds_content(parsed));
    match (parsed, object(envelope, &["msgContent", "message"])) {
        (Some(parsed), _) => Content::Parsed(parsed),
        (None, Some(object)) => Content::Here(object),
        (None, None) => Content::Here(envelope),
    }
}

/// Whether the text of a message is itself a delivery. It has an id and an instance of its own, and a person may have
/// written it, so it is not read.
fn is_delivery_in_text(envelope: &Object) -> bool {
    let words = field(envelope, &["msgContent", "message"]).and_then(text);
    let parsed = words.and_then(|words| serde_json::from_str::<Object>(words).ok());
    parsed.is_some_and(|parsed| holds_content(&parsed))
}

/// Proxies put the whole message under `payload.message` or `payload.data.message`.
fn nested_message(root: &Object) -> Option<&Object> {
    let payload = object(root, &["payload", "data"])?;
    let inner = object(payload, &["data"]).unwrap_or(payload);
    let message = object(inner, &["message"]);
    Some(
        message
            .filter(|message| field(message, &["msgContent"]).is_some())
            .unwrap_or(inner),
    )
}

fn content_without_media(root: &Object, content: &Object) -> DeliveryContent {
    let event = first(root, &["event", "type"], text)
        .unwrap_or("")
        .to_lowercase();
    let has_content = field(root, &["msgContent"]).is_some();
    let is_session = event.contains("connected");
    let connected = field(root, &["connected"]).and_then(Json::as_bool);
    if let Some(connected) = connected.filter(|_| is_session || !has_content) {
        return DeliveryContent::Connection { connected };
    }
    if is_session {
        let connected = !event.contains("disconnected");
        return DeliveryContent::Connection { connected };
    }
    if event.contains("presence") {
        return DeliveryContent::Nothing(DeliveryReason::PresenceUpdate);
    }
    if event.contains("call") {
        return DeliveryContent::Nothing(DeliveryReason::Call);
    }
    if !has_content && field(root, &["status"]).is_some() {
        return DeliveryContent::Nothing(DeliveryReason::StatusUpdate);
    }
    if has_content && !content.is_empty() {
        DeliveryContent::Nothing(DeliveryReason::NoMedia)
    } else {
        DeliveryContent::Nothing(DeliveryReason::NoMessage)
    }
}

fn message(envelope: &Object) -> Message {
    let part = |name: &str| object(envelope, &[name]);
    let words = |object: Option<&Object>, names: &[&str]| {
        object
            .and_then(|object| first(object, names, text))
            .map(str::to_owned)
    };
    let id = |object: Option<&Object>, names: &[&str]| {
        object.and_then(|object| first(object, names, id_text))
    };
    let (chat, sender, key) = (part("chat"), part("sender"), part("key"));
    let chat = id(chat, &["id"])
        .or_else(|| id(Some(envelope), &["chatId", "phone"]))
        .or_else(|| id(key, &["remoteJid"]))
        .map(ChatId);
    let sender_lid = id(sender, &["senderLid", "lid"]);
    let sender_id = id(sender, &["phoneNumber", "id"]).or_else(|| id(key, &["participant"]));
    let is_group = field(envelope, &["isGroup"]).is_some_and(flag);
    Message {
        id: id(Some(envelope), &["messageId", "id"])
            .or_else(|| id(key, &["id"]))
            .unwrap_or_default(),
        origin: Origin {
            is_group: is_group
                || chat
                    .as_ref()
                    .is_some_and(|chat| chat.kind() == ChatKind::Group),
            sender: SenderId::new(sender_id, sender_lid),
            from_me: field(envelope, &["fromMe"])
                .or_else(|| field(key?, &["fromMe"]))
                .is_some_and(flag),
            chat,
        },
        sender_name: words(sender, &["pushName", "name"])
            .or_else(|| words(sender, &["verifiedBizName"])),
        sent_at: first(
            envelope,
            &["moment", "timestamp", "messageTimestamp"],
            moment,
        ),
    }
}

/// A time in whole seconds, because not every event of a message is more precise.
fn moment(value: &Json) -> Option<Millis> {
    let as_number = millis(value);
    let at = as_number.or_else(|| text(value).and_then(millis_of_utc))?;
    Some(at - at.rem_euclid(SECOND)).filter(|at| *at > 0)
}

/// The instance in the beginning of a body. Ids are short and plain, so one with an escape is not taken.
pub(super) fn named_instance(beginning: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(beginning);
    let (_, after) = text.split_once("\"instanceId\"")?;
    let value = after.trim_start().strip_prefix(':')?.trim_start();
    let (id, _) = value.strip_prefix('"')?.split_once('"')?;
    let is_plain = !id.is_empty() && id.len() <= 128 && !id.contains('\\');
    is_plain.then(|| id.to_owned())
}

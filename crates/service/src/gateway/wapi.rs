//! W-API (w-api.app). Its format is known from captured deliveries and public clients.
//!
//! The case of its field names varies between versions, the `event` key may be missing, and both `webhookReceived` and
//! `webhookDelivery` carry full media. So only the content decides.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use wa_media::read::{field, flag, millis, text};

use super::envelope::{self, holds_content};
use super::fields::{deletion, digits, first, object};
use super::id::clean;
use super::{
    Access, Call, CallMethod, DeliveryContent, Error, FileAnswer, FileCall, FileRequest,
    HistoryRange, Message, ParsedDelivery, Protocol, Sample, Session, Slot, SlotContent, Wanted,
    segment, unread,
};
use crate::clock::{Millis, SECOND, millis_of_utc};
use crate::model::{ChatId, ChatKind, DeliveryReason, KeyKind, Origin, Reason, Route, SenderId};

/// The documented address of the API.
pub const API_BASE: &str = "https://api.w-api.app/v1";
/// Files come from the API's own host.
pub const DOMAINS: &[&str] = &["w-api.app"];

type Object = Map<String, Json>;

pub(super) struct Wapi;

impl Protocol for Wapi {
    fn is_delivery(&self, of: &Object) -> bool {
        holds_content(of) || is_delivery(of)
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        vec![read_one(root)]
    }

    /// The log of webhooks, which is kept for 30 days.
    fn history_call(&self, access: Access<'_>, range: HistoryRange<'_>) -> Option<Call> {
        let mut call = call(CallMethod::Get, "webhook/fetch-webhook-logs", access);
        let (size, page) = (range.page_size, range.page + 1);
        call.path.push_str(&format!("&perPage={size}&page={page}"));
        Some(call)
    }

    /// The form of the log is not documented, so each delivery in it is looked for.
    fn read_history(&self, _: Access<'_>, mut answer: Json) -> Vec<Json> {
        let found = envelope::take(&mut answer, holds_content).found;
        found.into_iter().map(Json::Object).collect()
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

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Gateway]
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

    fn slots(&self) -> &'static [Slot] {
        SLOTS
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, SLOTS_PATH, access))
    }

    fn slot_calls(&self, slot: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let call = call(CallMethod::Put, slot.path, access);
        vec![call.with_body(slot_call(wanted.address))]
    }

    fn refusal(&self, answer: &Json) -> Option<String> {
        refusal(answer)
    }

    fn describes_instance(&self, answer: &Json) -> bool {
        describes_instance(answer)
    }

    fn read_slot(&self, slot: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let address = read_slot(slot, answer).map(|address| SlotContent {
            address,
            is_off: is_slot_off(slot, answer),
            lacks: Vec::new(),
            setting: Json::Null,
        });
        address.into_iter().collect()
    }

    fn read_session(&self, answer: &Json) -> Session {
        read_session(answer)
    }

    fn own_messages_slot(&self) -> &'static str {
        "delivery"
    }

    fn default_api_base(&self) -> &'static str {
        API_BASE
    }

    fn known_domains(&self) -> &'static [&'static str] {
        DOMAINS
    }

    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let body = link_body(request)?;
        let call = call(CallMethod::Post, LINK_PATH, access).with_body(body);
        Some(FileCall::Ask(call))
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        read_link(status, body)
    }
}

const LINK_PATH: &str = "message/download-media";

fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    let path = format!("{path}?instanceId={}", segment(access.instance));
    Call::new(
        method,
        path,
        ("authorization", &format!("Bearer {}", access.token)),
    )
}

/// Reads the deliveries in a body, inside any known envelope.
pub fn read(mut body: Json) -> Result<Vec<ParsedDelivery>, Error> {
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
        DeliveryContent::Notice(super::SEALED)
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

/// The content of a message. It may be large, so it is not copied.
enum Content<'a> {
    /// Some proxies send it as JSON inside a text.
    Parsed(Object),
    Here(&'a Object),
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

/// An id. It is a text, but some senders write a number.
fn id_text(value: &Json) -> Option<String> {
    match value {
        Json::Number(number) => digits(number),
        other => text(other).map(clean).filter(|id| !id.is_empty()),
    }
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

/// `POST {api}/message/download-media?instanceId=…`: all four fields are required, and `type` has four values. A sticker is
/// requested as an image, because its key has that label.
fn link_body(request: &FileRequest<'_>) -> Option<Json> {
    let kind = match request.key_kind {
        KeyKind::Image => "image",
        KeyKind::Video => "video",
        KeyKind::Audio => "audio",
        _ => "document",
    };
    let usual = match kind {
        "image" => "image/jpeg",
        "video" => "video/mp4",
        "audio" => "audio/ogg; codecs=opus",
        _ => "application/octet-stream",
    };
    Some(json!({
        "mediaKey": STANDARD.encode(request.media_key?.as_bytes()),
        "directPath": request.direct_path?,
        "type": kind,
        "mimetype": request.mime.unwrap_or(usual),
    }))
}

/// Six slots, one family of events each; events of an unset one are not sent at all.
pub const SLOTS: &[Slot] = &[
    slot(
        "received",
        "webhook/update-webhook-received",
        "webhookReceivedUrl",
    ),
    slot(
        "delivery",
        "webhook/update-webhook-delivery",
        "webhookDeliveryUrl",
    ),
    slot(
        "message-status",
        "webhook/update-webhook-message-status",
        "webhookStatusUrl",
    ),
    slot(
        "connected",
        "webhook/update-webhook-connected",
        "webhookConnectedUrl",
    ),
    slot(
        "disconnected",
        "webhook/update-webhook-disconnected",
        "webhookDisconnectedUrl",
    ),
    slot(
        "chat-presence",
        "webhook/update-webhook-chat-presence",
        "webhookPresenceUrl",
    ),
];

const fn slot(name: &'static str, path: &'static str, field: &'static str) -> Slot {
    Slot {
        name,
        path,
        field,
        is_shared: false,
    }
}

/// Its answer contains the slots, among other things.
pub const SLOTS_PATH: &str = "instance/fetch-instance";

/// Only `value` works; the two other documented names are answered with "updated" and ignored.
pub fn slot_call(address: &str) -> Json {
    json!({"value": address})
}

/// How deep the instance may be nested in an answer.
const DEEPEST: usize = 3;

/// A field of the instance in an answer; some answers nest the instance some levels deep, or in a list.
fn of_instance<'a>(answer: &'a Json, names: &[&str]) -> Option<&'a Json> {
    let mut level = answer;
    for _ in 0..DEEPEST {
        if let [alone] = level.as_array().map_or(&[][..], Vec::as_slice) {
            level = alone;
        }
        let object = level.as_object()?;
        if let Some(found) = field(object, names) {
            return Some(found);
        }
        level = field(object, &["data", "instance"])?;
    }
    None
}

/// The error text of an answer with `error: true`, whatever its status.
pub fn refusal(answer: &Json) -> Option<String> {
    let object = answer.as_object()?;
    let refuses = field(object, &["error"]).is_some_and(flag);
    let message = field(object, &["message"]).and_then(text);
    refuses.then(|| message.unwrap_or("error").to_owned())
}

/// Whether an answer describes an instance at all: its connection, or a slot.
pub fn describes_instance(answer: &Json) -> bool {
    let has = |name: &str| of_instance(answer, &[name]).is_some();
    has("connected") || SLOTS.iter().any(|slot| has(slot.field))
}

/// The address in a slot. Only the bare address is documented; similar gateways wrap it.
pub fn read_slot(slot: &Slot, answer: &Json) -> Option<String> {
    let value = of_instance(answer, &[slot.field])?;
    let wrapped = value.as_object();
    let address = wrapped.map_or(Some(value), |object| field(object, &["url", "value"]));
    address.and_then(text).map(str::to_owned)
}

/// Whether a slot is switched off, with or without an address.
pub fn is_slot_off(slot: &Slot, answer: &Json) -> bool {
    let switch = slot.field.replace("Url", "Enabled");
    let wrapped = of_instance(answer, &[slot.field]).and_then(Json::as_object);
    let inside = wrapped.and_then(|object| field(object, &["enabled"]));
    inside
        .or_else(|| of_instance(answer, &[&switch]))
        .and_then(boolean)
        == Some(false)
}

/// A boolean in any of its spellings.
fn boolean(value: &Json) -> Option<bool> {
    let is_no = value == &json!(false) || value == &json!(0);
    match text(value).map(str::to_lowercase).as_deref() {
        Some("false" | "0" | "no" | "off") => Some(false),
        _ if is_no => Some(false),
        _ => flag(value).then_some(true),
    }
}

/// The state of an instance. The name of the switch for groups is known from its setter only.
pub fn read_session(answer: &Json) -> Session {
    Session {
        instance: of_instance(answer, &["instanceId"]).and_then(id_text),
        connected: of_instance(answer, &["connected"]).and_then(boolean),
        has_number: of_instance(answer, &["connectedPhone"])
            .and_then(id_text)
            .is_some_and(|phone| !phone.is_empty()),
        ignores_groups: of_instance(answer, &["ignoreGroups", "ignoreGroup", "ignore_groups"])
            .and_then(boolean),
        signs: None,
    }
}

/// An answer with a link is a success whatever `error` says, because that field is always there. Without a link it is a
/// failure even with 200. A failure's `message` may be an object.
pub fn read_link(status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
    match status {
        401 | 403 => return Err(Reason::GatewayTokenRefused),
        404 => return Err(Reason::GatewayUnknownInstance),
        429 => return Err(Reason::GatewayThrottled),
        502..=504 => return Err(Reason::GatewayUnavailable),
        _ => {}
    }
    let failed = if status >= 500 {
        Reason::GatewayFailed
    } else {
        Reason::GatewayBadAnswer
    };
    let answer: Json = serde_json::from_slice(body).map_err(|_| failed)?;
    let answer = answer.as_object().ok_or(failed)?;
    if field(answer, &["error"]).is_some_and(flag) {
        return Err(Reason::GatewayFailed);
    }
    let url = field(answer, &["fileLink", "link", "mediaUrl", "url"])
        .and_then(text)
        .ok_or(failed)?;
    if status >= 300 {
        return Err(failed);
    }
    Ok(FileAnswer::Link(url.to_owned()))
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

#[cfg(test)]
mod tests;

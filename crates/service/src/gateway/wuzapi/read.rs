//! Reading deliveries.

use serde_json::{Value as Json, json};
use wa_media::read::{field, same_name, text};

use super::Wuzapi;
use crate::gateway::fields::{self, Object, event, first, link, nothing, object, objects, words};
use crate::gateway::protocol::Read;
use crate::gateway::shape::{Seen, Shape, is_named};
use crate::gateway::{Error, ParsedDelivery, Sample, envelope, unread, whatsmeow};
use crate::model::DeliveryReason;

impl Read for Wuzapi {
    fn shapes(&self) -> &'static [Shape] {
        &[
            Shape {
                place: 10,
                fits: |seen| seen.has(&["jsonData"]),
            },
            Shape {
                place: 140,
                fits: is_json,
            },
        ]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        field(of, &["jsonData"]).is_some()
            || words(of, &["type"]).is_some() && of.keys().any(|name| same_name(name, "event"))
            || is_session(of)
    }

    fn names(&self, root: &Object) -> Vec<String> {
        let parsed = content(root);
        let inner = parsed.as_ref().and_then(Json::as_object);
        let both = [Some(root), inner].into_iter().flatten();
        both.flat_map(|of| fields::names(of, &["instanceName", "userID"]))
            .collect()
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let parsed = content(root);
        let inner = parsed.as_ref().and_then(Json::as_object);
        let inner = inner
            .or_else(|| object(root, &["jsonData"]))
            .unwrap_or(root);
        let empty = Object::new();
        let data = objects(inner, &["event"]).first().copied();
        let data = data.unwrap_or(&empty);
        let name = event(inner, &["type"]);
        if let Some(readings) = whatsmeow::by_name(&name, data) {
            return readings;
        }
        if !whatsmeow::is_message(data) {
            return vec![nothing(DeliveryReason::StatusUpdate)];
        }
        let mut reading = whatsmeow::read(data);
        // The file part of a multipart body has the name `file`.
        let is_text = |value| text(value).map(|_| value);
        let bytes = first(inner, &["base64"], is_text);
        let bytes = bytes.or_else(|| first(root, &["base64", "file"], is_text));
        let s3 = object(inner, &["s3"]).and_then(|s3| link(s3, &["url"]));
        whatsmeow::add_file(&mut reading, bytes, s3);
        vec![reading]
    }

    /// A form or a multipart body without the field of the message has texts only.
    fn read_unknown(&self, body: &Json) -> Result<Vec<ParsedDelivery>, Error> {
        let root = body.as_object().filter(|root| !root.is_empty());
        let is_form = root.is_some_and(|root| root.values().all(Json::is_string));
        if is_form && !root.is_some_and(unread::has_file) {
            return Err(Error::UnreadableEnvelope);
        }
        Ok(vec![nothing(DeliveryReason::NoMessage)])
    }

    fn sample(&self, of: &Sample<'_>) -> Option<Json> {
        Some(json!({
            "type": "Message",
            "instanceName": of.instance,
            "userID": of.instance,
            "event": {
                "Info": {"ID": of.id, "Chat": of.chat, "Sender": of.chat},
                "Message": {"imageMessage": of.image()},
            },
            "base64": of.base64,
        }))
    }
}

/// The JSON in the text of a form's field.
fn content(root: &Object) -> Option<Json> {
    let text = field(root, &["jsonData"]).and_then(text)?;
    envelope::inside(text)
}

/// Whether an object is news of a session without content.
fn is_session(of: &Object) -> bool {
    let is_named = field(of, &["userID", "instanceName"]).is_some();
    is_named && whatsmeow::connected(&event(of, &["type"])).is_some()
}

/// In the mode for JSON.
fn is_json(seen: &Seen<'_>) -> bool {
    let has_names = seen.has(&["userID", "instanceName"]);
    let content = object(seen.body, &["event"]);
    let has_info = content.is_some_and(|it| object(it, &["Info"]).is_some());
    let is_session = has_names && whatsmeow::connected(&event(seen.body, &["type"])).is_some();
    seen.has(&["type"]) && is_named(seen.body, "event") && (has_names || has_info) || is_session
}

//! Reading deliveries.

use serde_json::{Value as Json, json};

use super::EvolutionGo;
use crate::gateway::fields::{self, Object, event, nothing, object, objects, words};
use crate::gateway::protocol::Read;
use crate::gateway::shape::{Seen, Shape};
use crate::gateway::{ParsedDelivery, Sample, unread, whatsmeow};
use crate::model::DeliveryReason;

impl Read for EvolutionGo {
    fn shapes(&self) -> &'static [Shape] {
        &[Shape {
            place: 80,
            fits: is_shape,
        }]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        let is_session = || whatsmeow::connected(&event(of, &["event"])).is_some();
        words(of, &["event"]).is_some() && (!objects(of, &["data"]).is_empty() || is_session())
            || whatsmeow::is_message(of)
    }

    fn names(&self, root: &Object) -> Vec<String> {
        fields::names(root, &["instanceName", "instanceId"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        if whatsmeow::is_message(root) {
            return vec![whatsmeow::read(root)];
        }
        let empty = Object::new();
        let items = objects(root, &["data"]);
        let data = items.first().copied().unwrap_or(&empty);
        let name = event(root, &["event"]);
        if let Some(readings) = whatsmeow::by_name(&name, data) {
            return readings;
        }
        let readings = unread::each(root, items, |item| {
            whatsmeow::is_message(item).then(|| whatsmeow::read(item))
        });
        if readings.is_empty() {
            return vec![nothing(DeliveryReason::StatusUpdate)];
        }
        readings
    }

    fn sample(&self, of: &Sample<'_>) -> Option<Json> {
        Some(json!({
            "event": "Message",
            "instanceName": of.instance,
            "instanceId": of.instance,
            "data": {
                "Info": {"ID": of.id, "Chat": of.chat, "Sender": of.chat},
                "Message": {"imageMessage": of.image(), "base64": of.base64},
            },
        }))
    }
}

fn is_shape(seen: &Seen<'_>) -> bool {
    let is_message = seen
        .data
        .is_some_and(|data| object(data, &["Info"]).is_some());
    let is_named = seen.has(&["instanceId", "instanceName"]);
    let has_data = seen.has(&["data"]) && !seen.has(&["instance"]);
    // Only news of the session have no `data`.
    seen.has(&["event"]) && (seen.has(&["instanceToken"]) || has_data && (is_message || is_named))
}

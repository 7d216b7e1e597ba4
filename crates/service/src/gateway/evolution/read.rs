//! Reading deliveries.

use serde_json::{Value as Json, json};
use wa_media::FoundMedia;
use wa_media::read::{field, same_name};

use super::Evolution;
use crate::gateway::fields::{
    self, Object, connection, event, id, nothing, object, objects, passing, those_that_count, word,
    words,
};
use crate::gateway::protocol::Read;
use crate::gateway::shape::{Seen, Shape};
use crate::gateway::{ParsedDelivery, Sample, baileys, unread};
use crate::model::DeliveryReason;

impl Read for Evolution {
    fn shapes(&self) -> &'static [Shape] {
        &[Shape {
            place: 150,
            fits: is_shape,
        }]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        let has_data = of.keys().any(|name| same_name(name, "data"));
        has_data && words(of, &["event"]).is_some() || baileys::is_message(of)
    }

    fn names(&self, root: &Object) -> Vec<String> {
        fields::names(root, &["instance", "instanceName"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        if baileys::is_message(root) {
            return vec![baileys::read(root, None)];
        }
        // In own messages the sender is the account, which the envelope names. `date_time` is local time marked as UTC.
        let account = id(root, &["sender"]);
        let empty = Object::new();
        let data = object(root, &["data"]).unwrap_or(&empty);
        let name = event(root, &["event"]);
        match name.as_str() {
            "connection.update" => match word(data, &["state"]).as_deref() {
                Some("open") => return vec![connection(true, None)],
                Some("close" | "refused") => return vec![connection(false, None)],
                _ => return vec![nothing(DeliveryReason::StatusUpdate)],
            },
            "status.instance" => {
                let status = word(data, &["status"]);
                return vec![connection(status.as_deref() == Some("open"), None)];
            }
            "logout.instance" | "remove.instance" => return vec![connection(false, None)],
            "messages.delete" => {
                let deleted: Vec<_> = objects(root, &["data"])
                    .into_iter()
                    .filter_map(baileys::deleted)
                    .collect();
                if !deleted.is_empty() {
                    return deleted;
                }
            }
            // `messages.update` calls edits deleted, too, so that state counts for nothing.
            _ => {}
        }
        if let Some(reading) = passing(&name) {
            return vec![reading];
        }
        // A list holds the messages of a history, or several messages that were sent at once.
        let items = objects(root, &["data"]).into_iter();
        let items = items.flat_map(|item| {
            if baileys::is_message(item) {
                return vec![item];
            }
            match objects(item, &["messages"]) {
                inner if inner.is_empty() => vec![baileys::in_item(item)],
                inner => inner.into_iter().map(baileys::in_item).collect(),
            }
        });
        // An event about a message may name its type without its content.
        let is_about = name.contains("delete") || name.contains("update");
        let items: Vec<_> = items
            .filter(|item| !is_about || baileys::is_message(item))
            .collect();
        let mut readings = unread::each(root, items, |item| {
            baileys::is_message(item).then(|| baileys::read(item, account.as_deref()))
        });
        let brings_file = |file: &FoundMedia| file.has_file() || file.is_caption_edit();
        readings.retain(|reading| !is_about || reading.media.iter().any(brings_file));
        if let [alone] = &mut readings[..] {
            fields::add_neighbours(&mut alone.media, &[root]);
        }
        those_that_count(readings, DeliveryReason::StatusUpdate)
    }

    fn sample(&self, of: &Sample<'_>) -> Option<Json> {
        Some(json!({
            "event": "messages.upsert",
            "instance": of.instance,
            "data": {
                "key": {"remoteJid": of.chat, "fromMe": false, "id": of.id},
                "message": {"imageMessage": of.image(), "base64": of.base64},
            },
        }))
    }
}

fn is_shape(seen: &Seen<'_>) -> bool {
    let has_key = seen
        .data
        .is_some_and(|data| field(data, &["key"]).is_some());
    // In lower case, others write names with underscores, too.
    let is_upper = !seen
        .event
        .contains(|letter: char| letter.is_ascii_lowercase());
    let is_dotted = seen.event.contains('.') || is_upper && seen.event.contains('_');
    seen.has(&["instance", "data"])
        && (has_key || seen.has(&["event"]) && (is_dotted || seen.has(&["server_url"])))
}

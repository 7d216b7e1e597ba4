//! The net beneath the readers: a body that they would ignore although it has media is kept for a later version.

use serde_json::Value as Json;
use wa_media::read::text;

use super::fields::{Object, event, first, nothing};
use super::{DeliveryContent, ParsedDelivery};
use crate::model::DeliveryReason;

/// Events about an earlier message, which may repeat it.
const ABOUT_OTHERS: &[&str] = &[
    "reaction", "vote", "poll", "receipt", "delet", "revok", "presence",
];

/// In base64. A shorter text is no file.
const SHORTEST_FILE: usize = 64;

/// The readings of a body, or that it has media which were not found.
pub(super) fn marked(
    readings: Vec<ParsedDelivery>,
    body: impl FnOnce() -> Option<Json>,
) -> Vec<ParsedDelivery> {
    let is_ignored = |reading: &ParsedDelivery| {
        let ignored = [
            DeliveryReason::NoMessage,
            DeliveryReason::NoMedia,
            DeliveryReason::StatusUpdate,
        ];
        matches!(reading.content, DeliveryContent::Nothing(reason) if ignored.contains(&reason))
    };
    if readings.iter().all(is_ignored) && body().is_some_and(|body| has_unread(&body)) {
        return vec![nothing(DeliveryReason::UnreadMedia)];
    }
    readings
}

fn has_unread(body: &Json) -> bool {
    match body.as_object() {
        Some(root) if is_about_others(root) => false,
        Some(root) if has_file(root) => true,
        _ => wa_media::may_have_media(body),
    }
}

fn is_about_others(root: &Object) -> bool {
    let mut names = ["event", "EventType", "type"]
        .into_iter()
        .map(|name| event(root, &[name]));
    names.any(|name| {
        let is_receipt = name.split('.').any(|word| ["ack", "onack"].contains(&word));
        is_receipt || ABOUT_OTHERS.iter().any(|part| name.contains(part))
    })
}

/// The file of a multipart body whose message is missing.
fn has_file(root: &Object) -> bool {
    let base64 = first(root, &["base64"], text);
    base64.is_some_and(|base64| base64.len() >= SHORTEST_FILE)
}

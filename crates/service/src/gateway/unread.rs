//! The net beneath the readers: a body that they would ignore although it has media is kept for a later version.

use serde_json::Value as Json;
use wa_media::Inline;
use wa_media::read::text;

use super::fields::{Object, event, first, nothing};
use super::{DeliveryContent, ParsedDelivery};
use crate::model::DeliveryReason;

/// Events about an earlier message, which may repeat it.
const ABOUT_OTHERS: &[&str] = &[
    "reaction", "vote", "poll", "receipt", "delet", "revok", "presence",
];

/// A text of this length is no word, whether it can be decoded or not.
const LONG_TEXT: usize = 64;

/// The readings of a body, or that it has media which were not found.
pub(super) fn marked(
    readings: Vec<ParsedDelivery>,
    body: impl FnOnce() -> Option<Json>,
) -> Vec<ParsedDelivery> {
    if readings.iter().all(is_ignored) && body().is_some_and(|body| has_unread(&body)) {
        return vec![nothing(DeliveryReason::UnreadMedia)];
    }
    readings
}

/// The readings of several messages: of one that would be ignored although it has media, that they were not found.
pub(super) fn each<'a>(
    root: &Object,
    items: Vec<&'a Object>,
    read: impl Fn(&'a Object) -> Option<ParsedDelivery>,
) -> Vec<ParsedDelivery> {
    // A single one is looked at with the rest of its body.
    let is_searched = items.len() > 1 && !is_about_others(root);
    let read = |item| {
        let reading = read(item);
        let is_lost = is_searched
            && reading.as_ref().is_none_or(is_ignored)
            && wa_media::may_have_media_in(item);
        if is_lost {
            Some(nothing(DeliveryReason::UnreadMedia))
        } else {
            reading
        }
    };
    items.into_iter().filter_map(read).collect()
}

/// For an event of an unknown name, which may have a file.
pub(super) fn unknown_event(root: &Object, has_file: bool) -> ParsedDelivery {
    nothing(if has_file && !is_about_others(root) {
        DeliveryReason::UnreadMedia
    } else {
        DeliveryReason::StatusUpdate
    })
}

/// For media in a list of deliveries that are in none of them.
pub(super) fn rest_of(envelope: &Json) -> Option<ParsedDelivery> {
    let items = envelope.as_array()?;
    let is_unread = items.iter().any(wa_media::may_have_media);
    is_unread.then(|| nothing(DeliveryReason::UnreadMedia))
}

fn is_ignored(reading: &ParsedDelivery) -> bool {
    let ignored = [
        DeliveryReason::NoMessage,
        DeliveryReason::NoMedia,
        DeliveryReason::StatusUpdate,
    ];
    matches!(reading.content, DeliveryContent::Nothing(reason) if ignored.contains(&reason))
}

/// [`marked`] for one of several deliveries in a body.
pub(super) fn marked_in(readings: Vec<ParsedDelivery>, root: &Object) -> Vec<ParsedDelivery> {
    if readings.iter().all(is_ignored) && has_unread_in(root) {
        return vec![nothing(DeliveryReason::UnreadMedia)];
    }
    readings
}

fn has_unread(body: &Json) -> bool {
    match body.as_object() {
        Some(root) => has_unread_in(root),
        None => wa_media::may_have_media(body),
    }
}

fn has_unread_in(root: &Object) -> bool {
    !is_about_others(root) && (has_file(root) || wa_media::may_have_media_in(root))
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

/// The file of a multipart body whose message is missing, however short it is. A long one may be taken out of the body.
pub(super) fn has_file(root: &Object) -> bool {
    let base64 = first(root, &["base64"], text);
    let is_switch = |text: &str| ["true", "false", "null"].contains(&text);
    let base64 = base64.filter(|base64| !is_switch(&base64.to_ascii_lowercase()));
    let is_file = |base64: &str| {
        let file = Inline::new(base64).decode();
        base64.len() >= LONG_TEXT || file.is_some_and(|file| !file.is_empty())
    };
    base64.is_some_and(is_file)
}

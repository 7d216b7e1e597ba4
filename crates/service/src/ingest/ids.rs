//! The ids of the messages in a delivery.

use sha2::{Digest as _, Sha256};

use crate::db::Key;
use crate::gateway::{DeliveryContent, ParsedDelivery};
use crate::instances::Instance;
use crate::model::{DeliveryId, hex};

/// The messages that a reading's media belong to: the message itself, the edited one, or, without an id, one made for
/// each media.
pub(super) fn messages(reading: &ParsedDelivery, delivery: &DeliveryId) -> Vec<String> {
    if let DeliveryContent::Deleted(deletion) = &reading.content {
        return deletion.messages.clone();
    }
    let media = reading.media.iter();
    if reading.message.id.is_empty() {
        return media.map(|found| id_of(found, delivery)).collect();
    }
    let edited = media.filter_map(|found| found.edits.clone());
    std::iter::once(reading.message.id.clone())
        .chain(edited)
        .collect()
}

/// The media of all messages in these readings.
pub(super) fn key_of(
    instance: &Instance,
    readings: &[ParsedDelivery],
    delivery: &DeliveryId,
) -> Key {
    let messages: Vec<_> = readings
        .iter()
        .filter(|reading| reading.is_about_media())
        .flat_map(|reading| messages(reading, delivery))
        .collect();
    if messages.is_empty() {
        return Key::instance(instance.id.as_str());
    }
    Key::Messages {
        instance: instance.id.as_str().to_owned(),
        messages,
    }
}

/// The message id for a media whose message has none.
pub(super) fn id_of(found: &wa_media::FoundMedia, delivery: &DeliveryId) -> String {
    id_from_media(found).unwrap_or_else(|| format!("noid-{delivery}"))
}

/// Derived from the media, so that a repeat gets the same id. None when nothing identifies the media.
fn id_from_media(found: &wa_media::FoundMedia) -> Option<String> {
    let path = found
        .direct_path
        .as_deref()
        .and_then(|path| path.split('?').next());
    let key = found.media_key.as_ref().map(|key| *key.as_bytes());
    if found.enc_sha256.or(found.sha256).or(key).is_none() && path.is_none() {
        return None;
    }
    let mut hash = Sha256::new();
    hash.update(found.enc_sha256.or(found.sha256).unwrap_or_default());
    hash.update(key.as_ref().map_or(&[][..], |key| key));
    hash.update(path.unwrap_or(""));
    Some(format!("noid-{}", hex(&hash.finalize()[..16])))
}

//! A delivery that brings its own file, so that it can be stored without a gateway or a CDN.

use serde_json::{Value, json};

use crate::model::InstanceId;

/// A green square, 16 by 16.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mNQvZxGEmIY1TCqYfhqAADRaV4QBO9zkwAAAABJRU5ErkJggg==";
/// SHA-256 of its bytes, as WhatsApp writes hashes.
const PNG_SHA256: &str = "XcURMXHLY29WZU75czjlJ5GYaKTz1TevCWQHAcP/17w=";

/// A message with a picture, as W-API posts it.
pub fn sample_delivery(instance: &str, message_id: &str) -> Value {
    json!({
        "event": "webhookReceived",
        "instanceId": instance,
        "messageId": message_id,
        "chat": {"id": "5500900000001"},
        "msgContent": {"imageMessage": {"mimetype": "image/png", "fileSha256": PNG_SHA256, "base64": PNG}},
    })
}

/// The same with a message id that was not used before.
pub fn sample(instance: &InstanceId) -> Vec<u8> {
    let message_id = format!("SAMPLE{:016X}", rand::random::<u64>());
    let delivery = sample_delivery(instance.as_str(), &message_id);
    delivery.to_string().into_bytes()
}

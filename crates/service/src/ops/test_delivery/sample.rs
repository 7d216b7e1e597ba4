//! A delivery that brings its own file, so that it can be stored without a gateway or a CDN.

use serde_json::Value;

use crate::gateway::{Gateway, Sample};
use crate::instances::Instance;
use crate::model::Route;

const CHAT: &str = "5500900000001@s.whatsapp.net";

/// A green square, 16 by 16.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mNQvZxGEmIY1TCqYfhqAADRaV4QBO9zkwAAAABJRU5ErkJggg==";
/// SHA-256 of its bytes, as WhatsApp writes hashes.
const PNG_SHA256: &str = "XcURMXHLY29WZU75czjlJ5GYaKTz1TevCWQHAcP/17w=";

/// The instance that gets a sample: the first one whose gateway can bring a file in a delivery, else the first.
pub fn instance_for_sample(known: Vec<Instance>) -> Option<Instance> {
    let can_bring = |of: &Instance| of.gateway.routes().contains(&Route::Inline);
    let place = known.iter().position(can_bring).unwrap_or_default();
    known.into_iter().nth(place)
}

/// A message with a picture, as W-API posts it.
pub fn sample_delivery(instance: &str, message_id: &str) -> Value {
    delivery_of(Gateway::Wapi, instance, message_id).unwrap_or_default()
}

/// A message with a picture as the instance's gateway posts it, with an id that was not used before; `None` where its
/// deliveries never have a file itself.
pub fn sample(instance: &Instance) -> Option<Vec<u8>> {
    let id = format!("SAMPLE{:016X}", rand::random::<u64>());
    let name = match instance.gateway {
        Gateway::Wapi => instance.id.as_str(),
        _ => instance.name_at_gateway(),
    };
    let delivery = delivery_of(instance.gateway, name, &id)?;
    Some(delivery.to_string().into_bytes())
}

fn delivery_of(gateway: Gateway, instance: &str, id: &str) -> Option<Value> {
    gateway.sample(&Sample {
        instance,
        id,
        chat: CHAT,
        mime: "image/png",
        sha256: PNG_SHA256,
        base64: PNG,
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::gateway;
    use crate::model::Route;

    #[test]
    fn a_sample_brings_its_picture_wherever_a_gateway_can() {
        for gateway in Gateway::ALL {
            let name = gateway.as_str();
            let body = delivery_of(gateway, "loja", "SAMPLE1");
            let has_inline = gateway.routes().contains(&Route::Inline);
            assert_eq!(body.is_some(), has_inline, "{name}");
            let Some(body) = body else { continue };
            let body = body.to_string().into_bytes();
            let shape = gateway::source(&body).map(gateway::DeliverySource::as_str);
            assert_eq!(shape, Some(name));
            let [reading] = &gateway.read(&body).unwrap()[..] else {
                panic!("{name}");
            };
            assert!(reading.message.id.contains("SAMPLE1"), "{name}");
            let [media] = &reading.media[..] else {
                panic!("{name} {reading:?}");
            };
            let bytes = media.inline.as_ref().and_then(wa_media::Inline::decode);
            assert!(bytes.unwrap().starts_with(b"\x89PNG"), "{name}");
            let sha256 = media.sha256.map(|sha256| STANDARD.encode(sha256));
            assert_eq!(sha256.as_deref(), Some(PNG_SHA256), "{name}");
        }
    }
}

//! Histories: thousands of messages in one delivery.

use serde_json::{Value as Json, json};

use crate::gateway::{DeliveryContent, Gateway};

/// Bytes as Baileys writes them.
fn object_of(bytes: impl Iterator<Item = u8>) -> Json {
    let fields = bytes
        .enumerate()
        .map(|(n, byte)| (n.to_string(), Json::from(byte)));
    Json::Object(fields.collect())
}

fn image(n: u32) -> Json {
    let byte = u8::try_from(n % 251).unwrap();
    json!({
        "key": {"remoteJid": format!("55489000{n:05}@s.whatsapp.net"), "fromMe": false, "id": format!("3EB0{n:08}")},
        "messageTimestamp": {"low": 1_790_000_000, "high": 0, "unsigned": true},
        "message": {"imageMessage": {
            "mimetype": "image/jpeg", "directPath": format!("/v/t62.7118-24/{n}_n.enc?oe=70CE3680"),
            "mediaKey": object_of([byte; 32].into_iter()), "fileSha256": object_of([byte; 32].into_iter()),
            "fileEncSha256": object_of([byte; 32].into_iter()), "fileLength": {"low": 70_000, "high": 0, "unsigned": true},
            "jpegThumbnail": object_of((0..700).map(|n| u8::try_from(n % 256).unwrap())),
        }},
    })
}

fn text(n: u32) -> Json {
    json!({
        "key": {"remoteJid": format!("55489000{n:05}@s.whatsapp.net"), "fromMe": false, "id": format!("3EB1{n:08}")},
        "pushName": "Dona Cida", "messageTimestamp": 1_790_000_000, "message": {"conversation": "bom dia ".repeat(60)},
        "status": "DELIVERY_ACK", "messageType": "conversation", "source": "android",
    })
}

fn history(messages: Vec<Json>) -> String {
    json!({"event": "messages.set", "instance": "loja", "data": {"messages": messages, "isLatest": true}}).to_string()
}

#[test]
fn a_history_of_a_thousand_pictures_with_bytes_as_objects_is_read() {
    let body = history((0..1_000).map(image).collect());
    let read = Gateway::Evolution.read(body.as_bytes()).unwrap();
    let media: Vec<_> = read.iter().flat_map(|reading| &reading.media).collect();
    assert_eq!(media.len(), 1_000);
    for (n, found) in (0_u32..).zip(media) {
        let byte = u8::try_from(n % 251).unwrap();
        assert_eq!(
            found.media_key.as_ref().map(|key| *key.as_bytes()),
            Some([byte; 32]),
            "{n}"
        );
        assert_eq!(
            (found.sha256, found.enc_sha256),
            (Some([byte; 32]), Some([byte; 32])),
            "{n}"
        );
    }
}

#[test]
fn media_among_thousands_of_texts_are_found() {
    let mut messages: Vec<_> = (0..5_000).map(text).collect();
    for n in 0..5 {
        messages.insert(n * 900, image(u32::try_from(n).unwrap()));
    }
    let body = history(messages);
    assert!(body.len() > 3 << 20, "{}", body.len());
    let read = Gateway::Evolution.read(body.as_bytes()).unwrap();
    let with_media = read.iter().filter(|reading| !reading.media.is_empty());
    assert_eq!(with_media.count(), 5);
    assert!(read.iter().all(
        |reading| !matches!(reading.content, DeliveryContent::Nothing(_))
            || reading.media.is_empty()
    ));
}

//! News of sessions, own messages of a history, and ids and texts in odd forms.

use serde_json::{Value as Json, json};

use super::super::{DeliveryContent, Gateway};
use super::routes_of;
use super::shapes::{fixture, one, with};
use crate::model::DeliveryReason;

/// Whether the session is up; `None` when nothing is said of it.
fn state(gateway: Gateway, body: &Json) -> Option<bool> {
    match one(gateway, body).content {
        DeliveryContent::Connection { connected } => Some(connected),
        _ => None,
    }
}

#[test]
fn a_session_that_needs_a_person_is_down() {
    let waha = |status: &str| json!({"event": "session.status", "session": "i", "payload": {"name": "i", "status": status}});
    let zapi = |connected: Json| json!({"type": "ConnectedCallback", "instanceId": "i", "momment": 1, "connected": connected});
    let wpp = |status: &str| json!({"event": "status-find", "session": "i", "status": status});
    for (gateway, body, wanted) in [
        (Gateway::Waha, waha("PASSKEY_REQUIRED"), Some(false)),
        (Gateway::Waha, waha("PASSKEY_CONFIRMATION"), Some(false)),
        (Gateway::Waha, waha("SCAN_QR_CODE"), Some(false)),
        (Gateway::Waha, waha("STARTING"), None),
        (Gateway::Waha, waha("WORKING"), Some(true)),
        (Gateway::Zapi, zapi(json!(false)), Some(false)),
        (Gateway::Zapi, zapi(json!("false")), Some(false)),
        (Gateway::Zapi, zapi(json!(true)), Some(true)),
        (Gateway::Zapi, zapi(Json::Null), Some(true)),
        (Gateway::Wppconnect, wpp("desconnectedMobile"), Some(false)),
        (Gateway::Wppconnect, wpp("inChat"), Some(true)),
        (Gateway::Wppconnect, wpp("qrReadSuccess"), None),
    ] {
        assert_eq!(state(gateway, &body), wanted, "{} {body}", gateway.as_str());
    }
}

#[test]
fn news_of_a_session_need_no_content() {
    for (name, wanted) in [
        ("Connected", Some(true)),
        ("PairSuccess", Some(true)),
        ("Disconnected", Some(false)),
        ("LoggedOut", Some(false)),
        ("Receipt", None),
    ] {
        for extra in [
            json!({}),
            json!({"data": null, "event": null}),
            json!({"data": {}, "event": {}}),
        ] {
            let mut go = json!({"instanceToken": "t", "instanceId": "i", "instanceName": "x", "data": extra["data"]});
            go["event"] = name.into();
            let wuzapi =
                json!({"type": name, "userID": "1", "instanceName": "i", "event": extra["event"]});
            for (gateway, body) in [(Gateway::EvolutionGo, go), (Gateway::Wuzapi, wuzapi)] {
                assert_eq!(state(gateway, &body), wanted, "{} {body}", gateway.as_str());
            }
        }
    }
    let bare = json!({"type": "Connected", "userID": "1", "instanceName": "i"});
    assert_eq!(state(Gateway::Wuzapi, &bare), Some(true));
    let bare = json!({"event": "Disconnected", "instanceToken": "t", "instanceName": "i"});
    assert_eq!(state(Gateway::EvolutionGo, &bare), Some(false));
}

#[test]
fn a_history_of_meta_knows_the_own_messages() {
    let image = json!({"id": "5", "mime_type": "image/jpeg"});
    let body = |thread: &str, message: Json| {
        let mut message = message;
        message["id"] = "wamid.1".into();
        message["type"] = "image".into();
        message["image"] = image.clone();
        json!({"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "history", "value": {
            "metadata": {"display_phone_number": "+55 48 90000-0001", "phone_number_id": "1"},
            "history": [{"threads": [{"id": thread, "messages": [message]}]}]}}]}]})
    };
    let (other, own) = ("5548911112222", "5548900000001");
    for (thread, message, is_own) in [
        ("BR.777", json!({"from_user_id": "BR.777"}), false),
        (
            "BR.777",
            json!({"from": other, "from_user_id": "BR.777"}),
            false,
        ),
        ("BR.777", json!({"from": other}), false),
        ("BR.777", json!({"from": own}), true),
        ("BR.777", json!({"from": own, "to_user_id": "BR.777"}), true),
        (
            "BR.777",
            json!({"from_user_id": "BR.1", "to_user_id": "BR.777"}),
            true,
        ),
        (other, json!({"from": "+5548911112222"}), false),
        ("+5548911112222", json!({"from": other}), false),
        (other, json!({"from": other}), false),
        (other, json!({"from": own}), true),
        (other, json!({"from": own, "to": "+5548911112222"}), true),
        (other, json!({}), false),
    ] {
        let body = body(thread, message);
        let reading = one(Gateway::Meta, &body);
        assert_eq!(reading.message.origin.from_me, is_own, "{body}");
        if is_own {
            let chat = reading.message.origin.chat.map(|chat| chat.0);
            assert_eq!(
                chat.as_deref(),
                Some(thread.trim_start_matches('+')),
                "{body}"
            );
        }
    }
}

#[test]
fn ids_that_are_long_numbers_keep_their_digits() {
    let long = "12345678901234567890123";
    let cases = [
        (
            Gateway::Meta,
            "meta/image",
            "/entry/0/changes/0/value/messages/0/id",
        ),
        (Gateway::Evolution, "evolution/image-lid", "/data/key/id"),
        (Gateway::Zapi, "zapi/image-lid", "/messageId"),
        (Gateway::Uazapi, "uazapi/image", "/message/messageid"),
        (Gateway::Gowa, "gowa/image", "/payload/id"),
    ];
    for (gateway, name, path) in cases {
        let mut body = with(fixture(name), path, json!("NUMBER"));
        if gateway == Gateway::Uazapi {
            body["message"]["id"] = Json::Null;
        }
        let body = body.to_string();
        for (written, wanted) in [
            (long, long),
            ("1.2345e22", ""),
            ("5548900000001.0", "5548900000001"),
        ] {
            let body = body.replace("\"NUMBER\"", written);
            let reading = gateway.read(body.as_bytes()).unwrap().remove(0);
            assert_eq!(reading.message.id, wanted, "{name} {written}");
            // A message of uazapi without an id is none, so its body is set aside.
            let unread = DeliveryContent::Nothing(DeliveryReason::UnreadMedia);
            let is_kept = reading.media.len() == 1 || reading.content == unread;
            assert!(is_kept, "{name} {written}");
        }
    }
    let body = with(
        fixture("meta/image"),
        "/entry/0/changes/0/value/messages/0/image/id",
        json!("NUMBER"),
    );
    let body = body.to_string().replace("\"NUMBER\"", long);
    let reading = Gateway::Meta.read(body.as_bytes()).unwrap().remove(0);
    assert_eq!(reading.media[0].media_id.as_deref(), Some(long));
    // The same inside a text.
    let inner = with(
        fixture("evolution/image-lid")["data"].clone(),
        "/key/id",
        json!("NUMBER"),
    );
    let inner = inner.to_string().replace("\"NUMBER\"", long);
    let body = json!({"event": "messages.upsert", "instance": "i", "data": inner});
    assert_eq!(one(Gateway::Evolution, &body).message.id, long);
}

#[test]
fn blanks_are_no_caption() {
    for (gateway, name, path) in [
        (
            Gateway::Evolution,
            "evolution/image-lid",
            "/data/message/imageMessage/caption",
        ),
        (
            Gateway::Meta,
            "meta/image",
            "/entry/0/changes/0/value/messages/0/image/caption",
        ),
        (Gateway::Zapi, "zapi/image-lid", "/image/caption"),
        (Gateway::Uazapi, "uazapi/image", "/message/content/caption"),
        (Gateway::Gowa, "gowa/image", "/payload/image/caption"),
    ] {
        let mut body = with(fixture(name), path.rsplit_once('/').unwrap().0, json!({}));
        if gateway == Gateway::Uazapi {
            body["message"]["text"] = " ".into();
        }
        for (caption, wanted) in [(" \n", None), ("oi", Some("oi"))] {
            let mut file = json!({"mimetype": "image/png", "mediaKey": vec![1; 32], "directPath": "/v/a", "path": "statics/a", "id": "5", "imageUrl": "https://x/y"});
            file["caption"] = caption.into();
            let body = with(body.clone(), path.rsplit_once('/').unwrap().0, file);
            assert_eq!(
                one(gateway, &body).media[0].caption.as_deref(),
                wanted,
                "{name}"
            );
        }
    }
}

#[test]
fn a_file_of_waha_may_be_in_the_delivery() {
    let mut body = fixture("waha/noweb-image");
    body["payload"]["media"] =
        json!({"mimetype": "image/jpeg", "filename": "a.jpg", "data": "aGVsbG8="});
    let reading = one(Gateway::Waha, &body);
    let [media] = &reading.media[..] else {
        panic!("{reading:?}");
    };
    assert_eq!(media.inline.as_ref().unwrap().decode().unwrap(), b"hello");
    assert!(routes_of(Gateway::Waha, &reading.message, media).starts_with(&["inline"]));
}

//! Forms of deliveries that differ from the fixtures: what is lost, what is left out, and other spellings.

use serde_json::{Value as Json, json};

use super::super::{DeliveryContent, Gateway, ParsedDelivery};
use super::{FIXTURES, routes_of};

/// The body of a fixture.
pub(super) fn fixture(path: &str) -> Json {
    let text = std::fs::read(format!("{FIXTURES}/{path}.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn read(gateway: Gateway, body: &Json) -> Vec<ParsedDelivery> {
    gateway.read(body.to_string().as_bytes()).unwrap()
}

pub(super) fn one(gateway: Gateway, body: &Json) -> ParsedDelivery {
    let mut readings = read(gateway, body);
    assert_eq!(readings.len(), 1, "{body}");
    readings.remove(0)
}

/// A body with one value changed, by its path.
pub(super) fn with(mut body: Json, path: &str, value: Json) -> Json {
    match body.pointer_mut(path) {
        Some(place) => *place = value,
        None => {
            let (outer, name) = path.rsplit_once('/').unwrap();
            body.pointer_mut(outer).unwrap()[name] = value;
        }
    }
    body
}

pub(super) fn without(mut body: Json, path: &str) -> Json {
    let (outer, name) = path.rsplit_once('/').unwrap();
    let outer = body.pointer_mut(outer).unwrap().as_object_mut().unwrap();
    assert!(outer.remove(name).is_some(), "{path}");
    body
}

/// A kind and the routes that are left.
type Lost<'a> = (&'a str, &'a [&'a str]);

#[test]
fn media_that_the_gateway_lost_are_still_media() {
    let waha = |name: &str| without(fixture(&format!("waha/{name}")), "/payload/_data");
    let null = Json::Null;
    let cases: Vec<(Gateway, Json, Lost<'_>)> = vec![
        (
            Gateway::Waha,
            with(waha("noweb-image"), "/payload/media", null.clone()),
            ("document", &["gateway"]),
        ),
        (
            Gateway::Waha,
            with(waha("noweb-image"), "/payload/media", json!({})),
            ("document", &["gateway"]),
        ),
        (
            Gateway::Waha,
            with(
                waha("gows-video-403"),
                "/payload/media/mimetype",
                null.clone(),
            ),
            ("document", &["gateway"]),
        ),
        (
            Gateway::Waha,
            with(
                fixture("waha/webjs-document-group"),
                "/payload/media",
                null.clone(),
            ),
            ("document", &["cdn", "gateway"]),
        ),
        (
            Gateway::Waha,
            with(
                with(waha("noweb-image"), "/payload/media", null.clone()),
                "/payload/_data",
                json!({"type": "ptt"}),
            ),
            ("audio", &["gateway"]),
        ),
        (
            Gateway::Meta,
            without(
                fixture("meta/image"),
                "/entry/0/changes/0/value/messages/0/image/id",
            ),
            ("image", &[]),
        ),
        (
            Gateway::Meta,
            with(
                fixture("meta/image"),
                "/entry/0/changes/0/value/messages/0/image",
                json!({}),
            ),
            ("image", &[]),
        ),
        (
            Gateway::Dialog360,
            with(
                fixture("meta/image"),
                "/entry/0/changes/0/value/messages/0/image",
                null.clone(),
            ),
            ("image", &[]),
        ),
        (
            Gateway::Meta,
            with(
                fixture("meta/image"),
                "/entry/0/changes/0/value/messages/0",
                json!({"from": "1", "id": "w", "timestamp": "1790000000", "type": "unsupported", "unsupported": {"type": "video_note"}, "errors": [{"code": 131051}]}),
            ),
            ("video", &[]),
        ),
        (
            Gateway::Quepasa,
            with(fixture("quepasa/image"), "/attachment", null.clone()),
            ("image", &["gateway"]),
        ),
        (
            Gateway::Quepasa,
            without(fixture("quepasa/voice"), "/attachment"),
            ("audio", &["gateway"]),
        ),
        (
            Gateway::Zapi,
            with(fixture("zapi/image-lid"), "/image/imageUrl", null.clone()),
            ("image", &[]),
        ),
        (
            Gateway::Zapi,
            with(
                fixture("zapi/image-lid"),
                "/image",
                json!({"downloadError": "x"}),
            ),
            ("image", &[]),
        ),
        (
            Gateway::Zapi,
            with(
                fixture("zapi/image-lid"),
                "/image",
                json!({"imageUrl": null, "caption": "oi"}),
            ),
            ("image", &[]),
        ),
        (
            Gateway::Evolution,
            with(
                fixture("evolution/image-lid"),
                "/data/message",
                null.clone(),
            ),
            ("image", &["gateway"]),
        ),
        (
            Gateway::Evolution,
            with(
                fixture("evolution/document-group"),
                "/data/message",
                json!({"messageContextInfo": {}}),
            ),
            ("document", &["gateway"]),
        ),
        (
            Gateway::EvolutionGo,
            with(fixture("evolution-go/image"), "/data/Message", json!({})),
            ("image", &[]),
        ),
        (
            Gateway::Wuzapi,
            with(
                with(
                    without(fixture("wuzapi/audio-json"), "/base64"),
                    "/event/RawMessage",
                    null.clone(),
                ),
                "/event/Message",
                json!({}),
            ),
            ("audio", &[]),
        ),
        (
            Gateway::Uazapi,
            with(fixture("uazapi/image"), "/message/content", json!("")),
            ("image", &["gateway"]),
        ),
        (
            Gateway::Uazapi,
            without(fixture("uazapi/sticker"), "/message/content"),
            ("sticker", &["gateway"]),
        ),
        (
            Gateway::Wppconnect,
            with(
                fixture("wppconnect/decrypt-failed"),
                "/mediaKey",
                null.clone(),
            ),
            ("image", &["gateway"]),
        ),
        (
            Gateway::Gowa,
            with(
                fixture("gowa/failed-download-ignored"),
                "/payload/video",
                null.clone(),
            ),
            ("video", &["gateway"]),
        ),
        (
            Gateway::Gowa,
            with(
                fixture("gowa/failed-download-ignored"),
                "/payload/audio",
                json!(""),
            ),
            ("audio", &["gateway"]),
        ),
        (
            Gateway::Gupshup,
            with(
                fixture("gupshup/image"),
                "/payload/payload/url",
                null.clone(),
            ),
            ("image", &[]),
        ),
        (
            Gateway::Twilio,
            json!({"AccountSid": "A", "MessageSid": "M", "From": "whatsapp:+1", "NumMedia": "1", "MessageType": "video"}),
            ("video", &[]),
        ),
    ];
    for (gateway, body, (kind, routes)) in cases {
        let reading = one(gateway, &body);
        assert_eq!(
            reading.content,
            DeliveryContent::Media,
            "{} {body}",
            gateway.as_str()
        );
        let [media] = &reading.media[..] else {
            panic!("{} {body}", gateway.as_str());
        };
        assert_eq!(media.kind.as_str(), kind, "{} {body}", gateway.as_str());
        let found = routes_of(gateway, &reading.message, media);
        assert_eq!(found, routes, "{} {body}", gateway.as_str());
        assert!(
            !reading.message.id.is_empty(),
            "{} {body}",
            gateway.as_str()
        );
    }
}

#[test]
fn a_message_without_media_stays_one() {
    let nulls =
        json!({"image": null, "video": null, "audio": null, "document": null, "sticker": null});
    let mut gowa = fixture("gowa/failed-download-ignored");
    for (name, value) in nulls.as_object().unwrap() {
        gowa["payload"][name] = value.clone();
    }
    for (gateway, body) in [
        (Gateway::Gowa, gowa),
        (
            Gateway::Waha,
            with(
                fixture("waha/noweb-image"),
                "/payload",
                json!({"id": "x", "from": "1@c.us", "body": "oi", "hasMedia": false, "media": null}),
            ),
        ),
        (
            Gateway::Zapi,
            with(
                fixture("zapi/waiting-message-ignored"),
                "/image",
                Json::Null,
            ),
        ),
        (Gateway::Evolution, fixture("evolution/text-ignored")),
        (
            Gateway::Evolution,
            with(
                without(fixture("evolution/image-lid"), "/data/message"),
                "/event",
                json!("messages.delete"),
            ),
        ),
        (Gateway::Uazapi, fixture("uazapi/edited-text-ignored")),
        (Gateway::Uazapi, fixture("uazapi/reaction-ignored")),
        (
            Gateway::EvolutionGo,
            fixture("evolution-go/view-once-unavailable"),
        ),
        (
            Gateway::Twilio,
            json!({"AccountSid": "A", "MessageSid": "M", "NumMedia": "0", "Body": "oi"}),
        ),
        (Gateway::Quepasa, fixture("quepasa/text-ignored")),
    ] {
        for reading in read(gateway, &body) {
            assert!(reading.media.is_empty(), "{} {body}", gateway.as_str());
        }
    }
}

#[test]
fn connection_states_are_read_in_any_case() {
    let state = |gateway, body: &Json| match one(gateway, body).content {
        DeliveryContent::Connection { connected } => Some(connected),
        _ => None,
    };
    for upper in [false, true] {
        let word = |word: &str| {
            if upper {
                json!(word.to_uppercase())
            } else {
                json!(word.to_lowercase())
            }
        };
        for (gateway, name, path, up, down) in [
            (
                Gateway::Evolution,
                "evolution/connection-open",
                "/data/state",
                "open",
                "close",
            ),
            (
                Gateway::Evolution,
                "evolution/status-instance-closed",
                "/data/status",
                "open",
                "closed",
            ),
            (
                Gateway::Uazapi,
                "uazapi/connected",
                "/instance/status",
                "connected",
                "disconnected",
            ),
            (
                Gateway::Waha,
                "waha/session-working",
                "/payload/status",
                "working",
                "failed",
            ),
            (
                Gateway::Wppconnect,
                "wppconnect/status-connected",
                "/status",
                "inchat",
                "browserclose",
            ),
            (
                Gateway::Quepasa,
                "quepasa/connected",
                "/info/event",
                "connected",
                "stopped",
            ),
        ] {
            for (value, connected) in [(up, true), (down, false)] {
                let body = with(fixture(name), path, word(value));
                assert_eq!(state(gateway, &body), Some(connected), "{body}");
            }
        }
        for (gateway, name, path, value) in [
            (
                Gateway::EvolutionGo,
                "evolution-go/connected",
                "/event",
                "Connected",
            ),
            (Gateway::Wuzapi, "wuzapi/connected", "/type", "Connected"),
            (
                Gateway::Zapi,
                "zapi/connected",
                "/type",
                "ConnectedCallback",
            ),
        ] {
            let body = with(fixture(name), path, word(value));
            assert_eq!(state(gateway, &body), Some(true), "{body}");
        }
    }
}

#[test]
fn own_messages_of_waha_have_their_chat_with_and_without_the_account() {
    let account = "5548900000900@c.us";
    let chat = "5548900000101@c.us";
    let body = |from: &str, to: Json, me: Json| {
        json!({"event": "message.any", "session": "a", "me": me, "payload": {"id": format!("true_{chat}_3EB0"), "fromMe": true,
            "from": from, "to": to, "hasMedia": true, "media": {"url": "http://waha:3000/api/files/a/x.jpg", "mimetype": "image/jpeg"}}})
    };
    let me = json!({"id": account});
    let with_device = json!({"id": "5548900000900:3@s.whatsapp.net"});
    for (body, sender) in [
        (body(account, json!(chat), me.clone()), Some(account)),
        (body(account, json!(chat), Json::Null), Some(account)),
        (
            body(account, json!(chat), with_device),
            Some("5548900000900@s.whatsapp.net"),
        ),
        (body(chat, Json::Null, me), Some(account)),
        (body(chat, json!(account), Json::Null), None),
        (body(chat, Json::Null, Json::Null), None),
    ] {
        let message = one(Gateway::Waha, &body).message;
        let found = message.origin.chat.as_ref().map(|chat| chat.as_str());
        assert_eq!(
            (found, message.origin.sender.id.as_deref()),
            (Some(chat), sender),
            "{body}"
        );
    }
}

#[test]
fn own_group_messages_of_wppconnect_are_the_accounts() {
    let (group, account) = ("120363000000000201@g.us", "5548900000900@c.us");
    for (from, to, chat) in [
        (account, group, json!(group)),
        (account, group, Json::Null),
        (group, account, Json::Null),
        (
            group,
            account,
            json!({"server": "g.us", "user": "120363000000000201"}),
        ),
    ] {
        let mut body = fixture("wppconnect/self-image");
        body["from"] = from.into();
        body["to"] = to.into();
        body["chatId"] = chat;
        body["isGroupMsg"] = true.into();
        let message = one(Gateway::Wppconnect, &body).message;
        let found = message.origin.chat.as_ref().map(|chat| chat.as_str());
        assert_eq!(
            (found, message.origin.sender.id.as_deref()),
            (Some(group), Some(account)),
            "{body}"
        );
        assert!(message.origin.is_group && message.origin.from_me);
    }
}

#[test]
fn a_mark_of_view_once_is_seen_wherever_a_gateway_writes_it() {
    for (gateway, name, path) in [
        (
            Gateway::Evolution,
            "evolution/image-lid",
            "/data/key/isViewOnce",
        ),
        (
            Gateway::Evolution,
            "evolution/image-lid",
            "/data/message/imageMessage/viewOnce",
        ),
        (
            Gateway::EvolutionGo,
            "evolution-go/image",
            "/data/IsViewOnce",
        ),
        (Gateway::Gowa, "gowa/image", "/payload/view_once"),
        (Gateway::Zapi, "zapi/document", "/document/viewOnce"),
        (Gateway::Wppconnect, "wppconnect/image", "/isViewOnce"),
        (Gateway::Uazapi, "uazapi/image", "/message/content/viewOnce"),
        (
            Gateway::Waha,
            "waha/webjs-document-group",
            "/payload/_data/isViewOnce",
        ),
    ] {
        for value in [json!(true), json!("true"), json!(1)] {
            let body = with(fixture(name), path, value);
            assert!(one(gateway, &body).media[0].view_once, "{name} {path}");
        }
        assert!(!one(gateway, &fixture(name)).media[0].view_once, "{name}");
    }
}

#[test]
fn edits_of_gowa_keep_their_file_and_name_the_original() {
    let mut body = with(fixture("gowa/image"), "/event", json!("message.edited"));
    body["payload"]["original_message_id"] = "3A0".into();
    let reading = one(Gateway::Gowa, &body);
    let [media] = &reading.media[..] else {
        panic!("{reading:?}");
    };
    assert!(media.edited);
    assert_eq!(media.edits.as_deref(), Some("3A0"));
}

#[test]
fn a_description_of_uazapi_may_be_a_text() {
    let body = fixture("uazapi/image");
    let text = body["message"]["content"].to_string();
    let wanted = one(Gateway::Uazapi, &body);
    let reading = one(
        Gateway::Uazapi,
        &with(body, "/message/content", json!(text)),
    );
    assert_eq!(reading.media[0].sha256, wanted.media[0].sha256);
    assert_eq!(reading.media[0].direct_path, wanted.media[0].direct_path);
}

#[test]
fn a_changed_caption_of_evolution_is_an_edit() {
    let key = json!({"remoteJid": "5548900000101@s.whatsapp.net", "id": "3A0", "fromMe": false});
    let content = json!({"editedMessage": {"message": {"imageMessage": {"caption": "nova"}}}});
    let body = json!({"event": "messages.update", "instance": "i", "data": {"key": key, "update": {"message": content}}});
    let reading = one(Gateway::Evolution, &body);
    assert_eq!(reading.message.id, "3A0");
    assert!(reading.media[0].is_caption_edit());
    assert_eq!(reading.media[0].caption.as_deref(), Some("nova"));
}

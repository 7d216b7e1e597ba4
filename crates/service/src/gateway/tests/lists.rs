//! Fields and lists in other forms than the fixtures have, and media where no reader looks.

use serde_json::{Value as Json, json};

use super::super::{DeliveryContent, Gateway, LateLink, ParsedDelivery};
use super::shapes::{fixture, one, with, without};
use crate::model::DeliveryReason;

const LINK: &str = "https://files.example/a.jpg";

fn read(gateway: Gateway, body: &Json) -> Vec<ParsedDelivery> {
    gateway.read(body.to_string().as_bytes()).unwrap()
}

fn ids(gateway: Gateway, body: &Json) -> Vec<String> {
    let readings = read(gateway, body);
    let media = readings.into_iter().filter(|it| !it.media.is_empty());
    media.map(|it| it.message.id).collect()
}

fn numbered(items: &[Json]) -> Json {
    let fields = items.iter().enumerate();
    Json::Object(
        fields
            .map(|(at, item)| (at.to_string(), item.clone()))
            .collect(),
    )
}

/// All forms of a list of two.
fn lists(one: &Json, two: &Json) -> Vec<Json> {
    vec![
        json!([one, two]),
        json!([[one], [[two]]]),
        json!([null, one, "x", 5, [], two]),
        numbered(&[one.clone(), two.clone()]),
        json!([numbered(&[one.clone(), Json::Null, two.clone()])]),
    ]
}

#[test]
fn messages_are_read_from_every_form_of_a_list() {
    let renamed = |body: &Json, path: &str, id: &str| with(body.clone(), path, json!(id));
    let uazapi = fixture("uazapi/image")["message"].clone();
    let evolution = fixture("evolution/image-lid")["data"].clone();
    let meta = fixture("meta/image");
    let of_meta = meta["entry"][0]["changes"][0]["value"]["messages"][0].clone();
    let gowa = fixture("gowa/image");
    let cases = [
        (
            Gateway::Uazapi,
            uazapi,
            "/messageid",
            json!({"event": "messages", "instance": "i"}),
            "/data",
        ),
        (
            Gateway::Uazapi,
            fixture("uazapi/image")["message"].clone(),
            "/messageid",
            json!({"EventType": "history", "event": {}}),
            "/event/messages",
        ),
        (
            Gateway::Uazapi,
            fixture("uazapi/image")["message"].clone(),
            "/messageid",
            json!({"EventType": "history"}),
            "/messages",
        ),
        (
            Gateway::Evolution,
            evolution.clone(),
            "/key/id",
            json!({"event": "messages.upsert", "instance": "i"}),
            "/data",
        ),
        (
            Gateway::Evolution,
            evolution,
            "/key/id",
            json!({"event": "messages.set", "instance": "i", "data": {}}),
            "/data/messages",
        ),
        (
            Gateway::Meta,
            of_meta,
            "/id",
            meta,
            "/entry/0/changes/0/value/messages",
        ),
        (
            Gateway::Gowa,
            gowa["payload"].clone(),
            "/id",
            gowa,
            "/payload",
        ),
    ];
    for (gateway, message, id, body, place) in cases {
        let [one, two] = ["A1", "B2"].map(|name| renamed(&message, id, name));
        for list in lists(&one, &two) {
            let body = with(body.clone(), place, list);
            assert_eq!(
                ids(gateway, &body),
                ["A1", "B2"],
                "{} {body}",
                gateway.as_str()
            );
        }
    }
}

#[test]
fn the_documented_envelope_of_uazapi_is_read() {
    let documented =
        |event: &str, data: Json| json!({"event": event, "instance": "i", "data": data});
    let content = |body: &Json| one(Gateway::Uazapi, body).content;
    for (data, connected) in [
        (json!({"state": "open"}), Some(true)),
        (json!({"status": "connected"}), Some(true)),
        (json!([{"state": "close"}]), Some(false)),
        (json!({"status": "disconnected"}), Some(false)),
        (json!({"state": "connecting"}), None),
        (json!({"name": "i"}), None),
    ] {
        let body = documented("connection", data);
        let wanted = match connected {
            Some(connected) => DeliveryContent::Connection { connected },
            None => DeliveryContent::Nothing(DeliveryReason::StatusUpdate),
        };
        assert_eq!(content(&body), wanted, "{body}");
    }
    let silent = json!({"EventType": "connection", "instanceName": "i"});
    assert_eq!(
        content(&silent),
        DeliveryContent::Nothing(DeliveryReason::StatusUpdate)
    );
    let left = json!({"EventType": "connection", "instanceName": "i", "type": "LoggedOut"});
    assert_eq!(
        content(&left),
        DeliveryContent::Connection { connected: false }
    );

    let update = json!({"MessageIDs": ["A1"], "FileURL": LINK, "Chat": "1@s.whatsapp.net"});
    let by_message = json!({"messageid": "A1", "chatid": "1@s.whatsapp.net", "fileURL": LINK});
    for body in [
        documented("messages_update", update.clone()),
        documented("messages_update", json!([update])),
        documented("messages_update", by_message.clone()),
        json!({"EventType": "messages_update", "event": [update]}),
        json!({"EventType": "messages_update", "message": by_message}),
    ] {
        let reading = one(Gateway::Uazapi, &body);
        let url = LINK.to_owned();
        assert_eq!(
            reading.content,
            DeliveryContent::Link(LateLink { url }),
            "{body}"
        );
        assert_eq!(reading.message.id, "A1", "{body}");
        assert!(reading.message.origin.chat.is_some(), "{body}");
    }
    // A new message may come with its link.
    let image = json!({"messageid": "A1", "chatid": "1@s.whatsapp.net", "messageType": "image", "fileURL": LINK});
    let reading = one(Gateway::Uazapi, &documented("messages", image));
    assert_eq!(reading.media[0].link.as_deref(), Some(LINK));

    let gone = json!({"MessageIDs": ["A1", "B2"], "Chat": "1@s.whatsapp.net", "state": "Deleted"});
    let deleted = read(Gateway::Uazapi, &documented("messages_update", gone));
    let targets = deleted.iter().map(|it| match &it.content {
        DeliveryContent::Deleted(deletion) => deletion.messages.join(","),
        other => panic!("{other:?}"),
    });
    assert_eq!(targets.collect::<Vec<_>>(), ["A1", "B2"]);
}

#[test]
fn a_field_of_another_type_does_not_end_the_search() {
    let object = json!({"a": {}, "b": "x", "c": 5, "d": " ", "e": {"id": "1"}, "f": "1790000000",
        "g": "ftp://x", "h": "https://x/y", "i": [], "j": [{"k": 1}]});
    let object = object.as_object().unwrap();
    use super::super::fields;
    assert!(fields::object(object, &["b", "e"]).is_some());
    assert_eq!(fields::objects(object, &["b", "i", "j"]).len(), 1);
    assert_eq!(fields::words(object, &["a", "d", "b"]).unwrap(), "x");
    assert_eq!(fields::id(object, &["a", "d", "c"]).unwrap(), "5");
    assert_eq!(fields::time(object, &["b", "f"]), Some(1_790_000_000_000));
    assert_eq!(
        fields::link(object, &["a", "g", "h"]).unwrap(),
        "https://x/y"
    );
    assert_eq!(fields::event(object, &["c", "b"]), "x");
    // The same of W-API, which has an own reader.
    let image = json!({"imageMessage": {"mediaKey": vec![1; 32], "directPath": "/v/a"}});
    let body = json!({"event": 5, "type": "webhookReceived", "instanceId": {}, "instance": "i", "messageId": {}, "id": "A1",
        "msgContent": image});
    let reading = one(Gateway::Wapi, &body);
    assert_eq!(
        (reading.media.len(), reading.message.id.as_str()),
        (1, "A1")
    );
    assert_eq!(reading.instance.as_deref(), Some("i"));
    let body =
        json!({"event": 5, "type": "webhookDisconnected", "instanceId": "i", "payload": "x"});
    let down = DeliveryContent::Connection { connected: false };
    assert_eq!(one(Gateway::Wapi, &body).content, down);
}

fn is_unread(readings: &[ParsedDelivery]) -> bool {
    let unread = DeliveryContent::Nothing(DeliveryReason::UnreadMedia);
    readings.len() == 1 && readings[0].content == unread
}

#[test]
fn media_where_no_reader_looks_are_kept() {
    let file = json!({"mediaKey": "x", "directPath": "/v/a", "mimetype": "image/png"});
    for (gateway, body) in [
        (
            Gateway::Uazapi,
            json!({"EventType": "news", "instanceName": "i", "packet": {"files": [file]}}),
        ),
        (
            Gateway::Uazapi,
            json!({"EventType": "messages", "message": {"chatid": "1", "content": {"a": file}}}),
        ),
        (
            Gateway::Evolution,
            json!({"event": "messages.new", "instance": "i", "data": {"update": {"imageMessage": file}}}),
        ),
        (
            Gateway::Evolution,
            json!({"event": "messages.new", "instance": "i", "data": {"x": {"mediaKey": "x"}}}),
        ),
        (
            Gateway::EvolutionGo,
            json!({"event": "Message", "data": {"Content": {"ImageMessage": {"URL": "x"}}}}),
        ),
        (
            Gateway::Wuzapi,
            json!({"type": "Message", "event": {"Content": {"imageMessage": file}}}),
        ),
        (
            Gateway::Wuzapi,
            json!({"base64": "A".repeat(200), "caption": "a"}),
        ),
        (
            Gateway::Waha,
            json!({"event": "message.new", "session": "i", "payload": {"_data": file}}),
        ),
        (
            Gateway::Wppconnect,
            json!({"event": "onmessage", "session": "i", "type": "new", "directPath": "/v/a", "mimetype": "image/png"}),
        ),
        (
            Gateway::Meta,
            json!({"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "x",
            "value": {"items": [{"image": {"id": "1", "mime_type": "image/jpeg", "sha256": "x"}}]}}]}]}),
        ),
        (
            Gateway::Wapi,
            json!({"event": "webhookReceived", "instanceId": "i", "fragment": "x", "msgContent": {"conversation": "oi"}, "extra": file}),
        ),
    ] {
        assert!(
            is_unread(&read(gateway, &body)),
            "{} {body}",
            gateway.as_str()
        );
    }
}

#[test]
fn what_repeats_or_quotes_another_message_is_ignored() {
    let file = json!({"mediaKey": "x", "directPath": "/v/a", "mimetype": "image/png"});
    let evolution = fixture("evolution/text-ignored");
    let quoting = json!({"extendedTextMessage": {"text": "oi", "contextInfo": {"quotedMessage": {"imageMessage": file}}}});
    let preview = json!({"extendedTextMessage": {"text": "x", "matchedText": "https://x", "mediaKey": "x", "thumbnailDirectPath": "/v/t"}});
    let reaction = json!({"reactionMessage": {"key": {"id": "x"}, "text": "a"}});
    for (gateway, body) in [
        (
            Gateway::Evolution,
            with(evolution.clone(), "/data/message", quoting),
        ),
        (
            Gateway::Evolution,
            with(evolution.clone(), "/data/message", preview),
        ),
        (
            Gateway::Evolution,
            with(evolution.clone(), "/data/message", reaction),
        ),
        (
            Gateway::Evolution,
            with(
                evolution,
                "/data/contextInfo",
                json!({"quotedMessage": {"imageMessage": file}}),
            ),
        ),
        (
            Gateway::Waha,
            json!({"event": "message.ack", "session": "i", "payload": {"id": "x", "_data": file}}),
        ),
        (
            Gateway::Waha,
            json!({"event": "message.ack.group", "session": "i", "payload": {"id": "x", "_data": file}}),
        ),
        (
            Gateway::Waha,
            json!({"event": "message.reaction", "session": "i", "payload": {"id": "x", "_data": file}}),
        ),
        (
            Gateway::Waha,
            json!({"event": "poll.vote", "session": "i", "payload": {"poll": {"_data": file}}}),
        ),
        (
            Gateway::Waha,
            json!({"event": "message", "session": "i", "payload": {"id": "x", "body": "oi", "hasMedia": false, "replyTo": {"_data": file}}}),
        ),
        (
            Gateway::Wppconnect,
            json!({"event": "onack", "session": "i", "type": "image", "mediaKey": "x", "directPath": "/v/a", "mimetype": "image/png"}),
        ),
        (
            Gateway::Wppconnect,
            json!({"event": "onmessage", "session": "i", "type": "chat", "body": "oi", "quotedMsg": file}),
        ),
        (Gateway::Uazapi, fixture("uazapi/reaction-ignored")),
        (
            Gateway::Wuzapi,
            json!({"base64": "", "caption": "a", "n": 1}),
        ),
        (Gateway::Zapi, fixture("zapi/status-reply-ignored")),
    ] {
        for reading in read(gateway, &body) {
            let DeliveryContent::Nothing(reason) = reading.content else {
                panic!("{body}");
            };
            assert_ne!(
                reason,
                DeliveryReason::UnreadMedia,
                "{} {body}",
                gateway.as_str()
            );
        }
    }
}

#[test]
fn the_files_of_a_message_are_not_looked_for_twice() {
    // With media of its own, what else is in the body changes nothing.
    let mut body = fixture("evolution/image-lid");
    body["data"]["extra"] = json!({"mediaKey": "x"});
    assert_eq!(
        one(Gateway::Evolution, &body).content,
        DeliveryContent::Media
    );
    let body = without(fixture("evolution/text-ignored"), "/data/message");
    assert!(!is_unread(&read(Gateway::Evolution, &body)));
}

/// One message whose media no reader finds does not hide the others, and is counted.
#[test]
fn a_message_with_unread_media_in_a_list_is_known_as_one() {
    let strange = json!({"x": {"directPath": "/v/a", "mimetype": "image/png"}});
    let text = json!({"x": {"conversation": "oi"}});
    let evolution = fixture("evolution/image-lid");
    let meta = fixture("meta/image");
    let of_meta = meta["entry"][0]["changes"][0]["value"]["messages"][0].clone();
    let gowa = fixture("gowa/image");
    let waha = fixture("waha/noweb-image");
    let of_evolution_go = fixture("evolution-go/image");
    let wuzapi = json!({"type": "HistorySync", "event": {"Data": {"conversations": [{}]}}});
    let web = fixture("wppconnect/image");
    let mut list_of_web = json!({"event": "onmessage", "session": "loja"});
    list_of_web["messages"] = json!([]);
    let of_uazapi = json!({"event": "messages", "instance": "i"});
    let uazapi = fixture("uazapi/image")["message"].clone();
    let in_meta = "/entry/0/changes/0/value/messages";
    let in_history = "/event/Data/conversations/0/messages";
    let data = evolution["data"].clone();
    let keyed = |item: &Json| with(item.clone(), "/key", json!({"id": "X"}));
    for (gateway, body, place, good) in [
        (Gateway::Evolution, evolution, "/data", data.clone()),
        (
            Gateway::EvolutionGo,
            of_evolution_go.clone(),
            "/data",
            of_evolution_go["data"].clone(),
        ),
        (Gateway::Meta, meta, in_meta, of_meta),
        (
            Gateway::Gowa,
            gowa.clone(),
            "/payload",
            gowa["payload"].clone(),
        ),
        (
            Gateway::Waha,
            waha.clone(),
            "/payload",
            waha["payload"].clone(),
        ),
        (Gateway::Uazapi, of_uazapi, "/data", uazapi),
        (Gateway::Wuzapi, wuzapi, in_history, data),
        (Gateway::Wppconnect, list_of_web, "/messages", web.clone()),
        (
            Gateway::Wapi,
            json!({}),
            "",
            json!({"messageId": "1", "msgContent": {"imageMessage": {"mediaKey": "x", "directPath": "/v/a"}}}),
        ),
        (Gateway::Zapi, json!({}), "", fixture("zapi/image-lid")),
        (
            Gateway::Evolution,
            json!({}),
            "",
            fixture("evolution/image-lid"),
        ),
    ] {
        for (strange, text) in [
            (strange.clone(), text.clone()),
            (keyed(&strange), keyed(&text)),
        ] {
            let list = json!([strange, good, text, null]);
            let body = if place.is_empty() {
                list
            } else {
                with(body.clone(), place, list)
            };
            let readings = read(gateway, &body);
            let unread = readings.iter().filter(|it| it.is_unread()).count();
            let media = readings.iter().filter(|it| !it.media.is_empty()).count();
            assert_eq!((unread, media), (1, 1), "{} {body}", gateway.as_str());
        }
    }
}

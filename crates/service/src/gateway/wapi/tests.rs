use serde_json::{Value as Json, json};

use super::download::read_link;
use super::read::named_instance;
use crate::gateway::{DeliveryContent, Error, FileAnswer, Gateway, ParsedDelivery};
use crate::model::{ChatId, DeliveryReason, MediaKind, Reason};

const KEY: &str = "rwyoaVpbrjfFQ3X1YKt7Y1+pnun0a2536qDKOnT2HuQ=";

fn read_text(body: &str) -> ParsedDelivery {
    let mut readings = Gateway::Wapi.read(body.as_bytes()).unwrap();
    assert_eq!(readings.len(), 1);
    readings.remove(0)
}

fn image(extra: &str) -> String {
    format!(
        r#"{{"instanceId":"I","messageId":"M","msgContent":{{"imageMessage":{{"mediaKey":"{KEY}","directPath":"/v/a.enc?oe=6AD8C880","mimetype":"image/jpeg"}}}}{extra}}}"#
    )
}

#[test]
fn the_documented_delivery_is_an_audio() {
    let reading = read_text(include_str!(
        "../../../../midiateca/tests/fixtures/wapi/documented-audio.json"
    ));
    assert_eq!(reading.instance.as_deref(), Some("3B6XIW-ZTS923-GEAY6V"));
    assert_eq!(reading.message.id, "B80D865264B9CA985108F695BEF5B564");
    assert_eq!(reading.content, DeliveryContent::Media);
    let [media] = reading.media.as_slice() else {
        panic!("one media")
    };
    assert_eq!(media.kind, MediaKind::Audio);
    assert_eq!(media.length_bytes, Some(5067));
    assert!(media.media_key.is_some());
}

#[test]
fn media_counts_whatever_the_event_is_called() {
    for event in ["webhookReceived", "webhookDelivery", "webhookStatus", "x"] {
        let reading = read_text(&image(&format!(r#","event":"{event}""#)));
        assert_eq!(reading.content, DeliveryContent::Media, "{event}");
    }
}

#[test]
fn keys_are_read_in_any_case() {
    let body = image("")
        .replace("messageId", "messageid")
        .replace("msgContent", "msgcontent")
        .replace("instanceId", "instanceid");
    let reading = read_text(&body);
    assert_eq!((reading.message.id.as_str(), reading.media.len()), ("M", 1));
}

#[test]
fn sessions_go_up_and_down() {
    let up = read_text(r#"{"event":"webhookConnected","instanceId":"I","connected":true}"#);
    assert_eq!(up.content, DeliveryContent::Connection { connected: true });
    let not_up = read_text(r#"{"event":"webhookConnected","instanceId":"I","connected":false}"#);
    assert_eq!(
        not_up.content,
        DeliveryContent::Connection { connected: false }
    );
    let down = read_text(r#"{"event":"webhookDisconnected","instanceId":"I"}"#);
    assert_eq!(
        down.content,
        DeliveryContent::Connection { connected: false }
    );
}

#[test]
fn deliveries_without_media_say_why() {
    for (body, why) in [
        (
            r#"{"instanceId":"I","chat":{"id":"1"},"status":"READ","moment":1}"#,
            DeliveryReason::StatusUpdate,
        ),
        (
            r#"{"event":"webhookChatPresence","instanceId":"I"}"#,
            DeliveryReason::PresenceUpdate,
        ),
        (
            r#"{"instanceId":"I","msgContent":{"conversation":"oi"}}"#,
            DeliveryReason::NoMedia,
        ),
        (
            r#"{"instanceId":"I","msgContent":{"messageContextInfo":{}}}"#,
            DeliveryReason::NoMedia,
        ),
        (r#"{}"#, DeliveryReason::NoMessage),
    ] {
        let DeliveryContent::Nothing(reason) = read_text(body).content else {
            panic!("{body}")
        };
        assert_eq!(reason, why, "{body}");
    }
}

#[test]
fn chats_of_every_form_are_kept_as_written() {
    for (id, group) in [
        ("5548900000009", false),
        ("1203@g.us", true),
        ("99@lid", false),
        ("status", false),
    ] {
        let reading = read_text(&image(&format!(r#","chat":{{"id":"{id}"}}"#)));
        assert_eq!(
            reading.message.origin.chat.as_ref().map(ChatId::as_str),
            Some(id)
        );
        assert_eq!(reading.message.origin.is_group, group);
    }
}

#[test]
fn times_come_in_seconds_milliseconds_and_text() {
    for moment in [
        "1790000000",
        "1790000000000",
        "1790000000000000",
        "1790000000.5",
        "\"1790000000\"",
        "\"2026-09-21T14:13:20Z\"",
        "\"2026-09-21T11:13:20.250-03:00\"",
        "\"2026-09-21 14:13:20\"",
        "{\"low\":1790000000,\"high\":0,\"unsigned\":false}",
    ] {
        let reading = read_text(&image(&format!(r#","moment":{moment}"#)));
        assert_eq!(reading.message.sent_at, Some(1_790_000_000_000), "{moment}");
    }
}

#[test]
fn an_error_in_json_has_its_place() {
    let error = Gateway::Wapi.read(b"nonsense").unwrap_err();
    assert_eq!(error.to_string(), "invalid JSON at line 1 column 2");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(
        Gateway::Wapi.read(deep.as_bytes()),
        Err(Error::NotJson { .. })
    ));
    assert!(matches!(
        Gateway::Wapi.read(b"[1]"),
        Err(Error::NotAnObject)
    ));
}

#[test]
fn answers_for_a_link_are_judged_by_their_content() {
    let ok = br#"{"error":false,"fileLink":"https://api.w-api.app/media/file/a.oga","expires":1790003600000}"#;
    assert_eq!(
        read_link(200, ok).unwrap(),
        FileAnswer::Link("https://api.w-api.app/media/file/a.oga".to_owned())
    );
    let object =
        br#"{"error":true,"message":{"error":false,"data":{"error":true,"message":"Falha"}}}"#;
    for (status, body, reason) in [
        (500, object.as_slice(), Reason::GatewayFailed),
        (
            200,
            br#"{"error":true,"message":"x"}"#,
            Reason::GatewayFailed,
        ),
        (200, b"<html>", Reason::GatewayBadAnswer),
        (200, b"{}", Reason::GatewayBadAnswer),
        (401, b"", Reason::GatewayTokenRefused),
        (404, b"", Reason::GatewayUnknownInstance),
        (429, b"", Reason::GatewayThrottled),
        (504, b"", Reason::GatewayUnavailable),
    ] {
        assert_eq!(read_link(status, body), Err(reason));
    }
}

#[test]
fn an_edit_names_the_message_that_it_changes() {
    let leaf = json!({"mediaKey": KEY, "directPath": "/v/a.enc", "caption": "corrigido"});
    let edit = json!({"protocolMessage": {"key": {"id": "FIRST"}, "type": 14, "editedMessage": {"imageMessage": leaf}}});
    for content in [edit.clone(), json!({"editedMessage": {"message": edit}})] {
        let body = json!({"instanceId": "I", "messageId": "EDIT", "msgContent": content});
        let reading = read_text(&body.to_string());
        assert_eq!(reading.message.id, "EDIT");
        assert_eq!(reading.media[0].edits.as_deref(), Some("FIRST"));
    }
}

#[test]
fn half_an_emoji_costs_no_file() {
    let body = image(r#","sender":{"id":"1","pushName":"Cida \ud83d"}"#);
    let reading = read_text(&body);
    assert_eq!(reading.media.len(), 1);
    assert_eq!(
        reading.message.sender_name.as_deref(),
        Some("Cida \u{fffd}")
    );
}

#[test]
fn fields_next_to_a_message_do_not_hide_it() {
    for extra in [
        r#","data":{"x":1}"#,
        r#","payload":{}"#,
        r#","data":{"message":{"a":{}}}"#,
    ] {
        assert_eq!(read_text(&image(extra)).media.len(), 1, "{extra}");
    }
    let nested = json!({"instanceId": "I", "payload": {"message": serde_json::from_str::<Json>(&image("")).unwrap()}});
    let reading = read_text(&nested.to_string());
    assert_eq!((reading.media.len(), reading.message.id.as_str()), (1, "M"));
}

#[test]
fn content_inside_a_text_is_read_too() {
    let whole: Json = serde_json::from_str(&image("")).unwrap();
    let body =
        json!({"instanceId": "I", "messageId": "M", "msgContent": whole["msgContent"].to_string()});
    assert_eq!(read_text(&body.to_string()).media.len(), 1);
}

#[test]
fn an_instance_named_by_a_number_is_named() {
    assert_eq!(
        read_text(r#"{"instanceId":5}"#).instance.as_deref(),
        Some("5")
    );
}

#[test]
fn a_body_of_millions_of_values_is_not_taken_apart() {
    let body = format!("{{\"a\":[{}0]}}", "1000,".repeat(1_000_001));
    assert!(matches!(
        Gateway::Wapi.read(body.as_bytes()),
        Err(Error::TooManyValues { .. })
    ));
}

#[test]
fn an_instance_is_named_by_the_beginning_of_a_body_too() {
    for (beginning, named) in [
        (r#"{"event":"x","instanceId":"A-1","msg"#, Some("A-1")),
        (r#"{ "instanceId" : "A-1" }"#, Some("A-1")),
        (r#"{"body":{"instanceId":"A-1"}}"#, Some("A-1")),
        (r#"{"instanceId":"A-"#, None),
        (r#"{"instanceId":7}"#, None),
        (r#"{"instanceId":"a\"b"}"#, None),
        ("", None),
    ] {
        let found = named_instance(beginning.as_bytes());
        assert_eq!(found.as_deref(), named, "{beginning}");
    }
}

#[test]
fn deliveries_are_read_inside_envelopes_of_automations() {
    let one: Json = serde_json::from_str(&image(r#","moment":1790000000"#)).unwrap();
    for body in [
        json!({"headers": {"host": "x"}, "params": {}, "query": {}, "body": one}),
        json!([{"json": {"headers": {}, "body": one}}]),
        json!({"body": one.to_string(), "headers": {}}),
        json!({"id": "execution-5", "trigger": {"event": {"payload": one}}}),
    ] {
        let reading = read_text(&body.to_string());
        assert_eq!(reading.instance.as_deref(), Some("I"), "{body}");
        assert_eq!((reading.message.id.as_str(), reading.media.len()), ("M", 1));
        assert_eq!(reading.message.sent_at, Some(1_790_000_000_000));
    }
    let form = format!(
        "payload={}",
        url::form_urlencoded::byte_serialize(one.to_string().as_bytes()).collect::<String>()
    );
    assert_eq!(read_text(&form).message.id, "M");
    let session = r#"[{"body":{"event":"webhookConnected","instanceId":"I","connected":true}}]"#;
    let session = read_text(session);
    assert_eq!(
        session.content,
        DeliveryContent::Connection { connected: true }
    );
    assert_eq!(session.instance.as_deref(), Some("I"));
    let mut two = one.clone();
    two["messageId"] = json!("N");
    let several = Gateway::Wapi.read(json!([one, {"body": two}]).to_string().as_bytes());
    let ids: Vec<_> = several
        .unwrap()
        .into_iter()
        .map(|reading| reading.message.id)
        .collect();
    assert_eq!(ids, ["M", "N"]);
}

#[test]
fn ids_have_no_control_characters_and_an_edit_names_a_long_one_the_same_way() {
    let long = "A".repeat(300);
    let content = json!({"protocolMessage": {"key": {"id": long}, "editedMessage": {"imageMessage": {"caption": "b"}}}});
    let edit = json!({"instanceId": "I", "messageId": "E\u{0}1", "msgContent": content});
    let edit = read_text(&edit.to_string());
    assert_eq!(edit.message.id, "E1");
    let whole = image("").replace("\"M\"", &format!("\"{long}\""));
    let whole = read_text(&whole).message.id;
    assert!(whole.len() < 100);
    assert_eq!(edit.media[0].edits.as_deref(), Some(whole.as_str()));
}

#[test]
fn an_envelope_may_declare_its_media_view_once() {
    for mark in ["isViewOnce", "viewOnce", "view_once"] {
        let marked = read_text(&image(&format!(r#","{mark}":true"#)));
        assert!(marked.media[0].view_once, "{mark}");
        let plain = read_text(&image(&format!(r#","{mark}":false"#)));
        assert!(!plain.media[0].view_once, "{mark}");
    }
}

#[test]
fn a_delivery_inside_the_text_of_a_message_is_stored_and_not_read() {
    let words = json!(image("")).to_string();
    let reading = read_text(&format!(
        r#"{{"MessageId":"of the queue","Message":{words}}}"#
    ));
    assert!(matches!(reading.content, DeliveryContent::Notice(_)) && reading.media.is_empty());
    let twice = json!(json!(image("")).to_string()).to_string();
    assert_eq!(read_text(&twice).message.id, "M");
    let listed = format!("[{words}]");
    assert_eq!(read_text(&listed).message.id, "M");
}

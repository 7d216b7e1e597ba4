//! Deliveries that are repeated, incomplete or contradict themselves.

use midiateca_service::gateway::Gateway;
use midiateca_service::instances::NewInstance;
use midiateca_service::media;
use midiateca_service::model::{InstanceId, MediaId};
use midiateca_service::ops::replay::Replayed;
use serde_json::{Value, json};

use super::kept::{
    MULTIPART, TOKEN, delivery, fixture, hmac_sha256, image, multipart, part, url_encoded,
};
use super::{Stage, gateway_instance};
use crate::forget::forget;
use crate::stage::add_instance;

const SECRET: &str = "ação \"=&% 32 bytes de segredo 😀";

/// A signature does not expire: the same delivery again changes nothing.
#[tokio::test]
async fn a_signed_delivery_that_is_repeated_makes_its_rows_once() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    for (gateway, name, header) in [
        (Gateway::Meta, "meta", "x-hub-signature-256"),
        (Gateway::Gowa, "gowa", "x-hub-signature-256"),
        (Gateway::Wuzapi, "wuzapi", "x-hmac-signature"),
    ] {
        let body = match gateway {
            Gateway::Wuzapi => image("3A5450F53AF19C357FD2"),
            _ => fixture(name, "image"),
        };
        let body = body.to_string();
        let signature = hmac_sha256(SECRET, body.as_bytes());
        let hook = stage.instance(name, gateway, Some(SECRET)).await;
        let path = format!("/hooks/{name}/{hook}");
        let one = delivery(gateway, body.clone(), &[(header, &signature)]);
        let mut ids = Vec::new();
        for is_again in [false, true, true] {
            let (status, answer) = stage.post(&path, &one).await;
            assert_eq!(
                (status, &answer["media"][0]["duplicate"]),
                (200, &json!(is_again)),
                "{answer}"
            );
            ids.push(answer["media"][0]["id"].clone());
        }
        assert!(ids.iter().all(|id| *id == ids[0]));
        // The signature of one body is none of another.
        let other = body.replacen("5548", "5549", 1);
        for (body, signature) in [
            (other, signature.as_str()),
            (body.clone(), &signature[..63]),
            (body, ""),
        ] {
            let wrong = delivery(gateway, body, &[(header, signature)]);
            let (status, answer) = stage.post(&path, &wrong).await;
            assert_eq!(
                (status, &answer["error"]["code"]),
                (401, &json!("wrong_signature"))
            );
        }
    }
}

/// A file that the gateway lost is a row with a reason, and is not asked for again.
#[tokio::test]
async fn media_that_a_gateway_lost_are_rows_that_say_so() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let mut zapi = fixture("zapi", "image-lid");
    zapi["image"] =
        json!({"imageUrl": null, "mimeType": "image/jpeg", "downloadError": "timeout of 30000ms"});
    zapi["viewOnce"] = json!(false);
    let mut gupshup = fixture("gupshup", "image");
    gupshup["payload"]["payload"]["url"] = json!(null);
    let mut meta = fixture("meta", "image");
    meta["entry"][0]["changes"][0]["value"]["messages"][0]["image"] = json!({});
    let twilio = "AccountSid=AC1&MessageSid=MM1&From=whatsapp%3A%2B5548900000101&NumMedia=1";
    for (gateway, body) in [
        (Gateway::Zapi, zapi.to_string()),
        (Gateway::Gupshup, gupshup.to_string()),
        (Gateway::Meta, meta.to_string()),
        (Gateway::Twilio, twilio.to_owned()),
    ] {
        let name = gateway.as_str();
        let new = NewInstance {
            routes: None,
            ..gateway_instance(name, gateway)
        };
        let (_, hook) = add_instance(&stage.test.app, new, None).await;
        stage.test.wait_for_directory().await;
        let path = format!("/hooks/{name}/{}", hook.unwrap());
        let (_, answer) = stage.post(&path, &delivery(gateway, body, &[])).await;
        let id = answer["media"][0]["id"].as_str();
        let id = id.unwrap_or_else(|| panic!("{name} {answer}")).to_owned();
        let row = stage.test.settled(&MediaId(id)).await;
        assert_eq!(row.status, "failed", "{name}");
        assert_eq!(row.reason.as_deref(), Some("no_file_sent"), "{name}");
    }
}

#[tokio::test]
async fn a_multipart_body_without_some_of_its_parts_is_read_as_far_as_it_goes() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let hook = stage.instance("loja", Gateway::Wuzapi, None).await;
    let path = format!("/hooks/wuzapi/{hook}");
    let one = |number: u32| image(&format!("3A5450F53AF19C357F{number:02}")).to_string();
    let end = "--limite--\r\n";
    let file = part("file\"; filename=\"a.jpg", "JPEG");
    for (number, (body, status)) in [
        (format!("{}{end}", part("jsonData", &one(1))), "accepted"),
        (
            format!("{file}{}{end}", part("jsonData", &one(2))),
            "accepted",
        ),
        (
            format!("{}{file}{file}{end}", part("jsonData", &one(3))),
            "accepted",
        ),
        (
            format!("{}{end}", part("jsonData", &one(4)).replace('\r', "")),
            "accepted",
        ),
        (format!("{file}{end}"), "set_aside"),
        (format!("{file}{}{end}", part("userID", "1")), "set_aside"),
        (format!("{}{end}", part("jsonData", "")), "set_aside"),
        (
            format!("{}{end}", part("jsonData", "{\"type\":")),
            "set_aside",
        ),
        (multipart(&[("x", "y")]), "set_aside"),
        (end.to_owned(), "set_aside"),
        (String::new(), "set_aside"),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = delivery(Gateway::Wuzapi, body, &[("content-type", MULTIPART)]);
        let (code, answer) = stage.post(&path, &sent).await;
        assert_eq!(
            (code, &answer["status"]),
            (200, &json!(status)),
            "{number} {answer}"
        );
    }
}

/// The first value that is not empty counts, in a short form and in a long one.
#[tokio::test]
async fn a_form_with_repeated_fields_is_read() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let hook = stage.instance("loja", Gateway::Wuzapi, None).await;
    let path = format!("/hooks/wuzapi/{hook}");
    let id = InstanceId("loja".to_owned());
    for (number, padding) in [0_usize, 20_000].into_iter().enumerate() {
        let message = format!("3A5450F53AF19C357F{number:02}");
        let encoded = url_encoded(&image(&message).to_string());
        let padding = "x".repeat(padding);
        for body in [
            format!("jsonData={encoded}&jsonData=&userID=1&userID=2&x={padding}"),
            format!("x={padding}&jsonData=&jsonData={encoded}&jsonData=%7B%7D&jsonData"),
        ] {
            let sent = delivery(Gateway::Wuzapi, body, &[]);
            let (status, answer) = stage.post(&path, &sent).await;
            assert_eq!(
                (status, &answer["status"]),
                (200, &json!("accepted")),
                "{} {answer}",
                padding.len()
            );
            let rows = media::message::of_message(&stage.test.app.db, &id, &message).await;
            assert_eq!(rows.unwrap().len(), 1);
        }
    }
}

/// In either order of bytes, with a byte order mark or without.
fn encodings(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut bodies = Vec::new();
    for mark in ["", "\u{feff}"] {
        let text = format!("{mark}{text}");
        let is_marked = !mark.is_empty();
        let wide: Vec<u16> = text.encode_utf16().collect();
        let wider: Vec<u32> = text.chars().map(u32::from).collect();
        let mut add =
            |name: &str, body: Vec<u8>| bodies.push((format!("{name} {is_marked}"), body));
        add("utf-8", text.clone().into_bytes());
        add(
            "utf-16le",
            wide.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        );
        add(
            "utf-16be",
            wide.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        );
        add(
            "utf-32le",
            wider.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        );
        add(
            "utf-32be",
            wider.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        );
    }
    bodies
}

/// The signature is over the bytes that came. A long text in a body is taken out, as in UTF-8.
#[tokio::test]
async fn a_body_in_utf_16_or_utf_32_is_read_and_its_signature_checked() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let hook = stage.instance("loja", Gateway::Wuzapi, Some(SECRET)).await;
    let path = format!("/hooks/wuzapi/{hook}");
    let id = InstanceId("loja".to_owned());
    for (round, padding) in [0_usize, 60_000].into_iter().enumerate() {
        for at in 0..encodings("{}").len() {
            let message = format!("3A5450F53AF19C35{round:02}{at:02}");
            let mut body = image(&message);
            body["event"]["Info"]["PushName"] = json!("Ação 😀");
            body["padding"] = json!("ção".repeat(padding / 3));
            let (name, body) = encodings(&body.to_string()).swap_remove(at);
            let signature = hmac_sha256(SECRET, &body);
            let right = [
                ("x-hmac-signature", signature.as_str()),
                ("content-type", "application/json; charset=utf-16"),
            ];
            let sent = delivery(Gateway::Wuzapi, body.clone(), &right);
            let (status, answer) = stage.post(&path, &sent).await;
            assert_eq!(
                (status, &answer["status"]),
                (200, &json!("accepted")),
                "{name} {padding} {answer}"
            );
            let rows = media::message::of_message(&stage.test.app.db, &id, &message)
                .await
                .unwrap();
            assert_eq!(rows.len(), 1, "{name}");
            assert_eq!(rows[0].sender_name.as_deref(), Some("Ação 😀"), "{name}");
            // What is stored can be read again.
            let kept = stage.deliveries("loja").await;
            let (stored, _) = stage.stored(&kept[0]).await;
            serde_json::from_slice::<Value>(&stored)
                .unwrap_or_else(|error| panic!("{name} {error}"));

            let mut altered = body.clone();
            let middle = altered.len() / 2;
            altered[middle] ^= 1;
            let wrong = delivery(Gateway::Wuzapi, altered, &right);
            assert_eq!(stage.post(&path, &wrong).await.0, 401, "{name}");
        }
    }
}

#[tokio::test]
async fn a_refused_body_in_utf_16_is_read_once_the_secret_is_corrected() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    for padding in [0_usize, 60_000] {
        let name = format!("loja{padding}");
        let id = InstanceId(name.clone());
        let hook = stage
            .instance(&name, Gateway::Wuzapi, Some("mistyped"))
            .await;
        let path = format!("/hooks/wuzapi/{hook}");
        for at in 0..encodings("{}").len() {
            let message = format!("3A5450F53AF19C35{padding}{at:02}");
            let mut body = image(&message);
            body["padding"] = json!("x".repeat(padding));
            body["token"] = json!(TOKEN);
            let (encoding, body) = encodings(&body.to_string()).swap_remove(at);
            let signature = hmac_sha256(SECRET, &body);
            let sent = delivery(Gateway::Wuzapi, body, &[("x-hmac-signature", &signature)]);
            assert_eq!(stage.post(&path, &sent).await.0, 401, "{encoding}");
        }
        for entry in stage.deliveries(&name).await {
            let (stored, text) = stage.stored(&entry).await;
            let stored: Value = midiateca_service::gateway::as_json(&stored).unwrap();
            assert_eq!(stored["token"], "***");
            assert!(!text.contains(TOKEN) && !text.contains('\0'), "{text}");
        }
        stage.instance(&name, Gateway::Wuzapi, Some(SECRET)).await;
        assert_eq!(stage.replay(&name).await, [Replayed::Read; 10], "{padding}");
        for at in 0..10 {
            let message = format!("3A5450F53AF19C35{padding}{at:02}");
            let rows = media::message::of_message(&stage.test.app.db, &id, &message).await;
            assert_eq!(rows.unwrap().len(), 1, "{message}");
        }
    }
}

/// Whom a refused body names is found in it, in whatever encoding it came.
#[tokio::test]
async fn a_refused_body_in_utf_16_or_a_form_is_erased_with_the_person_that_it_names() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let hook = stage
        .instance("loja", Gateway::Wuzapi, Some("mistyped"))
        .await;
    let path = format!("/hooks/wuzapi/{hook}");
    let mut body = image("3A5450F53AF19C357FD2");
    body["event"]["Info"]["Chat"] = json!("5500900000041@s.whatsapp.net");
    let mut bodies: Vec<_> = encodings(&body.to_string())
        .into_iter()
        .map(|(_, body)| body)
        .collect();
    let form = format!("jsonData={}", url_encoded(&body.to_string()));
    bodies.push(form.into_bytes());
    for body in &bodies {
        let sent = delivery(Gateway::Wuzapi, body.clone(), &[]);
        assert_eq!(stage.post(&path, &sent).await.0, 401);
    }
    assert_eq!(stage.deliveries("loja").await.len(), bodies.len());
    forget(&stage.test.app, "5500900000041").await.unwrap();
    assert_eq!(stage.deliveries("loja").await.len(), 0);
}

#[tokio::test]
async fn a_body_in_utf_16_that_is_cut_or_no_json_is_set_aside() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let hook = stage.instance("loja", Gateway::Wuzapi, None).await;
    let path = format!("/hooks/wuzapi/{hook}");
    let body = image("3A5450F53AF19C357FD2").to_string();
    let body: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let odd = [&body[..], &b"\n"[..]].concat();
    let words: Vec<u8> = "\u{feff}palavras"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    for body in [
        &body[..body.len() / 2],
        &body[..body.len() - 1],
        &odd[..],
        &words[..],
    ] {
        let sent = delivery(Gateway::Wuzapi, body, &[]);
        let (status, answer) = stage.post(&path, &sent).await;
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("set_aside")),
            "{answer}"
        );
        assert_eq!(answer["reason"], "invalid_json");
    }
}

/// Halves of letters, as many as there may be: the token is removed, and the body is checked as it came.
#[tokio::test]
async fn a_refused_body_in_utf_16_with_many_defects_has_no_token_and_is_checked_again() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let mut body = image("3A5450F53AF19C357FD3");
    body["token"] = "segredo-do-gateway".into();
    body["event"]["Info"]["PushName"] = "HALVES".into();
    let body = body.to_string();
    let (before, after) = body.split_once("HALVES").unwrap();
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    for (number, count) in [1_u16, 1_001, 5_000].into_iter().enumerate() {
        let halves = (0..count).flat_map(|n| (0xdc00 + n % 0x400).to_le_bytes());
        let body = [wide(before), halves.collect(), wide(after)].concat();
        let id = format!("loja-{number}");
        let hook = stage.instance(&id, Gateway::Wuzapi, Some("mistyped")).await;
        let signature = hmac_sha256(SECRET, &body);
        let sent = delivery(Gateway::Wuzapi, body, &[("x-hmac-signature", &signature)]);
        let path = format!("/hooks/wuzapi/{hook}");
        assert_eq!(stage.post(&path, &sent).await.0, 401);
        let (_, text) = stage.stored(&stage.deliveries(&id).await[0]).await;
        assert!(!text.contains("segredo-do-gateway"), "{count}");
        stage.instance(&id, Gateway::Wuzapi, Some(SECRET)).await;
        assert_eq!(stage.replay(&id).await, [Replayed::Read], "{count}");
        let id = InstanceId(id);
        let rows = media::message::of_message(&stage.test.app.db, &id, "3A5450F53AF19C357FD3");
        assert_eq!(rows.await.unwrap().len(), 1);
    }
}

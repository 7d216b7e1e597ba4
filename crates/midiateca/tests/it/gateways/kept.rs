//! What is stored of a delivery: no token in clear, and enough to check a refused one again.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use hmac::{Hmac, KeyInit as _, Mac as _};
use midiateca_service::deliveries::{self, DeliveryFilter, DeliverySummary};
use midiateca_service::gateway::Gateway;
use midiateca_service::media;
use midiateca_service::model::{DeliveryReason, DeliveryVerdict, InstanceId};
use midiateca_service::ops::replay::Replayed;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

use super::{Case, FIXTURES, Stage, case};

/// What must not be found in a database.
pub(super) const TOKEN: &str = "t0ken-de-teste-9d1f";
const SECRET: &str = "segredo-de-teste-com-32-caracteres";
pub(super) const MULTIPART: &str = "multipart/form-data; boundary=limite";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn hmac_sha256(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    hex(&mac.finalize().into_bytes())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn delivery(
    gateway: Gateway,
    body: impl Into<Vec<u8>>,
    headers: &[(&str, &str)],
) -> Case {
    let headers = headers.iter();
    Case {
        name: gateway.as_str().to_owned(),
        gateway,
        body: body.into(),
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        expected: Value::Null,
    }
}

/// The body of a case as JSON.
pub(super) fn fixture(gateway: &str, name: &str) -> Value {
    serde_json::from_slice(&case(&Path::new(FIXTURES).join(gateway), name).body).unwrap()
}

pub(super) fn part(name: &str, content: &str) -> String {
    format!("--limite\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

pub(super) fn multipart(fields: &[(&str, &str)]) -> String {
    let parts: String = fields.iter().map(|(name, text)| part(name, text)).collect();
    format!("{parts}--limite--\r\n")
}

impl Stage {
    pub(super) async fn deliveries(&self, instance: &str) -> Vec<DeliverySummary> {
        let filter = DeliveryFilter {
            instance: Some(instance.to_owned()),
            ..DeliveryFilter::default()
        };
        let listing = deliveries::list(&self.test.app.db, &filter, "", 100);
        listing.await.unwrap()
    }

    /// Everything that is stored of a delivery as text.
    pub(super) async fn stored(&self, entry: &DeliverySummary) -> (Vec<u8>, String) {
        let db = &self.test.app.db;
        let body = deliveries::body(db, &entry.id).await.unwrap().unwrap();
        let signed = deliveries::signed(db, &entry.id).await.unwrap();
        let text = String::from_utf8_lossy(&body).into_owned();
        (body, text + &signed.unwrap_or_default())
    }
}

/// A gateway's own field for its token, at every place of a body, and at the address of any gateway.
#[tokio::test]
async fn no_token_is_stored_wherever_it_is_in_a_body() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let uazapi = json!({"EventType": "messages", "instanceName": "x", "message": {"a": "b"}, "token": TOKEN});
    let evolution = json!({"event": "x.y", "instance": "x", "data": {"key": 1}, "apikey": TOKEN});
    let evolution_go = json!({"event": "X", "data": {}, "instanceToken": TOKEN, "instanceId": "1", "instanceName": "x"});
    let mut number = 0;
    for gateway in [
        Gateway::Wapi,
        Gateway::Uazapi,
        Gateway::Wuzapi,
        Gateway::Meta,
    ] {
        number += 1;
        let id = format!("loja-{number}");
        let hook = stage.instance(&id, gateway, None).await;
        let path = format!("/hooks/{}/{hook}", gateway.as_str());
        let text = uazapi.to_string();
        let percent = text.replace('"', "%22").replace('{', "%7B");
        for body in [
            json!([{"headers": {"apikey": TOKEN}, "body": uazapi}, {"body": evolution}])
                .to_string(),
            json!({"body": json!({"raw": evolution_go.to_string()}).to_string()}).to_string(),
            json!({"body": text}).to_string(),
            text[..text.len() - 5].to_owned(),
            json!({"body": text}).to_string().replace("\"}\"}", ""),
            format!("jsonData={percent}&token={TOKEN}"),
            format!("token={TOKEN}&jsonData=%7B%22a"),
            multipart(&[("jsonData", "{\"type\":\"Message\"}"), ("token", TOKEN)]),
            multipart(&[("jsonData", &text)]).replace("--limite--", ""),
        ] {
            let is_multipart = body.starts_with("--");
            let kind = if is_multipart {
                MULTIPART
            } else {
                "application/json"
            };
            let one = delivery(gateway, body, &[("content-type", kind)]);
            let (status, answer) = stage.post(&path, &one).await;
            assert_eq!(status, 200, "{answer}");
        }
        let kept = stage.deliveries(&id).await;
        assert!(kept.len() >= 6, "{}", kept.len());
        for entry in &kept {
            let (_, text) = stage.stored(entry).await;
            assert!(!text.contains(TOKEN), "{} {text}", gateway.as_str());
        }
    }
}

pub(super) fn image(id: &str) -> Value {
    let mut event = fixture("wuzapi", "round-video")["event"].clone();
    event["Info"]["ID"] = id.into();
    json!({"type": "Message", "event": event})
}

/// Every way to sign, with a token in the body: refused, stored without any secret, and accepted under its id and time.
#[tokio::test]
async fn a_refused_delivery_has_no_secret_and_is_checked_again() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let json = |gateway: &str, name: &str| {
        let mut body = fixture(gateway, name);
        body["apikey"] = TOKEN.into();
        body.to_string()
    };
    let wuzapi = image("3A5450F53AF19C357FD2");
    let encoded: String = url_encoded(&wuzapi.to_string());
    let form = format!("instanceName=x&jsonData={encoded}&token={TOKEN}&userID=1");
    let parts = multipart(&[("jsonData", &wuzapi.to_string()), ("token", TOKEN)]);
    let quoted = serde_json::to_string(&wuzapi.to_string()).unwrap();
    let fields = format!(r#"{{"jsonData":{quoted},"token":"{TOKEN}"}}"#);
    let fields = fields
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    let sign = |body: &str| hmac_sha256(SECRET, body.as_bytes());
    let bearer = format!("Bearer {SECRET}");
    let (meta, gowa) = (json("meta", "image"), json("gowa", "image"));
    let zapi = json("zapi", "image-lid");
    let mut long = fixture("wuzapi", "round-video");
    long["token"] = TOKEN.into();
    long["numbers"] = json!(vec![1_234_567; 4_000]);
    long["base64"] = "QUJD".repeat(40_000).into();
    let long = long.to_string();
    let long_form = format!("token={TOKEN}&jsonData={}", url_encoded(&long));
    let cases = [
        (
            Gateway::Meta,
            meta.clone(),
            "application/json",
            "x-hub-signature-256",
            format!("sha256={}", sign(&meta)),
        ),
        (
            Gateway::Gowa,
            gowa.clone(),
            "application/json",
            "x-hub-signature-256",
            sign(&gowa).to_uppercase(),
        ),
        (
            Gateway::Wuzapi,
            form.clone(),
            "application/x-www-form-urlencoded",
            "x-hmac-signature",
            sign(&form),
        ),
        (
            Gateway::Wuzapi,
            parts.clone(),
            MULTIPART,
            "x-hmac-signature",
            sign(&fields),
        ),
        (
            Gateway::Wuzapi,
            parts.clone(),
            MULTIPART,
            "x-hmac-signature",
            sign(&parts),
        ),
        (
            Gateway::Wuzapi,
            long.clone(),
            "application/json",
            "x-hmac-signature",
            sign(&long),
        ),
        (
            Gateway::Wuzapi,
            long_form.clone(),
            "application/json",
            "x-hmac-signature",
            sign(&long_form),
        ),
        (
            Gateway::Evolution,
            json("evolution", "image-lid"),
            "application/json",
            "authorization",
            bearer,
        ),
        (
            Gateway::Evolution,
            json("evolution", "image-lid"),
            "text/plain",
            "x-chave",
            SECRET.to_owned(),
        ),
        (
            Gateway::Zapi,
            zapi,
            "application/json",
            "z-api-token",
            SECRET.to_owned(),
        ),
    ];
    for (number, (gateway, body, kind, header, value)) in cases.into_iter().enumerate() {
        let id = format!("loja-{number}");
        let hook = stage.instance(&id, gateway, Some("mistyped")).await;
        let path = format!("/hooks/{}/{hook}", gateway.as_str());
        let one = delivery(gateway, body, &[("content-type", kind), (header, &value)]);
        assert_eq!(stage.post(&path, &one).await.0, 401, "{number}");
        let [refused] = &stage.deliveries(&id).await[..] else {
            panic!("{number}");
        };
        let (_, text) = stage.stored(refused).await;
        for secret in [TOKEN, SECRET, &hook, &value] {
            assert!(!text.contains(secret), "{number} {secret}: {text}");
        }
        assert_eq!(stage.replay(&id).await, [Replayed::Unreadable], "{number}");
        assert_eq!(stage.deliveries(&id).await.len(), 1);
        stage
            .instance(&id, gateway, Some(&format!(" {SECRET}\n")))
            .await;
        // What a dry run finds has a kind.
        let [dry] = &stage.replay_items(&id, true).await[..] else {
            panic!("{number}");
        };
        assert_eq!(dry.result, Replayed::Read, "{number}");
        assert!(
            kind != "application/json" || !dry.media.is_empty(),
            "{number}"
        );
        assert_eq!(stage.replay(&id).await, [Replayed::Read], "{number}");
        let [kept] = &stage.deliveries(&id).await[..] else {
            panic!("{number}");
        };
        assert_eq!(kept.verdict, DeliveryVerdict::Accepted, "{number}");
        assert_eq!(kept.id, refused.id, "{number}");
        assert_eq!(kept.received_at, refused.received_at, "{number}");
        let (_, text) = stage.stored(kept).await;
        assert!(!text.contains(TOKEN), "{number}");
        // It is an ordinary delivery now.
        assert_eq!(stage.replay(&id).await, [Replayed::Read], "{number}");
        let (status, answer) = stage.post(&path, &one).await;
        assert_eq!(
            (status, &answer["media"][0]["duplicate"]),
            (200, &json!(true)),
            "{number} {answer}"
        );
    }
}

pub(super) fn url_encoded(text: &str) -> String {
    let bytes = text.bytes();
    let encoded = bytes.map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// What is behind the limits is not read, and has no token either.
#[tokio::test]
async fn a_refused_body_that_is_too_long_to_read_is_checked_again() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let text = "palavras, e mais palavras; ".repeat(100);
    let texts: Vec<_> = (0..7_000)
        .map(|number| json!({"n": number, "text": text}))
        .collect();
    let body = json!({"event": "message", "device_id": "x", "payload": {"texts": texts}, "token": TOKEN, "x": "y"});
    let body = body.to_string();
    assert!(body.len() > 17 << 20);
    let signature = hmac_sha256(SECRET, body.as_bytes());
    let one = delivery(Gateway::Gowa, body, &[("x-hub-signature-256", &signature)]);
    let hook = stage
        .instance("loja", Gateway::Gowa, Some("mistyped"))
        .await;
    let path = format!("/hooks/gowa/{hook}");
    assert_eq!(stage.post(&path, &one).await.0, 401);
    let token = TOKEN.as_bytes();
    let is_stored = || {
        let files = std::fs::read_dir(stage.test.app.bodies.folder()).unwrap();
        let mut files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.any(|text| text.windows(token.len()).any(|part| part == token))
    };
    assert!(!is_stored());
    assert_eq!(stage.replay("loja").await, [Replayed::Unreadable]);
    let refused = stage.deliveries("loja").await;
    assert_eq!(refused[0].reason, Some(DeliveryReason::WrongSignature));
    stage.instance("loja", Gateway::Gowa, Some(SECRET)).await;
    assert_eq!(stage.replay("loja").await, [Replayed::Unreadable]);
    let kept = stage.deliveries("loja").await;
    assert_eq!(kept[0].reason, Some(DeliveryReason::MessageTooLarge));
    assert_eq!(kept[0].id, refused[0].id);
    assert!(!is_stored());
}

/// A signature is over what the gateway sent; a proxy may have compressed it afterwards.
#[tokio::test]
async fn a_signature_may_be_over_a_compressed_body_or_over_its_content() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let mut body = fixture("gowa", "image");
    body["apikey"] = TOKEN.into();
    let plain = body.to_string().into_bytes();
    let coded = gzip(&plain);
    for (number, (over, with_header)) in [
        (&plain, true),
        (&coded, true),
        (&plain, false),
        (&coded, false),
    ]
    .into_iter()
    .enumerate()
    {
        let signature = hmac_sha256(SECRET, over);
        let mut headers = vec![("x-hub-signature-256", signature.as_str())];
        headers.extend(with_header.then_some(("content-encoding", "gzip")));
        let one = delivery(Gateway::Gowa, coded.clone(), &headers);
        let id = format!("certa-{number}");
        let hook = stage.instance(&id, Gateway::Gowa, Some(SECRET)).await;
        let (status, answer) = stage.post(&format!("/hooks/gowa/{hook}"), &one).await;
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("accepted")),
            "{number} {answer}"
        );
        let id = format!("loja-{number}");
        let hook = stage.instance(&id, Gateway::Gowa, Some("mistyped")).await;
        assert_eq!(
            stage.post(&format!("/hooks/gowa/{hook}"), &one).await.0,
            401
        );
        let [refused] = &stage.deliveries(&id).await[..] else {
            panic!("{number}");
        };
        let (_, text) = stage.stored(refused).await;
        assert!(!text.contains(TOKEN) && text.contains("***"), "{text}");
        assert_eq!(stage.replay(&id).await, [Replayed::Unreadable]);
        stage.instance(&id, Gateway::Gowa, Some(SECRET)).await;
        assert_eq!(stage.replay(&id).await, [Replayed::Read], "{number}");
        let [kept] = &stage.deliveries(&id).await[..] else {
            panic!("{number}");
        };
        assert_eq!(
            (&kept.id, kept.received_at),
            (&refused.id, refused.received_at)
        );
    }
}

/// One of several signatures is enough; none of another kind is.
#[tokio::test]
async fn several_signatures_are_accepted_when_one_is_right() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let body = fixture("gowa", "image").to_string();
    let right = format!("sha256={}", hmac_sha256(SECRET, body.as_bytes()));
    let wrong = format!("sha256={}", hmac_sha256("x", body.as_bytes()));
    let both = format!("{wrong}, {right}");
    let hook = stage.instance("loja", Gateway::Gowa, Some(SECRET)).await;
    let path = format!("/hooks/gowa/{hook}");
    let name = "x-hub-signature-256";
    for (headers, status) in [
        (vec![(name, &wrong), (name, &right)], 200),
        (vec![(name, &right), (name, &wrong)], 200),
        (vec![(name, &both)], 200),
        (vec![(name, &wrong), (name, &wrong)], 401),
        (vec![("x-hub-signature", &right)], 401),
    ] {
        let headers: Vec<_> = headers
            .into_iter()
            .map(|(name, value)| (name, value.as_str()))
            .collect();
        let one = delivery(Gateway::Gowa, body.clone(), &headers);
        assert_eq!(stage.post(&path, &one).await.0, status, "{headers:?}");
    }
}

/// What is no multipart body is kept as it came, whatever its header says, and JSON is read.
#[tokio::test]
async fn a_body_is_read_by_what_it_is_and_not_by_its_type() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let hook = stage.instance("loja", Gateway::Wuzapi, None).await;
    let path = format!("/hooks/wuzapi/{hook}");
    let one = |number: u32| image(&format!("3A5450F53AF19C357F{number:02}")).to_string();
    let form = "application/x-www-form-urlencoded";
    for (number, (body, kind)) in [
        (one(1), "multipart/form-data; boundary=limite"),
        (one(2), form),
        (one(3), "text/plain; charset=iso-8859-1"),
        (
            format!("\u{feff}{}", one(4)),
            "application/json; charset=utf-8",
        ),
        (
            format!("\u{feff} \r\n{}", one(5)),
            "multipart/form-data; boundary=limite",
        ),
        (
            format!("jsonData={}", url_encoded(&one(6))),
            "application/json",
        ),
        (format!("jsonData={}", url_encoded(&one(7))), "text/plain"),
        (multipart(&[("jsonData", &one(8))]), "application/json"),
        (
            multipart(&[("jsonData", &one(9))]),
            "multipart/form-data; boundary=outro",
        ),
        (multipart(&[("jsonData", &one(10))]), "multipart/form-data"),
        (
            format!("jsonData={}", url_encoded(&one(11))),
            "multipart/form-data; boundary=limite",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = delivery(Gateway::Wuzapi, body, &[("content-type", kind)]);
        let (status, answer) = stage.post(&path, &sent).await;
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("accepted")),
            "{number} {answer}"
        );
        assert_eq!(answer["media"][0]["duplicate"], false, "{number} {answer}");
    }
}

#[tokio::test]
async fn a_malformed_multipart_body_is_kept_as_it_came() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let hook = stage.instance("loja", Gateway::Wuzapi, None).await;
    let path = format!("/hooks/wuzapi/{hook}");
    let whole = multipart(&[("jsonData", &image("3A1").to_string()), ("file", "x")]);
    let cut = whole[..whole.len() - 14].to_owned();
    let file = part("file\"; filename=\"a.jpg", &"\u{1}\"\u{2}".repeat(9_000));
    for (number, body) in [
        cut,
        format!("{file}--lim"),
        part("", "x").replace("name=", "x="),
        "--limite".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = delivery(
            Gateway::Wuzapi,
            body.clone(),
            &[("content-type", MULTIPART)],
        );
        let (status, answer) = stage.post(&path, &sent).await;
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("set_aside")),
            "{number} {answer}"
        );
        let kept = stage.deliveries("loja").await;
        let last = kept.last().unwrap();
        assert_eq!(
            last.body_size,
            i64::try_from(body.len()).unwrap(),
            "{number}"
        );
        let (stored, _) = stage.stored(last).await;
        assert!(stored.starts_with(b"--limite"), "{number}");
    }
}

/// The headers decide again at a replay.
#[tokio::test]
async fn a_refused_delivery_of_another_gateway_is_recognised_by_its_headers_later() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let hook = stage
        .instance("loja", Gateway::Gowa, Some("mistyped"))
        .await;
    let body = json!({"x": 1}).to_string();
    let signature = hmac_sha256(SECRET, body.as_bytes());
    let headers = [
        ("x-hub-signature-256", signature.as_str()),
        ("x-quepasa-wid", "5548900000900"),
    ];
    let one = delivery(Gateway::Gowa, body, &headers);
    assert_eq!(
        stage.post(&format!("/hooks/gowa/{hook}"), &one).await.0,
        401
    );
    let refused = stage.deliveries("loja").await;
    stage.instance("loja", Gateway::Gowa, Some(SECRET)).await;
    assert_eq!(stage.replay("loja").await, [Replayed::Unreadable]);
    let kept = stage.deliveries("loja").await;
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (&kept[0].id, kept[0].verdict.as_str()),
        (&refused[0].id, "set_aside")
    );
    assert_eq!(kept[0].reason, Some(DeliveryReason::OtherGateway));
}

/// Twilio signs the address too, which has the token of the webhook, and which a proxy may have changed.
#[tokio::test]
async fn a_refused_form_of_twilio_is_checked_again_with_its_address() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let host = ("x-forwarded-host", "publico.example:8080, interno");
    let proxies: [(&str, &[(&str, &str)]); 4] = [
        ("https://acervo.example", &[]),
        (
            "http://publico.example:8080",
            &[host, ("x-forwarded-proto", "http, https")],
        ),
        (
            "https://publico.example/midia",
            &[host, ("x-forwarded-prefix", "/midia/")],
        ),
        (
            "https://acervo.example/midia",
            &[("x-original-uri", "/midia")],
        ),
    ];
    for (number, (base, headers)) in proxies.into_iter().enumerate() {
        let id = format!("loja-{number}");
        let hook = stage.instance(&id, Gateway::Twilio, Some("mistyped")).await;
        let path = format!("/hooks/twilio/{hook}");
        let body = "AccountSid=AC1&MessageSid=MM1&From=whatsapp%3A%2B5548900000101&NumMedia=1&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2F2010-04-01%2FAccounts%2FAC1%2FMessages%2FMM1%2FMedia%2FME1&MediaContentType0=image%2Fjpeg&Body=a&Body=b&Body=a&token=x";
        let fields = "AccountSidAC1BodyaBodybFromwhatsapp:+5548900000101MediaContentType0image/jpegMediaUrl0https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1MessageSidMM1NumMedia1tokenx";
        let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{base}{path}{fields}").as_bytes());
        let signature = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            mac.finalize().into_bytes(),
        );
        let original = format!("/midia{path}");
        let mut headers = headers.to_vec();
        for (name, value) in &mut headers {
            if *name == "x-original-uri" {
                *value = &original;
            }
        }
        headers.push(("x-twilio-signature", &signature));
        let one = delivery(Gateway::Twilio, body, &headers);
        assert_eq!(stage.post(&path, &one).await.0, 401);
        let (_, text) = stage.stored(&stage.deliveries(&id).await[0]).await;
        assert!(
            !text.contains(&hook) && !text.contains(&signature),
            "{text}"
        );
        stage.instance(&id, Gateway::Twilio, Some(SECRET)).await;
        assert_eq!(stage.replay(&id).await, [Replayed::Read], "{base}");
        let id = InstanceId(id);
        let rows = media::message::of_message(&stage.test.app.db, &id, "MM1").await;
        assert_eq!(rows.unwrap().len(), 1);
    }
}

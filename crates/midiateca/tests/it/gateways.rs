//! Deliveries of every gateway through the real server: the cases of `tests/fixtures/gateways`, and what a signature decides.

mod bad_input;
mod deleted;
mod files;
mod kept;
mod lists;
mod pairs;
mod tenants;
mod unread;

use std::fs;
use std::path::{Path, PathBuf};

use midiateca_service::clock::{Clock, millis_of};
use midiateca_service::deliveries::{self, DeliveryFilter};
use midiateca_service::gateway::Gateway;
use midiateca_service::instances::NewInstance;
use midiateca_service::media;
use midiateca_service::model::{DeliveryId, InstanceId, MediaId, Route};
use midiateca_service::ops;
use serde_json::{Value, json};

use crate::stage::{MediaView, TestApp, add_signed, impatient};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/gateways");

struct Case {
    name: String,
    gateway: Gateway,
    body: Vec<u8>,
    headers: Vec<(String, String)>,
    expected: Value,
}

fn case(folder: &Path, name: &str) -> Case {
    let read = |extension: &str| fs::read(folder.join(format!("{name}.{extension}"))).ok();
    let (kind, body) = [
        ("json", "application/json"),
        ("form", "application/x-www-form-urlencoded"),
        ("multipart", "multipart/form-data"),
    ]
    .into_iter()
    .find_map(|(extension, kind)| Some((kind, read(extension)?)))
    .unwrap();
    let lines = String::from_utf8(read("headers").unwrap_or_default()).unwrap();
    let pairs = lines.lines().filter_map(|line| line.split_once(':'));
    let mut headers: Vec<_> = pairs
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .filter(|(name, _)| name != "host")
        .collect();
    if !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    let expected: Value = serde_json::from_slice(&read("expected.json").unwrap()).unwrap();
    Case {
        name: format!("{}/{name}", folder.file_name().unwrap().display()),
        gateway: Gateway::parse(expected["gateway"].as_str().unwrap()).unwrap(),
        body,
        headers,
        expected,
    }
}

fn cases() -> Vec<Case> {
    let mut found = Vec::new();
    let folders = fs::read_dir(FIXTURES).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let files = fs::read_dir(&folder).unwrap();
        let mut names: Vec<_> = files
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                Some(name.strip_suffix(".expected.json")?.to_owned())
            })
            .collect();
        names.sort();
        found.extend(names.iter().map(|name| case(&folder, name)));
    }
    assert!(found.len() >= 204);
    found
}

/// An instance that asks no server for files.
fn gateway_instance(id: &str, gateway: Gateway) -> NewInstance {
    NewInstance {
        id: InstanceId(id.to_owned()),
        client: 2,
        gateway,
        api_base: None,
        cdn_base: None,
        routes: Some(vec![Route::Inline]),
        token_sealed: None,
        secret_sealed: None,
        session: None,
        hook_hash: [0; 32],
    }
}

struct Stage {
    test: TestApp,
}

impl Stage {
    /// At a time when the signed tokens of the cases are valid.
    async fn start(now: &str) -> Self {
        let mut config = impatient();
        config.http.public_url = "https://acervo.example".to_owned();
        let clock = Clock::fixed(millis_of(now).unwrap());
        Self {
            test: TestApp::with(config, clock).await,
        }
    }

    /// Returns the instance's webhook token, once the server knows it.
    async fn instance(&self, id: &str, gateway: Gateway, secret: Option<&str>) -> String {
        let hook = self.add(id, gateway, secret).await;
        self.test.wait_for_directory().await;
        hook
    }

    async fn add(&self, id: &str, gateway: Gateway, secret: Option<&str>) -> String {
        let new = gateway_instance(id, gateway);
        let (_, hook) = add_signed(&self.test.app, new, None, secret).await;
        hook.unwrap_or_default()
    }

    async fn post(&self, path: &str, case: &Case) -> (u16, Value) {
        let mut request = self.test.http.post(format!("{}{path}", self.test.origin()));
        for (name, value) in &case.headers {
            request = request.header(name, value);
        }
        let answer = request.body(case.body.clone()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    async fn replay(&self, instance: &str) -> Vec<ops::replay::Replayed> {
        let items = self.replay_items(instance, false).await;
        items.iter().map(|item| item.result).collect()
    }

    async fn replay_items(&self, instance: &str, dry_run: bool) -> Vec<ops::replay::Item> {
        let filter = DeliveryFilter {
            instance: Some(instance.to_owned()),
            ..DeliveryFilter::default()
        };
        let options = ops::replay::Options {
            deliveries: ops::replay::Deliveries::Selected(filter),
            dry_run,
            actor: midiateca_service::access::Actor::CommandLine(None),
        };
        let found = std::sync::Arc::new(Found::default());
        let ingest = &self.test.app.ingest;
        let running = ops::replay::run(ingest, options, found.clone(), Default::default());
        running.await.unwrap();
        let items = found.0.lock().unwrap();
        items.clone()
    }
}

#[derive(Default)]
struct Found(std::sync::Mutex<Vec<ops::replay::Item>>);

impl ops::Progress<ops::replay::Item> for Found {
    fn finding(&self, item: &ops::replay::Item) {
        self.0.lock().unwrap().push(item.clone());
    }
}

fn compare(case: &Case, rows: &[MediaView]) {
    let messages = match case.expected.get("messages") {
        Some(Value::Array(messages)) => messages.clone(),
        _ => vec![case.expected.clone()],
    };
    let wanted = messages.iter().flat_map(|message| {
        let media = message["media"].as_array().unwrap().iter();
        media.map(move |media| (message.clone(), media.clone()))
    });
    let wanted: Vec<_> = wanted.collect();
    assert_eq!(rows.len(), wanted.len(), "{}", case.name);
    for ((message, media), row) in wanted.iter().zip(rows) {
        let row = json!(row);
        for name in ["message_id", "chat_id", "sender_id", "from_me", "is_group"] {
            let is_null = message[name].is_null();
            assert!(
                is_null || row[name] == message[name],
                "{} {name}: {row}",
                case.name
            );
        }
        for name in [
            "kind",
            "mime_declared",
            "file_name",
            "caption",
            "seconds",
            "voice_note",
        ] {
            let wanted = media.get(name).unwrap_or(&Value::Null);
            assert_eq!(&row[name], wanted, "{} {name}", case.name);
        }
    }
}

/// An expectation's `auth` decides; a delivery without it comes to an instance without a secret.
#[tokio::test]
async fn every_delivery_becomes_its_rows_or_is_refused() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let cases = cases();
    let mut hooks = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let secret = case.expected["auth"]["secret"].as_str();
        let id = format!("case-{number}");
        hooks.push(stage.add(&id, case.gateway, secret).await);
    }
    stage.test.wait_for_directory().await;
    for (case, hook) in cases.iter().zip(hooks) {
        let auth = &case.expected["auth"];
        // Twilio signs the whole address, so its cases come to the one that was signed.
        if case.gateway == Gateway::Twilio {
            continue;
        }
        let name = case.gateway.as_str();
        let (status, answer) = stage.post(&format!("/hooks/{name}/{hook}"), case).await;
        if auth["verdict"] == "refuse" {
            assert_eq!(status, 401, "{} {answer}", case.name);
            assert_eq!(answer["error"]["code"], "wrong_signature", "{}", case.name);
            continue;
        }
        assert_eq!(status, 200, "{} {answer}", case.name);
        match case.expected["family"].as_str().unwrap() {
            "media" if case.expected["also"]["completes"].is_string() => {
                assert_eq!(answer["status"], "accepted", "{}", case.name);
            }
            "media" => {
                let ids = answer["media"]
                    .as_array()
                    .unwrap_or_else(|| panic!("{} {answer}", case.name));
                let mut rows = Vec::new();
                for id in ids {
                    rows.push(
                        stage
                            .test
                            .find(&MediaId(id["id"].as_str().unwrap().to_owned()))
                            .await,
                    );
                }
                compare(case, &rows);
            }
            "connection" => assert_eq!(answer["status"], "accepted", "{} {answer}", case.name),
            _ => assert_ne!(answer["status"], "set_aside", "{} {answer}", case.name),
        }
    }
}

/// Every verdict at the address with any further segment, and at the one that recognises the gateway.
#[tokio::test]
async fn a_delivery_is_taken_at_a_longer_address_and_at_the_one_for_all() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let folder = Path::new(FIXTURES);
    let case = case(&folder.join("evolution"), "image-lid");
    let hook = stage.instance("loja", Gateway::Evolution, None).await;
    for path in [
        format!("/hooks/evolution/{hook}/messages-upsert"),
        format!("/hooks/auto/{hook}"),
        format!("/hooks/auto/{hook}/"),
        format!("/hooks/evolution/{hook}"),
    ] {
        let (status, answer) = stage.post(&path, &case).await;
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("accepted")),
            "{path}"
        );
    }
    let (status, answer) = stage.post(&format!("/hooks/unknown/{hook}"), &case).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (404, &json!("unknown_gateway"))
    );
}

#[tokio::test]
async fn a_delivery_of_another_gateway_is_set_aside_and_read_once_the_gateway_is_corrected() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let folder = Path::new(FIXTURES);
    let case = case(&folder.join("zapi"), "image-lid");
    let hook = stage.instance("loja", Gateway::Gowa, None).await;
    let (status, answer) = stage.post(&format!("/hooks/gowa/{hook}"), &case).await;
    assert_eq!(status, 200);
    assert_eq!(answer["status"], "set_aside", "{answer}");
    assert_eq!(answer["reason"], "other_gateway", "{answer}");
    assert_eq!(answer["gateway"], "zapi", "{answer}");
    stage.instance("loja", Gateway::Zapi, None).await;
    assert_eq!(stage.replay("loja").await, [ops::replay::Replayed::Read]);
    let id = InstanceId("loja".to_owned());
    let rows = media::message::of_message(&stage.test.app.db, &id, "3A690CE156D4CE5F10EE");
    assert_eq!(rows.await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_mistyped_secret_loses_nothing() {
    let stage = Stage::start("2026-09-21T18:41:05Z").await;
    let folder = Path::new(FIXTURES);
    for (number, (gateway, name)) in [
        (Gateway::Meta, "image"),
        (Gateway::Gowa, "image"),
        (Gateway::Waha, "signed-image"),
        (Gateway::Wuzapi, "signed-json"),
        (Gateway::Wuzapi, "signed"),
        (Gateway::Zapi, "image-group"),
    ]
    .into_iter()
    .enumerate()
    {
        let case = case(&folder.join(gateway.as_str()), name);
        let id = format!("loja-{number}");
        let hook = stage.instance(&id, gateway, Some("mistyped")).await;
        let path = format!("/hooks/{}/{hook}", gateway.as_str());
        let (status, _) = stage.post(&path, &case).await;
        assert_eq!(status, 401, "{}", case.name);
        let reason = Some(midiateca_service::model::DeliveryReason::WrongSignature);
        let replayed = stage.replay(&id).await;
        assert_eq!(
            replayed,
            [ops::replay::Replayed::Unreadable],
            "{} {reason:?}",
            case.name
        );
        let secret = case.expected["auth"]["secret"].as_str().unwrap();
        stage.instance(&id, gateway, Some(secret)).await;
        assert_eq!(
            stage.replay(&id).await,
            [ops::replay::Replayed::Read],
            "{}",
            case.name
        );
        // It became an ordinary delivery, and is not received a second time.
        let filter = DeliveryFilter {
            instance: Some(id.clone()),
            ..DeliveryFilter::default()
        };
        let kept = deliveries::list(&stage.test.app.db, &filter, "", 10)
            .await
            .unwrap();
        let verdicts: Vec<_> = kept.iter().map(|one| one.verdict.as_str()).collect();
        assert_eq!(verdicts, ["accepted"], "{}", case.name);
        let body = deliveries::body(&stage.test.app.db, &DeliveryId(kept[0].id.0.clone())).await;
        assert!(body.unwrap().is_some());
    }
}

/// The gateways that repeat the instance's token in each delivery.
#[tokio::test]
async fn no_token_of_a_gateway_is_stored_with_a_delivery() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    for (number, (gateway, name, token)) in [
        (
            Gateway::Uazapi,
            "image",
            "629b740e-e61f-4444-af07-4fe95d9eea13",
        ),
        (
            Gateway::EvolutionGo,
            "image",
            "a6aa9478-e8be-4a6c-ae7c-b3f59e947761",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let case = case(&Path::new(FIXTURES).join(gateway.as_str()), name);
        assert!(String::from_utf8_lossy(&case.body).contains(token));
        let id = format!("loja-{number}");
        let hook = stage.instance(&id, gateway, None).await;
        let path = format!("/hooks/{}/{hook}", gateway.as_str());
        let (_, answer) = stage.post(&path, &case).await;
        let delivery = DeliveryId(answer["delivery"].as_str().unwrap().to_owned());
        let body = deliveries::body(&stage.test.app.db, &delivery)
            .await
            .unwrap()
            .unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(
            !body.contains(token) && body.contains("***"),
            "{}",
            case.name
        );
        assert_eq!(stage.replay(&id).await, [ops::replay::Replayed::Read]);
    }
}

/// A body that is no text is checked again like any other.
#[tokio::test]
async fn a_refused_body_that_is_no_text_is_checked_again() {
    use hmac::{KeyInit as _, Mac as _};
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let mut case = case(&Path::new(FIXTURES).join("gowa"), "image");
    case.body = b"{\"device_id\":\"caf\xe9\",\"payload\":{}}".to_vec();
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"right").unwrap();
    mac.update(&case.body);
    let digits: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    case.headers
        .retain(|(name, _)| name != "x-hub-signature-256");
    use ops::replay::Replayed;
    for (prefix, result, left) in [
        ("sha1=", Replayed::Unreadable, 1),
        ("sha256=", Replayed::NoMedia, 0),
    ] {
        let id = format!("loja-{}", prefix.trim_end_matches('='));
        let hook = stage.instance(&id, Gateway::Gowa, Some("mistyped")).await;
        let header = (
            "x-hub-signature-256".to_owned(),
            format!("{prefix}{digits}"),
        );
        case.headers.push(header);
        assert_eq!(
            stage.post(&format!("/hooks/gowa/{hook}"), &case).await.0,
            401
        );
        case.headers.pop();
        stage.instance(&id, Gateway::Gowa, Some("right")).await;
        assert_eq!(stage.replay(&id).await, [result], "{prefix}");
        let filter = DeliveryFilter {
            instance: Some(id),
            ..DeliveryFilter::default()
        };
        let kept = deliveries::list(&stage.test.app.db, &filter, "", 10)
            .await
            .unwrap();
        assert_eq!(kept.len(), left, "{prefix}");
    }
}

/// A sender without the secret who knows the address cannot displace what is kept.
#[tokio::test]
async fn refused_deliveries_are_kept_within_their_limit_and_the_first_stay() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let mut case = case(&Path::new(FIXTURES).join("gowa"), "image");
    let hook = stage
        .instance("loja", Gateway::Gowa, Some("mistyped"))
        .await;
    let path = format!("/hooks/gowa/{hook}");
    assert_eq!(stage.post(&path, &case).await.0, 401);
    let noise = crate::inline::picture(1, 50 << 20);
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, noise);
    case.body = json!({"device_id": "x", "text": text})
        .to_string()
        .into_bytes();
    assert_eq!(stage.post(&path, &case).await.0, 401);
    let filter = DeliveryFilter::default();
    let kept = deliveries::list(&stage.test.app.db, &filter, "", 10)
        .await
        .unwrap();
    let sizes: Vec<_> = kept.iter().map(|one| one.body_size < 10_000).collect();
    assert_eq!(
        sizes,
        [true],
        "the first one stays, the one beyond the limit does not"
    );
}

#[tokio::test]
async fn the_handshake_of_meta_is_answered_with_its_challenge_only() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let fixture = fs::read(Path::new(FIXTURES).join("meta/verify.handshake.json")).unwrap();
    let fixture: Value = serde_json::from_slice(&fixture).unwrap();
    let secret = fixture["verify_token"].as_str();
    let hook = stage.instance("loja", Gateway::Meta, secret).await;
    for case in fixture["cases"].as_array().unwrap() {
        let query = case["query"].as_str().unwrap();
        let url = format!("{}/hooks/meta/{hook}?{query}", stage.test.origin());
        let answer = stage.test.http.get(url).send().await.unwrap();
        let wanted = case["status"].as_u64().unwrap();
        let status = u64::from(answer.status().as_u16());
        assert!(
            status == wanted || wanted == 400 && (400..500).contains(&status),
            "{query}: {status}"
        );
        if wanted == 200 {
            let kind = answer.headers()["content-type"]
                .to_str()
                .unwrap()
                .to_owned();
            assert!(kind.starts_with("text/plain"), "{kind}");
            assert_eq!(answer.text().await.unwrap(), case["body"].as_str().unwrap());
        }
    }
    let own = format!(
        "{}/hooks/meta/{hook}?hub.mode=subscribe&hub.challenge=7&hub.verify_token={hook}",
        stage.test.origin()
    );
    assert_eq!(
        stage
            .test
            .http
            .get(own)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        "7"
    );
    let wrong = format!(
        "{}/hooks/meta/wrong?hub.mode=subscribe&hub.challenge=7&hub.verify_token=wrong",
        stage.test.origin()
    );
    assert_eq!(
        stage
            .test
            .http
            .get(wrong)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        401
    );
}

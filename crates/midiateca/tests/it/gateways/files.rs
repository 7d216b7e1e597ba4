//! From a delivery to the stored file, with every gateway and on each of its routes, at a simulated gateway.

mod reupload;
mod twilio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use midiateca_service::clock::Clock;
use midiateca_service::config::Config;
use midiateca_service::gateway::Gateway;
use midiateca_service::instances::NewInstance;
use midiateca_service::model::{MediaId, Route};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use wa_media::MediaKind;
use wa_sim::{Content, Delivery, Fault, SimMedia};

use crate::stage::{MediaView, TODAY, TOKEN, TestApp, add_signed, impatient, instance};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

struct Files {
    test: TestApp,
}

/// An instance of a gateway, and the address of its deliveries.
struct Source {
    id: String,
    gateway: Gateway,
    url: String,
}

impl Source {
    fn simulated(&self) -> wa_sim::Gateway {
        simulated(self.gateway)
    }

    /// A media of this instance.
    fn media(&self, id: &str, kind: MediaKind) -> SimMedia {
        SimMedia::sample(&self.id, id, kind)
    }
}

fn simulated(gateway: Gateway) -> wa_sim::Gateway {
    let mut all = wa_sim::Gateway::ALL.into_iter();
    all.find(|it| it.as_str() == gateway.as_str()).unwrap()
}

impl Files {
    async fn start() -> Self {
        Self::with(impatient()).await
    }

    /// Links may lead to the second server of the simulated gateways.
    async fn with(mut config: Config) -> Self {
        config.fetch.allowed_hosts = vec!["127.0.0.1".to_owned()];
        Self {
            test: TestApp::with(config, Clock::fixed(TODAY)).await,
        }
    }

    async fn source(&self, id: &str, gateway: Gateway, routes: &[Route]) -> Source {
        self.source_with(id, gateway, routes, TOKEN, None).await
    }

    async fn source_with(
        &self,
        id: &str,
        gateway: Gateway,
        routes: &[Route],
        token: &str,
        secret: Option<&str>,
    ) -> Source {
        let sim = &self.test.sim;
        sim.world().add_instance(id, TOKEN);
        let new = NewInstance {
            gateway,
            cdn_base: Some(sim.origin()),
            routes: Some(routes.to_vec()),
            ..instance(id, 2, sim.api_base_of(simulated(gateway)))
        };
        let (_, hook) = add_signed(&self.test.app, new, Some(token), secret).await;
        let (origin, name) = (self.test.origin(), gateway.as_str());
        Source {
            id: id.to_owned(),
            gateway,
            url: format!("{origin}/hooks/{name}/{}", hook.unwrap_or_default()),
        }
    }

    /// One for each gateway with this route. The server rereads them once a second.
    async fn sources(&self, route: Route, token: &str) -> Vec<Source> {
        let mut sources = Vec::new();
        for gateway in Gateway::ALL {
            if gateway.routes().contains(&route) && !has_no_form(gateway, route) {
                let id = format!("{}-{}", gateway.as_str(), route.as_str());
                let routes = [route];
                let source = self.source_with(&id, gateway, &routes, token, None);
                sources.push(source.await);
            }
        }
        self.test.wait_for_directory().await;
        sources
    }

    fn add(&self, source: &Source, media: SimMedia) -> Delivery {
        self.test.sim.world().add_as(source.simulated(), media)
    }

    async fn post(&self, source: &Source, kind: &str, body: String) -> Value {
        let request = self.test.http.post(&source.url);
        let request = request.header("content-type", kind).body(body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let answer: Value = answer.json().await.unwrap_or_default();
        assert_eq!(status, 200, "{} {answer}", source.gateway.as_str());
        assert_eq!(answer["status"], "accepted", "{answer}");
        answer
    }

    /// Waits for the first media of an answer.
    async fn settled(&self, answer: &Value) -> MediaView {
        let id = answer["media"][0]["id"].as_str();
        let id = id.unwrap_or_else(|| panic!("{answer}")).to_owned();
        self.test.settled(&MediaId(id)).await
    }

    /// Posts a delivery as its gateway does.
    async fn deliver(&self, source: &Source, body: &Value) -> MediaView {
        let answer = match source.gateway {
            Gateway::Twilio => self.post(source, FORM, form(body)).await,
            _ => self.post(source, JSON, body.to_string()).await,
        };
        self.settled(&answer).await
    }

    async fn store(&self, source: &Source, media: SimMedia) -> (MediaView, Delivery) {
        let delivery = self.add(source, media);
        (self.deliver(source, &delivery.body).await, delivery)
    }

    fn expect_stored(&self, source: &Source, route: Route, row: &MediaView, of: &Delivery) {
        let what = format!("{} {route:?} {} {}", source.id, row.kind, row.message_id);
        assert_eq!(row.status, "stored", "{what} {:?}", row.reason);
        assert_eq!(row.route.as_deref(), Some(route.as_str()), "{what}");
        let bytes = std::fs::read(self.test.file(row)).unwrap();
        assert_eq!(Sha256::digest(&bytes)[..], of.sha256, "{what}");
        assert_eq!(row.size, i64::try_from(of.size_bytes).ok(), "{what}");
        let name = self.test.file(row).file_name().unwrap().to_owned();
        let name = name.into_string().unwrap();
        let prefix = format!("{}_{}_", source.gateway.as_str(), row.message_id);
        assert!(name.starts_with(&prefix), "{what}: {name}");
    }
}

/// A name as part of a message's id.
fn letters(name: &str) -> String {
    name.replace('-', "").to_uppercase()
}

fn form(body: &Value) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in body.as_object().unwrap() {
        form.append_pair(name, value.as_str().unwrap());
    }
    form.finish()
}

/// Gateways that have the route only for what an operator's automation adds to their deliveries.
fn has_no_form(gateway: Gateway, route: Route) -> bool {
    let silent = [Gateway::Uazapi, Gateway::Waha];
    route == Route::Inline && silent.contains(&gateway)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_gateway_stores_every_kind_on_each_of_its_routes() {
    let files = Files::start().await;
    let mut stored = 0;
    for route in [Route::Inline, Route::Cdn, Route::Link, Route::Gateway] {
        for source in files.sources(route, TOKEN).await {
            let id = &source.id;
            for kind in MediaKind::ALL {
                let media = SimMedia {
                    with_bytes: route == Route::Inline,
                    with_link: route == Route::Link,
                    ..source.media(&format!("3EB0{stored:06}"), kind)
                };
                let (row, delivery) = files.store(&source, media).await;
                files.expect_stored(&source, route, &row, &delivery);
                assert_eq!(row.kind, kind.as_str(), "{id}");
                assert_eq!(row.sender_name.as_deref(), Some("Dona Cida"), "{id}");
                let proof = "full";
                let is_hashed = row.verified.as_deref() == Some(proof);
                assert_eq!(is_hashed, names_hash(source.gateway), "{id} {row:?}");
                stored += 1;
            }
        }
    }
    assert!(stored >= 35 * MediaKind::ALL.len(), "{stored}");
    let leaked = files.test.sim.world().bearers_on_files();
    assert_eq!(leaked, 0, "a public file was requested with a token");
    files.test.end().await;
}

/// Whether deliveries of a gateway have the file's hash.
fn names_hash(gateway: Gateway) -> bool {
    use Gateway::{Gowa, Gupshup, Quepasa, Twilio, Zapi};
    ![Gowa, Gupshup, Quepasa, Twilio, Zapi].contains(&gateway)
}

#[tokio::test]
async fn a_wrong_token_is_a_refusal_with_every_gateway() {
    let files = Files::start().await;
    for source in files.sources(Route::Gateway, "another").await {
        let id = &source.id;
        let media = source.media(&format!("WRONG{}", letters(id)), MediaKind::Image);
        let (row, _) = files.store(&source, media).await;
        assert_eq!(row.reason.as_deref(), Some("gateway_token_refused"), "{id}");
        assert_ne!(row.status, "stored", "{id}");
    }
    files.test.end().await;
}

/// A link's host may be anyone's, also behind a redirect.
#[tokio::test]
async fn a_token_is_for_the_gateways_own_host_only() {
    let files = Files::start().await;
    let other = files.test.sim.fallback_origin();
    for route in [Route::Link, Route::Gateway] {
        let sources = files.sources(route, TOKEN).await;
        let cases = sources.iter().flat_map(|it| [(it, false), (it, true)]);
        for (source, is_redirect) in cases {
            if !leads_elsewhere(source.gateway, route, is_redirect) {
                continue;
            }
            let message = format!("{}{}", letters(&source.id), u8::from(is_redirect));
            // What the redirect leads to.
            let target = source.media(&format!("{message}TARGET"), MediaKind::Image);
            files.add(source, target);
            let elsewhere = format!("{other}/media/file/{message}TARGET_image.bin");
            let fault = if is_redirect {
                Fault::RedirectTo(elsewhere)
            } else {
                Fault::LinkAt(other.clone())
            };
            let media = SimMedia {
                fault,
                with_link: route == Route::Link,
                ..source.media(&message, MediaKind::Image)
            };
            let (row, delivery) = files.store(source, media).await;
            files.expect_stored(source, route, &row, &delivery);
            let leaked = files.test.sim.world().bearers_on_files();
            assert_eq!(leaked, 0, "{message}");
        }
    }
    files.test.end().await;
}

/// Whether a link can lead to another server, at once or by a redirect.
fn leads_elsewhere(gateway: Gateway, route: Route, is_redirect: bool) -> bool {
    use Gateway::{Dialog360, Gowa, Meta, Twilio, Uazapi, Waha, Wapi};
    match (gateway, route) {
        // The host of its links is always replaced.
        (Dialog360, _) => false,
        // All its links redirect to another server.
        (Twilio, _) => !is_redirect,
        // Others answer with the file.
        (_, Route::Gateway) => [Wapi, Meta, Uazapi, Waha, Gowa].contains(&gateway),
        _ => true,
    }
}

#[tokio::test]
async fn a_gateway_without_the_file_is_not_asked_for_ever() {
    let files = Files::start().await;
    for source in files.sources(Route::Gateway, TOKEN).await {
        // W-API does not say why it has no file.
        if source.gateway == Gateway::Wapi {
            continue;
        }
        let id = &source.id;
        let lost = SimMedia {
            fault: Fault::Lost,
            ..source.media(&format!("LOST{}", letters(id)), MediaKind::Image)
        };
        let (row, _) = files.store(&source, lost).await;
        assert_eq!(row.reason.as_deref(), Some("gateway_file_gone"), "{id}");
        let unknown = source.media(&format!("UNKNOWN{}", letters(id)), MediaKind::Image);
        let apart = wa_sim::World::default();
        let unknown = apart.add_as(source.simulated(), unknown).body;
        let row = files.deliver(&source, &unknown).await;
        assert_eq!(row.reason.as_deref(), Some("gateway_file_gone"), "{id}");
    }
    files.test.end().await;
}

/// Every fault of an answer is retried, and none of them stores a file.
#[tokio::test]
async fn a_gateways_faults_pass() {
    let files = Files::start().await;
    let faults = [
        (Fault::ApiErrorObject, "gateway_failed"),
        (Fault::ApiStatus(503), "gateway_unavailable"),
        (
            Fault::TooManyRequests { retry_after_s: 1 },
            "gateway_throttled",
        ),
        (Fault::WrongBytes, "hash_mismatch"),
        (Fault::StillEncrypted, "still_encrypted"),
        (Fault::Empty, ""),
        (Fault::HtmlPage, ""),
        (Fault::CutShort { after_bytes: 400 }, ""),
    ];
    let mut sources = Vec::new();
    for gateway in Gateway::ALL {
        // quepasa answers with the file itself, and GOWA names no hash.
        let is_other = [Gateway::Quepasa, Gateway::Gowa].contains(&gateway);
        if is_other || !gateway.routes().contains(&Route::Gateway) {
            continue;
        }
        for (number, fault) in faults.iter().enumerate() {
            // A new instance each, because one that is throttled waits.
            let id = format!("{}-{number}", gateway.as_str());
            let source = files.source(&id, gateway, &[Route::Gateway]).await;
            sources.push((source, fault));
        }
    }
    files.test.wait_for_directory().await;
    let deliveries = sources.iter().map(async |(source, (fault, reason))| {
        let media = SimMedia {
            fault: fault.clone(),
            ..source.media(&format!("FAULT{}", letters(&source.id)), MediaKind::Image)
        };
        // Without its key, a file does not show that it is encrypted.
        let has_key = ![Gateway::Meta, Gateway::Dialog360].contains(&source.gateway);
        let reason = match fault {
            Fault::StillEncrypted if !has_key => "hash_mismatch",
            _ => reason,
        };
        let (row, _) = files.store(source, media).await;
        let found = row.reason.as_deref().unwrap_or_default();
        let is_right = reason.is_empty() || found == reason;
        let is_wrong = row.status == "stored" || !row.recoverable || !is_right;
        is_wrong.then(|| format!("{} {fault:?}: {} {found}", source.id, row.status))
    });
    let wrong = futures_util::future::join_all(deliveries).await;
    let wrong: Vec<_> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    files.test.end().await;
}

/// Evolution GO sends stickers as PNG, which is not the file that the sender hashed.
#[tokio::test]
async fn bytes_with_a_wrong_hash_give_way_to_the_next_route() {
    let files = Files::start().await;
    let routes = [Route::Inline, Route::Cdn, Route::Gateway];
    for (gateway, place) in [
        (Gateway::EvolutionGo, "/data/Message/base64"),
        (Gateway::Evolution, "/data/message/base64"),
        (Gateway::Wuzapi, "/base64"),
        (Gateway::Wppconnect, "/body"),
    ] {
        for (name, bytes) in [
            ("png", STANDARD.encode(b"\x89PNG\r\n\x1a\n another picture")),
            ("broken", "iVBORw0KGgo=AAAA*%$!".repeat(20)),
        ] {
            let id = format!("{}-{name}", gateway.as_str());
            let source = files.source(&id, gateway, &routes).await;
            let mut delivery = files.add(
                &source,
                SimMedia {
                    with_bytes: true,
                    ..source.media(&format!("BYTES{}", letters(&id)), MediaKind::Sticker)
                },
            );
            *delivery.body.pointer_mut(place).unwrap() = json!(bytes);
            let row = files.deliver(&source, &delivery.body).await;
            files.expect_stored(&source, Route::Cdn, &row, &delivery);
        }
    }
    files.test.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_video_in_a_delivery_is_stored_and_the_delivery_shrinks() {
    const SIZE: u64 = 60 << 20;
    let files = Files::start().await;
    let source = files
        .source("loja", Gateway::Evolution, &[Route::Inline])
        .await;
    let media = SimMedia {
        content: Content::Generated {
            seed: 5,
            size_bytes: SIZE,
        },
        with_bytes: true,
        with_key: false,
        ..source.media("3EB0LARGE", MediaKind::Video)
    };
    let (row, delivery) = files.store(&source, media).await;
    files.expect_stored(&source, Route::Inline, &row, &delivery);
    let sql = "select coalesce(sum(length(body_lz4)), 0)
                 + coalesce((select sum(length(text)) from delivery_parts), 0) as bytes from deliveries";
    let kept = files.test.app.db.row(sql, vec![]).await.unwrap().unwrap();
    assert!(kept.int("bytes").unwrap() < 20_000);
    let started = std::time::Instant::now();
    let texts = || std::fs::read_dir(files.test.app.bodies.folder()).map_or(0, Iterator::count);
    while texts() > 0 {
        assert!(
            started.elapsed().as_secs() < 60,
            "{} texts are left",
            texts()
        );
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    files.test.end().await;
}

#[tokio::test]
async fn a_late_link_completes_an_earlier_message() {
    let files = Files::start().await;
    let source = files
        .source("atelie", Gateway::Uazapi, &[Route::Link])
        .await;
    let mut media = source.media("3A1E9DC2AAD0B4AC58EE", MediaKind::Image);
    media.with_key = false;
    let delivery = files.add(&source, media);
    let row = files.deliver(&source, &delivery.body).await;
    assert_ne!(row.status, "stored");
    let late = json!({
        "BaseUrl": "https://uazapi.example",
        "EventType": "messages_update",
        "event": {
            "Chat": "5500900000001@s.whatsapp.net",
            "FileURL": delivery.link,
            "IsFromMe": false,
            "IsGroup": false,
            "MessageIDs": ["3A1E9DC2AAD0B4AC58EE"],
            "Type": "FileDownloaded",
            "Timestamp": "2026-09-21T20:59:26Z",
        },
        "instanceName": "atelie",
        "type": "FileDownloaded",
    });
    files.post(&source, JSON, late.to_string()).await;
    let id = MediaId(row.id.clone());
    let started = std::time::Instant::now();
    while files.test.find(&id).await.status != "stored" {
        assert!(started.elapsed().as_secs() < 60);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let row = files.test.find(&id).await;
    files.expect_stored(&source, Route::Link, &row, &delivery);
    files.test.end().await;
}

/// Its link expires after three minutes, the CDN's after a month.
#[tokio::test]
async fn waha_is_asked_for_its_link_first() {
    let files = Files::start().await;
    let source = files
        .source("aurora", Gateway::Waha, Gateway::Waha.routes())
        .await;
    let with_link = |id: &str, fault| SimMedia {
        with_link: true,
        fault,
        ..source.media(id, MediaKind::Image)
    };
    let (row, delivery) = files.store(&source, with_link("FIRST", Fault::None)).await;
    files.expect_stored(&source, Route::Link, &row, &delivery);
    let world = files.test.sim.world();
    assert_eq!(world.cdn_requests(&delivery.direct_path), 0);
    let gone = Fault::FileStatus(404);
    let (row, delivery) = files.store(&source, with_link("DEAD", gone)).await;
    files.expect_stored(&source, Route::Cdn, &row, &delivery);
    let both = SimMedia {
        cdn_fault: Fault::FileStatus(403),
        ..with_link(
            "BOTH",
            Fault::InTurn(vec![Fault::FileStatus(404), Fault::None]),
        )
    };
    let (row, delivery) = files.store(&source, both).await;
    files.expect_stored(&source, Route::Reupload, &row, &delivery);
    files.test.end().await;
}

#[tokio::test]
async fn a_file_in_a_part_of_its_own_is_stored() {
    let files = Files::start().await;
    let source = files
        .source("atelie", Gateway::Wuzapi, &[Route::Inline])
        .await;
    let media = source.media("3EB0PART", MediaKind::Image);
    let Content::Bytes(bytes) = media.content.clone() else {
        unreachable!()
    };
    let delivery = files.add(&source, media);
    let mut body = Vec::new();
    for (name, text) in [
        ("jsonData", delivery.body.to_string()),
        ("instanceName", source.id.clone()),
    ] {
        let part =
            format!("--sim\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(b"--sim\r\nContent-Disposition: form-data; name=\"file\"; filename=\"foto.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n");
    body.extend_from_slice(&bytes);
    body.extend_from_slice(b"\r\n--sim--\r\n");
    let request = files.test.http.post(&source.url).body(body);
    let request = request.header("content-type", "multipart/form-data; boundary=sim");
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["status"], "accepted", "{answer}");
    let row = files.settled(&answer).await;
    files.expect_stored(&source, Route::Inline, &row, &delivery);
    files.test.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_broken_message_of_a_batch_is_alone() {
    const COUNT: usize = 1_000;
    const BROKEN: usize = 500;
    let files = Files::start().await;
    let source = files.source("100", Gateway::Meta, &[Route::Gateway]).await;
    let mut whole = Value::Null;
    for n in 0..COUNT {
        let media = source.media(&format!("wamid.{n:04}"), MediaKind::Sticker);
        let mut body = files.add(&source, media).body;
        if n == BROKEN {
            let broken = json!({"id": 7, "type": [], "from": {}, "image": "?", "timestamp": {}});
            body["entry"][0]["changes"][0]["value"]["messages"][0] = broken;
        }
        match whole["entry"].as_array_mut() {
            Some(entries) => entries.push(body["entry"][0].take()),
            None => whole = body,
        }
    }
    let answer = files.post(&source, JSON, whole.to_string()).await;
    let ids = answer["media"].as_array().unwrap();
    assert_eq!(ids.len(), COUNT - 1);
    for id in ids {
        let id = MediaId(id["id"].as_str().unwrap().to_owned());
        let row = files.test.settled(&id).await;
        assert_eq!(row.status, "stored", "{} {:?}", row.message_id, row.reason);
    }
    files.test.end().await;
}

//! `instance configure-webhooks` against the APIs of other gateways: set, read back, reported when it is incomplete, undone.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::IntoResponse as _;
use axum::{Json, Router};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands::{midiateca, stderr, stdout};
use midiateca_service::clock::Clock;
use midiateca_service::server::Service;

mod undo;

const THEIRS: &str = "https://crm.example/hook";
const SECRET: &str = "segredo-de-teste-com-32-caracteres";

/// Gateways that cannot sign.
const UNSIGNED: [&str; 7] = [
    "uazapi",
    "wppconnect",
    "evolution-go",
    "zapi",
    "dialog360",
    "quepasa",
    "gupshup",
];

/// A gateway's API with its settings: what it answers to a call, by method, path and body.
struct Api {
    respond: fn(&mut Value, (&str, &str), &Value) -> Option<Value>,
    /// The header with the token, and the tokens that are accepted.
    key: (&'static str, &'static [&'static str]),
    settings: Mutex<Value>,
}

async fn answer(State(api): State<Arc<Api>>, request: Request) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let key = parts.headers.get(api.key.0);
    if key.is_none_or(|key| !api.key.1.iter().any(|known| key == known)) {
        return (axum::http::StatusCode::UNAUTHORIZED, Json(json!({}))).into_response();
    }
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let webhook = &body["webhook_configuration"];
    let is_address = |address: &str| !address.is_empty();
    let address = webhook["override_callback_uri"].as_str();
    if address.is_some_and(is_address) && !is_verified(webhook).await {
        return (axum::http::StatusCode::BAD_REQUEST, Json(json!({}))).into_response();
    }
    let named = (parts.method.as_str(), parts.uri.path());
    let mut settings = api.settings.lock().unwrap();
    match (api.respond)(&mut settings, named, &body) {
        Some(answer) => Json(answer).into_response(),
        None => axum::http::StatusCode::NOT_FOUND.into_response(),
    }
}

/// Meta's handshake, during the call.
async fn is_verified(webhook: &Value) -> bool {
    let [address, token] = ["override_callback_uri", "verify_token"].map(|name| {
        let text = webhook[name].as_str();
        text.unwrap_or_default()
    });
    let query = format!("hub.mode=subscribe&hub.challenge=4711&hub.verify_token={token}");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("{address}?{query}")).send().await;
    match answer {
        Ok(answer) => answer.status() == 200 && answer.text().await.unwrap() == "4711",
        Err(_) => false,
    }
}

struct Desk {
    folder: TempDir,
    api: Arc<Api>,
}

impl Desk {
    async fn set(gateway: &str, api: Api) -> Self {
        Self::with_token(gateway, "gateway-token", api).await
    }

    async fn with_token(gateway: &str, token: &str, api: Api) -> Self {
        let secret = (!UNSIGNED.contains(&gateway)).then_some(SECRET);
        Self::open(gateway, token, secret, api).await
    }

    async fn without_secret(gateway: &str, api: Api) -> Self {
        Self::open(gateway, "gateway-token", None, api).await
    }

    #[expect(clippy::disallowed_methods, reason = "not the service's task")]
    async fn open(gateway: &str, token: &str, secret: Option<&str>, api: Api) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let api = Arc::new(api);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at: SocketAddr = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(api.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let secret_file = folder.path().join("secret.txt");
        std::fs::write(&secret_file, secret.unwrap_or_default()).unwrap();
        let token_file = folder.path().join("token.txt");
        std::fs::write(&token_file, token).unwrap();
        let desk = Self { folder, api };
        desk.fine(&["client", "add", "Padaria Aurora", "--id", "2"])
            .await;
        let base = format!("http://{at}");
        let mut add = vec![
            "instance",
            "add",
            "loja",
            "--client",
            "2",
            "--gateway",
            gateway,
            "--token-file",
            token_file.to_str().unwrap(),
            "--api-base",
            &base,
        ];
        if gateway == "twilio" {
            add.extend(["--session", "XE0"]);
        }
        if secret.is_some() {
            add.extend(["--secret-file", secret_file.to_str().unwrap()]);
        }
        let added = desk.fine(&add).await;
        assert!(
            stderr(&added).contains("token accepted"),
            "{}",
            stderr(&added)
        );
        desk
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        midiateca(self.data(), arguments).await
    }

    async fn fine(&self, arguments: &[&str]) -> Output {
        let output = self.run(arguments).await;
        let shown = [stdout(&output), stderr(&output)];
        assert!(output.status.success(), "{shown:?}");
        assert!(!shown.concat().contains(SECRET), "{shown:?}");
        output
    }

    async fn configure(&self) -> Output {
        let url = ["--public-url", "https://midia.example"];
        let command = ["instance", "configure-webhooks", "loja"];
        self.run(&[&command[..], &url].concat()).await
    }

    /// The slot's state as `instance show` reports it.
    async fn slot(&self) -> Value {
        let shown = self.fine(&["--json", "instance", "show", "loja"]).await;
        let report: Value = serde_json::from_str(&stdout(&shown)).unwrap();
        assert_eq!(report["connected_now"], true, "{report}");
        report["slots"][0].clone()
    }

    /// Of a gateway that does not say whether the instance is connected.
    async fn slot_without_state(&self) -> Value {
        let shown = self.fine(&["--json", "instance", "show", "loja"]).await;
        let report: Value = serde_json::from_str(&stdout(&shown)).unwrap();
        assert_eq!(report["connected_now"], Value::Null, "{report}");
        report["slots"][0].clone()
    }
}

fn evolution() -> Api {
    Api {
        respond: |settings, call, body| {
            match call {
                ("GET", "/webhook/find/loja") => {}
                ("GET", "/instance/connectionState/loja") => {
                    return Some(json!({"instance": {"instanceName": "loja", "state": "open"}}));
                }
                ("POST", "/webhook/set/loja") => {
                    let webhook = &body["webhook"];
                    *settings = json!({
                        "url": webhook["url"],
                        "enabled": webhook["enabled"],
                        "headers": webhook["headers"],
                        "events": webhook["events"],
                        "webhookByEvents": webhook["byEvents"],
                        "webhookBase64": webhook["base64"],
                    });
                }
                _ => return None,
            }
            Some(settings.clone())
        },
        key: ("apikey", &["gateway-token"]),
        settings: Mutex::new(json!({
            "url": THEIRS,
            "enabled": true,
            "headers": {"x-crm": "1"},
            "events": ["CALL"],
            "webhookByEvents": true,
            "webhookBase64": true,
        })),
    }
}

#[tokio::test]
async fn a_single_webhook_is_set_and_restored_as_a_whole() {
    let desk = Desk::set("evolution", evolution()).await;
    let before = desk.api.settings.lock().unwrap().clone();
    assert_eq!(desk.slot().await["state"], "other");
    let configured = desk.configure().await;
    assert_eq!(configured.status.code(), Some(0), "{}", stderr(&configured));
    let settings = desk.api.settings.lock().unwrap().clone();
    let address = settings["url"].as_str().unwrap();
    assert!(address.starts_with("https://midia.example/hooks/evolution/"));
    assert_eq!(
        settings["headers"]["authorization"],
        format!("Bearer {SECRET}")
    );
    assert_eq!(desk.slot().await["state"], "ours");

    desk.api.settings.lock().unwrap()["events"] = json!(["MESSAGES_UPSERT"]);
    let slot = desk.slot().await;
    assert_eq!(slot["state"], "incomplete");
    assert_eq!(slot["lacks"][0], "SEND_MESSAGE");
    let checked = desk.run(&["--json", "doctor", "--instance", "loja"]).await;
    let report: Value = serde_json::from_str(&stdout(&checked)).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let of_slot = checks.iter().find(|one| one["check"] == "instance.slot");
    assert_eq!(of_slot.unwrap()["code"], "slot_lacks");
    assert_eq!(of_slot.unwrap()["verdict"], "problem");

    let undo = ["instance", "configure-webhooks", "loja", "--undo"];
    desk.fine(&undo).await;
    assert_eq!(*desk.api.settings.lock().unwrap(), before);
}

fn waha() -> Api {
    Api {
        respond: |settings, call, body| {
            match call {
                ("GET", "/api/sessions/loja") => {}
                ("PUT", "/api/sessions/loja") => settings["config"] = body["config"].clone(),
                _ => return None,
            }
            Some(settings.clone())
        },
        key: ("x-api-key", &["gateway-token"]),
        settings: Mutex::new(json!({
            "name": "loja",
            "status": "WORKING",
            "config": {
                "debug": true,
                "proxy": null,
                "webhooks": [{"url": THEIRS, "events": ["message"]}],
            },
        })),
    }
}

#[tokio::test]
async fn a_list_of_webhooks_keeps_those_of_others_and_the_rest_of_the_configuration() {
    let desk = Desk::set("waha", waha()).await;
    let before = desk.api.settings.lock().unwrap().clone();
    assert_eq!(desk.slot().await["state"], "empty");
    for _ in 0..2 {
        let configured = desk.configure().await;
        assert_eq!(configured.status.code(), Some(0), "{}", stderr(&configured));
        let settings = desk.api.settings.lock().unwrap().clone();
        let webhooks = settings["config"]["webhooks"].as_array().unwrap();
        assert_eq!(webhooks.len(), 2);
        assert_eq!(webhooks[0]["url"], THEIRS);
        assert_eq!(webhooks[1]["hmac"]["key"], SECRET);
        assert_eq!(settings["config"]["debug"], true);
    }
    assert_eq!(desk.slot().await["state"], "ours");
    let undo = ["instance", "configure-webhooks", "loja", "--undo"];
    desk.fine(&undo).await;
    assert_eq!(*desk.api.settings.lock().unwrap(), before);
}

#[tokio::test]
async fn a_gateway_without_calls_is_an_error_of_usage_and_no_problem_of_the_doctor() {
    let folder = tempfile::tempdir().unwrap();
    let run = async |arguments: &[&str]| midiateca(folder.path(), arguments).await;
    run(&["client", "add", "Padaria Aurora", "--id", "2"]).await;
    let add = ["instance", "add", "loja", "--client", "2", "--gateway"];
    let added = run(&[&add[..], &["gupshup"]].concat()).await;
    assert!(added.status.success(), "{}", stderr(&added));
    let url = ["--public-url", "https://midia.example"];
    let command = ["--json", "instance", "configure-webhooks", "loja"];
    let configured = run(&[&command[..], &url].concat()).await;
    assert_eq!(configured.status.code(), Some(2));
    assert!(
        stderr(&configured).contains("rotate-hook"),
        "{}",
        stderr(&configured)
    );
    let checked = run(&["--json", "doctor", "--instance", "loja"]).await;
    let report: Value = serde_json::from_str(&stdout(&checked)).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let of_token = checks.iter().find(|one| one["check"] == "instance.token");
    assert_eq!(of_token.unwrap()["verdict"], "skipped");
    assert_eq!(of_token.unwrap()["code"], "no_call");

    let added = run(&[&add[..], &["waha"]].concat()).await;
    assert!(added.status.success(), "{}", stderr(&added));
    assert!(stderr(&added).contains("--api-base"), "{}", stderr(&added));
}

async fn checks(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let checked = midiateca(folder, &[&["--json", "doctor"], arguments].concat()).await;
    let report: Value = serde_json::from_str(&stdout(&checked)).unwrap();
    report["checks"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_delivery_in_the_form_of_another_gateway_is_named_by_the_test_and_by_the_doctor() {
    let folder = tempfile::tempdir().unwrap();
    let run = async |arguments: &[&str]| midiateca(folder.path(), arguments).await;
    run(&["client", "add", "Padaria Aurora", "--id", "2"]).await;
    let add = ["instance", "add", "loja", "--client", "2", "--offline"];
    let gateway = ["--gateway", "evolution", "--api-base", "http://127.0.0.1:1"];
    let added = run(&[&add[..], &gateway].concat()).await;
    assert!(added.status.success(), "{}", stderr(&added));
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/gateways/waha/noweb-image.json"
    );
    let tested = run(&["--json", "test-webhook", file, "--instance", "loja"]).await;
    let said = stdout(&tested);
    let dense = said.replace(' ', "");
    assert!(dense.contains(r#""gateway":"waha""#), "{said}");
    let checks = checks(folder.path(), &["--offline"]).await;
    let other = checks.iter().find(|one| one["check"] == "instance.gateway");
    let other = other.unwrap_or_else(|| panic!("{checks:?}"));
    assert_eq!(other["code"], "other_gateway");
    assert_eq!(other["verdict"], "problem");
    assert_eq!(other["values"]["gateway"], "waha");
}

/// `check` and `doctor` agree that it is no problem.
#[tokio::test]
async fn a_gateway_with_public_files_needs_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let run = async |arguments: &[&str]| midiateca(folder.path(), arguments).await;
    run(&["client", "add", "Padaria Aurora", "--id", "2"]).await;
    for (gateway, is_missing) in [("zapi", false), ("uazapi", true)] {
        let add = ["instance", "add", gateway, "--client", "2", "--offline"];
        let named = ["--gateway", gateway, "--api-base", "http://127.0.0.1:1"];
        let added = run(&[&add[..], &named].concat()).await;
        assert!(added.status.success(), "{}", stderr(&added));
        let checks = checks(folder.path(), &["--instance", gateway]).await;
        let token = checks.iter().find(|one| one["check"] == "instance.token");
        let verdict = if is_missing { "problem" } else { "skipped" };
        assert_eq!(token.unwrap()["verdict"], verdict, "{gateway}");
        let checked = run(&["--json", "check"]).await;
        let report: Value = serde_json::from_str(&stdout(&checked)).unwrap();
        let needs = report["needs_attention"].as_array().unwrap().iter();
        let missing = needs.filter(|need| need["code"] == "token_missing");
        let missing: Vec<_> = missing.map(|need| &need["instance"]).collect();
        assert_eq!(
            missing.contains(&&json!(gateway)),
            is_missing,
            "{missing:?}"
        );
    }
}

fn meta() -> Api {
    Api {
        respond: |settings, call, body| {
            match call {
                ("GET", "/v23.0/loja") => {}
                ("POST", "/v23.0/loja") => {
                    let address = &body["webhook_configuration"]["override_callback_uri"];
                    *settings =
                        json!({"id": "loja", "webhook_configuration": {"phone_number": address}});
                }
                _ => return None,
            }
            Some(settings.clone())
        },
        key: ("authorization", &["Bearer gateway-token"]),
        settings: Mutex::new(json!({"id": "loja"})),
    }
}

#[tokio::test]
async fn meta_verifies_the_address_while_it_is_set() {
    let desk = Desk::set("meta", meta()).await;
    let (config, clock) = (Default::default(), Clock::system());
    let app = crate::stage::open(desk.data(), config, clock)
        .await
        .unwrap();
    let service = Service::start(Arc::clone(&app), &["127.0.0.1:0"]).await;
    let service = service.unwrap();
    let url = format!("http://{}", service.address());
    let command = ["instance", "configure-webhooks", "loja", "--public-url"];
    let configured = desk.run(&[&command[..], &[&url]].concat()).await;
    assert_eq!(configured.status.code(), Some(0), "{}", stderr(&configured));
    let settings = desk.api.settings.lock().unwrap().clone();
    let address = settings["webhook_configuration"]["phone_number"].as_str();
    assert!(address.unwrap().starts_with(&format!("{url}/hooks/meta/")));
    let undo = ["instance", "configure-webhooks", "loja", "--undo"];
    desk.fine(&undo).await;
    let settings = desk.api.settings.lock().unwrap().clone();
    assert_eq!(settings["webhook_configuration"]["phone_number"], "");
    service.stop().await;
    // Without a server the handshake fails, and with it the call.
    let configured = desk.run(&[&command[..], &[&url]].concat()).await;
    assert_ne!(configured.status.code(), Some(0), "{}", stdout(&configured));
}

fn twilio() -> Api {
    Api {
        respond: |settings, call, body| {
            match call {
                ("GET", "/v2/Channels/Senders/XE0") => {}
                ("POST", "/v2/Channels/Senders/XE0") => {
                    settings["webhook"] = body["webhook"].clone();
                }
                _ => return None,
            }
            Some(settings.clone())
        },
        // `AC1:ficha`.
        key: ("authorization", &["Basic QUMxOmZpY2hh"]),
        settings: Mutex::new(json!({
            "sid": "XE0",
            "status": "ONLINE",
            "webhook": {
                "callback_url": THEIRS,
                "callback_method": "GET",
                "fallback_url": "",
                "fallback_method": "POST",
                "status_callback_url": THEIRS,
            },
        })),
    }
}

#[tokio::test]
async fn the_address_of_a_sender_is_set_at_twilio() {
    let desk = Desk::with_token("twilio", "AC1:ficha", twilio()).await;
    let before = desk.api.settings.lock().unwrap().clone();
    assert_eq!(desk.slot().await["state"], "other");
    let configured = desk.configure().await;
    assert_eq!(configured.status.code(), Some(0), "{}", stderr(&configured));
    let webhook = desk.api.settings.lock().unwrap()["webhook"].clone();
    let address = webhook["callback_url"].as_str().unwrap();
    assert!(address.starts_with("https://midia.example/hooks/twilio/"));
    assert_eq!(webhook["fallback_url"], address);
    assert_eq!(webhook["callback_method"], "POST");
    assert_eq!(webhook["status_callback_url"], THEIRS);
    assert_eq!(desk.slot().await["state"], "ours");
    let undo = ["instance", "configure-webhooks", "loja", "--undo"];
    desk.fine(&undo).await;
    assert_eq!(*desk.api.settings.lock().unwrap(), before);

    // An instance that is named otherwise has no setting that can be found.
    let add = ["instance", "add", "outra", "--client", "2", "--gateway"];
    desk.fine(&[&add[..], &["twilio", "--offline"]].concat())
        .await;
    let command = ["instance", "configure-webhooks", "outra", "--public-url"];
    let refused = desk
        .run(&[&command[..], &["https://midia.example"]].concat())
        .await;
    assert_eq!(refused.status.code(), Some(2), "{}", stdout(&refused));
    assert!(
        stderr(&refused).contains("--session XE"),
        "{}",
        stderr(&refused)
    );
}

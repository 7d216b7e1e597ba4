//! Messages whose webhook never came, found in the gateways' lists: by an operator, and by the server itself.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use midiateca_service::clock::MINUTE;
use midiateca_service::coordination::checkpoint::Checkpoint;
use midiateca_service::db::Key;
use midiateca_service::instances::{self, Instance};
use midiateca_service::model::Arrival;
use midiateca_service::ops::reconcile::{self, Report, Resumed};
use midiateca_service::ops::status::{self, Need};
use serde_json::Map;

use super::*;

/// What a gateway answers: a status and a body for the path and body of a call.
type Answer = fn(&str, &Value, &Value) -> (u16, Value);

#[derive(Clone)]
struct Lister {
    answer: Answer,
    messages: Arc<Value>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Lister {
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    async fn start(answer: Answer, messages: Value) -> (Self, String) {
        let lister = Self {
            answer,
            messages: Arc::new(messages),
            calls: Arc::default(),
        };
        let router = Router::new()
            .fallback(answer_call)
            .with_state(lister.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (lister, format!("http://{address}"))
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

async fn answer_call(State(lister): State<Lister>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await;
    let body = serde_json::from_slice(&body.unwrap()).unwrap_or(Value::Null);
    let (status, answer) = (lister.answer)(&path, &body, &lister.messages);
    lister.calls.lock().unwrap().push(path);
    let status = StatusCode::from_u16(status).unwrap();
    (status, axum::Json(answer)).into_response()
}

/// Evolution's list: pages of two messages.
fn evolution(path: &str, body: &Value, messages: &Value) -> (u16, Value) {
    if path != "/chat/findMessages/loja" {
        return (404, Value::Null);
    }
    let page = usize::try_from(body["page"].as_u64().unwrap()).unwrap() - 1;
    let pages: Vec<_> = messages.as_array().unwrap().chunks(2).collect();
    let records = pages.get(page).copied().unwrap_or_default();
    (
        200,
        json!({"messages": {"total": 3, "records": records, "currentPage": page + 1}}),
    )
}

/// WAHA's engine WEBJS, which has no list of all messages.
fn webjs(path: &str, _: &Value, messages: &Value) -> (u16, Value) {
    if path.starts_with("/api/loja/chats?") {
        let chats = messages.as_object().unwrap().keys();
        let chat = |id| json!({"id": {"server": "c.us", "_serialized": id}, "timestamp": if id == "old@c.us" { 1_700_000_000 } else { 1_790_000_000 }});
        return (200, chats.map(chat).collect());
    }
    let chat = path
        .strip_prefix("/api/loja/chats/")
        .and_then(|rest| rest.split_once("/messages"));
    let chat = chat.unwrap().0.replace("%40", "@");
    let first = path.contains("offset=0");
    match messages.get(&chat) {
        Some(_) if !first => (200, json!([])),
        Some(messages) => (200, messages.clone()),
        None => (
            500,
            json!({"statusCode": 500, "message": "The method is not implemented by the engine."}),
        ),
    }
}

/// wuzapi: an index of the chats of all its users, and a list of each chat.
fn wuzapi(path: &str, _: &Value, messages: &Value) -> (u16, Value) {
    let data = match path {
        "/chat/history?chat_jid=index" => json!({
            "user1": [{"chat_jid": "5548933333333@s.whatsapp.net", "last_updated": "2026-09-21T14:50:00Z"}],
            "user2": [{"chat_jid": "5548933333333@s.whatsapp.net", "last_updated": "2026-09-21T14:51:00Z"},
                      {"chat_jid": "5548944444444@s.whatsapp.net", "last_updated": "2020-01-01T00:00:00Z"}],
        }),
        "/chat/history?chat_jid=5548933333333%40s.whatsapp.net&limit=100" => messages.clone(),
        _ => {
            return (
                400,
                json!({"code": 400, "error": "unknown", "success": false}),
            );
        }
    };
    (200, json!({"code": 200, "data": data, "success": true}))
}

fn refusing(_: &str, _: &Value, _: &Value) -> (u16, Value) {
    (
        200,
        json!({"success": false, "error": "5548911112222 is not connected"}),
    )
}

fn body_of(gateway: &str, name: &str) -> Value {
    let case = case(&Path::new(FIXTURES).join(gateway), name);
    serde_json::from_slice(&case.body).unwrap()
}

async fn add(stage: &Stage, gateway: Gateway, base: String) -> String {
    let new = NewInstance {
        api_base: Some(base),
        ..gateway_instance("loja", gateway)
    };
    let (_, hook) = add_signed(&stage.test.app, new, Some("chave"), None).await;
    stage.test.wait_for_directory().await;
    format!("/hooks/{}/{}", gateway.as_str(), hook.unwrap())
}

async fn loja(stage: &Stage) -> Instance {
    let id = InstanceId("loja".to_owned());
    let found = instances::instance(&stage.test.app.db, &id).await.unwrap();
    found.unwrap()
}

async fn run(stage: &Stage, dry_run: bool, most_calls: u32) -> Result<Report, reconcile::Error> {
    run_from(stage, dry_run, most_calls, None).await
}

async fn run_from(
    stage: &Stage,
    dry_run: bool,
    most_calls: u32,
    resumed: Option<Resumed>,
) -> Result<Report, reconcile::Error> {
    let app = &stage.test.app;
    let options = reconcile::Options {
        instance: loja(stage).await,
        since: millis_of("2026-09-21T13:00:00Z").unwrap(),
        dry_run,
        most_calls,
        resumed,
        actor: None,
    };
    let deps = reconcile::Deps {
        gateway: app.gateway_deps(),
        ingest: &app.ingest,
    };
    reconcile::run(deps, options, Arc::new(Quiet), Default::default()).await
}

/// Moves the clock minute by minute until it is so: the server may not wait yet when the clock moves.
async fn advance_until(stage: &Stage, mut is_so: impl AsyncFnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is_so().await {
        assert!(began.elapsed().as_secs() < 30, "it did not happen");
        stage.test.app.clock.advance(MINUTE);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn arrivals(stage: &Stage) -> Vec<Arrival> {
    let kept = deliveries::list(&stage.test.app.db, &DeliveryFilter::default(), "", 10).await;
    kept.unwrap().iter().map(|kept| kept.arrival).collect()
}

#[tokio::test]
async fn media_whose_webhook_never_came_are_found_in_the_gateways_list() {
    let stage = Stage::start("2026-09-21T15:00:00Z").await;
    let data = |name: &str| body_of("evolution", name)["data"].clone();
    let messages = json!([
        data("image-lid"),
        data("text-ignored"),
        data("document-group")
    ]);
    let (_, base) = Lister::start(evolution, messages).await;
    let path = add(&stage, Gateway::Evolution, base).await;
    let folder = Path::new(FIXTURES).join("evolution");
    assert_eq!(stage.post(&path, &case(&folder, "image-lid")).await.0, 200);
    for (dry_run, missing) in [(true, 1), (false, 1), (false, 0)] {
        let report = run(&stage, dry_run, reconcile::MOST_CALLS).await.unwrap();
        assert_eq!((report.listed, report.missing, report.old), (2, missing, 0));
        assert!(!report.stopped);
    }
    let app = &stage.test.app;
    let id = InstanceId("loja".to_owned());
    let rows = media::message::of_message(&app.db, &id, "3A8135A7C93351B2815C").await;
    assert_eq!(rows.unwrap().len(), 1);
    assert_eq!(loja(&stage).await.undelivered_count, 1);
    assert_eq!(arrivals(&stage).await, [Arrival::Webhook, Arrival::Listed]);
    let report = status::run(app.status_deps()).await.unwrap();
    let mut needs = report.needs_attention.iter();
    assert!(needs.any(|need| matches!(need, Need::DeliveriesNeverMade { instance, count: 1 } if instance == "loja")));
    let deps = ops::health::Deps {
        data: &app.data,
        config: &app.config,
        clock: &app.clock,
    };
    let offline = ops::health::Options {
        offline: true,
        ..Default::default()
    };
    let report = ops::health::run(deps, &offline, &Quiet).await.unwrap();
    let mut checks = report.checks.iter();
    let found = checks.find(|check| check.code == ops::health::Code::NeverMade);
    assert_eq!(found.unwrap().about, "loja");
}

/// `count` messages like the fixture's, each with an id of its own.
fn many(count: usize) -> Value {
    let message = |n: usize| {
        let mut message = body_of("evolution", "image-lid")["data"].clone();
        message["key"]["id"] = json!(format!("3A8135A7C93351B{n:05}"));
        message
    };
    (0..count).map(message).collect()
}

/// A message like the fixture's with another id.
fn waha(id: &str) -> Value {
    let message = body_of("waha", "noweb-image")["payload"].to_string();
    let known = body_of("waha", "noweb-image")["payload"]["_data"]["key"]["id"].clone();
    let message = message.replace(known.as_str().unwrap(), &format!("3A00000000000000000{id}"));
    serde_json::from_str(&message).unwrap()
}

#[tokio::test]
async fn runs_that_are_cut_short_continue_until_all_messages_are_compared() {
    for (answer, gateway, messages, expected) in [
        (evolution as Answer, Gateway::Evolution, many(15), 15),
        (
            webjs,
            Gateway::Waha,
            json!({"1@c.us": [waha("1")], "2@c.us": [waha("2")], "3@c.us": [waha("3")]}),
            3,
        ),
    ] {
        let stage = Stage::start("2026-09-21T23:00:00Z").await;
        let (_, base) = Lister::start(answer, messages).await;
        add(&stage, gateway, base).await;
        let (mut resumed, mut missing, mut runs) = (None, 0, 0);
        loop {
            let report = run_from(&stage, false, 8, resumed).await.unwrap();
            missing += report.missing;
            runs += 1;
            let until = stage.test.app.clock.now() - reconcile::SETTLED;
            resumed = report.position.map(|position| Resumed { until, position });
            if resumed.is_none() {
                break;
            }
            assert!(runs < 20, "{gateway:?} makes no progress");
        }
        assert_eq!(missing, expected, "{gateway:?}");
        assert!(runs > 1, "{gateway:?}");
    }
}

/// Otherwise an instance whose webhooks have all stopped would not look silent.
#[tokio::test]
async fn a_message_found_in_a_list_is_no_sign_of_life_of_its_webhooks() {
    let stage = Stage::start("2026-09-21T15:00:00Z").await;
    let (_, base) = Lister::start(
        evolution,
        json!([body_of("evolution", "image-lid")["data"].clone()]),
    )
    .await;
    add(&stage, Gateway::Evolution, base).await;
    assert_eq!(run(&stage, false, 9).await.unwrap().missing, 1);
    let app = &stage.test.app;
    midiateca_service::ingest::tally::write_down(&app.db, &app.tally)
        .await
        .unwrap();
    let instance = loja(&stage).await;
    assert_eq!(
        (instance.delivery_count, instance.last_delivery_at),
        (0, None)
    );
}

/// The webhooks of the last minutes may still come. Messages of weeks ago are marked.
#[tokio::test]
async fn new_messages_are_left_out_and_old_ones_are_marked() {
    for (now, missing, arrival) in [
        ("2026-09-21T14:14:00Z", 0, None),
        ("2026-09-21T14:59:00Z", 1, Some(Arrival::Listed)),
        ("2026-10-21T14:59:00Z", 1, Some(Arrival::ListedOld)),
    ] {
        let stage = Stage::start(now).await;
        let (_, base) = Lister::start(
            evolution,
            json!([body_of("evolution", "image-lid")["data"].clone()]),
        )
        .await;
        add(&stage, Gateway::Evolution, base).await;
        let report = run(&stage, false, 9).await.unwrap();
        assert_eq!(report.missing, missing, "{now}");
        assert_eq!(arrivals(&stage).await, Vec::from_iter(arrival), "{now}");
    }
}

#[tokio::test]
async fn a_gateway_without_a_list_of_all_messages_is_asked_for_each_chat() {
    let waha = body_of("waha", "noweb-image")["payload"].clone();
    let event = body_of("wuzapi", "audio-json")["event"].clone();
    let record = |event: &Value| json!({"message_id": "x", "message_type": "image", "data_json": event.to_string()});
    let mut chats = Map::new();
    chats.insert("5548933333333@c.us".to_owned(), json!([waha]));
    chats.insert("old@c.us".to_owned(), json!([]));
    let unreadable = json!({"message_id": "y", "data_json": "{"});
    for (gateway, answer, messages, calls) in [
        (Gateway::Waha, webjs as Answer, Value::Object(chats), 6),
        (
            Gateway::Wuzapi,
            wuzapi,
            json!([unreadable, record(&event), {"message_id": "z"}]),
            2,
        ),
    ] {
        let stage = Stage::start("2026-09-21T23:00:00Z").await;
        let (lister, base) = Lister::start(answer, messages).await;
        add(&stage, gateway, base).await;
        let report = run(&stage, false, 20).await.unwrap();
        assert_eq!((report.listed, report.missing), (1, 1), "{gateway:?}");
        assert_eq!(lister.calls().len(), calls, "{:?}", lister.calls());
        let report = run(&stage, false, 1).await.unwrap();
        assert!(report.stopped && report.missing == 0, "{gateway:?}");
    }
}

#[tokio::test]
async fn the_server_asks_for_missing_messages_from_time_to_time_and_remembers_where_it_ended() {
    let stage = Stage::start("2026-09-21T14:14:00Z").await;
    let data = |name: &str| body_of("evolution", name)["data"].clone();
    // The second one was sent before the instance was added.
    let messages = json!([data("document-group"), data("image-lid")]);
    let (lister, base) = Lister::start(evolution, messages).await;
    add(&stage, Gateway::Evolution, base).await;
    let app = &stage.test.app;
    let ended = async || {
        let ended = Checkpoint::Reconcile.load::<Value>(&app.db, "loja").await;
        ended
            .unwrap()
            .and_then(|compared| compared["until"].as_i64())
    };
    advance_until(&stage, async || loja(&stage).await.undelivered_count == 1).await;
    advance_until(&stage, async || ended().await.is_some()).await;
    let first = ended().await;
    assert!(first.unwrap() <= app.clock.now() - reconcile::SETTLED);
    let asked = lister.calls().len();
    advance_until(&stage, async || ended().await != first).await;
    // The next run may have ended before its calls were counted.
    advance_until(&stage, async || lister.calls().len() > asked).await;
    assert_eq!(loja(&stage).await.undelivered_count, 1);
    let id = InstanceId("loja".to_owned());
    let early = media::message::of_message(&app.db, &id, "3A8135A7C93351B2815C").await;
    let found = arrivals(&stage).await;
    assert_eq!((early.unwrap().len(), found), (1, vec![Arrival::Listed]));
    stage.test.end().await;
}

#[tokio::test]
async fn another_server_that_asks_keeps_this_one_from_it() {
    let stage = Stage::start("2026-09-21T14:20:00Z").await;
    let app = &stage.test.app;
    let until = app.clock.now() + 10 * MINUTE;
    let lease = json!({"owner": "another", "until": until});
    let leasing = app.db.write(Key::Nothing, async move |tx| {
        Checkpoint::Reconcile.save(tx, "", &lease, 0).await
    });
    leasing.await.unwrap();
    let (lister, base) = Lister::start(evolution, json!([])).await;
    add(&stage, Gateway::Evolution, base).await;
    app.clock.advance(MINUTE);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(lister.calls().is_empty());
    advance_until(&stage, async || !lister.calls().is_empty()).await;
    assert!(app.clock.now() >= until);
}

#[tokio::test]
async fn a_gateway_that_refuses_its_list_is_an_error_of_that_run_only() {
    let stage = Stage::start("2026-09-21T15:00:00Z").await;
    let (lister, base) = Lister::start(refusing, Value::Null).await;
    add(&stage, Gateway::Evolution, base).await;
    let error = run(&stage, false, 9).await.unwrap_err();
    assert!(!error.is_without_list());
    let app = &stage.test.app;
    for _ in 0..2 {
        let asked = lister.calls().len();
        advance_until(&stage, async || lister.calls().len() > asked).await;
    }
    let ended = Checkpoint::Reconcile.load::<Value>(&app.db, "loja").await;
    assert_eq!(ended.unwrap(), None);
    stage.test.end().await;
}

struct Quiet;

impl ops::Progress<reconcile::Item> for Quiet {}

impl ops::Progress<ops::health::CheckResult> for Quiet {}

//! Outgoing webhooks.

mod addresses;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use midiateca_service::access::Actor;
use midiateca_service::clock::{Clock, DAY, HOUR, SECOND, millis_of};
use midiateca_service::coordination::Coordination;
use midiateca_service::db::Key;
use midiateca_service::events::{endpoints, notifications, signing};
use midiateca_service::model::{Role, Scope};
use midiateca_service::ops::endpoints as operation;
use midiateca_service::server::Service;
use serde_json::{Value, json};

use super::Caller;
use crate::stage::{TODAY, TestApp, impatient, sample};

#[derive(Clone, Debug)]
struct Received {
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

/// A server that records what it gets and answers as it is set.
#[derive(Clone)]
struct Receiver {
    received: Arc<Mutex<Vec<Received>>>,
    answer: Arc<Mutex<(StatusCode, Option<&'static str>)>>,
    /// Never answers the first request.
    hangs_once: Arc<AtomicBool>,
    /// Answers with the body of the request.
    echoes: Arc<AtomicBool>,
}

async fn receive(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, HeaderMap, String) {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    receiver.received.lock().unwrap().push(Received {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signature: header("webhook-signature"),
        body: body.clone(),
    });
    if receiver.hangs_once.swap(false, Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    let (status, retry_after) = *receiver.answer.lock().unwrap();
    let mut headers = HeaderMap::new();
    if let Some(wait) = retry_after {
        headers.insert("retry-after", wait.parse().unwrap());
    }
    let is_echo = receiver.echoes.load(Ordering::SeqCst);
    let answer = if is_echo { body } else { "noted".to_owned() };
    (status, headers, answer)
}

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self {
            received: Arc::default(),
            answer: Arc::new(Mutex::new((StatusCode::OK, None))),
            hangs_once: Arc::default(),
            echoes: Arc::default(),
        };
        let router = axum::Router::new()
            .fallback(receive)
            .with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let tasks = midiateca_service::shutdown::Shutdown::default();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        (receiver, url)
    }

    fn answers(&self, status: u16, retry_after: Option<&'static str>) {
        *self.answer.lock().unwrap() = (StatusCode::from_u16(status).unwrap(), retry_after);
    }

    fn all(&self) -> Vec<Received> {
        let all = self.received.lock().unwrap().clone();
        for received in &all {
            let body = serde_json::from_str(&received.body).unwrap();
            let problem = crate::schema::problem_of_notification(&body);
            assert_eq!(problem, None, "{body}");
        }
        all
    }

    async fn wait_for(&self, count: usize) -> Vec<Received> {
        let started = std::time::Instant::now();
        loop {
            let all = self.all();
            if all.len() >= count {
                return all;
            }
            assert!(started.elapsed().as_secs() < 60, "{} of {count}", all.len());
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

async fn on_loopback(clock: Clock) -> TestApp {
    let mut config = impatient();
    config.endpoints.allowed_hosts = vec!["127.0.0.1".to_owned()];
    TestApp::with(config, clock).await
}

async fn endpoint(admin: &Caller<'_>, body: Value) -> (String, String) {
    let (status, made) = admin.send("POST", "/endpoints", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

/// Waits until a notification has so many attempts, and the last one is settled.
async fn attempted(admin: &Caller<'_>, endpoint: &str, attempts: i64) -> Value {
    let started = std::time::Instant::now();
    loop {
        let list = admin
            .get(&format!("/endpoints/{endpoint}/notifications"))
            .await;
        let first = list["items"][0].clone();
        if first["attempts"].as_i64() >= Some(attempts) {
            return first;
        }
        assert!(started.elapsed().as_secs() < 60, "{list}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn events_reach_the_endpoints_that_want_them_signed_and_without_bytes() {
    let test = on_loopback(Clock::system()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let (all, url) = Receiver::start().await;
    let (other, other_url) = Receiver::start().await;
    let (failures, failures_url) = Receiver::start().await;
    let (_, secret) = endpoint(&admin, json!({"url": url})).await;
    endpoint(&admin, json!({"url": other_url, "client": 3})).await;
    endpoint(
        &admin,
        json!({"url": failures_url, "types": ["media.failed"]}),
    )
    .await;
    let (media, _) = test.store(sample("SENT")).await;
    let received = all.wait_for(1).await.remove(0);
    let body: Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!(body["type"], "media.stored");
    assert_eq!(body["data"]["media"]["id"], media.id.as_str());
    assert_eq!(
        body["data"]["media"]["sha256"],
        media.sha256.as_deref().unwrap()
    );
    assert!(received.body.len() < 20_000);
    let signature = |secret: &str, received: &Received| {
        signing::signature(
            &[secret.to_owned()],
            &received.id,
            received.timestamp,
            &received.body,
        )
        .unwrap()
    };
    assert_eq!(received.signature, signature(&secret, &received));
    assert!(other.all().is_empty() && failures.all().is_empty());

    let list = admin.get("/endpoints").await;
    assert!(!list.to_string().contains(&secret));
    let id = list["items"][2]["id"].as_str().unwrap();
    let (_, rotated) = admin
        .send("POST", &format!("/endpoints/{id}/rotate-secret"), None)
        .await;
    let new = rotated["secret"].as_str().unwrap();
    admin
        .send("POST", &format!("/endpoints/{id}/test"), None)
        .await;
    let received = all.wait_for(2).await.remove(1);
    let signatures: Vec<_> = received.signature.split(' ').collect();
    assert_eq!(
        signatures,
        [signature(new, &received), signature(&secret, &received)]
    );
    assert!(received.body.contains("endpoint.test"));
    test.end().await;
}

#[tokio::test]
async fn failed_attempts_are_repeated_with_the_same_id_until_the_last() {
    let clock = Clock::fixed(TODAY);
    let test = on_loopback(clock.clone()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = endpoint(&admin, json!({"url": url})).await;
    receiver.answers(500, None);
    test.store(sample("REPEATED")).await;
    for n in 1..10 {
        let notification = attempted(&admin, &id, n).await;
        assert_eq!(notification["status"], "pending", "{notification}");
        let next = millis_of(notification["next_attempt_at"].as_str().unwrap()).unwrap();
        clock.advance(next - clock.now());
    }
    let last = attempted(&admin, &id, 10).await;
    assert_eq!(last["status"], "failed");
    let ids: std::collections::BTreeSet<_> = receiver.all().into_iter().map(|it| it.id).collect();
    assert_eq!((receiver.all().len(), ids.len()), (10, 1));
    let name = last["id"].as_str().unwrap();
    let detail = admin
        .get(&format!("/endpoints/{id}/notifications/{name}"))
        .await;
    assert_eq!(detail["log"][9]["http_status"], 500);
    assert_eq!(detail["log"][0]["answer"], "noted");
    assert_eq!(detail["log"][0]["reason"], "status");
    let shown = admin.get(&format!("/endpoints/{id}")).await;
    assert_eq!(
        shown["failing_since"], "2026-11-24T12:00:00.000Z",
        "{shown}"
    );
    assert_eq!(shown["disabled_at"], Value::Null, "{shown}");
    clock.advance(3 * DAY);
    test.store(sample("LATER")).await;
    receiver.wait_for(11).await;
    let started = std::time::Instant::now();
    loop {
        let shown = admin.get(&format!("/endpoints/{id}")).await;
        if shown["disabled_reason"] == "failing" {
            break;
        }
        assert!(started.elapsed().as_secs() < 60, "{shown}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let events = admin.get("/events?after=0").await;
    let kinds = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap());
    assert!(
        kinds.clone().any(|kind| kind == "endpoint.disabled"),
        "{events}"
    );

    receiver.answers(200, None);
    admin
        .send(
            "PATCH",
            &format!("/endpoints/{id}"),
            Some(json!({"enabled": true})),
        )
        .await;
    let (status, _) = admin
        .send(
            "POST",
            &format!("/endpoints/{id}/recover"),
            Some(json!({"since": "2026-11-01"})),
        )
        .await;
    assert_eq!(status, 202);
    let sent = receiver.wait_for(12).await;
    assert!(
        sent[11..].iter().any(|again| again.id == sent[0].id),
        "{sent:?}"
    );
    test.end().await;
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_retry_after_counts() {
    let clock = Clock::fixed(TODAY);
    let test = on_loopback(clock.clone()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = endpoint(&admin, json!({"url": url})).await;
    receiver.answers(429, Some("7200"));
    test.store(sample("THROTTLED")).await;
    let waiting = attempted(&admin, &id, 1).await;
    assert_eq!(waiting["next_attempt_at"], "2026-11-24T14:00:00.000Z");
    receiver.answers(410, None);
    clock.advance(2 * HOUR + SECOND);
    attempted(&admin, &id, 2).await;
    let shown = admin.get(&format!("/endpoints/{id}")).await;
    assert_eq!(shown["disabled_reason"], "gone");
    clock.advance(DAY);
    test.store(sample("UNSENT")).await;
    let list = admin.get(&format!("/endpoints/{id}/notifications")).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    receiver.answers(200, None);
    admin
        .send(
            "PATCH",
            &format!("/endpoints/{id}"),
            Some(json!({"enabled": true})),
        )
        .await;
    let (_, replayed) = admin
        .send(
            "POST",
            &format!("/endpoints/{id}/replay-missing"),
            Some(json!({"since": "2026-11-24"})),
        )
        .await;
    let run = format!("/bulk/{}", replayed["id"].as_str().unwrap());
    let mut seen = replayed;
    while seen["state"] == "running" {
        seen = admin.get(&run).await;
    }
    assert_eq!(
        (&seen["action"], &seen["state"]),
        (&json!("replay_missing"), &json!("finished"))
    );
    assert!(seen["result"]["count"].as_i64() >= Some(1), "{seen}");
    receiver.wait_for(3).await;
    test.end().await;
}

#[tokio::test]
async fn a_request_that_hangs_does_not_delay_what_comes_after_it() {
    let mut config = impatient();
    config.endpoints.allowed_hosts = vec!["127.0.0.1".to_owned()];
    config.fetch.call_timeout = midiateca_service::config::Span::seconds(600);
    let test = TestApp::with(config, Clock::system()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = endpoint(&admin, json!({"url": url})).await;
    receiver.hangs_once.store(true, Ordering::SeqCst);
    test.store(sample("HANGS")).await;
    receiver.wait_for(1).await;
    test.store(sample("AFTER")).await;
    let received = receiver.wait_for(2).await;
    assert_ne!(received[0].id, received[1].id);
    let list = admin
        .get(&format!("/endpoints/{id}/notifications?status=pending"))
        .await;
    // The answer to the other may not be recorded yet.
    let mut pending = list["items"].as_array().unwrap().iter();
    assert!(pending.any(|item| item["id"] == received[0].id.as_str()));
    // The end does not wait for it either.
    test.end().await;
}

/// Claims of a server that was killed are not waited for: the next one sends at once, with the same id. Another server
/// may still be at work on its own.
#[tokio::test]
async fn a_started_server_takes_back_its_own_claims_and_lapsed_ones_but_not_those_of_others() {
    let test = on_loopback(Clock::system()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let (receiver, url) = Receiver::start().await;
    let (endpoint, _) = endpoint(&admin, json!({"url": url})).await;
    receiver.answers(500, None);
    for message in ["OWN", "LAPSED", "OTHERS"] {
        test.store(sample(message)).await;
    }
    let path = format!("/endpoints/{endpoint}/notifications");
    let list = admin.get(&path).await;
    let items = list["items"].as_array().unwrap();
    let ids: Vec<_> = items.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 3, "{list}");
    let data = test.app.data.clone();
    let folder = test.end_keeping_the_folder().await;
    let owner = {
        let lease = Coordination::new(&data).server().await.unwrap();
        lease.owner().to_owned()
    };
    let mut config = impatient();
    config.endpoints.allowed_hosts = vec!["127.0.0.1".to_owned()];
    let app = crate::stage::open(folder.path(), config, Clock::system())
        .await
        .unwrap();
    let far = 9_000_000_000_000_i64;
    let claims = [
        (ids[0], owner.as_str(), far),
        (ids[1], "other", 1),
        (ids[2], "other", far),
    ];
    for (id, owner, until) in claims {
        let values = vec![id.into(), owner.into(), until.into()];
        let claim = async move |tx: &mut midiateca_service::db::Tx| {
            let sql = "update notifications set next_attempt_at = 0, lease_owner = $2, lease_until = $3 where id = $1";
            tx.run(sql, values.clone()).await
        };
        assert_eq!(app.db.write(Key::Nothing, claim).await.unwrap(), 1);
    }
    receiver.answers(200, None);
    let before = receiver.all().len();
    let service = Service::start(Arc::clone(&app), &["127.0.0.1:0"])
        .await
        .unwrap();
    let all = receiver.wait_for(before + 2).await;
    let mut sent: Vec<_> = all[before..].iter().map(|it| it.id.as_str()).collect();
    sent.sort_unstable();
    let mut expected = [ids[0], ids[1]];
    expected.sort_unstable();
    assert_eq!(sent, expected);
    let sql = "select lease_owner from notifications where id = $1";
    let row = app.db.row(sql, vec![ids[2].into()]).await.unwrap();
    assert_eq!(row.unwrap().text("lease_owner").unwrap(), "other");
    service.stop().await;
}

#[tokio::test]
async fn tests_are_paged_and_a_disabled_endpoint_takes_none() {
    let test = on_loopback(Clock::system()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = endpoint(&admin, json!({"url": url, "types": []})).await;
    assert_eq!(
        admin.get(&format!("/endpoints/{id}")).await["types"],
        Value::Null
    );
    let mut sent = Vec::new();
    for n in 0..3 {
        let (status, queued) = admin
            .send("POST", &format!("/endpoints/{id}/test"), None)
            .await;
        assert_eq!(status, 202);
        sent.push(queued["notification"].clone());
        receiver.wait_for(n + 1).await;
    }
    let (mut listed, mut path) = (Vec::new(), format!("/endpoints/{id}/notifications?limit=1"));
    loop {
        let page = admin.get(&path).await;
        listed.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].clone()),
        );
        match page["next"].as_str() {
            Some(next) => path = format!("/endpoints/{id}/notifications?limit=1&cursor={next}"),
            None => break,
        }
    }
    sent.reverse();
    assert_eq!(listed, sent);
    admin
        .send(
            "PATCH",
            &format!("/endpoints/{id}"),
            Some(json!({"enabled": false})),
        )
        .await;
    let resend = format!(
        "/endpoints/{id}/notifications/{}/resend",
        sent[0].as_str().unwrap()
    );
    for path in [format!("/endpoints/{id}/test"), resend] {
        let (status, code) = admin.error("POST", &path, None).await;
        assert_eq!(
            (status, code.as_str()),
            (409, "endpoint_disabled"),
            "{path}"
        );
    }
    test.end().await;
}

/// What an endpoint answers may repeat what it was sent, and the memory of the live feed has it too.
#[tokio::test]
async fn nothing_of_an_erased_person_is_left_in_the_outbox_and_in_the_live_feed() {
    let test = on_loopback(Clock::system()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let (receiver, url) = Receiver::start().await;
    receiver.echoes.store(true, Ordering::SeqCst);
    receiver.answers(500, None);
    let (id, _) = endpoint(&admin, json!({"url": url, "types": ["media.stored"]})).await;
    let media = wa_sim::SimMedia {
        caption: Some("segredo".to_owned()),
        ..sample("ERASED")
    };
    let (media, _) = test.store(media).await;
    let sent = attempted(&admin, &id, 1).await;
    let path = format!(
        "/endpoints/{id}/notifications/{}",
        sent["id"].as_str().unwrap()
    );
    let answer = |detail: Value| detail["log"][0]["answer"].clone();
    assert!(
        answer(admin.get(&path).await)
            .as_str()
            .unwrap()
            .contains("segredo")
    );
    let before = super::events::live(&admin, "?after=0", None, 1).await;
    assert_eq!(before[0].1["media"], media.id.as_str());

    let contact = media.sender_id.as_deref().unwrap();
    let contact = contact.split('@').next().unwrap();
    let erase = ["forget", "--client", "2", "--contact", contact, "--yes"];
    let erased = crate::commands::midiateca(test.app.data.as_path(), &erase).await;
    assert!(
        erased.status.success(),
        "{}",
        crate::commands::stderr(&erased)
    );
    assert_eq!(answer(admin.get(&path).await), Value::Null);
    // The erasure of another process is noticed within a second, when its own event is read.
    let events = super::events::live(&admin, "?after=0", None, 2).await;
    assert_eq!(events[1].0, "contact.erased");
    let events = super::events::live(&admin, "?after=0", None, 2).await;
    assert_eq!(
        (events[0].0.as_str(), events[1].0.as_str()),
        ("erased", "contact.erased")
    );
    assert_eq!(
        (&events[0].1["data"], &events[0].1["media"]),
        (&json!({}), &Value::Null)
    );
    let log = admin.get("/audit").await;
    assert_eq!(log["items"][0]["action"], "erasure", "{log}");
    assert!(!log.to_string().contains(contact));
    test.end().await;
}

/// Makes a notification fail in its last attempt; when that was.
async fn fail_for_good(test: &TestApp, admin: &Caller<'_>, clock: &Clock, id: &str) -> i64 {
    let path = format!("/endpoints/{id}/notifications?status=failed");
    let count = async || admin.get(&path).await["items"].as_array().unwrap().len();
    let before = count().await;
    // The newest is the first of the list.
    clock.advance(SECOND);
    test.store(sample(&format!("FAILS{before}"))).await;
    for n in 1..=10 {
        let notification = attempted(admin, id, n).await;
        if let Some(next) = notification["next_attempt_at"].as_str() {
            clock.advance(millis_of(next).unwrap() - clock.now());
        }
    }
    assert_eq!(count().await, before + 1);
    clock.now()
}

/// By the time of the failure, and not by that of the event.
#[tokio::test]
async fn what_failed_since_then_is_recovered_and_nothing_else() {
    let clock = Clock::fixed(TODAY);
    let test = on_loopback(clock.clone()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = endpoint(&admin, json!({"url": url})).await;
    receiver.answers(500, None);
    let first = fail_for_good(&test, &admin, &clock, &id).await;
    // It must not be disabled for failing for days.
    receiver.answers(200, None);
    let path = format!("/endpoints/{id}/test");
    assert_eq!(admin.send("POST", &path, None).await.0, 202);
    let started = std::time::Instant::now();
    while !admin.get(&format!("/endpoints/{id}")).await["failing_since"].is_null() {
        assert!(started.elapsed().as_secs() < 60, "it fails still");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    receiver.answers(500, None);
    let event = clock.now();
    let second = fail_for_good(&test, &admin, &clock, &id).await;
    assert!(first <= event && event + DAY < second);
    receiver.answers(200, None);
    let since = |at: i64| json!({"since": midiateca_service::clock::rfc3339(at)});
    let path = format!("/endpoints/{id}/recover");
    let recovered = async |at: i64| {
        let (status, run) = admin.send("POST", &path, Some(since(at))).await;
        assert_eq!(status, 202, "{run}");
        admin.ended(&run).await["result"]["count"].clone()
    };
    let before = receiver.all().len();
    assert_eq!(recovered(second + 1).await, 0);
    // Its event is older than this, its failure is not.
    assert_eq!(recovered(second).await, 1);
    receiver.wait_for(before + 1).await;
    assert_eq!(recovered(first + 1).await, 0);
    assert_eq!(recovered(first).await, 1);
    let all = receiver.wait_for(before + 2).await;
    assert_eq!(all[before].id, all[before - 1].id);
    assert_eq!(all[before + 1].id, all[0].id);
    test.end().await;
}

//! Events and outgoing webhooks of a server that is killed again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt as _;
use midiateca_service::access::Actor;
use midiateca_service::clock::Clock;
use midiateca_service::model::{Role, Scope};
use midiateca_service::ops::keys;
use serde_json::{Value, json};
use tokio::sync::watch;
use wa_sim::Sim;

use super::{Server, deliveries_of, prepared, send, serve};
use crate::stage::impatient;

const COUNT: u32 = 160;

/// When the server is killed: after so many acknowledgements, and so many requests at the endpoint.
const KILLED_AFTER: [(usize, usize); 5] = [(1, 0), (10, 1), (15, 8), (20, 25), (5, 60)];

/// An endpoint that leaves every third request unanswered for some time, so that a kill meets requests in every state.
#[derive(Clone)]
struct Receiver {
    /// The id and the body of each request.
    received: Arc<Mutex<Vec<(String, Value)>>>,
    count: Arc<watch::Sender<usize>>,
}

async fn receive(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: axum::Json<Value>,
) -> StatusCode {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let (number, is_first) = {
        let mut received = receiver.received.lock().unwrap();
        let is_first = received.iter().all(|(known, _)| *known != id);
        received.push((id, body.0));
        (received.len(), is_first)
    };
    receiver.count.send_replace(number);
    if number.is_multiple_of(3) {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // It is sent again after seconds; a second failure would cost minutes.
    match number % 7 {
        0 if is_first => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::NO_CONTENT,
    }
}

impl Receiver {
    #[expect(clippy::disallowed_methods, reason = "not the service's task")]
    async fn start() -> (Self, String) {
        let receiver = Self {
            received: Arc::default(),
            count: Arc::new(watch::Sender::new(0)),
        };
        let router = axum::Router::new()
            .fallback(receive)
            .with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    async fn wait_for(&self, count: usize) {
        let mut counted = self.count.subscribe();
        let waiting = counted.wait_for(|seen| *seen >= count);
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        waited
            .unwrap_or_else(|_| panic!("not {count} requests"))
            .unwrap();
    }
}

struct Api {
    http: reqwest::Client,
    key: String,
}

impl Api {
    async fn get(&self, server: &Server, path: &str) -> Value {
        let request = self.http.get(format!("{}/api/v1{path}", server.origin));
        let answer = request.bearer_auth(&self.key).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// Follows the events behind the last one that was read, until the server is gone or `enough` are read.
    async fn follow(&self, origin: String, mut seen: Vec<i64>, enough: Option<i64>) -> Vec<i64> {
        let last = seen.last().copied().unwrap_or(0);
        let request = self.http.get(format!("{origin}/api/v1/events"));
        let request = request.bearer_auth(&self.key);
        let request = request.header("accept", "text/event-stream");
        let Ok(answer) = request
            .header("last-event-id", last.to_string())
            .send()
            .await
        else {
            return seen;
        };
        let (mut stream, mut text) = (answer.bytes_stream(), String::new());
        while enough.is_none_or(|enough| seen.last().copied().unwrap_or(0) < enough) {
            let Some(Ok(piece)) = stream.next().await else {
                break;
            };
            text.push_str(std::str::from_utf8(&piece).unwrap());
            while let Some((event, rest)) = text.split_once("\n\n") {
                assert!(!event.contains("event: reset"), "{event}");
                let mut lines = event.lines();
                let id = lines.find_map(|line| line.strip_prefix("id:"));
                seen.extend(id.map(|id| id.trim().parse::<i64>().unwrap()));
                text = rest.to_owned();
            }
        }
        seen
    }

    /// All events, page by page.
    async fn pages(&self, server: &Server) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let page = self
                .get(server, &format!("/events?after={after}&limit=7"))
                .await;
            let items = page["items"].as_array().unwrap().clone();
            if items.is_empty() {
                return all;
            }
            all.extend(items);
            after = page["next"].as_str().unwrap().to_owned();
        }
    }

    /// Waits until no media and no notification waits.
    async fn settled(&self, server: &Server, endpoint: &str) {
        let started = Instant::now();
        loop {
            let pending = self.get(server, "/media?status=pending").await;
            let downloading = self.get(server, "/media?status=downloading").await;
            let path = format!("/endpoints/{endpoint}/notifications?limit=200");
            let notifications = self.get(server, &path).await;
            let items = notifications["items"].as_array().unwrap();
            let is_done = |one: &Value| one["status"] == "delivered";
            let media =
                [&pending, &downloading].map(|list| list["items"].as_array().unwrap().len());
            if media == [0, 0] && items.len() >= COUNT as usize && items.iter().all(is_done) {
                return;
            }
            let left: Vec<_> = items.iter().filter(|one| !is_done(one)).collect();
            assert!(started.elapsed().as_secs() < 120, "{media:?} {left:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn key(folder: &Path) -> String {
    let app = crate::stage::open(folder, impatient(), Clock::system())
        .await
        .unwrap();
    let options = keys::Options {
        name: "test".to_owned(),
        role: Role::Admin,
        scope: Scope::All,
        expires_in: None,
    };
    let created = keys::create(&app.db, &app.clock, &Actor::CommandLine(None), options).await;
    app.db.close().await;
    created.unwrap().token
}

/// The numbers have no hole on pages, and a stream that is resumed has each exactly once. The endpoint gets each at least once,
/// and never under two ids.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_survives_sigkill_once_in_order_and_reaches_the_endpoint_under_one_id() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    let hook = prepared(folder.path(), &sim).await;
    let settings = "[endpoints]\nallowed_hosts = [\"127.0.0.1\"]\n";
    std::fs::write(folder.path().join("midiateca.toml"), settings).unwrap();
    let api = Arc::new(Api {
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
        key: key(folder.path()).await,
    });
    let (receiver, url) = Receiver::start().await;
    let deliveries = Arc::new(deliveries_of(&sim, COUNT, "OUTBOX"));

    let (mut seen, mut endpoint) = (Vec::new(), String::new());
    for (round, (acknowledged, requests)) in KILLED_AFTER.into_iter().enumerate() {
        let mut server = serve(folder.path());
        if endpoint.is_empty() {
            let request = api.http.post(format!("{}/api/v1/endpoints", server.origin));
            let request = request.bearer_auth(&api.key).json(&json!({"url": url}));
            let made: Value = request.send().await.unwrap().json().await.unwrap();
            endpoint = made["id"].as_str().unwrap().to_owned();
        }
        let (reader, origin) = (Arc::clone(&api), server.origin.clone());
        #[expect(clippy::disallowed_methods, reason = "not the service's task")]
        let reading = tokio::spawn(async move { reader.follow(origin, seen, None).await });
        let (sender, mut acknowledgements) = tokio::sync::mpsc::unbounded_channel();
        let hook = format!("{}/hooks/wapi/{hook}", server.origin);
        let posting = send(round, hook, Arc::clone(&deliveries), sender);
        for _ in 0..acknowledged {
            acknowledgements.recv().await.expect("an acknowledgement");
        }
        receiver.wait_for(requests).await;
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        posting.await.unwrap();
        seen = reading.await.unwrap();
    }

    let server = serve(folder.path());
    for part in 0..super::SENDERS {
        let (sender, _receiver) = tokio::sync::mpsc::unbounded_channel();
        let hook = format!("{}/hooks/wapi/{hook}", server.origin);
        send(part, hook, Arc::clone(&deliveries), sender)
            .await
            .unwrap();
    }
    api.settled(&server, &endpoint).await;
    let events = api.pages(&server).await;
    let seqs: Vec<_> = events
        .iter()
        .map(|event| event["seq"].as_i64().unwrap())
        .collect();
    let expected: Vec<_> = (1..=i64::try_from(events.len()).unwrap()).collect();
    assert_eq!(seqs, expected);
    let stored = events
        .iter()
        .filter(|event| event["type"] == "media.stored");
    let stored: BTreeSet<_> = stored
        .map(|event| event["media"].as_str().unwrap())
        .collect();
    assert_eq!(stored.len(), COUNT as usize);
    let followed = api
        .follow(server.origin.clone(), seen, expected.last().copied())
        .await;
    assert_eq!(followed, expected);

    let mut ids: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (id, body) in receiver.received.lock().unwrap().iter() {
        let seq = body["data"]["seq"].as_i64().unwrap();
        ids.entry(seq).or_default().insert(id.clone());
    }
    let reached: Vec<_> = ids.keys().copied().collect();
    assert_eq!(reached, expected);
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
    let distinct: BTreeSet<_> = ids.values().flatten().collect();
    assert_eq!(distinct.len(), expected.len());
    let mut server = server;
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}

//! The law of events: their numbers have no hole, what is stored has its event, and each event reached the endpoint or waits
//! with a notification that says so; under one id, however often it was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::law::Row;

#[derive(Clone, Debug)]
pub struct Event {
    pub seq: i64,
    pub kind: String,
    pub media: Option<String>,
}

/// What is due to the endpoint, or was.
#[derive(Clone, Debug)]
pub struct Notification {
    pub event: i64,
    pub status: String,
    pub attempts: i64,
}

/// The ids under which each event came to the endpoint.
pub type Received = BTreeMap<i64, BTreeSet<String>>;

/// Every breach of the law. All events are newer than the endpoint.
pub fn breaches(
    events: &[Event],
    notifications: &[Notification],
    received: &Received,
    rows: &[Row],
) -> Vec<String> {
    let mut found = Vec::new();
    for (expected, event) in (1..).zip(events) {
        if event.seq != expected {
            found.push(format!("there is no event {expected}"));
            break;
        }
    }
    let stored = events.iter().filter(|event| event.kind == "media.stored");
    let stored: BTreeSet<_> = stored.filter_map(|event| event.media.as_deref()).collect();
    let unheard = rows.iter().filter(|row| row.is_stored());
    let unheard = unheard.filter(|row| !stored.contains(row.id.as_str()));
    found.extend(unheard.map(|row| format!("{} is stored without an event", row.message_id)));
    let mut due: BTreeMap<i64, Vec<&Notification>> = BTreeMap::new();
    for notification in notifications {
        due.entry(notification.event)
            .or_default()
            .push(notification);
    }
    for event in events {
        let came = received.contains_key(&event.seq);
        match due.get(&event.seq).map(Vec::as_slice) {
            Some([one]) if one.status == "delivered" && !came => {
                found.push(format!("event {} is delivered and never came", event.seq));
            }
            Some([one]) if one.status == "failed" && one.attempts == 0 => {
                found.push(format!("event {} failed without an attempt", event.seq));
            }
            Some([_]) => {}
            Some(_) => found.push(format!("event {} has two notifications", event.seq)),
            None => found.push(format!("event {} has no notification", event.seq)),
        }
    }
    let twice = received.iter().filter(|(_, ids)| ids.len() != 1);
    found.extend(twice.map(|(seq, ids)| format!("event {seq} came as {ids:?}")));
    found
}

/// A server that takes every webhook.
pub struct Endpoint {
    pub url: String,
    received: Arc<Mutex<Received>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Endpoint {
    #[expect(clippy::disallowed_methods, reason = "it ends with the run")]
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let received = Arc::<Mutex<Received>>::default();
        let known = Arc::clone(&received);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let known = Arc::clone(&known);
                tokio::spawn(async move {
                    // A sender that was killed has sent half of a request.
                    let _ = take(connection, &known).await;
                });
            }
        });
        Ok(Self {
            url,
            received,
            task,
        })
    }

    pub fn received(&self) -> Received {
        let received = self.received.lock();
        received.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(mut connection: TcpStream, known: &Mutex<Received>) -> anyhow::Result<()> {
    let (mut request, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let count = connection.read(&mut piece).await?;
        anyhow::ensure!(count > 0, "the request ended early");
        request.extend_from_slice(&piece[..count]);
        let end = request.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else { continue };
        let head = std::str::from_utf8(&request[..end])?.to_ascii_lowercase();
        let header = |name: &str| {
            let mut lines = head.lines();
            let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(|value| value.trim().to_owned())
        };
        let length: usize = header("content-length").context("no length")?.parse()?;
        if request.len() < end + 4 + length {
            continue;
        }
        let body: Value = serde_json::from_slice(&request[end + 4..])?;
        let seq = body["data"]["seq"].as_i64().context("no number")?;
        let id = header("webhook-id").context("no id")?;
        let mut received = known.lock().unwrap_or_else(PoisonError::into_inner);
        received.entry(seq).or_default().insert(id);
        break;
    }
    let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
    Ok(connection.write_all(answer).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: i64) -> Event {
        Event {
            seq,
            kind: "media.stored".to_owned(),
            media: Some(format!("id-{seq}")),
        }
    }

    fn notification(event: i64, status: &str, attempts: i64) -> Notification {
        Notification {
            event,
            status: status.to_owned(),
            attempts,
        }
    }

    fn row(id: &str) -> Row {
        let row = serde_json::json!({"id": id, "instance": "I", "message_id": "A", "slot": 0, "status": "stored",
            "reason": null, "size": 1, "sha256": null, "verified": null, "path": null});
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn each_kind_of_damage_is_one_breach() {
        type World = (Vec<Event>, Vec<Notification>, Received, Vec<Row>);
        let world = || -> World {
            let ids = BTreeSet::from(["msg_1".to_owned()]);
            let notifications = vec![
                notification(1, "delivered", 2),
                notification(2, "pending", 0),
                notification(3, "failed", 10),
            ];
            let events = vec![event(1), event(2), event(3)];
            (
                events,
                notifications,
                BTreeMap::from([(1, ids)]),
                vec![row("id-2")],
            )
        };
        let found = |world: &World| breaches(&world.0, &world.1, &world.2, &world.3);
        assert_eq!(found(&world()), Vec::<String>::new());
        type Damage = (&'static str, fn(&mut World));
        let damages: [Damage; 7] = [
            ("there is no event 3", |world| world.0[2].seq = 4),
            ("without an event", |world| world.3.push(row("id-9"))),
            ("never came", |world| world.2.clear()),
            ("no notification", |world| drop(world.1.pop())),
            ("two notifications", |world| {
                world.1.push(notification(2, "pending", 0));
            }),
            ("without an attempt", |world| world.1[2].attempts = 0),
            ("came as", |world| {
                world.2.get_mut(&1).unwrap().insert("msg_2".to_owned());
            }),
        ];
        for (words, damage) in damages {
            let mut world = world();
            damage(&mut world);
            // A hole is also an event without its notification.
            let found = found(&world);
            assert!(found[0].contains(words), "{words}: {found:?}");
        }
    }
}

//! Events in pages and live.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use midiateca_service::db::Key;
use midiateca_service::events::facts::{self, Fact, InstanceConnection};
use midiateca_service::events::{News, append};
use midiateca_service::model::{EventKind, Reason, Role, Scope};
use serde_json::{Value, json};

use super::Caller;
use crate::schema;
use crate::stage::{OTHER, TestApp, sample};
use wa_sim::SimMedia;

/// The first `count` events of a stream.
pub(super) async fn live(
    caller: &Caller<'_>,
    query: &str,
    last: Option<&str>,
    count: usize,
) -> Vec<(String, Value)> {
    let mut request = caller
        .request("GET", &format!("/events{query}"))
        .header("accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut stream = answer.bytes_stream();
    let (mut text, mut events) = (String::new(), Vec::new());
    while events.len() < count {
        let piece = stream.next().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name: &str| {
                let mut lines = event.lines();
                lines
                    .find_map(|line| line.strip_prefix(name))
                    .map(|value| value.trim().to_owned())
            };
            if let (Some(kind), Some(data)) = (field("event:"), field("data:")) {
                events.push((kind, serde_json::from_str(&data).unwrap()));
            }
            text = rest.to_owned();
        }
    }
    events
}

#[tokio::test]
async fn events_are_numbered_without_holes_and_followed_live() {
    let test = TestApp::start().await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    for n in 0..3 {
        test.store(sample(&format!("E{n}"))).await;
    }
    let page = viewer.get("/events?limit=2").await;
    let next = page["next"].as_str().unwrap().to_owned();
    let rest = viewer.get(&format!("/events?after={next}")).await;
    let seqs: Vec<_> = [&page, &rest]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|event| event["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(seqs, [1, 2, 3]);
    let replayed = live(&viewer, "?after=0", None, 3).await;
    assert!(
        replayed.iter().all(|(kind, _)| kind == "media.stored"),
        "{replayed:?}"
    );
    let resumed = live(&viewer, "?after=0", Some("2"), 1).await;
    assert_eq!(resumed[0].1["seq"], 3);
    let (followed, _) = tokio::join!(live(&viewer, "?after=3", None, 1), test.store(sample("E3")));
    assert_eq!(followed[0].1["seq"], 4);
    assert_eq!(rest["next"], "3");
    let other = Caller::new(&test, Role::Viewer, Scope::Client(3)).await;
    let page = other.get("/events?after=0").await;
    assert_eq!(
        (&page["items"], &page["next"]),
        (&serde_json::json!([]), &serde_json::json!("0"))
    );
    test.end().await;
}

#[tokio::test]
async fn a_cursor_older_than_what_is_kept_is_refused_and_a_stream_says_reset() {
    let test = TestApp::start().await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    for n in 0..3 {
        test.store(sample(&format!("E{n}"))).await;
    }
    let prune = async |tx: &mut midiateca_service::db::Tx| {
        tx.run("delete from events where seq <= 2", Vec::new())
            .await
    };
    let key = midiateca_service::db::Key::Nothing;
    test.app.db.write(key, prune).await.unwrap();
    let (status, answer) = viewer.send("GET", "/events?after=1", None).await;
    assert_eq!(
        (status, answer["error"]["code"].as_str()),
        (410, Some("cursor_expired"))
    );
    assert!(
        answer["error"]["message"].as_str().unwrap().contains('3'),
        "{answer}"
    );
    assert_eq!(answer["error"]["first_seq"], 3);
    assert_eq!(viewer.get("/events?after=2").await["items"][0]["seq"], 3);
    let events = live(&viewer, "?after=1", None, 2).await;
    assert_eq!(
        (events[0].0.as_str(), &events[0].1["first_seq"]),
        ("reset", &serde_json::json!(3))
    );
    assert_eq!(events[1].1["seq"], 3);
    test.end().await;
}

#[tokio::test]
async fn a_number_that_no_event_had_is_said_and_not_waited_for() {
    let test = TestApp::start().await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    test.store(sample("E0")).await;
    for after in ["2", "1000000", "9223372036854775807"] {
        let (status, answer) = viewer
            .send("GET", &format!("/events?after={after}"), None)
            .await;
        assert_eq!(
            (status, answer["error"]["code"].as_str()),
            (410, Some("cursor_unknown")),
            "{after}"
        );
        let events = live(&viewer, "", Some(after), 1).await;
        assert_eq!(
            (events[0].0.as_str(), &events[0].1["first_seq"]),
            ("reset", &serde_json::json!(2))
        );
    }
    for unreadable in ["abc", "-5", "99999999999999999999"] {
        let events = live(&viewer, "", Some(unreadable), 2).await;
        assert_eq!(events[0].0, "reset", "{unreadable}");
        assert_eq!(events[1].1["seq"], 1, "{unreadable}");
    }
    test.end().await;
}

/// The answers to a caller of one client depend on the events of this client only.
#[tokio::test]
async fn a_reader_of_one_client_cannot_count_the_events_of_others() {
    let test = TestApp::start().await;
    let own = Caller::new(&test, Role::Viewer, Scope::Client(2)).await;
    let answers = async || {
        let mut answers = Vec::new();
        for after in 0..12 {
            let path = format!("/events?after={after}");
            answers.push(own.send("GET", &path, None).await);
        }
        answers.push(own.send("GET", "/events?after=1000000", None).await);
        answers
    };
    test.store(sample("OWN")).await;
    let before = answers().await;
    assert_eq!(before[1].0, 200);
    for n in 0..5 {
        let media = SimMedia::sample(OTHER, &format!("OTHER{n}"), wa_media::MediaKind::Image);
        test.store_for_other(media).await;
    }
    assert_eq!(answers().await, before);
    let reset = live(&own, "", Some("4"), 1).await;
    assert_eq!(reset[0].1["first_seq"], 2);
    // All of others are deleted, and then the own ones.
    let prune = async |before: i64| {
        let key = midiateca_service::db::Key::Nothing;
        let pruning = test.app.db.write(key, async move |tx| {
            midiateca_service::events::prune(tx, before, 100).await
        });
        pruning.await.unwrap()
    };
    let sql = "update events set at = 1 where client <> 2";
    let key = midiateca_service::db::Key::Nothing;
    let aging = async |tx: &mut midiateca_service::db::Tx| tx.run(sql, Vec::new()).await;
    test.app.db.write(key, aging).await.unwrap();
    assert_eq!(prune(2).await, 5);
    assert_eq!(answers().await, before);
    assert_eq!(prune(i64::MAX).await, 1);
    let code = |(status, answer): &(u16, Value)| (*status, answer["error"]["code"].clone());
    let after = answers().await;
    assert_eq!(code(&after[0]), (410, "cursor_expired".into()));
    assert_eq!(after[1].0, 200, "a reader that has the last one");
    assert_eq!(code(&after[2]), (410, "cursor_unknown".into()));
    assert!(after[2].1.to_string().contains("after 1 yet"), "{after:?}");
    assert_eq!(after[2].1["error"]["last_seq"], 1);
    let (status, answer) = own.send("GET", "/events?after=-1", None).await;
    assert_eq!(status, 400, "{answer}");
    test.end().await;
}

#[tokio::test]
async fn the_stream_of_a_revoked_key_ends() {
    let test = TestApp::start().await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let request = viewer
        .request("GET", "/events")
        .header("accept", "text/event-stream");
    let mut stream = request.send().await.unwrap().bytes_stream();
    let revoke = async |tx: &mut midiateca_service::db::Tx| {
        tx.run("update api_keys set revoked_at = 1", Vec::new())
            .await
    };
    let key = midiateca_service::db::Key::Nothing;
    test.app.db.write(key, revoke).await.unwrap();
    // Each new event wakes the stream, which looks for its key within seconds.
    let started = std::time::Instant::now();
    let mut n = 0;
    loop {
        test.store(sample(&format!("AFTER{n}"))).await;
        n += 1;
        let next = tokio::time::timeout(std::time::Duration::from_secs(1), stream.next()).await;
        if let Ok(None) = next {
            break;
        }
        assert!(started.elapsed().as_secs() < 60, "the stream goes on");
    }
    test.end().await;
}

async fn write(test: &TestApp, client: i64) {
    let fact = Fact::InstanceConnected(InstanceConnection {});
    let writing = test.app.db.write(Key::Nothing, async move |tx| {
        let news = News {
            client: Some(client),
            instance: None,
            media: None,
            fact: fact.clone(),
        };
        append(tx, midiateca_service::clock::Clock::system().now(), news);
        Ok(())
    });
    writing.await.unwrap();
}

/// A reader that asks while events are written gets each of them once, in order.
#[tokio::test]
async fn pages_of_events_that_grow_while_they_are_read_have_every_event_once() {
    const EACH: usize = 100;
    let mut config = crate::stage::impatient();
    config.http.api_rate = 10_000;
    let test = TestApp::with(config, midiateca_service::clock::Clock::system()).await;
    let all = Caller::new(&test, Role::Viewer, Scope::All).await;
    let own = Caller::new(&test, Role::Viewer, Scope::Client(2)).await;
    let is_written = AtomicBool::new(false);
    let writing = async {
        let writer = async |client| {
            for _ in 0..EACH {
                write(&test, client).await;
            }
        };
        tokio::join!(writer(2), writer(3), writer(2), writer(3));
        is_written.store(true, Ordering::SeqCst);
    };
    let reading = async |caller: &Caller<'_>, filter: &str| {
        let (mut after, mut seen) = ("0".to_owned(), Vec::new());
        loop {
            // What is written before the question must be in the answers.
            let was_written = is_written.load(Ordering::SeqCst);
            let page = caller
                .get(&format!("/events?after={after}&limit=7{filter}"))
                .await;
            let items = page["items"].as_array().unwrap();
            let seqs = items.iter().map(|item| item["seq"].as_i64().unwrap());
            seen.extend(seqs);
            page["next"].as_str().unwrap().clone_into(&mut after);
            if was_written && items.is_empty() {
                return seen;
            }
        }
    };
    let (everything, of_own, of_filter, _) = tokio::join!(
        reading(&all, ""),
        reading(&own, ""),
        reading(&all, "&client=2"),
        writing
    );
    let expected: Vec<_> = (1..=4 * EACH as i64).collect();
    assert_eq!(everything, expected);
    let page = own.get("/events?after=0&limit=1000").await;
    let items = page["items"].as_array().unwrap().iter();
    let expected: Vec<_> = items.map(|item| item["seq"].as_i64().unwrap()).collect();
    assert_eq!(expected.len(), 2 * EACH);
    assert_eq!(of_own, expected);
    assert_eq!(of_filter, expected);
    test.end().await;
}

/// One of each kind.
fn every_fact() -> Vec<Fact> {
    let (kind, reason, path) = ("image", Reason::FileLost, "a/b.jpg".to_owned());
    EventKind::ALL
        .map(|it| match it {
            EventKind::MediaStored => Fact::MediaStored(facts::MediaStored {
                kind,
                path: path.clone(),
                size: 5,
                verified: "full",
                mime: "image/jpeg".to_owned(),
            }),
            EventKind::MediaFailed => Fact::MediaFailed(facts::MediaEnded { kind, reason }),
            EventKind::MediaExpired => Fact::MediaExpired(facts::MediaEnded { kind, reason }),
            EventKind::MediaPostponed => Fact::MediaPostponed(facts::MediaPostponed {
                kind,
                reason,
                next_attempt_at: 5,
            }),
            EventKind::MediaLost => Fact::MediaLost(facts::MediaLost {
                kind,
                reason,
                path: path.clone(),
            }),
            EventKind::MediaRemoved => Fact::MediaRemoved(facts::MediaRemoved {
                kind,
                reason,
                path: path.clone(),
                size: 5,
            }),
            EventKind::MediaDismissed => {
                let reason = Some(reason);
                Fact::MediaDismissed(facts::MediaDismissed { kind, reason })
            }
            EventKind::MediaDeletedForEveryone => {
                let deleted_at = 5;
                let deleted = facts::MediaDeletedForEveryone { kind, deleted_at };
                Fact::MediaDeletedForEveryone(deleted)
            }
            EventKind::MediaInfected => Fact::MediaInfected(facts::MediaInfected {
                kind,
                path: None,
                size: None,
            }),
            EventKind::ContactErased => Fact::ContactErased(facts::ContactErased {
                media: 1,
                files: 2,
                size: 3,
                deliveries: 4,
            }),
            EventKind::InstanceConnected => Fact::InstanceConnected(InstanceConnection {}),
            EventKind::InstanceDisconnected => Fact::InstanceDisconnected(InstanceConnection {}),
            EventKind::EndpointDisabled => Fact::EndpointDisabled(facts::EndpointDisabled {
                endpoint: "e".to_owned(),
                reason: midiateca_service::events::endpoints::DisabledReason::Gone,
            }),
        })
        .to_vec()
}

/// Those that the other tests make are compared at their ends, and what endpoints get where it is received.
#[tokio::test]
async fn every_kind_of_event_is_as_the_document_says() {
    let test = TestApp::start().await;
    let all = Caller::new(&test, Role::Viewer, Scope::All).await;
    for fact in every_fact() {
        let (kind, data) = (fact.kind().as_str(), fact.data());
        assert_eq!(schema::problem_of_data(kind, &data), None, "{kind}");
        // A field that is missing or of another type is noticed.
        for (name, _) in data.as_object().unwrap() {
            let mut wrong = data.clone();
            wrong[name] = json!({"x": [1]});
            assert!(
                schema::problem_of_data(kind, &wrong).is_some(),
                "{kind} {name}"
            );
            wrong.as_object_mut().unwrap().remove(name);
            let is_optional = data[name].is_null() || name == "reason";
            let is_noticed = schema::problem_of_data(kind, &wrong).is_some();
            assert!(is_noticed || is_optional, "{kind} {name}");
        }
        let writing = test.app.db.write(Key::Nothing, async move |tx| {
            let news = News {
                client: Some(2),
                instance: None,
                media: Some("none"),
                fact: fact.clone(),
            };
            append(tx, 5, news);
            Ok(())
        });
        writing.await.unwrap();
    }
    let page = all.get("/events").await;
    assert_eq!(schema::problem("EventPage", &page), None, "{page}");
    assert_eq!(
        page["items"].as_array().unwrap().len(),
        EventKind::ALL.len()
    );
    test.end().await;
}

/// The answer says so, and that the change may have been made.
#[tokio::test]
async fn a_change_whose_commit_is_unknown_is_not_to_be_sent_again_unseen() {
    let test = TestApp::start().await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let path = test.app.data.join("midiateca.db");
    let aside = test.app.data.join("aside.db");
    let started = std::time::Instant::now();
    // A refused request is sent again until the database is back.
    let until_done = async |method: &str, body: Option<Value>| loop {
        let (status, answer) = admin.send(method, "/clients", body.clone()).await;
        match status {
            200 | 201 => return answer.to_string(),
            503 => assert!(started.elapsed().as_secs() < 120, "{answer}"),
            _ => panic!("{answer}"),
        }
    };
    for n in 0.. {
        // The path of the database is looked at again some milliseconds after a commit: then the change is refused.
        until_done("POST", Some(json!({"name": format!("Before {n}")}))).await;
        std::fs::rename(&path, &aside).unwrap();
        let body = json!({"name": format!("After {n}")});
        let answer = admin.request("POST", "/clients").json(&body).send().await;
        std::fs::rename(&aside, &path).unwrap();
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 503);
        let may_be_repeated = answer.headers().contains_key("retry-after");
        let answer: Value = answer.json().await.unwrap();
        let is_unknown = answer["error"]["code"] == "commit_uncertain";
        assert!(
            is_unknown || answer["error"]["code"] == "unavailable",
            "{answer}"
        );
        assert_eq!(may_be_repeated, !is_unknown, "{answer}");
        let names = until_done("GET", None).await;
        assert_eq!(
            names.contains(&format!("After {n}")),
            is_unknown,
            "{answer}"
        );
        if is_unknown {
            break;
        }
    }
    test.end().await;
}

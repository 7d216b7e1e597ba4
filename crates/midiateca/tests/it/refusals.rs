//! Deliveries that are refused leave a trace, and no secret in it.

use std::collections::BTreeMap;

use midiateca_service::clock::{Clock, DAY};
use midiateca_service::config::Size;
use midiateca_service::db::Key;
use midiateca_service::ingest::tally;
use midiateca_service::instances;
use midiateca_service::model::InstanceId;
use midiateca_service::secrets;
use serde_json::{Value, json};
#[cfg(unix)]
use wa_sim::Sim;

#[cfg(unix)]
use crate::commands::{midiateca, set_up, stdout};
use crate::stage::{FIRST, OTHER, TODAY, TestApp, impatient};

fn text(instance: &str) -> String {
    json!({"event": "webhookReceived", "instanceId": instance, "messageId": "T1", "msgContent": {"conversation": "oi"}}).to_string()
}

/// Reason, instance, and at whose address, with the count of each.
async fn counted(test: &TestApp) -> BTreeMap<(String, String, String), i64> {
    tally::write_down(&test.app.db, &test.app.tally)
        .await
        .unwrap();
    let refused = instances::refusals(&test.app.db).await.unwrap();
    let id = |id: Option<InstanceId>| id.map_or_else(String::new, |id| id.0);
    refused
        .into_iter()
        .map(|(refusal, count)| {
            let reason = refusal.reason.as_str().to_owned();
            let key = (reason, id(refusal.instance), id(refusal.address_of));
            (key, count.count)
        })
        .collect()
}

fn key(reason: &str, instance: &str, address_of: &str) -> (String, String, String) {
    (
        reason.to_owned(),
        instance.to_owned(),
        address_of.to_owned(),
    )
}

#[tokio::test]
async fn refusals_are_counted_by_whose_they_are_as_far_as_that_is_known() {
    let mut config = impatient();
    config.http.max_body = Size::from_bytes(10_000);
    let test = TestApp::with(config, Clock::system()).await;
    let (origin, hook) = (test.origin(), test.hook.clone());
    let fresh = secrets::hash_token("another");
    let id = InstanceId(FIRST.to_owned());
    let rotated = test.app.db.write(Key::Everything, async move |tx| {
        instances::set_hook(tx, &id, &fresh).await
    });
    assert!(rotated.await.unwrap());
    let current = format!("{origin}/hooks/wapi/another");
    // The former token may be accepted for a second.
    while test.post(text(FIRST)).await.0 != 401 {}
    let large = "x".repeat(10_001);
    let streamed = || {
        let pieces = [
            Ok::<_, std::io::Error>("x".repeat(6_000)),
            Ok("x".repeat(6_000)),
        ];
        reqwest::Body::wrap_stream(futures_util::stream::iter(pieces))
    };
    let wrong = format!("{origin}/hooks/wapi/guess");
    for (url, body, status) in [
        (test.hook_url(), text(FIRST), 401),
        (wrong.clone(), text(FIRST), 401),
        (wrong.clone(), text(FIRST), 401),
        (format!("{wrong}2"), text("UNKNOWN"), 401),
        (format!("{wrong}3"), "no json".to_owned(), 401),
        (format!("{origin}/hooks/wapi"), text(OTHER), 401),
        (format!("{origin}/webhook/whatsapp/"), String::new(), 401),
        (
            format!("{origin}/webhook/connect?token=guess"),
            text(OTHER),
            401,
        ),
        (format!("{origin}/hooks/wappi/{hook}"), text(FIRST), 404),
        (current.clone(), text(OTHER), 401),
        (current.clone(), text("UNKNOWN"), 401),
        (current.clone(), text("UNKNOWN-2"), 401),
        (current.clone(), large, 413),
        (current.clone(), text(FIRST), 200),
    ] {
        let (found, answer) = test.post_to(&url, body).await;
        assert_eq!(found, status, "{url} {answer}");
    }
    assert_eq!(test.post_to(&current, streamed()).await.0, 413);
    let counts = counted(&test).await;
    assert_eq!(
        counts,
        BTreeMap::from([
            (key("replaced_token", FIRST, ""), 2),
            (key("wrong_token", FIRST, ""), 2),
            (key("wrong_token", "", ""), 2),
            (key("missing_token", OTHER, ""), 1),
            (key("missing_token", "", ""), 1),
            (key("wrong_token", OTHER, ""), 1),
            (key("unknown_gateway", FIRST, ""), 1),
            (key("other_instance", OTHER, FIRST), 1),
            (key("unknown_instance", FIRST, ""), 2),
            (key("body_too_large", FIRST, ""), 2),
        ])
    );
    test.end().await;
}

#[tokio::test]
async fn an_instance_that_was_removed_is_recognised_by_its_address() {
    let test = TestApp::start().await;
    let (id, now) = (InstanceId(OTHER.to_owned()), test.app.clock.now());
    let removed = test.app.db.write(Key::Everything, async move |tx| {
        instances::remove_instance(tx, &id, now).await
    });
    assert!(removed.await.unwrap());
    let url = format!("{}/hooks/wapi/{}", test.origin(), test.other_hook);
    while test.post_to(&url, text(OTHER)).await.0 != 401 {}
    let counts = counted(&test).await;
    assert_eq!(
        counts,
        BTreeMap::from([(key("removed_instance", OTHER, ""), 1)])
    );
    test.end().await;
}

#[tokio::test]
async fn whatever_strangers_guess_takes_no_more_rows() {
    let test = TestApp::start().await;
    for n in 0..200 {
        let url = format!("{}/hooks/wapi/guess-{n}", test.origin());
        assert_eq!(test.post_to(&url, text(&format!("GUESS-{n}"))).await.0, 401);
        let unknown = text(&format!("GUESS-{n}"));
        assert_eq!(test.post(unknown).await.0, 401);
    }
    let counts = counted(&test).await;
    assert_eq!(
        counts,
        BTreeMap::from([
            (key("wrong_token", "", ""), 200),
            (key("unknown_instance", FIRST, ""), 200),
        ])
    );
    test.end().await;
}

#[tokio::test]
async fn after_a_quiet_week_counting_begins_again() {
    let test = TestApp::with(impatient(), Clock::fixed(TODAY)).await;
    let url = format!("{}/hooks/wapi/guess", test.origin());
    for (days, count, first_at) in [
        (0, 1, TODAY),
        (6, 2, TODAY),
        (6, 3, TODAY),
        (8, 1, TODAY + 20 * DAY),
    ] {
        test.app.clock.advance(days * DAY);
        assert_eq!(test.post_to(&url, text("X")).await.0, 401);
        tally::write_down(&test.app.db, &test.app.tally)
            .await
            .unwrap();
        let refused = instances::refusals(&test.app.db).await.unwrap();
        let (_, found) = &refused[0];
        assert_eq!((found.count, found.first_at), (count, first_at));
        assert_eq!(found.last_at, test.app.clock.now());
    }
    test.end().await;
}

/// A server whose log is kept.
#[cfg(unix)]
struct Logged {
    child: std::process::Child,
    origin: String,
    log: std::thread::JoinHandle<Vec<String>>,
}

#[cfg(unix)]
impl Logged {
    fn start(data: &std::path::Path) -> Self {
        use std::io::BufRead as _;
        let mut child = crate::stage::program(data)
            .args(["--log-format", "json", "serve", "--listen", "127.0.0.1:0"])
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
        let origin = loop {
            let line = lines.next().expect("the server ended early").unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            if let Some(address) = line["address"].as_str() {
                break format!("http://{address}");
            }
        };
        let log = std::thread::spawn(move || lines.map_while(Result::ok).collect());
        Self { child, origin, log }
    }

    /// Ends it in order, and gives what it logged.
    fn stop(mut self) -> Vec<String> {
        let id = self.child.id().to_string();
        let signalled = std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status();
        assert!(signalled.unwrap().success());
        assert!(self.child.wait().unwrap().success());
        self.log.join().unwrap()
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_sees_what_was_refused_after_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    let address = set_up(folder.path(), &sim).await;
    let secret = "a-token-that-must-stay-secret";
    let server = Logged::start(folder.path());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..7 {
        for body in [text(FIRST), text("UNKNOWN")] {
            let url = format!("{}/hooks/wapi/{secret}", server.origin);
            assert_eq!(
                http.post(url).body(body).send().await.unwrap().status(),
                401
            );
        }
    }
    let log = server.stop();
    let refused: Vec<_> = log
        .iter()
        .filter(|line| line.contains("delivery refused"))
        .collect();
    assert_eq!(refused.len(), 2, "one line for each kind: {refused:#?}");
    let hook = address.rsplit('/').next().unwrap();
    for hidden in [secret, hook] {
        assert!(!log.iter().any(|line| line.contains(hidden)));
    }

    let server = Logged::start(folder.path());
    let report = midiateca(folder.path(), &["--json", "check"]).await;
    assert_eq!(report.status.code(), Some(1));
    let report: Value = serde_json::from_str(&stdout(&report)).unwrap();
    let refusals = report["refusals"].as_array().unwrap();
    let of = |instance: Value| {
        let one = refusals.iter().find(|one| one["instance"] == instance);
        one.unwrap().clone()
    };
    for instance in [json!(FIRST), Value::Null] {
        let one = of(instance);
        assert_eq!(
            (&one["reason"], &one["count"]),
            (&json!("wrong_token"), &json!(7))
        );
        assert_eq!(one["gateway"], "wapi");
        assert!(one["first_at"].is_string() && one["last_at"].is_string());
    }
    for (language, arguments, expected) in [
        ("en", &["check"][..], "7 deliveries refused since"),
        ("en", &["doctor", "--offline"], "7 deliveries refused since"),
        (
            "en",
            &["instance", "show", FIRST, "--offline"],
            "7 deliveries refused since",
        ),
        ("pt-BR", &["check"], "7 entregas recusadas desde"),
        (
            "pt-BR",
            &["instance", "show", FIRST, "--offline"],
            "7 entregas recusadas desde",
        ),
    ] {
        let arguments = [&["--lang", language], arguments].concat();
        let shown = stdout(&midiateca(folder.path(), &arguments).await);
        assert!(shown.contains(expected), "{arguments:?}: {shown}");
        assert!(shown.contains(&format!("rotate-hook {FIRST}")), "{shown}");
        assert!(!shown.contains(secret), "{shown}");
    }
    let shown = midiateca(
        folder.path(),
        &["--json", "instance", "show", FIRST, "--offline"],
    )
    .await;
    let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
    assert_eq!(shown["refusals"][0]["count"], 7);
    let checks = midiateca(folder.path(), &["--json", "doctor", "--offline"]).await;
    let checks: Value = serde_json::from_str(&stdout(&checks)).unwrap();
    let about: Vec<_> = checks["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["check"] == "deliveries.refused")
        .map(|check| {
            (
                check["about"].as_str().unwrap(),
                check["verdict"].as_str().unwrap(),
            )
        })
        .collect();
    assert!(
        about.contains(&(FIRST, "problem")) && about.contains(&("wapi", "warning")),
        "{about:?}"
    );
    server.stop();
}

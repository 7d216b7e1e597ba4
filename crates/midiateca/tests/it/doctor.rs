//! `doctor` on a healthy setup and with one fault after another: each must be found and have a hint.

mod ground;

use std::path::Path;

use midiateca_service::clock::{Clock, DAY, HOUR, MINUTE};
use midiateca_service::config::Config;
use midiateca_service::db::{Db, Key, Value as Cell};
use midiateca_service::deliveries::rhythm;
use midiateca_service::model::InstanceId;
use serde_json::Value;
use tempfile::TempDir;
use wa_sim::{Session, Sim};

use crate::commands::set_up;
use crate::crash::{Server, serve};
use crate::stage::FIRST;

/// A desk where all is well: a gateway, an instance with its slots set, a server.
struct Desk {
    folder: TempDir,
    sim: Sim,
    server: Option<Server>,
    public_url: String,
}

impl Desk {
    async fn healthy() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sim = Sim::start().await.unwrap();
        set_up(folder.path(), &sim).await;
        let server = serve(folder.path());
        let public_url = server.origin.clone();
        let desk = Self {
            folder,
            sim,
            server: Some(server),
            public_url,
        };
        desk.change(&["--cdn-base", &desk.sim.origin(), "--routes", "default"])
            .await;
        let configure = ["instance", "configure-webhooks", FIRST, "--public-url"];
        let configured = desk
            .run(&[&configure[..], &[&desk.public_url]].concat(), &[])
            .await;
        assert_eq!(configured.0, 0, "{}", configured.1);
        desk.heard(MINUTE).await;
        desk
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    async fn run(&self, arguments: &[&str], more: &[(&str, &str)]) -> (i32, String) {
        let arguments = [&["--json"], arguments].concat();
        self.run_for_people(&arguments, more).await
    }

    async fn run_for_people(&self, arguments: &[&str], more: &[(&str, &str)]) -> (i32, String) {
        let mut command = crate::stage::program(self.data());
        command
            .args(arguments)
            .env("LANG", "C")
            .env_remove("LC_ALL");
        command.env("MIDIATECA_PUBLIC_URL", &self.public_url);
        // Whether they are there depends on the machine.
        command.env("MIDIATECA__DERIVED__FFMPEG", "/nowhere");
        command.env("MIDIATECA__DERIVED__PDFTOPPM", "/nowhere");
        command.env("ANOTHER_TOKEN", "another-token");
        command.envs(more.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(text).unwrap(),
        )
    }

    /// Adds the instance again.
    async fn change(&self, options: &[&str]) {
        let add = ["instance", "add", FIRST, "--client", "2"];
        let (code, said) = self.run(&[&add[..], options].concat(), &[]).await;
        assert_eq!(code, 0, "{said}");
    }

    /// Runs `doctor --json`.
    async fn doctor(&self) -> (i32, Vec<Value>) {
        let (code, said) = self.run(&["doctor"], &[]).await;
        let answer: Value = serde_json::from_str(said.lines().next().unwrap_or("")).unwrap();
        (code, answer["checks"].as_array().unwrap().clone())
    }

    /// `doctor` must report this check with this verdict and these words, and a hint unless all is well.
    async fn names(&self, check: &str, verdict: &str, words: &str) {
        self.names_with(&[], check, verdict, words).await;
    }

    async fn names_with(&self, more: &[(&str, &str)], check: &str, verdict: &str, words: &str) {
        let (code, report) = self.run_for_people(&["doctor"], more).await;
        let found = report.lines().find(|line| {
            let mut parts = line.split_whitespace();
            parts.next() == Some(verdict) && parts.next() == Some(check) && line.contains(words)
        });
        let found = found.unwrap_or_else(|| panic!("no {verdict} {check} {words:?} in {report}"));
        let hint = found.split_once(" → hint: ").map(|(_, hint)| hint.trim());
        assert_eq!(
            hint.is_some_and(|hint| !hint.is_empty()),
            verdict != "ok",
            "{found}"
        );
        if verdict == "PROBLEM" {
            assert_eq!(code, 1, "{report}");
        }
    }

    async fn db(&self) -> Db {
        let config = Config::default();
        let app = crate::stage::open(self.data(), config, Clock::system()).await;
        app.unwrap().db.clone()
    }

    /// Something came from the instance so long ago.
    async fn heard(&self, ago: i64) {
        let at = Clock::system().now() - ago;
        let db = self.db().await;
        db.write(Key::Everything, async move |tx| {
            let sql = "update instances set last_delivery_at = $1, delivery_count = 1";
            tx.run(sql, vec![Cell::from(at)]).await
        })
        .await
        .unwrap();
        db.close().await;
    }

    async fn session(&self, session: Session) {
        self.sim.world().set_session(FIRST, session);
    }

    /// A row of a stored file whose folder does not exist.
    async fn holds_something(&self) {
        let db = self.db().await;
        db.write(Key::Everything, async move |tx| {
            let sql = "insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, from_me, is_group, voice_note,
                         received_at, file_time, media_key_malformed, inline, status, deadline, path)
                       values ('m1', $1, 7, 'wapi', 'A1', 0, '', 'image', 'image', 0, 0, 0, 0, 0, 0, 0, 'stored', 0, 'x')";
            tx.run("insert into clients (id, name, created_at) values (7, 'Outra', 0)", vec![]).await?;
            tx.run(sql, vec![FIRST.into()]).await.map(drop)
        })
        .await
        .unwrap();
        db.close().await;
    }

    fn end_server(&mut self) {
        let mut server = self.server.take().unwrap();
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.end_server();
        }
    }
}

#[tokio::test]
async fn a_healthy_desk_is_found_healthy() {
    let desk = Desk::healthy().await;
    let (code, checks) = desk.doctor().await;
    // The desk has no program that makes previews, and its gateway says nothing about groups.
    let is_expected =
        |found: &Value| found["check"] == "instance.groups" || found["code"] == "program_absent";
    let unwell = |found: &&Value| found["verdict"] != "ok" && !is_expected(found);
    let unwell: Vec<_> = checks.iter().filter(unwell).collect();
    assert_eq!((code, unwell), (0, vec![]));
    for check in [
        "folder",
        "server",
        "key",
        "database",
        "database.write",
        "database.integrity",
        "storage",
        "storage.free",
        "storage.forecast",
        "clock",
        "cdn",
        "cdn.ipv4",
        "public",
        "instance.token",
        "instance.connected",
        "instance.slot",
        "instance.own_messages",
        "instance.silent",
        "queue.oldest",
        "deliveries.set_aside",
    ] {
        assert!(
            checks.iter().any(|found| found["check"] == check),
            "{check}"
        );
    }
    let tokens = desk.sim.world().slot(FIRST, "webhookReceivedUrl").unwrap();
    let token = tokens.rsplit('/').next().unwrap().to_owned();
    assert!(!serde_json::to_string(&checks).unwrap().contains(&token));
}

#[tokio::test]
async fn faults_of_the_gateway_are_named() {
    let desk = Desk::healthy().await;
    for (session, check, level, words) in [
        (
            Session {
                connected: false,
                ..Session::default()
            },
            "instance.connected",
            "PROBLEM",
            "not connected",
        ),
        (
            Session {
                number: None,
                ..Session::default()
            },
            "instance.connected",
            "warning",
            "but no number",
        ),
        (
            Session {
                ignores_groups: Some(true),
                ..Session::default()
            },
            "instance.groups",
            "PROBLEM",
            "ignores groups",
        ),
        (
            Session {
                names: Some("AAAAAA-BBBBBB-CCCCCC".to_owned()),
                ..Session::default()
            },
            "instance.token",
            "PROBLEM",
            "AAAAAA-BBBBBB-CCCCCC",
        ),
        (
            Session {
                instead: Some((200, "<html>".to_owned())),
                ..Session::default()
            },
            "instance.token",
            "PROBLEM",
            "not JSON",
        ),
        (
            Session {
                instead: Some((504, String::new())),
                ..Session::default()
            },
            "instance.token",
            "PROBLEM",
            "504",
        ),
        (
            Session {
                clock_ahead_seconds: 3_630,
                ..Session::default()
            },
            "clock",
            "PROBLEM",
            "60 min",
        ),
        (
            Session {
                clock_ahead_seconds: -90,
                ..Session::default()
            },
            "clock",
            "warning",
            "90 s",
        ),
    ] {
        desk.session(session).await;
        desk.names(check, level, words).await;
    }
    desk.session(Session::default()).await;
    let (code, _) = desk.doctor().await;
    assert_eq!(code, 0, "the fault is gone");
}

#[tokio::test]
async fn the_document_holds_codes_and_no_sentences() {
    let desk = Desk::healthy().await;
    let closed = desk.sim.closed_origin();
    desk.change(&["--cdn-base", &closed]).await;
    desk.session(Session {
        clock_ahead_seconds: -90,
        ..Session::default()
    })
    .await;
    let (code, checks) = desk.doctor().await;
    assert_eq!(code, 1);
    let of = |name: &str| {
        let check = checks.iter().find(|check| check["check"] == name);
        check.unwrap().clone()
    };
    let cdn = serde_json::json!({
        "check": "cdn", "about": closed, "verdict": "problem", "code": "failed",
        "values": {}, "hint": "open_firewall", "error": "no_answer",
    });
    assert_eq!(of("cdn"), cdn);
    let clock = of("clock");
    assert_eq!(clock["code"], "clocks_differ");
    assert_eq!(clock["hint"], "set_clock");
    assert_eq!(clock["verdict"], "warning");
    assert!(
        clock["values"]["skew"].as_i64().unwrap() >= 88_000,
        "{clock}"
    );
    for check in &checks {
        for field in ["check", "verdict", "code", "hint", "error"] {
            let value = check[field].as_str().unwrap_or("");
            assert!(!value.contains(' '), "{field} of {check}");
        }
    }
}

#[tokio::test]
async fn faults_of_the_slots_are_named() {
    let desk = Desk::healthy().await;
    let world = desk.sim.world();
    let ours = world.slot(FIRST, "webhookReceivedUrl").unwrap();
    for (field, address, check, level, words) in [
        (
            "webhookReceivedUrl",
            "",
            "instance.slot",
            "PROBLEM",
            "is empty",
        ),
        (
            "webhookConnectedUrl",
            "https://old.example/hook/secret",
            "instance.slot",
            "PROBLEM",
            "does not belong to this server: https://old.example/…",
        ),
        // The address of this server, as it was before another one was made.
        (
            "webhookConnectedUrl",
            &format!("{}old", &ours[..ours.len() - 3]),
            "instance.slot",
            "PROBLEM",
            "whose token is not this instance's any more",
        ),
        (
            "webhookDeliveryUrl",
            "",
            "instance.own_messages",
            "PROBLEM",
            "what the account itself sends never arrives",
        ),
        (
            "webhookStatusUrl",
            &ours.replace("127.0.0.1", "localhost"),
            "instance.slot",
            "warning",
            "another address than http.public_url",
        ),
    ] {
        world.set_slot(FIRST, field, address);
        desk.names(check, level, words).await;
        world.set_slot(FIRST, field, &ours);
    }
    let elsewhere = ours.replace("127.0.0.1", "midia.example");
    world.set_slot(FIRST, "webhookPresenceUrl", &elsewhere);
    let without = [("MIDIATECA_PUBLIC_URL", "")];
    desk.names_with(&without, "instance.slot", "warning", "clear text")
        .await;
    desk.names_with(
        &without,
        "settings",
        "warning",
        "public address of the webhooks",
    )
    .await;
}

#[tokio::test]
async fn faults_of_the_token_are_named() {
    let desk = Desk::healthy().await;
    desk.change(&["--token-env", "ANOTHER_TOKEN"]).await;
    desk.names("instance.token", "PROBLEM", "refuses the token")
        .await;
    let (_, said) = desk.run(&["doctor"], &[]).await;
    assert!(!said.contains("another-token"), "{said}");
    // The cause is named once, whichever use of the gateway met it first.
    let (_, checks) = desk.doctor().await;
    let about = |check: &Value| check["check"] == "instance.problem";
    assert!(!checks.iter().any(about), "{checks:?}");
    let unknown = [
        "instance",
        "add",
        "LITE-AAAAAA",
        "--client",
        "2",
        "--api-base",
    ];
    let api_base = desk.sim.api_base();
    desk.run(&[&unknown[..], &[&api_base]].concat(), &[]).await;
    desk.names("instance.token", "PROBLEM", "no token is stored")
        .await;
    let token = ["--token-env", "ANOTHER_TOKEN"];
    desk.run(&[&unknown[..5], &token].concat(), &[]).await;
    desk.names("instance.token", "PROBLEM", "knows no such instance")
        .await;
    desk.names("instance.silent", "warning", "nothing has ever arrived")
        .await;
}

#[tokio::test]
async fn faults_of_the_network_are_named() {
    let desk = Desk::healthy().await;
    let closed = desk.sim.closed_origin();
    desk.change(&["--cdn-base", &closed]).await;
    desk.names("cdn.ipv4", "PROBLEM", "does not answer").await;
    desk.names("cdn", "PROBLEM", "no answer").await;
    // As a blocking resolver would answer.
    desk.change(&["--cdn-base", "http://0.0.0.0:9"]).await;
    desk.names("cdn.ipv4", "PROBLEM", "a DNS filter blocks it")
        .await;
    desk.change(&["--cdn-base", &desk.sim.origin(), "--api-base", &closed])
        .await;
    desk.names("instance.token", "PROBLEM", "does not answer")
        .await;
    desk.change(&["--api-base", &desk.sim.api_base()]).await;
    let elsewhere = [("MIDIATECA_PUBLIC_URL", desk.sim.origin())];
    let elsewhere = elsewhere
        .each_ref()
        .map(|(name, url)| (*name, url.as_str()));
    desk.names_with(&elsewhere, "public", "PROBLEM", "another program answers")
        .await;
    desk.names_with(
        &[("MIDIATECA_PUBLIC_URL", &closed)],
        "public",
        "PROBLEM",
        "no answer",
    )
    .await;
}

#[tokio::test]
async fn only_our_own_door_counts_for_the_public_address() {
    let desk = Desk::healthy().await;
    let mut desk = desk;
    let other = tempfile::tempdir().unwrap();
    set_up(other.path(), &desk.sim).await;
    let mut server = serve(other.path());
    let elsewhere = [("MIDIATECA_PUBLIC_URL", server.origin.as_str())];
    desk.names_with(&elsewhere, "public", "PROBLEM", "another midiateca")
        .await;
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    // A proxy that hands on what is asked for with GET, and no webhook.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let health = http.get(format!("{}/healthz", desk.public_url));
    let health = health.send().await.unwrap().text().await.unwrap();
    let page = axum::routing::get(async move || health);
    let proxy = axum::Router::new().route("/healthz", page);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let halfway = [("MIDIATECA_PUBLIC_URL", origin.as_str())];
    tokio::select! {
        served = async { axum::serve(listener, proxy).await } => panic!("{served:?}"),
        () = desk.names_with(&halfway, "public", "PROBLEM", "webhooks do not get through") => {}
    }
    desk.end_server();
}

#[tokio::test]
async fn an_answer_without_an_instance_is_not_an_empty_slot() {
    let desk = Desk::healthy().await;
    for (body, words) in [
        (r#"{"error":true,"message":"try later"}"#, "try later"),
        ("[]", "does not describe"),
        (r#"{"status":"ok"}"#, "does not describe"),
    ] {
        desk.session(Session {
            instead: Some((200, body.to_owned())),
            ..Session::default()
        })
        .await;
        desk.names("instance.token", "PROBLEM", words).await;
        let (_, checks) = desk.doctor().await;
        assert!(checks.iter().all(|found| found["check"] != "instance.slot"));
    }
    let ours = desk.sim.world().slot(FIRST, "webhookReceivedUrl").unwrap();
    let wrapped = serde_json::json!([{"data": {"instance": {
        "connected": "false", "webhookReceivedUrl": {"url": ours, "enabled": false}}}}]);
    desk.session(Session {
        instead: Some((200, wrapped.to_string())),
        ..Session::default()
    })
    .await;
    desk.names("instance.connected", "PROBLEM", "not connected")
        .await;
    desk.names("instance.slot", "PROBLEM", "switched off").await;
}

#[tokio::test]
async fn a_silent_instance_is_named_by_its_own_rhythm() {
    let desk = Desk::healthy().await;
    let last = Clock::system().now() - 10 * HOUR;
    let db = desk.db().await;
    db.write(Key::Everything, async move |tx| {
        for n in 0..20_i64 {
            let at = last - (20 - n) * 30 * MINUTE;
            rhythm::count(tx, &InstanceId(FIRST.to_owned()), 1, at).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    db.close().await;
    desk.heard(40 * MINUTE).await;
    let (code, _) = desk.doctor().await;
    assert_eq!(
        code, 0,
        "forty minutes are not much longer than half an hour"
    );
    desk.heard(9 * HOUR).await;
    desk.names(
        "instance.silent",
        "PROBLEM",
        "silent for 9 h; usually a delivery arrives every 30 min",
    )
    .await;
}

#[tokio::test]
async fn without_a_rhythm_a_long_silence_is_named_too() {
    let desk = Desk::healthy().await;
    for (silent, level) in [(HOUR, "ok"), (2 * DAY, "warning"), (8 * DAY, "PROBLEM")] {
        desk.heard(silent).await;
        desk.names("instance.silent", level, "is not known yet")
            .await;
    }
}

#[tokio::test]
async fn media_that_wait_too_long_or_expire_soon_are_named() {
    let desk = Desk::healthy().await;
    let now = Clock::system().now();
    let db = desk.db().await;
    db.write(Key::Everything, async move |tx| {
        let sql = "insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, from_me, is_group, voice_note,
                     received_at, file_time, media_key_malformed, inline, status, reason, deadline, next_attempt_at)
                   values ('m', $1, 2, 'wapi', 'M', 0, '', 'image', 'image', 0, 0, 0, $2, $2, 0, 0, 'pending', 'storage_full', $3, $3)";
        tx.run(sql, vec![FIRST.into(), (now - 2 * DAY).into(), (now + 3 * HOUR + MINUTE).into()]).await?;
        let sql = "insert into deliveries (id, instance, received_at, verdict, body_size, body_lz4) values ($1, $2, $3, 'set_aside', 0, x'')";
        tx.run(sql, vec![midiateca_service::model::fresh_id(now).into(), FIRST.into(), now.into()]).await
    })
    .await
    .unwrap();
    db.close().await;
    desk.names("queue.oldest", "warning", "48 hours").await;
    desk.names("queue.deadline", "PROBLEM", "expires in 3 hours")
        .await;
    desk.names("queue.reason", "PROBLEM", "1 media waits: the disk is full")
        .await;
    desk.names("deliveries.set_aside", "warning", "1 set aside")
        .await;
}

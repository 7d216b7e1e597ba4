//! The real `serve` under what operators do to it.

#[cfg(unix)]
use midiateca_service::model::MediaStatus;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
#[cfg(unix)]
use std::time::Instant;

#[cfg(unix)]
use serde_json::Value;
use serde_json::json;
#[cfg(unix)]
use tokio::net::TcpStream;
use wa_sim::Sim;
#[cfg(unix)]
use wa_sim::SimMedia;

use crate::commands::{midiateca, set_up, stderr};
use crate::crash::serve;
#[cfg(unix)]
use crate::crash::serve_as;
use crate::stage::FIRST;

fn text(id: &str) -> String {
    json!({"event": "webhookReceived", "instanceId": FIRST, "messageId": id, "msgContent": {"conversation": "oi"}}).to_string()
}

/// Trial 38: two compose files, or a forgotten terminal.
#[tokio::test]
async fn a_second_server_on_the_same_data_says_so_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    let address = set_up(folder.path(), &sim).await;
    let hook = address.rsplit('/').next().unwrap();
    let mut first = serve(folder.path());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/hooks/wapi/{hook}", first.origin);
    for round in 0..2 {
        let second = midiateca(folder.path(), &["serve", "--listen", "127.0.0.1:0"]).await;
        let shown = stderr(&second);
        assert_eq!(second.status.code(), Some(3), "{shown}");
        assert!(shown.contains("another midiateca"), "{shown}");
        assert!(
            first.child.try_wait().unwrap().is_none(),
            "the first server ended"
        );
        let id = format!("AFTER{round}");
        let answer = http
            .post(&url)
            .body(text(&id))
            .timeout(Duration::from_secs(30));
        assert_eq!(answer.send().await.unwrap().status(), 200);
    }
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    // A server that was killed leaves no lock behind.
    let mut third = serve(folder.path());
    third.child.kill().unwrap();
    third.child.wait().unwrap();
}

/// Trial 37: 96 open files, 60 connections that say nothing, and 12 deliveries before, while, and after.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_runs_out_of_open_files_goes_on() {
    const OPEN_FILES: usize = 96;
    const IDLE: usize = 60;
    const EACH: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    let address = set_up(folder.path(), &sim).await;
    let hook = address.rsplit('/').next().unwrap();
    let mut limited = Command::new("sh");
    let program = format!(
        "ulimit -n {OPEN_FILES}; exec {} \"$@\"",
        env!("CARGO_BIN_EXE_midiateca")
    );
    limited.args(["-c", &program, "sh"]);
    let mut server = serve_as(limited, folder.path());
    let url = format!("{}/hooks/wapi/{hook}", server.origin);
    let mut accepted = Vec::new();
    let mut idle = Vec::new();
    for part in 0..3 {
        // Kept alive, so that a client that comes back finds its connection unused.
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        if part == 1 {
            for _ in 0..IDLE {
                idle.push(
                    TcpStream::connect(server.origin.replace("http://", ""))
                        .await
                        .unwrap(),
                );
            }
        }
        if part == 2 {
            idle.clear();
        }
        for n in 0..EACH {
            let media = SimMedia::sample(
                FIRST,
                &format!("FILES{part}N{n}"),
                wa_media::MediaKind::Image,
            );
            let body = sim.world().add(media).body.to_string();
            let started = Instant::now();
            // A gateway repeats what is answered 503, and what is not answered.
            loop {
                let sent = http
                    .post(&url)
                    .body(body.clone())
                    .timeout(Duration::from_secs(30));
                if let Ok(answer) = sent.send().await {
                    let status = answer.status().as_u16();
                    if status == 200 {
                        let answer: Value = answer.json().await.unwrap();
                        accepted.push(answer["media"][0]["id"].as_str().unwrap().to_owned());
                        break;
                    }
                    assert_eq!(status, 503);
                }
                assert!(
                    started.elapsed() < Duration::from_secs(60),
                    "part {part}: never taken"
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    assert_eq!(accepted.len(), 3 * EACH);
    let reader = midiateca_service::db::Db::open_to_read(
        &folder.path().join("midiateca.db"),
        Duration::from_secs(5),
    )
    .await
    .unwrap();
    let started = Instant::now();
    for id in accepted {
        let id = midiateca_service::model::MediaId(id);
        loop {
            let media = midiateca_service::media::find(&reader, &id)
                .await
                .unwrap()
                .unwrap();
            if media.status == MediaStatus::Stored {
                break;
            }
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "{} {:?}",
                media.status,
                media.reason
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    reader.close().await;
    assert!(
        server.child.try_wait().unwrap().is_none(),
        "the server ended"
    );
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}

#[tokio::test]
async fn one_server_answers_on_every_address_of_http_listen() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    let address = set_up(folder.path(), &sim).await;
    let hook = address.rsplit('/').next().unwrap();
    let listen = "[http]\nlisten = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\n";
    std::fs::write(folder.path().join("midiateca.toml"), listen).unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_midiateca"))
        .args(["--log-format", "json", "serve", "--data"])
        .arg(folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let mut origins = BTreeSet::new();
    while origins.len() < 2 {
        let line = log.next().expect("the server ended early").unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if line["message"] == "midiateca is listening" {
            origins.insert(format!("http://{}", line["address"].as_str().unwrap()));
        }
    }
    std::thread::spawn(move || log.for_each(drop));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (n, origin) in origins.iter().enumerate() {
        let ready = http.get(format!("{origin}/readyz")).send().await.unwrap();
        assert_eq!(ready.status(), 200, "{origin}");
        let delivery = text(&format!("LISTEN{n}"));
        let url = format!("{origin}/hooks/wapi/{hook}");
        let answer = http.post(url).body(delivery).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{origin}");
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

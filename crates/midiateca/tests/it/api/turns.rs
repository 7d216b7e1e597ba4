//! Hostile and equal files before the programs: pauses, turns of the clients, and one run for equal bytes.
#![cfg(unix)]

use midiateca_service::clock::{Clock, MINUTE};
use midiateca_service::config::Span;
use midiateca_service::model::{Role, Scope};
use serde_json::Value;
use wa_media::MediaKind;
use wa_sim::SimMedia;

use super::Caller;
use super::examiners::{program, quick, until, waiting};
use super::making::PICTURE;
use super::previews::{of_bytes, read};
use crate::commands::{midiateca, stdout};
use crate::stage::{self, OTHER, TODAY, TestApp, impatient};

/// Stored for client 2.
async fn store(test: &TestApp, id: &str, bytes: &str) -> String {
    // No text, whatever follows.
    let bytes = [&[1; 999], format!("{bytes} {id}").as_bytes()].concat();
    let media = of_bytes(id, MediaKind::Video, "video/mp4", bytes);
    test.store(media).await.0.id
}

/// Stored for client 3.
async fn store_for_other(test: &TestApp, id: &str) -> String {
    let media = SimMedia::sample(OTHER, id, MediaKind::Video);
    test.store_for_other(media).await
}

/// What `doctor` says of paused programs: the setting, the verdict and the code.
async fn pauses(test: &TestApp) -> Vec<[String; 3]> {
    let answer = midiateca(&test.app.data, &["--json", "doctor", "--offline"]).await;
    let answer: Value = serde_json::from_str(&stdout(&answer)).unwrap();
    let checks = answer["checks"].as_array().unwrap().iter();
    let paused = checks.filter(|check| check["code"].as_str().unwrap().contains("paused"));
    paused
        .map(|check| ["about", "verdict", "code"].map(|of| check[of].as_str().unwrap().to_owned()))
        .collect()
}

async fn until_paused(test: &TestApp, expected: &[[&str; 3]]) {
    stage::until("the pauses are as expected", async || {
        pauses(test).await == expected
    })
    .await;
}

async fn attempts(test: &TestApp) -> i64 {
    let sql = "select coalesce(sum(attempts), 0) as n from examinations";
    let row = test.app.db.row(sql, vec![]).await.unwrap().unwrap();
    row.int("n").unwrap()
}

#[tokio::test]
async fn files_on_which_the_scanner_hangs_stop_their_own_client_only() {
    let folder = tempfile::tempdir().unwrap();
    let hangs = r#"case "$1" in *cliente_2*) sleep 600;; esac"#;
    let mut config = quick(folder.path(), None, Some(hangs));
    config.derived.scanner_timeout = Span::from_ms(300);
    config.derived.command_timeout = Span::from_ms(60_000);
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(config, clock.clone()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let mut hostile = Vec::new();
    for id in ["A", "B", "C", "D"] {
        hostile.push(store(&test, id, "hostile").await);
    }
    let paused = ["derived.scanner", "warning", "program_paused_for_client"];
    until_paused(&test, &[paused]).await;
    let other = store_for_other(&test, "OTHER").await;
    until(&viewer, &other, "scan", |found| found == "clean").await;
    // The fourth waits for the end of the pause.
    assert_eq!(attempts(&test).await, 3);
    program(folder.path(), "scanner", "exit 0");
    clock.advance(5 * MINUTE);
    for id in &hostile {
        until(&viewer, id, "scan", |found| found == "clean").await;
    }
    until_paused(&test, &[]).await;
    test.end().await;
}

#[tokio::test]
async fn a_scanner_that_hangs_on_every_file_is_paused_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = quick(folder.path(), None, Some("sleep 600"));
    config.derived.scanner_timeout = Span::from_ms(300);
    let test = TestApp::with(config, Clock::fixed(TODAY)).await;
    store_for_other(&test, "OTHER").await;
    for id in ["A", "B"] {
        store(&test, id, "any").await;
    }
    until_paused(&test, &[["derived.scanner", "problem", "program_paused"]]).await;
    test.end().await;
}

#[tokio::test]
async fn equal_files_of_a_client_are_scanned_once() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let script = format!(
        "echo run >>{}; {}",
        runs.display(),
        waiting(folder.path(), "exit 0")
    );
    let mut config = quick(folder.path(), None, Some(&script));
    config.derived.command_timeout = Span::from_ms(60_000);
    let test = TestApp::with(config, Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let mut equal = Vec::new();
    for id in ["ONE", "TWO"] {
        let bytes = b"the same bytes".to_vec();
        let media = of_bytes(id, MediaKind::Video, "video/mp4", bytes);
        equal.push(test.store(media).await.0.id);
    }
    // It comes after both, and runs at the same time as the first.
    let last = store(&test, "LAST", "others").await;
    let lines = || std::fs::read_to_string(&runs).map_or(0, |text| text.lines().count());
    stage::until("two lines", async || lines() >= 2).await;
    std::fs::write(folder.path().join("go"), "").unwrap();
    for id in equal.iter().chain([&last]) {
        until(&viewer, id, "scan", |found| found == "clean").await;
    }
    stage::until("all were tried", async || attempts_left(&test).await == 0).await;
    assert_eq!(lines(), 2);
    test.end().await;
}

async fn attempts_left(test: &TestApp) -> i64 {
    let sql = "select count(*) as n from examinations";
    let row = test.app.db.row(sql, vec![]).await.unwrap().unwrap();
    row.int("n").unwrap()
}

#[tokio::test]
async fn videos_that_take_the_whole_time_stop_the_previews_of_their_own_client_only() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        r#"for part; do case "$part" in file:*) file="${{part#file:}}";; esac; done
if grep -q hostile "$file"; then sleep 600; fi; echo {PICTURE} | base64 -d"#
    );
    let mut config = impatient();
    config.derived.ffmpeg = program(folder.path(), "ffmpeg", &script)[0].clone();
    config.derived.timeout = Span::from_ms(1_500);
    let test = TestApp::with(config, Clock::fixed(TODAY)).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let mut answers = Vec::new();
    for id in ["A", "B", "C", "D"] {
        let id = store(&test, id, "hostile").await;
        answers.push(read(&viewer, &format!("/media/{id}/thumbnail")).await.0);
    }
    assert_eq!(answers, [404, 404, 404, 503]);
    let other = store_for_other(&test, "OTHER").await;
    let shown = read(&viewer, &format!("/media/{other}/thumbnail")).await;
    assert_eq!(shown.0, 200);
    until_paused(&test, &[["ffmpeg", "warning", "program_paused_for_client"]]).await;
    test.end().await;
}

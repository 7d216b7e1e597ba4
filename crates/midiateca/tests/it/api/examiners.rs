//! Transcripts and the scanner: the operator's programs.
#![cfg(unix)]

use std::path::{Path, PathBuf};

use midiateca_service::clock::{Clock, MINUTE};
use midiateca_service::config::{Config, Span};
use midiateca_service::db::{Key, Tx};
use midiateca_service::model::{MediaId, Role, Scope};
use serde_json::Value;
use wa_media::MediaKind;
use wa_sim::SimMedia;

use super::Caller;
use super::previews::of_bytes;
use crate::commands::{midiateca, stdout};
use crate::dashboard::signed_in;
use crate::stage::{self, FIRST, OTHER, TODAY, TestApp, impatient, sample};

pub(super) fn program(folder: &Path, name: &str, script: &str) -> Vec<String> {
    #[cfg(unix)]
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    vec![path.display().to_string(), "{path}".to_owned()]
}

pub(super) fn quick(folder: &Path, transcriber: Option<&str>, scanner: Option<&str>) -> Config {
    let mut config = impatient();
    let of = |name, script: Option<&str>| script.map(|script| program(folder, name, script));
    config.derived.transcriber = of("transcriber", transcriber).unwrap_or_default();
    config.derived.scanner = of("scanner", scanner).unwrap_or_default();
    config.derived.command_timeout = Span::from_ms(5_000);
    config
}

/// Waits until the media has this field.
pub(super) async fn until(
    caller: &Caller<'_>,
    id: &str,
    field: &str,
    expected: impl Fn(&Value) -> bool,
) -> Value {
    let started = std::time::Instant::now();
    loop {
        let media = caller.get(&format!("/media/{id}")).await;
        if expected(&media[field]) {
            return media;
        }
        assert!(
            started.elapsed() < std::time::Duration::from_secs(60),
            "{field} of {media}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Every file below a folder, as bytes.
fn bytes_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bytes_below(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found
}

#[tokio::test]
async fn a_transcript_is_found_and_shown_and_erased_with_its_media() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"[ -f "$1" ] || exit 9; printf 'Segunda às dez,\n no Zoológico  Quixaba'"#;
    let config = quick(folder.path(), Some(script), None);
    let test = TestApp::with(config, Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let voice = SimMedia::sample(FIRST, "SPOKEN", MediaKind::Audio);
    let id = test.store(voice).await.0.id;
    let (picture, _) = test.store(sample("PICTURE")).await;
    let media = until(&viewer, &id, "transcript", Value::is_string).await;
    assert_eq!(media["transcript"], "Segunda às dez, no Zoológico Quixaba");
    let found = viewer.get("/media?q=zoologico%20QUIX").await;
    assert_eq!(found["items"][0]["id"], id.as_str());
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let shown = viewer.get(&format!("/media/{}", picture.id)).await;
    assert_eq!(
        (&shown["transcript"], &shown["scan"]),
        (&Value::Null, &Value::Null)
    );
    let data = test.end_keeping_the_folder().await;
    let forget = [
        "forget",
        "--yes",
        "--client",
        "2",
        "--contact",
        "5500900000001",
    ];
    let forgotten = midiateca(data.path(), &forget).await;
    assert_eq!(forgotten.status.code(), Some(0), "{}", stdout(&forgotten));
    for (path, bytes) in bytes_below(data.path()) {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        assert!(!text.contains("quixaba"), "{}", path.display());
    }
}

#[tokio::test]
async fn a_transcriber_that_fails_is_asked_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    let script = format!(
        "if [ -e {0} ]; then echo obrigado; else touch {0}; exit 1; fi",
        asked.display()
    );
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(quick(folder.path(), Some(&script), None), clock.clone()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let voice = SimMedia::sample(FIRST, "AGAIN", MediaKind::Audio);
    let id = test.store(voice).await.0.id;
    stage::until("the program ran", async || asked.exists()).await;
    stage::until("one attempt", async || {
        let sql = "select attempts from examinations";
        let row = test.app.db.row(sql, vec![]).await.unwrap().unwrap();
        row.int("attempts").unwrap() == 1
    })
    .await;
    assert_eq!(
        viewer.get(&format!("/media/{id}")).await["transcript"],
        Value::Null
    );
    clock.advance(MINUTE);
    let media = until(&viewer, &id, "transcript", Value::is_string).await;
    assert_eq!(media["transcript"], "obrigado");
    test.end().await;
}

#[tokio::test]
async fn an_infected_file_is_for_administrators_only() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"case "$1" in *INFECTED*) exit 1;; *BROKEN*) exit 2;; esac"#;
    let test = TestApp::with(quick(folder.path(), None, Some(script)), Clock::system()).await;
    let operator = Caller::new(&test, Role::Operator, Scope::All).await;
    let admin = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
    // Each has bytes of its own.
    let document = |id: &str| {
        let bytes = format!("%PDF-1.7\n{id}").into_bytes();
        of_bytes(id, MediaKind::Document, "application/pdf", bytes)
    };
    let infected = test.store(document("INFECTED")).await.0.id;
    let path = format!("/media/{infected}/link");
    let (_, link) = admin.send("POST", &path, None).await;
    let clean = test.store(document("CLEAN")).await.0.id;
    let broken = test.store(document("BROKEN")).await.0.id;
    for (id, verdict) in [
        (&infected, "infected"),
        (&clean, "clean"),
        (&broken, "error"),
    ] {
        until(&operator, id, "scan", |found| found == verdict).await;
    }
    for part in [
        "content",
        "content?as=aac",
        "content?as=mp4",
        "thumbnail",
        "waveform",
    ] {
        let path = format!("/media/{infected}/{part}");
        assert_eq!(
            operator.error("GET", &path, None).await,
            (403, "infected".to_owned()),
            "{part}"
        );
    }
    let link = format!("{}{}", test.origin(), link["url"].as_str().unwrap());
    assert_eq!(test.http.get(&link).send().await.unwrap().status(), 403);
    let path = format!("/media/{broken}/content");
    assert_eq!(
        operator.error("GET", &path, None).await,
        (409, "not_scanned".to_owned())
    );
    for (caller, id) in [(&admin, &infected), (&operator, &clean), (&admin, &broken)] {
        let content = caller.request("GET", &format!("/media/{id}/content"));
        assert_eq!(content.send().await.unwrap().status(), 200);
    }
    let archive = format!("/media.zip?ids={infected}");
    assert_eq!(
        operator.error("GET", &archive, None).await,
        (404, "nothing_stored".to_owned())
    );
    let whole = admin.request("GET", &archive).send().await.unwrap();
    assert_eq!(whole.status(), 200);
    let events = operator.get("/events?after=0").await;
    let events = events["items"].as_array().unwrap();
    let found = events
        .iter()
        .filter(|event| event["type"] == "media.infected");
    let found: Vec<_> = found
        .map(|event| event["media"].as_str().unwrap())
        .collect();
    assert_eq!(found, [infected.as_str()]);
    let list = operator.get("/media?message_id=INFECTED").await;
    assert_eq!(list["items"][0]["scan"], "infected");
    let checked = midiateca(&test.app.data, &["--json", "check"]).await;
    assert!(
        stdout(&checked).contains("\"files_infected\""),
        "{}",
        stdout(&checked)
    );
    test.end().await;
}

/// A scanner that waits until the file `go` is there.
pub(super) fn waiting(folder: &Path, then: &str) -> String {
    let file = folder.join("go").display().to_string();
    format!("until [ -e {file} ]; do sleep 0.02; done; {then}")
}

#[tokio::test]
async fn files_wait_for_the_scanner_before_they_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let script = waiting(folder.path(), "exit 0");
    let mut config = quick(folder.path(), None, Some(&script));
    config.derived.command_timeout = Span::from_ms(60_000);
    let test = TestApp::with(config, Clock::system()).await;
    let operator = Caller::new(&test, Role::Operator, Scope::All).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let id = test.store(sample("WAITS")).await.0.id;
    let (_, link) = operator
        .send("POST", &format!("/media/{id}/link"), None)
        .await;
    let link = format!("{}{}", test.origin(), link["url"].as_str().unwrap());
    let not_scanned = (409, "not_scanned".to_owned());
    for part in [
        "content",
        "content?as=aac",
        "content?as=mp4",
        "thumbnail",
        "waveform",
    ] {
        let path = format!("/media/{id}/{part}");
        let found = operator.error("GET", &path, None).await;
        assert_eq!(found, not_scanned, "{part}");
    }
    let refused = test.http.get(&link).send().await.unwrap();
    assert_eq!(refused.status(), 409);
    assert!(refused.headers().contains_key("retry-after"));
    let archive = format!("/media.zip?ids={id}");
    let nothing = (404, "nothing_stored".to_owned());
    assert_eq!(operator.error("GET", &archive, None).await, nothing);
    let mut browser = signed_in(&test, Role::Operator, Scope::All).await;
    for (language, text) in [("en", "has not looked at"), ("pt-BR", "ainda não examinou")] {
        browser.language = language;
        let page = browser.page(&format!("/media/{id}")).await;
        assert!(page.contains(text) && !page.contains("/content"), "{page}");
    }
    let content = format!("/media/{id}/content");
    let read = async |caller: &Caller<'_>| {
        let answer = caller.request("GET", &content).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!(read(&admin).await, 200);
    assert_eq!(
        operator.get(&format!("/media/{id}")).await["scan"],
        Value::Null
    );
    std::fs::write(folder.path().join("go"), "").unwrap();
    until(&operator, &id, "scan", |found| found == "clean").await;
    assert_eq!(read(&operator).await, 200);
    assert_eq!(test.http.get(&link).send().await.unwrap().status(), 200);
    assert!(
        browser
            .page(&format!("/media/{id}"))
            .await
            .contains("/content")
    );
    let whole = operator.request("GET", &archive).send().await.unwrap();
    assert_eq!(whole.status(), 200);
    test.end().await;
}

#[tokio::test]
async fn a_setting_serves_files_before_the_scanner_saw_them() {
    let folder = tempfile::tempdir().unwrap();
    let script = waiting(folder.path(), "exit 0");
    let mut config = quick(folder.path(), None, Some(&script));
    config.derived.serve_unscanned = true;
    let test = TestApp::with(config, Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let id = test.store(sample("SERVED")).await.0.id;
    let content = viewer.request("GET", &format!("/media/{id}/content"));
    assert_eq!(content.send().await.unwrap().status(), 200);
    assert_eq!(
        viewer.get(&format!("/media/{id}")).await["scan"],
        Value::Null
    );
    test.end().await;
}

/// The same bytes in three media: two of one client, and one of another.
async fn store_again(test: &TestApp, id: &str) -> String {
    let media = SimMedia::sample(OTHER, id, MediaKind::Image);
    test.store_for_other(media).await
}

#[tokio::test]
async fn a_verdict_is_about_the_bytes_of_a_client() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let script = format!("echo run >>{}; exit 0", runs.display());
    let config = quick(folder.path(), None, Some(&script));
    let test = TestApp::with(config, Clock::system()).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let runs = || std::fs::read_to_string(&runs).unwrap().lines().count();
    let is_clean = |found: &Value| found == "clean";
    let first = test.store(sample("ONCE")).await.0.id;
    until(&viewer, &first, "scan", is_clean).await;
    let second = test.store(sample("TWICE")).await.0.id;
    let seen = viewer.get(&format!("/media/{second}")).await;
    assert_eq!(seen["scan"], "clean");
    // Otherwise how soon the verdict comes would say that the other client has the file.
    let other = store_again(&test, "OTHER").await;
    until(&viewer, &other, "scan", is_clean).await;
    assert_eq!(runs(), 2);
    until_examined(&test).await;
    assert_eq!(runs(), 2);
    let contact = ["--contact", "5500900000001"];
    let forget = [&["forget", "--yes", "--client", "2"][..], &contact].concat();
    // The other client has the same bytes.
    let forgotten = stdout(&midiateca(&test.app.data, &forget).await);
    assert!(forgotten.contains("2 media"), "{forgotten}");
    let rows = test.app.db.rows("select client from verdicts", vec![]);
    let clients: Vec<_> = rows
        .await
        .unwrap()
        .iter()
        .map(|row| row.int("client").unwrap())
        .collect();
    assert_eq!(clients, [3]);
    test.end().await;
}

/// Waits until no file is due.
async fn until_examined(test: &TestApp) {
    stage::until("no file is due", async || {
        let sql = "select count(*) as n from examinations";
        let row = test.app.db.row(sql, vec![]).await.unwrap();
        row.unwrap().int("n").unwrap() == 0
    })
    .await;
}

#[tokio::test]
async fn infected_bytes_are_served_to_no_client() {
    for serve_unscanned in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let wait = waiting(folder.path(), "exit 1");
        let script = format!(r#"case "$1" in *cliente_2*) exit 1;; esac; {wait}"#);
        let mut config = quick(folder.path(), None, Some(&script));
        config.derived.command_timeout = Span::from_ms(60_000);
        config.derived.serve_unscanned = serve_unscanned;
        let test = TestApp::with(config, Clock::system()).await;
        let of_other = Caller::new(&test, Role::Operator, Scope::Client(3)).await;
        let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
        let first = test.store(sample("FIRST")).await.0.id;
        until(&viewer, &first, "scan", |found| found == "infected").await;
        let other = store_again(&test, "OTHER").await;
        let seen = of_other.get(&format!("/media/{other}")).await;
        assert_eq!(seen["scan"], Value::Null);
        // Without the setting the answer is that of any file that was not scanned yet.
        let expected = if serve_unscanned {
            (403, "infected".to_owned())
        } else {
            (409, "not_scanned".to_owned())
        };
        let content = format!("/media/{other}/content");
        assert_eq!(of_other.error("GET", &content, None).await, expected);
        let archive = format!("/media.zip?ids={other}");
        let nothing = (404, "nothing_stored".to_owned());
        assert_eq!(of_other.error("GET", &archive, None).await, nothing);
        std::fs::write(folder.path().join("go"), "").unwrap();
        until(&of_other, &other, "scan", |found| found == "infected").await;
        let infected = (403, "infected".to_owned());
        assert_eq!(of_other.error("GET", &content, None).await, infected);
        test.end().await;
    }
}

#[tokio::test]
async fn a_scanner_that_keeps_failing_needs_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed(TODAY);
    let config = quick(folder.path(), None, Some("exit 2"));
    let settings = format!(
        "[derived]\nscanner = [{:?}, \"{{path}}\"]\n",
        config.derived.scanner[0]
    );
    let test = TestApp::with(config, clock.clone()).await;
    std::fs::write(test.app.data.join("midiateca.toml"), settings).unwrap();
    test.store(sample("FAILS")).await;
    let needs = async || stdout(&midiateca(&test.app.data, &["--json", "check"]).await);
    for attempts in 1..=3 {
        loop {
            let row = test
                .app
                .db
                .row("select attempts from examinations", vec![])
                .await;
            let row = row.unwrap().map(|row| row.int("attempts").unwrap());
            if row == Some(attempts) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let is_needed = needs().await.contains("\"files_not_scanned\"");
        assert_eq!(is_needed, attempts == 3, "{attempts}");
        clock.advance(16 * MINUTE);
    }
    test.end().await;
}

#[tokio::test]
async fn files_stored_while_no_scanner_ran_are_scanned_later() {
    for is_in_events in [true, false] {
        scanned_later(is_in_events).await;
    }
}

async fn scanned_later(is_in_events: bool) {
    let test = TestApp::start().await;
    let id = test.store(sample("EARLIER")).await.0.id;
    if !is_in_events {
        // As after their retention, and as after an import.
        let deleting = async |tx: &mut Tx| tx.run("delete from events", vec![]).await;
        test.app.db.write(Key::Everything, deleting).await.unwrap();
    }
    let data = test.end_keeping_the_folder().await;
    let config = quick(data.path(), None, Some("exit 0"));
    let app = crate::stage::open(data.path(), config, Clock::system());
    let app = app.await.unwrap();
    let service =
        midiateca_service::server::Service::start(std::sync::Arc::clone(&app), &["127.0.0.1:0"]);
    let service = service.await.unwrap();
    let id = MediaId(id);
    stage::until("it is scanned", async || {
        let media = midiateca_service::media::find(&app.db, &id).await;
        media.unwrap().unwrap().scan.is_some()
    })
    .await;
    service.stop().await;
}

#[tokio::test]
async fn doctor_says_which_programs_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let scanner = program(folder.path(), "scanner", "exit 0");
    let settings = format!(
        "[derived]\nffmpeg = \"/nowhere/ffmpeg\"\npdftoppm = \"\"\ntranscriber = [\"/nowhere/transcriber\", \"{{path}}\"]\nscanner = [{:?}, \"{{path}}\"]\n",
        scanner[0]
    );
    std::fs::write(folder.path().join("midiateca.toml"), settings).unwrap();
    let answer = midiateca(folder.path(), &["--json", "doctor", "--offline"]).await;
    let answer: Value = serde_json::from_str(&stdout(&answer)).unwrap();
    let found = answer["checks"].as_array().unwrap().iter().filter(|check| {
        let name = check["check"].as_str().unwrap();
        ["previews", "examiners"].contains(&name)
    });
    let found: Vec<_> = found
        .map(|check| ["about", "verdict", "code"].map(|field| check[field].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ["/nowhere/ffmpeg", "skipped", "program_absent"],
            ["derived.transcriber", "problem", "program_missing"],
            ["derived.scanner", "ok", "program_found"],
        ]
    );
}

//! Transcripts and the scanner: the operator's programs.
#![cfg(unix)]

use std::path::{Path, PathBuf};

use midiateca_service::clock::{Clock, MINUTE};
use midiateca_service::config::{Config, Span};
use midiateca_service::model::{Role, Scope};
use serde_json::Value;
use wa_media::MediaKind;
use wa_sim::SimMedia;

use super::Caller;
use crate::commands::{midiateca, stdout};
use crate::stage::{FIRST, TODAY, TestApp, impatient, sample};

fn program(folder: &Path, name: &str, script: &str) -> Vec<String> {
    #[cfg(unix)]
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    vec![path.display().to_string(), "{path}".to_owned()]
}

fn quick(folder: &Path, transcriber: Option<&str>, scanner: Option<&str>) -> Config {
    let mut config = impatient();
    let of = |name, script: Option<&str>| script.map(|script| program(folder, name, script));
    config.derived.transcriber = of("transcriber", transcriber).unwrap_or_default();
    config.derived.scanner = of("scanner", scanner).unwrap_or_default();
    config.derived.command_timeout = Span::from_ms(5_000);
    config
}

/// Waits until the media has this field.
async fn until(
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
    while !asked.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    loop {
        let sql = "select attempts from examinations";
        let row = test.app.db.row(sql, vec![]).await.unwrap().unwrap();
        if row.int("attempts").unwrap() == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
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
    let infected = test.store(sample("INFECTED")).await.0.id;
    let path = format!("/media/{infected}/link");
    let (_, link) = admin.send("POST", &path, None).await;
    let clean = test.store(sample("CLEAN")).await.0.id;
    let broken = test.store(sample("BROKEN")).await.0.id;
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
    for (caller, id) in [
        (&admin, &infected),
        (&operator, &clean),
        (&operator, &broken),
    ] {
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

#[tokio::test]
async fn files_stored_while_no_scanner_ran_are_scanned_later() {
    let test = TestApp::start().await;
    let id = test.store(sample("EARLIER")).await.0.id;
    let data = test.end_keeping_the_folder().await;
    let config = quick(data.path(), None, Some("exit 0"));
    let app = midiateca_service::app::App::open(data.path(), config, Clock::system());
    let app = app.await.unwrap();
    let service =
        midiateca_service::server::Service::start(std::sync::Arc::clone(&app), &["127.0.0.1:0"]);
    let service = service.await.unwrap();
    let id = midiateca_service::model::MediaId(id);
    loop {
        let media = midiateca_service::media::find(&app.db, &id)
            .await
            .unwrap()
            .unwrap();
        if media.scan.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    service.stop().await;
}

#[tokio::test]
async fn doctor_says_which_programs_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let scanner = program(folder.path(), "scanner", "exit 0");
    let settings = format!(
        "[derived]\nffmpeg = \"/nowhere/ffmpeg\"\npdftoppm = \"\"\ntranscriber = [\"/nowhere/transcriber\"]\nscanner = [{:?}]\n",
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
            ["/nowhere/ffmpeg", "ok", "program_absent"],
            ["derived.transcriber", "problem", "program_missing"],
            ["derived.scanner", "ok", "program_found"],
        ]
    );
}

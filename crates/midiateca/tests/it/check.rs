//! `check` exits 1 whenever a person is needed, and 0 again once everything was dealt with.

use std::path::Path;

use midiateca_service::clock::Clock;
use serde_json::Value;
use wa_sim::{Fault, SimMedia};

use crate::commands::{midiateca, set_up, stderr, stdout};
use crate::mounted::Mounted;
use crate::stage::{TestApp, impatient, sample};

/// The exit code and the codes of what needs a person.
async fn check(data: &Path) -> (Option<i32>, Vec<String>) {
    let output = midiateca(data, &["--json", "check"]).await;
    assert!(!stdout(&output).is_empty(), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let needs = report["needs_attention"].as_array().unwrap();
    let codes = needs.iter().map(|need| need["code"].as_str().unwrap());
    (output.status.code(), codes.map(str::to_owned).collect())
}

fn document(output: &std::process::Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap()
}

/// What the report for people says needs a person.
async fn said(data: &Path) -> Vec<String> {
    let output = midiateca(data, &["check"]).await;
    let text = stdout(&output);
    let said = text
        .lines()
        .filter_map(|line| line.strip_prefix("needs attention: "));
    said.map(str::to_owned).collect()
}

#[tokio::test]
async fn check_says_that_no_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let added = midiateca(data, &["client", "add", "Padaria"]).await;
    assert!(added.status.success());
    assert_eq!(check(data).await, (Some(0), vec![]), "nothing to serve yet");
    let sim = wa_sim::Sim::start().await.unwrap();
    set_up(data, &sim).await;
    assert_eq!(
        check(data).await,
        (Some(1), vec!["server_stopped".to_owned()])
    );
    assert!(said(data).await[0].contains("no server runs"));
    let portuguese = midiateca(data, &["--lang", "pt-BR", "check"]).await;
    let text = stdout(&portuguese);
    assert!(text.contains("nenhum servidor está em execução"), "{text}");
    let server = midiateca_service::coordination::Coordination::new(data)
        .server()
        .await
        .unwrap();
    assert_eq!(check(data).await, (Some(0), vec![]));
    drop(server);
    assert_eq!(check(data).await.0, Some(1));
}

#[tokio::test]
async fn dismissed_media_no_longer_count_and_new_ones_do() {
    let test = TestApp::start().await;
    let data = test.app.data.clone();
    assert_eq!(check(&data).await, (Some(0), vec![]));
    let mut ids = Vec::new();
    for (fault, name) in [(refused(), "OLD1"), (refused(), "OLD2")] {
        let media = SimMedia {
            fault,
            ..sample(name)
        };
        let (media, _) = test.store(media).await;
        test.give_up(&media.id).await;
        ids.push(media.id);
    }
    assert_eq!(
        check(&data).await,
        (Some(1), vec!["media_not_stored".to_owned()])
    );
    let needs = said(&data).await;
    assert!(needs[0].starts_with("2 media failed"), "{needs:?}");
    assert!(needs[0].contains("media dismiss"), "{needs:?}");

    let output = midiateca(&data, &["media", "dismiss"]).await;
    assert_eq!(output.status.code(), Some(2));
    let dry = ["media", "dismiss", "--failed", "--expired", "--dry-run"];
    let output = midiateca(&data, &dry).await;
    assert!(stdout(&output).contains("2 would be dismissed"));
    assert_eq!(check(&data).await.0, Some(1), "a dry run changed something");
    let one = ["--json", "media", "dismiss", &ids[0], "no-such-media"];
    let output = midiateca(&data, &one).await;
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(2), String::new())
    );
    let output = midiateca(&data, &one[..4]).await;
    assert_eq!(output.status.code(), Some(0));
    let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(answer["items"][0]["result"], "dismissed");
    let needs = said(&data).await;
    assert!(needs[0].starts_with("1 media failed"), "{needs:?}");
    for line in [
        &["media", "dismiss", "--failed", "--reason", "cdn_gone"][..],
        &["media", "dismiss", "--failed", "--kind", "audio"],
        &["media", "dismiss", "--failed", "--until", "2000-01-01"],
    ] {
        let output = midiateca(&data, line).await;
        assert!(
            stdout(&output).starts_with("0 dismissed"),
            "{line:?} {output:?}"
        );
    }
    let portuguese = [
        "--lang",
        "pt-BR",
        "media",
        "dispensar",
        "--failed",
        "--expired",
    ];
    let output = midiateca(&data, &portuguese).await;
    assert!(stdout(&output).contains("1 dispensada,"), "{output:?}");
    assert_eq!(check(&data).await, (Some(0), vec![]));

    let list = midiateca(&data, &["--json", "media", "list", "--status", "dismissed"]).await;
    assert_eq!(stdout(&list).matches("\"dismissed\"").count(), 2);
    let events = midiateca_service::events::after(&test.app.db, 0, 100)
        .await
        .unwrap();
    let dismissed = events
        .iter()
        .filter(|event| event.kind == "media.dismissed");
    assert_eq!(dismissed.count(), 2);

    let media = test.fail(refused()).await;
    test.give_up(&media.id).await;
    assert_eq!(check(&data).await.0, Some(1));
    let needs = said(&data).await;
    assert!(needs[0].starts_with("1 media failed"), "{needs:?}");
    let all = ["media", "dismiss", "--failed"];
    assert!(midiateca(&data, &all).await.status.success());
    assert_eq!(check(&data).await, (Some(0), vec![]));
    test.end().await;
}

fn refused() -> Fault {
    Fault::LinkTo("http://169.254.169.254/".to_owned())
}

#[tokio::test]
async fn a_dismissed_media_comes_back_with_a_repeat_and_with_retry() {
    let test = TestApp::start().await;
    let data = test.app.data.clone();
    let media = SimMedia {
        fault: refused(),
        ..sample("AGAIN")
    };
    let (media, delivery) = test.store(media).await;
    let id = midiateca_service::model::MediaId(media.id.clone());
    test.give_up(&media.id).await;
    let dismiss = ["media", "dismiss", media.id.as_str()];
    assert!(midiateca(&data, &dismiss).await.status.success());
    assert_eq!(test.find(&id).await.status, "dismissed");

    let (status, answer) = test.post(delivery.body.to_string()).await;
    assert_eq!(
        (status, &answer["media"][0]["status"]),
        (200, &"pending".into())
    );
    let again = test.settled(&id).await;
    assert_eq!(again.reason.as_deref(), Some("link_refused"));
    test.give_up(&media.id).await;

    assert!(midiateca(&data, &dismiss).await.status.success());
    test.sim.world().add(sample("AGAIN"));
    let retry = midiateca(&data, &["retry", "--dismissed"]).await;
    assert!(stdout(&retry).contains("queued"), "{retry:?}");
    test.app.work.notify_one();
    assert_eq!(test.settled(&id).await.status, "stored");
    let output = midiateca(&data, &dismiss).await;
    assert!(
        stdout(&output).contains("skipped: it neither failed"),
        "{output:?}"
    );
    test.end().await;
}

#[tokio::test]
async fn deliveries_that_are_set_aside_can_be_dismissed() {
    let test = TestApp::start().await;
    let data = test.app.data.clone();
    test.post("{\"instanceId\": ").await;
    assert_eq!(
        check(&data).await,
        (Some(1), vec!["deliveries_set_aside".to_owned()])
    );
    let needs = said(&data).await;
    assert!(needs[0].contains("deliveries dismiss"), "{needs:?}");
    let dry = midiateca(&data, &["deliveries", "dismiss", "--dry-run"]).await;
    assert_eq!(stdout(&dry).trim(), "1 delivery would be dismissed");
    let done = midiateca(&data, &["deliveries", "dismiss"]).await;
    assert_eq!(stdout(&done).trim(), "1 delivery dismissed");
    assert_eq!(check(&data).await, (Some(0), vec![]));
    test.post("{\"instanceId\": 1").await;
    assert_eq!(check(&data).await.0, Some(1));
    let wrong = format!("{}/hooks/wapi/wrong-token", test.origin());
    assert_eq!(test.post_to(&wrong, "{}").await.0, 401);
    // Refusals are counted in memory first.
    midiateca_service::ingest::tally::write_down(&test.app.db, &test.app.tally)
        .await
        .unwrap();
    let done = midiateca(&data, &["--json", "deliveries", "dismiss"]).await;
    let counts = serde_json::json!({"dismissed": 2, "set_aside": 1, "refused": 1, "listed": 0, "dry_run": false});
    assert_eq!(document(&done), counts);
    assert_eq!(check(&data).await, (Some(0), vec![]));
    let again = midiateca(&data, &["deliveries", "dismiss"]).await;
    assert_eq!(stdout(&again).trim(), "0 deliveries dismissed");
    // Only one that was refused.
    assert_eq!(test.post_to(&wrong, "{}").await.0, 401);
    midiateca_service::ingest::tally::write_down(&test.app.db, &test.app.tally)
        .await
        .unwrap();
    let done = midiateca(&data, &["--json", "deliveries", "dismiss", "--dry-run"]).await;
    assert_eq!(document(&done)["set_aside"], 0);
    // Those that were dismissed do not come back with it.
    assert_eq!(document(&done)["refused"], 1, "{done:?}");
    // The doctor's own.
    let probe = format!("{}/hooks/wapi/doctor", test.origin());
    assert_eq!(test.post_to(&probe, "{}").await.0, 401);
    midiateca_service::ingest::tally::write_down(&test.app.db, &test.app.tally)
        .await
        .unwrap();
    let done = midiateca(&data, &["--json", "deliveries", "dismiss", "--dry-run"]).await;
    assert_eq!(document(&done)["refused"], 1, "{done:?}");
    test.end().await;
}

#[tokio::test]
async fn a_disk_below_the_mark_is_said_even_when_nothing_waits() {
    let test = TestApp::with(impatient(), Clock::system()).await;
    let data = test.app.data.clone();
    assert_eq!(check(&data).await.0, Some(0));
    let settings = format!(
        "[storage]\npause_below = {most}\nresume_above = {most}\n",
        most = i64::MAX
    );
    std::fs::write(data.join("midiateca.toml"), settings).unwrap();
    assert_eq!(
        check(&data).await,
        (Some(1), vec!["disk_nearly_full".to_owned()])
    );
    let needs = said(&data).await;
    assert!(needs[0].contains("disk is nearly full"), "{needs:?}");
    test.end().await;
}
#[tokio::test]
async fn a_full_disk_is_said() {
    let Some(disk) = Mounted::with_bytes(16 << 20) else {
        return;
    };
    let data = disk.path().join("data");
    let sim = wa_sim::Sim::start().await.unwrap();
    set_up(&data, &sim).await;
    // So small that only an attempt to write fails.
    let settings = "[storage]\npause_below = 0\nresume_above = 0\n";
    std::fs::write(data.join("midiateca.toml"), settings).unwrap();
    let _server = midiateca_service::coordination::Coordination::new(&data)
        .server()
        .await
        .unwrap();
    assert_eq!(check(&data).await, (Some(0), vec![]));
    disk.fill();
    let (code, needs) = check(&data).await;
    assert_eq!(code, Some(1));
    assert!(
        needs.contains(&"database_not_writable".to_owned()),
        "{needs:?}"
    );
    let said = said(&data).await;
    assert!(
        said.iter()
            .any(|need| need.contains("answered 503") && need.contains("disk is full")),
        "{said:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_does_not_answer_is_no_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = wa_sim::Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let mut server = crate::crash::serve(data);
    assert_eq!(check(data).await, (Some(0), vec![]));
    let signal = |name: &str| {
        let pid = server.child.id().to_string();
        let status = std::process::Command::new("kill")
            .args([name, &pid])
            .status();
        assert!(status.unwrap().success());
    };
    signal("-STOP");
    let offline = ["--json", "doctor", "--offline"];
    let (checked, said, doctor) = tokio::join!(check(data), said(data), midiateca(data, &offline));
    signal("-CONT");
    assert_eq!(checked, (Some(1), vec!["server_not_answering".to_owned()]));
    assert!(said[0].contains("does not answer"), "{said:?}");
    let report: Value = serde_json::from_str(&stdout(&doctor)).unwrap();
    let looked = report["checks"].as_array().unwrap();
    let looked = looked.iter().find(|check| check["check"] == "server");
    assert_eq!(looked.unwrap()["verdict"], "problem", "{report}");
    assert_eq!(check(data).await, (Some(0), vec![]));
    // What it left in its lock says nothing of another process that holds the folder.
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let other = midiateca_service::coordination::Coordination::new(data)
        .server()
        .await
        .unwrap();
    assert_eq!(check(data).await, (Some(0), vec![]));
    drop(other);
    assert_eq!(check(data).await.1, ["server_stopped"]);
}

#[tokio::test]
async fn a_server_that_cannot_commit_is_said_though_the_disk_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = wa_sim::Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let settings = "[database]\nbusy_timeout = '100ms'\n";
    std::fs::write(data.join("midiateca.toml"), settings).unwrap();
    let mut server = crate::crash::serve(data);
    assert_eq!(check(data).await, (Some(0), vec![]));
    let other = rusqlite::Connection::open(data.join("midiateca.db")).unwrap();
    other
        .busy_timeout(std::time::Duration::from_secs(10))
        .unwrap();
    other.execute_batch("begin immediate").unwrap();
    // What the server found a moment ago is reused for a second.
    let said = loop {
        let (code, said) = check(data).await;
        if code == Some(1) {
            break said;
        }
    };
    assert_eq!(said, ["server_not_ready"]);
    assert!(crate::check::said(data).await[0].contains("answered 503"));
    let doctor = midiateca(data, &["--lang", "pt-BR", "doctor", "--offline"]).await;
    let text = stdout(&doctor);
    assert!(text.contains("outro programa o está usando"), "{text}");
    assert!(!text.contains("locked"), "{text}");
    other.execute_batch("rollback").unwrap();
    while check(data).await.0 != Some(0) {}
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}

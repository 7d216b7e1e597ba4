//! `status`: one screen, for people and as one JSON document.

use serde_json::Value;

use midiateca_service::clock::Clock;

use crate::commands::{midiateca, stderr, stdout};
use crate::stage::{FIRST, TODAY, TestApp, impatient, sample};

#[tokio::test]
async fn status_shows_server_disk_queue_and_the_last_webhook() {
    let test = TestApp::with(impatient(), Clock::fixed(TODAY)).await;
    let data = test.app.data.clone();
    let zone = "[http]\ntime_zone = \"America/Sao_Paulo\"\n";
    std::fs::write(data.join("midiateca.toml"), zone).unwrap();
    test.store(sample("ONE")).await;
    // Deliveries are counted in memory first.
    midiateca_service::ingest::tally::write_down(&test.app.db, &test.app.tally)
        .await
        .unwrap();
    let output = midiateca(&data, &["--json", "status"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["server"]["state"], "running", "{report}");
    assert!(report["disk"]["free"].as_u64().unwrap() > 0, "{report}");
    assert_eq!(report["disk"]["downloads_paused"], false);
    assert_eq!(
        report["disk"]["stored"],
        report["queue"]["by_status"][0]["size"]
    );
    assert_eq!(report["queue"]["by_status"][0]["name"], "stored");
    assert_eq!(report["queue"]["next_deadline"], Value::Null);
    assert_eq!(report["instances"][0]["instance"], FIRST);
    let last = &report["instances"][0]["last_delivery_at"];
    assert_eq!(last, "2026-11-24T12:00:00.000Z");
    assert_eq!(report["needs_attention"], serde_json::json!([]));

    let english = stdout(&midiateca(&data, &["--lang", "en", "status"]).await);
    assert!(english.contains("queue           0 pending"), "{english}");
    let row = format!("last webhook    2026-11-24 09:00:00 -03:00  {FIRST} (client 2, unknown)");
    assert!(english.lines().any(|line| line == row), "{english}");
    assert!(
        english.ends_with("verdict: nothing needs a person\n"),
        "{english}"
    );
    let portuguese = stdout(&midiateca(&data, &["--lang", "pt-BR", "status"]).await);
    assert!(portuguese.contains("último webhook"), "{portuguese}");
    assert_eq!(english.lines().count(), portuguese.lines().count());
    test.end().await;
}

#[tokio::test]
async fn status_names_what_needs_a_person_and_does_not_fail_for_it() {
    let test = TestApp::start().await;
    let data = test.app.data.clone();
    test.post("{\"instanceId\": ").await;
    let output = midiateca(&data, &["--json", "status"]).await;
    assert_eq!(output.status.code(), Some(0));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let expected = serde_json::json!([{"code": "deliveries_set_aside", "count": 1}]);
    assert_eq!(report["needs_attention"], expected);
    let text = stdout(&midiateca(&data, &["status"]).await);
    assert!(text.contains("needs attention: 1 deliver"), "{text}");
    test.end().await;
}

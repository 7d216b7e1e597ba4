//! What a caller learns, and what is counted: parameters that are not known, numbers of others, files in raw bodies, usage.

use base64::Engine as _;
use midiateca_service::clock::Clock;
use midiateca_service::model::{Role, Scope};
use serde_json::{Value, json};
use wa_sim::SimMedia;

use super::Caller;
use crate::commands::midiateca;
use crate::stage::{FIRST, TestApp, impatient, sample};

#[tokio::test]
async fn a_parameter_that_an_operation_does_not_know_is_refused_everywhere() {
    let test = TestApp::start().await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    for path in [
        "/stats",
        "/instances",
        "/keys",
        "/clients",
        "/status",
        "/users",
        "/endpoints",
        "/holds",
        "/session",
    ] {
        for query in ["client=2", "limit=1", "colour=red"] {
            let path = format!("{path}?{query}");
            let (status, answer) = admin.send("GET", &path, None).await;
            // Some know one of these.
            if status != 200 || query == "colour=red" {
                assert_eq!(
                    (status, &answer["error"]["code"]),
                    (400, &json!("bad_query")),
                    "{path}: {answer}"
                );
            }
        }
        assert_eq!(admin.send("GET", path, None).await.0, 200, "{path}");
    }
    assert_eq!(admin.send("GET", "/stats?limit=2", None).await.0, 400);
    test.end().await;
}

#[tokio::test]
async fn a_client_does_not_learn_how_many_events_others_have() {
    let test = TestApp::start().await;
    test.store(sample("OTHER")).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let last = admin.get("/events").await["next"]
        .as_str()
        .unwrap()
        .to_owned();
    let viewer = Caller::new(&test, Role::Viewer, Scope::Client(3)).await;
    let (status, answer) = viewer.send("GET", "/events?after=999999", None).await;
    assert_eq!(status, 410);
    assert!(last.parse::<i64>().unwrap() > 0);
    let message = answer["error"]["message"].as_str().unwrap();
    assert_eq!(message, "no event has a number after 0 yet");
    test.end().await;
}

#[tokio::test]
async fn raw_bodies_show_no_files_unless_an_admin_asks_for_all() {
    let test = TestApp::start().await;
    let (media, delivery) = test
        .store(SimMedia {
            with_bytes: true,
            ..SimMedia::sample(FIRST, "INLINE", wa_media::MediaKind::Document)
        })
        .await;
    let file =
        base64::engine::general_purpose::STANDARD.encode(std::fs::read(test.file(&media)).unwrap());
    assert!(delivery.body.to_string().contains(&file[..180]));
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let list = viewer.get("/deliveries").await;
    let path = format!("/deliveries/{}", list["items"][0]["id"].as_str().unwrap());
    let shown = viewer.get(&path).await["body"].to_string();
    assert!(shown.len() > 50 && !shown.contains(&file[..180]), "{shown}");
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let whole = admin.get(&format!("{path}?keys=1")).await["body"].to_string();
    assert!(whole.contains(&file[..180]), "{whole}");
    test.end().await;
}

#[tokio::test]
async fn usage_stays_when_files_are_erased_and_counts_a_file_once() {
    let test = TestApp::with(impatient(), Clock::system()).await;
    let (media, _) = test.store(sample("ONE")).await;
    test.store(sample("TWO")).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let before = admin.get("/usage").await;
    assert_eq!(before["items"][0]["media"], 2, "{before}");
    let sender = media.sender_id.clone().unwrap();
    let erased = midiateca(
        &test.app.data,
        &["forget", "--client", "2", "--contact", &sender, "--yes"],
    )
    .await;
    assert!(erased.status.success(), "{erased:?}");
    assert_eq!(admin.get("/media?status=stored").await["items"], json!([]));
    assert_eq!(admin.get("/usage").await, before);
    let none: Value = admin.get("/usage?from=2999-01-01").await;
    assert_eq!(none["items"], json!([]));
    test.end().await;
}

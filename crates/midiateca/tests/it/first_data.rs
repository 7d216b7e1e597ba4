//! A data folder written by commit 5085458, the first with a database that must always open.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::commands::{midiateca, stderr, stdout};
use crate::crash::serve;

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/data-folder-5085458"
);
/// What the first version itself read from it.
const EXPECTED: &str = include_str!("../fixtures/data-folder-5085458.json");
const HOOK: &str = "7c5fU6CyVeV2s2BFHEeH-ES-WJwOSSlq2cS-BZChHG4";
const INSTANCE: &str = "3B6XIW-ZTS923-GEAY6V";

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to)
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The items of a list, one document or one a line.
async fn items(data: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = midiateca(data, arguments).await;
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(mut whole)) if whole["items"].is_array() => {
            serde_json::from_value(whole["items"].take()).unwrap()
        }
        _ => text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    }
}

/// The values of one field by id.
fn by_id(items: &[Value], field: &str) -> BTreeMap<String, Value> {
    let pairs = items.iter().map(|item| {
        let id = item.get("id").unwrap_or(&item["delivery"]);
        let id = id.as_str().unwrap().to_owned();
        (id, item[field].clone())
    });
    pairs.collect()
}

fn expected() -> Value {
    serde_json::from_str(EXPECTED).unwrap()
}

#[tokio::test]
async fn every_row_file_and_delivery_of_the_first_version_is_found() {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new(FOLDER), folder.path());
    let expected = expected();
    let media = items(folder.path(), &["media", "list", "--json"]).await;
    let known = expected["media"].as_array().unwrap();
    for field in [
        "status",
        "kind",
        "reason",
        "sha256",
        "message_id",
        "instance",
    ] {
        assert_eq!(by_id(&media, field), by_id(known, field), "{field}");
    }
    let deliveries = items(folder.path(), &["deliveries", "list", "--json"]).await;
    let known = expected["deliveries"].as_array().unwrap();
    assert_eq!(deliveries.len(), known.len());
    for delivery in known {
        let verdict = match delivery["verdict"].as_str().unwrap() {
            "quarantined" => "set_aside",
            verdict => verdict,
        };
        let now = by_id(&deliveries, "verdict");
        assert_eq!(now[delivery["id"].as_str().unwrap()], verdict);
    }
    let scrub = midiateca(folder.path(), &["scrub"]).await;
    assert_eq!(scrub.status.code(), Some(0), "{}", stdout(&scrub));
    let replay = midiateca(folder.path(), &["deliveries", "replay"]).await;
    assert_ne!(replay.status.code(), Some(3), "{}", stderr(&replay));
    let after = items(folder.path(), &["media", "list", "--json"]).await;
    assert_eq!(after.len(), media.len(), "a replay doubles nothing");
}

#[tokio::test]
async fn the_first_versions_events_attempts_and_webhook_address_go_on() {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new(FOLDER), folder.path());
    let expected = expected();
    let mut server = serve(folder.path());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/hooks/wapi/{HOOK}", server.origin);
    let body = json!({"event": "webhookReceived", "instanceId": INSTANCE, "messageId": "LATER", "msgContent": {"conversation": "oi"}});
    let answer = http.post(&url).body(body.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let database = rusqlite::Connection::open(folder.path().join("midiateca.db")).unwrap();
    let count = |table: &str| -> i64 {
        let sql = format!("select count(*) from {table}");
        database.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert!(count("events") >= expected["events"].as_i64().unwrap());
    assert!(count("attempts") >= expected["attempts"].as_i64().unwrap());
    let instances = items(folder.path(), &["instance", "list", "--json"]).await;
    let id = |it: &Value| it.get("id").unwrap_or(&it["instance"]).clone();
    let ids: Vec<_> = instances.iter().map(id).collect();
    assert_eq!(json!(ids), expected["instances"]);
}

//! The real `serve` under what operators do to it.

use std::time::Duration;

use serde_json::json;
use wa_sim::Sim;

use crate::commands::{midiateca, set_up, stderr};
use crate::crash::serve;
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

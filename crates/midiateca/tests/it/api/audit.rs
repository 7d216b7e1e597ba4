//! The audit log of what is done over the API.

use super::*;

#[tokio::test]
async fn actions_are_in_the_audit_log_without_what_is_secret() {
    let test = TestApp::start().await;
    let (own, _) = two_clients(&test).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    admin
        .send("POST", &format!("/media/{own}/retry"), None)
        .await;
    let (_, link) = admin
        .send("POST", &format!("/media/{own}/link"), Some(json!({})))
        .await;
    admin
        .request("GET", &format!("/media/{own}/content"))
        .send()
        .await
        .unwrap();
    let (_, _) = admin
        .send(
            "PATCH",
            &format!("/instances/{FIRST}"),
            Some(json!({"token": "a-new-token"})),
        )
        .await;
    let log = admin.get("/audit").await;
    let actions: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "instance_changed",
            "content_read",
            "link_created",
            "retry",
            "key_created",
            // The two instances of the stage.
            "instance_changed",
            "instance_changed"
        ]
    );
    let text = log.to_string();
    let signature = link["url"].as_str().unwrap().rsplit('=').next().unwrap();
    for secret in [&admin.key, "a-new-token", signature] {
        assert!(!text.contains(secret), "{text}");
    }
    test.end().await;
}

#[tokio::test]
async fn every_download_is_in_the_audit_log_however_its_range_is_written() {
    let test = TestApp::start().await;
    let (own, _) = two_clients(&test).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let path = format!("/media/{own}/content");
    let count = async || {
        let log = admin.get("/audit?limit=500").await;
        let entries = log["items"].as_array().unwrap().iter();
        entries
            .filter(|entry| entry["action"] == "content_read")
            .count()
    };
    let mut expected = 0;
    for range in [
        "bytes=0-",
        "bytes = 0-",
        "bytes=-999999",
        "bytes=1-",
        "Bytes=0-0",
        // What is missing can be guessed.
        "bytes=5-6",
    ] {
        // The ranges of one caller belong together for a while.
        let caller = Caller::new(&test, Role::Viewer, Scope::All).await;
        for range in [range, "bytes=3-4", "bytes=1-2"] {
            let request = caller.request("GET", &path).header("range", range);
            request.send().await.unwrap();
        }
        expected += 1;
        assert_eq!(count().await, expected, "{range}");
    }
    for _ in 0..2 {
        // Whole, each is one.
        admin.request("GET", &path).send().await.unwrap();
        expected += 1;
    }
    admin.request("HEAD", &path).send().await.unwrap();
    let known = admin.request("GET", &path).header("if-none-match", "*");
    assert_eq!(known.send().await.unwrap().status(), 304);
    assert_eq!(count().await, expected);
    test.end().await;
}

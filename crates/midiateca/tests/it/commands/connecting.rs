//! Instances as an operator adds, changes and connects them.

use super::*;

#[tokio::test]
async fn adding_an_instance_again_keeps_its_webhook_address_and_its_client() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let again = midiateca(
        data,
        &[
            "instance",
            "add",
            FIRST,
            "--client",
            "2",
            "--token-env",
            "TOKEN_FOR_TEST",
        ],
    )
    .await;
    assert!(again.status.success());
    assert!(!stdout(&again).contains("/hooks/"), "{}", stdout(&again));
    let shown = midiateca(data, &["--json", "instance", "show", FIRST]).await;
    let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
    assert_eq!(
        (&shown["api_base"], &shown["routes"]),
        (&sim.api_base().into(), &serde_json::json!(["gateway"]))
    );
    midiateca(data, &["client", "add", "Oficina do Bairro", "--id", "3"]).await;
    let moved = midiateca(data, &["instance", "add", FIRST, "--client", "3"]).await;
    assert_eq!(moved.status.code(), Some(2));
    assert!(
        stderr(&moved).contains("belongs to client 2"),
        "{}",
        stderr(&moved)
    );
    assert!(
        midiateca(data, &["instance", "remove", FIRST])
            .await
            .status
            .success()
    );
    let second = midiateca(data, &["instance", "add", FIRST, "--client", "3"]).await;
    assert!(
        stdout(&second).contains("/hooks/wapi/"),
        "{}",
        stderr(&second)
    );
}

#[tokio::test]
async fn a_refused_or_missing_token_is_named_and_heals_with_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    sim.world().add_instance(FIRST, "another-token");
    let body = folder.path().join("delivery.json");
    std::fs::write(&body, sim.world().add(sample("TOKEN")).body.to_string()).unwrap();
    let body = body.to_str().unwrap();
    assert_eq!(
        midiateca(data, &["test-webhook", body]).await.status.code(),
        Some(1)
    );
    assert!(check_says(data, "refused the instance's token").await);
    std::fs::remove_file(data.join("secret.key")).unwrap();
    assert_eq!(
        midiateca(data, &["test-webhook", body]).await.status.code(),
        Some(1)
    );
    assert!(check_says(data, "secret.key is missing").await);
    sim.world().add_instance(FIRST, "gateway-token");
    let again = [
        "instance",
        "add",
        FIRST,
        "--client",
        "2",
        "--token-env",
        "TOKEN_FOR_TEST",
        "--new-key",
    ];
    assert!(midiateca(data, &again).await.status.success());
    let healed = midiateca(data, &["test-webhook", body]).await;
    assert_eq!(healed.status.code(), Some(0), "{}", stdout(&healed));
    let _server = midiateca_service::coordination::Coordination::new(data)
        .server()
        .await
        .unwrap();
    assert_eq!(midiateca(data, &["check"]).await.status.code(), Some(0));
}

#[tokio::test]
async fn webhook_slots_are_set_read_back_and_proven() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    let first = set_up(data, &sim).await;
    let configure = ["--json", "instance", "configure-webhooks", FIRST];
    let no_url = midiateca(data, &configure).await;
    assert_eq!(no_url.status.code(), Some(2));
    assert!(stderr(&no_url).contains("--public-url"));
    let public = [&configure[..], &["--public-url", "https://midia.example/"]].concat();
    let dry = midiateca(data, &[&public[..], &["--dry-run"]].concat()).await;
    assert_eq!(dry.status.code(), Some(0));
    let document: Value = serde_json::from_str(&stdout(&dry)).unwrap();
    assert_eq!(document["slots"].as_array().unwrap().len(), 6);
    assert_eq!(sim.world().slot(FIRST, "webhookReceivedUrl"), None);
    sim.world().set_stubborn(FIRST, "webhookPresenceUrl");
    let partly = midiateca(data, &public).await;
    assert_eq!(partly.status.code(), Some(1), "{}", stdout(&partly));
    let report: Value = serde_json::from_str(&stdout(&partly)).unwrap();
    let slots = report["slots"].as_array().unwrap();
    let results: Vec<_> = slots.iter().map(|slot| &slot["result"]).collect();
    assert_eq!(results, ["set", "set", "set", "set", "set", "not_set"]);
    let address = sim.world().slot(FIRST, "webhookDeliveryUrl").unwrap();
    // It must be pasted by hand where the slot did not take it, so it is shown once.
    assert_eq!(report["missing"], serde_json::json!(["chat-presence"]));
    assert_eq!(report["address"], address.as_str());
    let token = address
        .strip_prefix("https://midia.example/hooks/wapi/")
        .unwrap();
    assert!(!stderr(&partly).contains(token));
    // Both the new address and the one before are taken.
    let mut server = crate::crash::serve(data);
    let text =
        serde_json::json!({"instanceId": FIRST, "msgContent": {"conversation": "oi"}}).to_string();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for token in [token, first.rsplit('/').next().unwrap()] {
        let url = format!("{}/hooks/wapi/{token}", server.origin);
        assert_eq!(
            http.post(url)
                .body(text.clone())
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    }
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    sim.world().add_instance(FIRST, "another-token");
    let refused = midiateca(data, &public).await;
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        stderr(&refused).contains("gateway_token_refused"),
        "{}",
        stderr(&refused)
    );
}

#[tokio::test]
async fn settings_of_an_instance_can_be_undone_and_seen() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let add = ["instance", "add", FIRST, "--client", "2"];
    let with = |more: &[&'static str]| [&add[..], more].concat();
    midiateca(
        data,
        &with(&["--cdn-base", "http://127.0.0.1:1,http://127.0.0.1:2"]),
    )
    .await;
    let shown = midiateca(data, &["instance", "list"]).await;
    assert!(
        stdout(&shown).contains("cdn=http://127.0.0.1:1,http://127.0.0.1:2\troutes=gateway"),
        "{}",
        stdout(&shown)
    );
    let undone = midiateca(
        data,
        &with(&["--cdn-base", "default", "--routes", "default"]),
    )
    .await;
    assert!(
        stdout(&undone).contains("cdn=default\troutes=default"),
        "{}",
        stdout(&undone)
    );
    for bad in [
        "http://u:p@127.0.0.1",
        "https://x/?q=1",
        "https://x/#f",
        "ftp://x",
        "",
        "x",
    ] {
        let refused = midiateca(data, &[&add[..], &["--cdn-base", bad]].concat()).await;
        assert_eq!(refused.status.code(), Some(2), "{bad}");
    }
}

/// How many instances have something of their gateway's access.
async fn with_access(data: &std::path::Path) -> i64 {
    let path = data.join("midiateca.db");
    let db = crate::stage::database(&path).await.unwrap();
    let sql = "select count(*) as n from instances where token_sealed is not null or secret_sealed is not null or session is not null";
    let row = db.row(sql, vec![]).await.unwrap().unwrap();
    db.close().await;
    row.int("n").unwrap()
}

#[tokio::test]
async fn another_gateway_does_not_get_the_token_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    midiateca(data, &["client", "add", "Aurora"]).await;
    let file = data.join("token");
    std::fs::write(&file, "of-evolution").unwrap();
    let file = file.to_str().unwrap();
    let base = ["--api-base", "http://127.0.0.1:9", "--offline"];
    let first = [
        "instance",
        "add",
        "loja",
        "--client",
        "1",
        "--gateway",
        "evolution",
        "--token-file",
        file,
        "--session",
        "x",
        "--routes",
        "gateway",
    ];
    assert!(
        midiateca(data, &[&first[..], &base].concat())
            .await
            .status
            .success()
    );
    let shown = async || {
        let shown = midiateca(data, &["--json", "instance", "show", "loja"]).await;
        serde_json::from_str::<serde_json::Value>(&stdout(&shown)).unwrap()
    };
    assert_eq!(shown().await["token"], true, "{}", shown().await);
    assert_eq!(shown().await["routes"], serde_json::json!(["gateway"]));
    let same = ["instance", "add", "loja", "--client", "1", "--offline"];
    assert!(midiateca(data, &same).await.status.success());
    assert_eq!(shown().await["token"], true);
    let other = [&same[..], &["--gateway", "zapi"]].concat();
    let changed = midiateca(data, &other).await;
    assert!(
        stderr(&changed).contains("https://api.z-api.io"),
        "{changed:?}"
    );
    let (row, read) = (shown().await, with_access(data).await);
    assert_eq!(row["token"], false, "{row}");
    assert!(row["routes"].is_null(), "{row}");
    assert_eq!(read, 0, "the session, the secret or the token stayed");
}

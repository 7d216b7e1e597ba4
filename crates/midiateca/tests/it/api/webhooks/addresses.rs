//! Where outgoing webhooks may go.

use super::*;

/// Hosts that gateways' links may lead to are not for endpoints, least of all for those of one client's administrator.
#[tokio::test]
async fn hosts_that_are_allowed_for_downloads_are_refused_for_endpoints() {
    let mut config = impatient();
    config.fetch.allowed_hosts = vec!["127.0.0.1".to_owned(), "10.0.0.1".to_owned()];
    config.endpoints.allowed_hosts = vec!["10.0.0.2".to_owned()];
    let test = TestApp::with(config, Clock::system()).await;
    for scope in [Scope::All, Scope::Client(2)] {
        let admin = Caller::new(&test, Role::Admin, scope).await;
        for (host, expected) in [("127.0.0.1", 400), ("10.0.0.1", 400), ("10.0.0.2", 201)] {
            let body = json!({"url": format!("http://{host}/"), "client": 2});
            let (status, made) = admin.send("POST", "/endpoints", Some(body)).await;
            assert_eq!(status, expected, "{host}: {made}");
        }
    }
    test.end().await;
}

/// The address is checked at each attempt, too: the settings may have changed since the endpoint was made.
#[tokio::test]
async fn an_endpoint_whose_host_is_no_longer_allowed_gets_nothing() {
    let test = on_loopback(Clock::system()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = endpoint(&admin, json!({"url": url})).await;
    let folder = test.end_keeping_the_folder().await;
    let mut config = impatient();
    config.fetch.allowed_hosts = vec!["127.0.0.1".to_owned()];
    let app = crate::stage::open(folder.path(), config, Clock::system())
        .await
        .unwrap();
    let service = Service::start(Arc::clone(&app), &["127.0.0.1:0"])
        .await
        .unwrap();
    let found = endpoints::find(&app.db, Scope::All, &id).await.unwrap();
    let actor = Actor::CommandLine(None);
    let sent = operation::test(app.endpoint_deps(), &actor, &found.unwrap()).await;
    let sent = sent.unwrap();
    let started = std::time::Instant::now();
    let first = loop {
        let attempts = notifications::attempts(&app.db, &sent).await.unwrap();
        if let Some(first) = attempts.into_iter().next() {
            break first;
        }
        assert!(started.elapsed().as_secs() < 60, "no attempt");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(
        first.reason,
        Some(notifications::AttemptReason::AddressRefused)
    );
    assert_eq!(receiver.all().len(), 0);
    service.stop().await;
}

#[tokio::test]
async fn addresses_that_are_not_public_and_unknown_types_are_refused() {
    let test = TestApp::start().await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    for url in [
        "http://127.0.0.1:1/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[fe80::1]/",
        "http://169.254.169.254/latest/meta-data",
        "ftp://example.org/",
        "https://user:pass@example.org/",
        "no address",
    ] {
        let (status, code) = admin
            .error("POST", "/endpoints", Some(json!({"url": url})))
            .await;
        assert_eq!(
            (status, code.as_str()),
            (400, "endpoint_address_invalid"),
            "{url}"
        );
    }
    let body = json!({"url": "https://example.org/", "types": ["media.eaten"]});
    assert_eq!(
        admin.error("POST", "/endpoints", Some(body)).await.1,
        "event_type_unknown"
    );
    test.end().await;
}

#[tokio::test]
async fn endpoints_are_kept_on_the_command_line() {
    let test = on_loopback(Clock::system()).await;
    let data = test.app.data.as_path();
    let (receiver, url) = Receiver::start().await;
    let hosts = |arguments: &[&str]| {
        let mut command = crate::stage::program(data);
        command.arg("--json").args(arguments);
        command
            .env("MIDIATECA__ENDPOINTS__ALLOWED_HOSTS", "127.0.0.1")
            .env("LANG", "C")
            .env_remove("LC_ALL");
        let output = command.output().unwrap();
        let text = if output.status.success() {
            &output.stdout
        } else {
            &output.stderr
        };
        serde_json::from_slice::<Value>(text).unwrap()
    };
    let added = hosts(&[
        "endpoint",
        "add",
        &url,
        "--types",
        "media.stored,media.failed",
    ]);
    let (id, secret) = (
        added["id"].as_str().unwrap(),
        added["secret"].as_str().unwrap(),
    );
    let listed = hosts(&["endpoint", "list"]);
    assert_eq!(
        listed["items"][0]["types"],
        json!(["media.failed", "media.stored"])
    );
    assert!(!listed.to_string().contains(secret));
    hosts(&["endpoint", "test", &id[..30]]);
    let received = receiver.wait_for(1).await.remove(0);
    let expected = signing::signature(
        &[secret.to_owned()],
        &received.id,
        received.timestamp,
        &received.body,
    );
    assert_eq!(Some(received.signature), expected);
    for (arguments, code) in [
        (
            &["endpoint", "add", "http://10.1.2.3/"][..],
            "endpoint_address_invalid",
        ),
        (
            &["endpoint", "add", &url, "--types", "x"],
            "event_type_unknown",
        ),
        (
            &["endpoint", "add", &url, "--client", "99"],
            "unknown_client",
        ),
        (&["endpoint", "remove", "zz"], "unknown_endpoint"),
    ] {
        assert_eq!(hosts(arguments)["error"]["code"], code);
    }
    assert_eq!(hosts(&["endpoint", "remove", id])["removed"], true);
    assert_eq!(hosts(&["endpoint", "list"])["items"], json!([]));
    test.end().await;
}

#[tokio::test]
async fn an_endpoint_that_gets_another_client_shows_nothing_of_the_one_before() {
    let test = on_loopback(Clock::system()).await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    let own = Caller::new(&test, Role::Admin, Scope::Client(3)).await;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = endpoint(&all, json!({"url": url})).await;
    test.store(sample("OF-FIRST")).await;
    receiver.wait_for(1).await;
    let path = format!("/endpoints/{id}");
    assert_eq!(own.error("GET", &path, None).await.0, 404);
    let (_, changed) = all.send("PATCH", &path, Some(json!({"client": 3}))).await;
    assert_eq!(changed["client"], 3, "{changed}");
    let seen = own.get(&format!("{path}/notifications")).await;
    assert_eq!(seen["items"], json!([]));
    let own_path = {
        let (own_id, _) = endpoint(&own, json!({"url": url})).await;
        format!("/endpoints/{own_id}")
    };
    for change in [json!({"client": 2}), json!({"all_clients": true})] {
        let refused = own.error("PATCH", &own_path, Some(change)).await;
        assert_eq!(refused, (404, "client_not_found".to_owned()));
    }
    let unknown = all.error("PATCH", &path, Some(json!({"client": 99}))).await;
    assert_eq!(unknown.0, 400);
    let (_, changed) = all
        .send("PATCH", &path, Some(json!({"all_clients": true})))
        .await;
    assert_eq!(changed["client"], Value::Null, "{changed}");
    test.end().await;
}

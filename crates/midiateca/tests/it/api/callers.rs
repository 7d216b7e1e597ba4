//! Keys: who has one, for how long, and what ends with it.

use super::*;

#[tokio::test]
async fn a_request_needs_a_valid_key_with_enough_rights() {
    let test = TestApp::start().await;
    let url = format!("{}/api/v1/media", test.origin());
    let answer = test.http.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(
        answer.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("Bearer")
    );
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], "missing_key");
    for wrong in ["", "x", "mk_AAAA", &test.hook] {
        let answer = test.http.get(&url).bearer_auth(wrong).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{wrong}");
    }
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    viewer.get("/media").await;
    for (method, path) in [
        ("POST", "/media/x/retry"),
        ("POST", "/media/x/link"),
        ("GET", "/keys"),
    ] {
        let body = (method == "POST").then(|| json!({}));
        let (status, code) = viewer.error(method, path, body).await;
        assert_eq!((status, code.as_str()), (403, "role_too_low"), "{path}");
    }
    let admin = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
    let (status, code) = admin
        .error("POST", "/clients", Some(json!({"name": "X"})))
        .await;
    assert_eq!((status, code.as_str()), (403, "scope_too_small"));

    let (_, made) = admin
        .send(
            "POST",
            "/keys",
            Some(json!({"name": "a", "expires_in": "1s"})),
        )
        .await;
    assert_eq!(
        (&made["client"], &made["role"]),
        (&json!(2), &json!("viewer"))
    );
    let limited = Caller {
        test: &test,
        key: made["key"].as_str().unwrap().to_owned(),
    };
    limited.get("/media").await;
    let id = made["id"].as_str().unwrap();
    assert!(admin.get(&format!("/keys/{id}")).await["last_used_at"].is_string());
    let (status, revoked) = admin.send("DELETE", &format!("/keys/{id}"), None).await;
    assert_eq!(status, 200);
    assert!(revoked["revoked_at"].is_string());
    let (status, code) = limited.error("GET", "/media", None).await;
    assert_eq!((status, code.as_str()), (401, "invalid_key"));
    test.end().await;
}

#[tokio::test]
async fn an_expired_key_opens_nothing() {
    let clock = midiateca_service::clock::Clock::fixed(crate::stage::TODAY);
    let test = TestApp::with(crate::stage::impatient(), clock.clone()).await;
    let options = keys::Options {
        name: "short".to_owned(),
        role: Role::Viewer,
        scope: Scope::All,
        expires_in: Some("1h".to_owned()),
    };
    let created = keys::create(&test.app.db, &clock, &Actor::CommandLine(None), options).await;
    let caller = Caller {
        test: &test,
        key: created.unwrap().token,
    };
    caller.get("/media").await;
    clock.advance(midiateca_service::clock::HOUR);
    let (status, code) = caller.error("GET", "/media", None).await;
    assert_eq!((status, code.as_str()), (401, "invalid_key"));
    test.end().await;
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked_on_the_command_line() {
    let test = TestApp::start().await;
    let data = test.app.data.as_path();
    let made = midiateca(data, &["key", "create", "Painel", "--client", "2"]).await;
    assert!(made.status.success(), "{}", stderr(&made));
    let token = stdout(&made).trim().to_owned();
    assert!(token.starts_with("mk_"), "{token}");
    let caller = Caller {
        test: &test,
        key: token.clone(),
    };
    caller.get("/media").await;
    let listed = crate::commands::items(&midiateca(data, &["--json", "key", "list"]).await);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["name"], "Painel");
    assert!(!listed[0].to_string().contains(&token));
    let id = listed[0]["id"].as_str().unwrap();
    let shown = stdout(&midiateca(data, &["--lang", "pt-BR", "key", "show", &id[..20]]).await);
    assert!(
        shown.contains("cliente_2") && shown.contains("sem prazo"),
        "{shown}"
    );
    let revoked = midiateca(data, &["key", "revoke", id]).await;
    assert!(revoked.status.success(), "{}", stderr(&revoked));
    let (status, _) = caller.error("GET", "/media", None).await;
    assert_eq!(status, 401);
    for (arguments, code) in [
        (
            &["key", "create", "x", "--client", "99"][..],
            "unknown_client",
        ),
        (&["key", "create", " "], "key_name_invalid"),
        (
            &["key", "create", "x", "--expires-in", "soon"],
            "key_duration_invalid",
        ),
        (&["key", "show", "zz"], "unknown_key"),
    ] {
        let refused = midiateca(data, &[&["--json"], arguments].concat()).await;
        assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
        let error: Value = serde_json::from_str(&stderr(&refused)).unwrap();
        assert_eq!(error["error"]["code"], code);
    }
    test.end().await;
}

#[tokio::test]
async fn a_removed_client_has_no_keys_links_and_endpoints() {
    let test = TestApp::start().await;
    let (own, _) = two_clients(&test).await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    let of_client = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
    let (_, link) = all.send("POST", &format!("/media/{own}/link"), None).await;
    let url = format!("{}{}", test.origin(), link["url"].as_str().unwrap());
    assert_eq!(test.http.get(&url).send().await.unwrap().status(), 200);
    let body = json!({"url": "https://example.org/", "client": 2});
    all.send("POST", "/endpoints", Some(body)).await;
    let (status, _) = all.send("DELETE", "/clients/2?keep_files=true", None).await;
    assert_eq!(status, 200);
    assert_eq!(of_client.error("GET", "/media", None).await.0, 401);
    assert_eq!(test.http.get(&url).send().await.unwrap().status(), 404);
    let endpoints = all.get("/endpoints").await;
    assert_eq!(endpoints["items"][0]["disabled_reason"], "operator");
    test.end().await;
}

#[tokio::test]
async fn a_link_ends_with_the_key_that_made_it() {
    let clock = midiateca_service::clock::Clock::fixed(crate::stage::TODAY);
    let test = TestApp::with(crate::stage::impatient(), clock.clone()).await;
    let (own, _) = two_clients(&test).await;
    let options = keys::Options {
        name: "short".to_owned(),
        role: Role::Operator,
        scope: Scope::All,
        expires_in: Some("1h".to_owned()),
    };
    let created = keys::create(&test.app.db, &clock, &Actor::CommandLine(None), options).await;
    let caller = Caller {
        test: &test,
        key: created.unwrap().token,
    };
    let body = json!({"expires_in": "7d"});
    let (_, link) = caller
        .send("POST", &format!("/media/{own}/link"), Some(body))
        .await;
    let url = format!("{}{}", test.origin(), link["url"].as_str().unwrap());
    assert_eq!(test.http.get(&url).send().await.unwrap().status(), 200);
    clock.advance(midiateca_service::clock::HOUR);
    assert_eq!(test.http.get(&url).send().await.unwrap().status(), 404);
    test.end().await;
}

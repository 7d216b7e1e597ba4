//! Names that look the same are the same, with every way to give them.

use midiateca_service::clock::{Clock, DAY, rfc3339};
use midiateca_service::db::Key;
use midiateca_service::instances;
use midiateca_service::model::{Role, Scope};
use serde_json::{Value, json};

use crate::api::Caller;
use crate::commands::{client_of_earlier_version, items, midiateca, stderr, stdout};
use crate::stage::{TODAY, TestApp, impatient};

/// "São João" as macOS writes it, with spaces around it.
const DECOMPOSED: &str = " Sa\u{303}o Joa\u{303}o\u{a0}";
const COMPOSED: &str = "São João";

#[tokio::test]
async fn a_name_is_the_same_however_its_letters_are_composed() {
    let test = TestApp::start().await;
    let data = test.app.data.as_path();
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let new = json!({"name": DECOMPOSED, "id": 7});
    let (status, added) = admin.send("POST", "/clients", Some(new)).await;
    assert_eq!(status, 201, "{added}");
    for twin in [COMPOSED, DECOMPOSED] {
        let refused = midiateca(data, &["--json", "client", "add", twin]).await;
        assert!(stderr(&refused).contains("client_taken"), "{twin}");
        let rename = ["--json", "client", "rename", "2", twin];
        let refused = midiateca(data, &rename).await;
        assert!(stderr(&refused).contains("client_taken"), "{twin}");
    }
    let clients = items(&midiateca(data, &["--json", "client", "list"]).await);
    let named = clients.iter().find(|client| client["client"] == 7).unwrap();
    assert_eq!(named["name"], COMPOSED);

    let add = ["--json", "instance", "add", DECOMPOSED, "--client", "7"];
    let added = midiateca(data, &[&add[..], &["--offline"]].concat()).await;
    let document: Value = serde_json::from_str(&stdout(&added)).unwrap();
    assert_eq!(document["instance"], COMPOSED);
    for twin in [COMPOSED, DECOMPOSED] {
        let again = json!({"id": twin, "client": 7});
        let (status, answer) = admin.send("POST", "/instances", Some(again)).await;
        assert_eq!(status, 409, "{answer}");
        let shown = midiateca(data, &["instance", "show", twin, "--offline"]).await;
        assert!(shown.status.success(), "{}", stderr(&shown));
    }

    for (path, field, given) in [
        ("/keys", "name", json!({"name": DECOMPOSED})),
        (
            "/endpoints",
            "url",
            json!({"url": " https://example.org/ "}),
        ),
    ] {
        let (status, made) = admin.send("POST", path, Some(given)).await;
        assert_eq!(status, 201, "{made}");
        let (_, listed) = admin.send("GET", path, None).await;
        let name = listed["items"][0][field].as_str().unwrap();
        assert!(
            [COMPOSED, "https://example.org/"].contains(&name),
            "{name:?}"
        );
    }
    let (_, user) = admin
        .send("POST", "/users", Some(json!({"name": " Joa\u{303}o "})))
        .await;
    assert_eq!(user["name"], "joão");
    let twin = midiateca(data, &["--json", "user", "add", "João"]).await;
    assert!(stderr(&twin).contains("user_name_taken"));
    test.end().await;
}

#[tokio::test]
async fn names_that_an_earlier_version_stored_have_no_new_twins() {
    let test = TestApp::start().await;
    let adding = test.app.db.write(Key::Everything, async move |tx| {
        instances::add_client(tx, DECOMPOSED, Some(7), 0).await
    });
    adding.await.unwrap();
    let data = test.app.data.as_path();
    let refused = midiateca(data, &["--json", "client", "add", COMPOSED]).await;
    assert!(stderr(&refused).contains("client_taken"));
    let renamed = midiateca(data, &["client", "rename", "7", COMPOSED]).await;
    assert_eq!(stdout(&renamed), format!("7\t{COMPOSED}\n"));
    test.end().await;
}

#[tokio::test]
async fn names_and_addresses_have_a_limit() {
    let test = TestApp::start().await;
    let data = test.app.data.as_path();
    let (id, url) = (
        "i".repeat(10_000),
        format!("https://example.org/{}", "p".repeat(2_048)),
    );
    let session = ["--client", "2", "--session", &id];
    for (command, code) in [
        (
            ["instance", "add", &id, "--client", "2"].as_slice(),
            "instance_id_long",
        ),
        (
            &[&["instance", "add", "short"], &session[..]].concat(),
            "instance_id_long",
        ),
        (
            &[
                "instance",
                "add",
                "short",
                "--client",
                "2",
                "--api-base",
                &url,
            ],
            "address_invalid",
        ),
        (&["endpoint", "add", &url], "endpoint_address_long"),
        (&["client", "add", &id], "client_no_name"),
        (&["key", "create", &id], "key_name_invalid"),
        (&["user", "add", &id], "user_name_invalid"),
    ] {
        let refused = midiateca(data, &[&["--json"], command].concat()).await;
        let error: Value = serde_json::from_str(&stderr(&refused)).unwrap();
        assert_eq!(error["error"]["code"], code, "{error}");
        assert_eq!(refused.status.code(), Some(2));
    }
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    for (path, body, code) in [
        (
            "/instances",
            json!({"id": &id[..300], "client": 2}),
            "instance_id_long",
        ),
        ("/instances", json!({"id": id, "client": 2}), "bad_body"),
        ("/endpoints", json!({"url": url}), "endpoint_address_long"),
    ] {
        let (status, answer) = admin.send("POST", path, Some(body)).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!(code)));
    }
    test.end().await;
}

#[tokio::test]
async fn joined_pictures_in_a_name_are_shown_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let name = "Salão 👩🏽‍⚕️ 👨‍👩‍👧";
    midiateca(data, &["client", "add", name]).await;
    client_of_earlier_version(data, "a\u{200d}b").await;
    let listed = stdout(&midiateca(data, &["client", "list"]).await);
    assert_eq!(listed, format!("1\t{name}\n2\ta\u{fffd}b\n"));
    let renamed = midiateca(data, &["client", "rename", "1", name]).await;
    assert_eq!(stdout(&renamed), format!("1\t{name}\n"));
    let removed = midiateca(data, &["client", "remove", "1"]).await;
    assert!(removed.status.success());
    let said = midiateca(data, &["client", "add", "Outra", "--id", "1"]).await;
    assert!(stderr(&said).contains(name), "{}", stderr(&said));
}

#[tokio::test]
async fn a_key_that_expires_makes_nothing_that_lasts_longer() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let week = json!({"name": "week", "role": "admin", "expires_in": "7d"});
    let (_, week) = admin.send("POST", "/keys", Some(week)).await;
    let week = Caller::with_key(&test, week["key"].as_str().unwrap());
    let end = rfc3339(TODAY + 7 * DAY);
    for (life, status, expires_at) in [
        (None, 201, end.as_str()),
        (Some("7d"), 201, &end),
        (Some("1d"), 201, &rfc3339(TODAY + DAY)),
        (Some("8d"), 400, ""),
    ] {
        let new = json!({"name": "x", "expires_in": life});
        let (answered, made) = week.send("POST", "/keys", Some(new)).await;
        assert_eq!(answered, status, "{life:?}: {made}");
        match answered {
            201 => assert_eq!(made["expires_at"], expires_at, "{life:?}"),
            _ => assert_eq!(made["error"]["code"], "key_outlives"),
        }
    }
    let new = |role: &str| Some(json!({"name": role, "role": role}));
    let (status, viewer) = week.send("POST", "/users", new("viewer")).await;
    assert_eq!(status, 201, "{viewer}");
    let (_, other) = admin.send("POST", "/users", new("admin")).await;
    let [viewer, other] = [viewer, other].map(|user| user["id"].as_str().unwrap().to_owned());
    let password = Some(json!({"password": "quatro patos amarelos"}));
    for (method, path, body) in [
        ("POST", "/users".to_owned(), new("admin")),
        (
            "PATCH",
            format!("/users/{viewer}"),
            Some(json!({"role": "admin"})),
        ),
        ("PATCH", format!("/users/{other}"), password),
        ("POST", format!("/users/{other}/setup-link"), None),
    ] {
        let (status, answer) = week.send(method, &path, body).await;
        assert_eq!(status, 403, "{method} {path}: {answer}");
        assert_eq!(answer["error"]["code"], "key_makes_no_admin");
    }
    test.end().await;
}

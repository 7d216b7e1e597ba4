//! Users on the command line, and the administrator whose password is in a file.

use super::*;

#[tokio::test]
async fn users_are_added_listed_changed_and_removed_on_the_command_line() {
    let test = TestApp::start().await;
    let data = test.app.data.as_path();
    let link = midiateca(data, &["user", "setup-link"]).await;
    assert!(
        stdout(&link).starts_with("http://localhost:"),
        "{}",
        stderr(&link)
    );
    let file = data.join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let path = file.to_str().unwrap();
    let added = midiateca(
        data,
        &[
            "user",
            "add",
            "Ana",
            "--role",
            "admin",
            "--password-file",
            path,
        ],
    )
    .await;
    assert!(added.status.success(), "{}", stderr(&added));
    let mut ana = Browser::new(&test);
    ana.sign_in("ana").await;
    let added = midiateca(data, &["--json", "user", "add", "bia", "--client", "2"]).await;
    let shown: Value = serde_json::from_str(&stdout(&added)).unwrap();
    assert!(
        shown["address"].as_str().unwrap().contains("/setup/"),
        "{shown}"
    );
    let listed = items(&midiateca(data, &["--json", "user", "list"]).await);
    let names: Vec<_> = listed
        .iter()
        .map(|user| user["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ana", "bia"]);
    let shown = stdout(&midiateca(data, &["--lang", "pt-BR", "user", "list"]).await);
    assert!(
        shown.contains("cliente_2") && shown.contains("ainda sem senha"),
        "{shown}"
    );
    for (arguments, code) in [
        (&["user", "setup-link"][..], "setup_link_for_whom"),
        (&["user", "add", "ana"], "user_name_taken"),
        (&["user", "add", "a b"], "user_name_invalid"),
        (&["user", "add", "caio", "--client", "99"], "unknown_client"),
        (&["user", "remove", "caio"], "unknown"),
        (&["user", "password", "ana"], "no_password"),
        (&["user", "add", "caio", "--password-file", "/nowhere"], ""),
    ] {
        let refused = midiateca(data, &[&["--json"], arguments].concat()).await;
        assert_eq!(
            refused.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&refused)
        );
        assert!(stderr(&refused).contains(code), "{}", stderr(&refused));
    }
    let set = midiateca(data, &["user", "password", "ana", "--password-file", path]).await;
    assert!(set.status.success(), "{}", stderr(&set));
    assert_eq!(ana.status("/media").await, 401);
    for name in ["ana", "bia"] {
        let removed = midiateca(data, &["user", "remove", name]).await;
        assert!(removed.status.success(), "{}", stderr(&removed));
    }
    assert_eq!(ana.try_to_sign_in("ana", PASSWORD).await.status, 401);
    test.end().await;
}

#[tokio::test]
async fn the_password_of_a_file_is_the_administrators() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let text = format!("[secrets]\nadmin_password_file = '{}'\n", file.display());
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("midiateca.toml"), text).unwrap();
    let refused = midiateca(&data, &["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    for password in [PASSWORD, "sete gatos azuis"] {
        std::fs::write(&file, format!("{password}\n")).unwrap();
        let mut server = crate::crash::serve(&data);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/api/v1/session", server.origin);
        let sign_in = http
            .post(url)
            .json(&json!({"name": "admin", "password": password}));
        let answer = sign_in.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
}

#[tokio::test]
async fn an_administrator_of_one_client_cannot_take_the_name_of_the_servers() {
    let test = TestApp::start().await;
    let admin = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
    let (status, answer) = admin
        .send("POST", "/users", Some(json!({"name": "Admin"})))
        .await;
    assert_eq!(
        (status, &answer["name"]),
        (201, &json!("2/admin")),
        "{answer}"
    );
    let everyone = Caller::new(&test, Role::Admin, Scope::All).await;
    let (status, answer) = everyone
        .send("POST", "/users", Some(json!({"name": "admin"})))
        .await;
    assert_eq!(status, 201, "{answer}");
    test.end().await;
}

#[tokio::test]
async fn a_removed_client_has_no_users() {
    let test = TestApp::start().await;
    add(&test, "bia", Role::Viewer, Scope::Client(2)).await;
    let mut bia = Browser::new(&test);
    bia.sign_in("bia").await;
    let removed = midiateca(&test.app.data, &["client", "remove", "2", "--keep-files"]).await;
    assert!(removed.status.success(), "{}", stderr(&removed));
    assert_eq!(bia.status("/media").await, 401);
    let left = midiateca_service::access::users::list(&test.app.db, Scope::All).await;
    assert!(left.unwrap().is_empty());
    test.end().await;
}

//! Links for setting a password, and the links of users to media.

use super::*;

#[tokio::test]
async fn a_link_for_setting_a_password_works_once_and_for_a_day() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let deps = test.app.user_deps();
    let token = async || {
        let made = users::make_setup_link(deps, &Actor::CommandLine(None), None).await;
        made.unwrap()
    };
    let (replaced, first) = (token().await, token().await);
    let browser = Browser::new(&test);
    let use_link = async |token: &str, password: &str| {
        let body = json!({"token": token, "name": "Dona", "password": password});
        browser.send("POST", "/setup", Some(body)).await
    };
    for wrong in ["", "x", &replaced] {
        assert_eq!(
            use_link(wrong, PASSWORD).await.code(),
            (404, "setup_link_invalid"),
            "{wrong}"
        );
    }
    // A password that is refused does not use the link up.
    assert_eq!(
        use_link(&first, "short").await.code(),
        (400, "password_short")
    );
    assert_eq!(
        use_link(&first, "DONA").await.code(),
        (400, "password_short")
    );
    let made = use_link(&first, PASSWORD).await;
    assert_eq!(
        (made.status, &made.body["name"], &made.body["role"]),
        (200, &json!("dona"), &json!("admin"))
    );
    assert!(made.cookie().starts_with("midiateca="));
    assert_eq!(use_link(&first, PASSWORD).await.status, 404);
    let none = users::make_setup_link(deps, &Actor::CommandLine(None), None).await;
    assert!(none.is_err());

    let mut dona = Browser::new(&test);
    dona.sign_in("dona").await;
    let added = dona
        .send("POST", "/users", Some(json!({"name": "ana", "client": 2})))
        .await;
    let address = added.body["address"].as_str().unwrap().to_owned();
    assert!(address.contains("/setup/"), "{address}");
    let token = address.rsplit('/').next().unwrap();
    assert_eq!(dona.try_to_sign_in("ana", "").await.status, 401);
    clock.advance(DAY);
    assert_eq!(use_link(token, PASSWORD).await.status, 404);
    let path = format!("/users/{}/setup-link", added.body["id"].as_str().unwrap());
    let made = dona.send("POST", &path, None).await;
    let address = made.body["address"].as_str().unwrap();
    let set = use_link(address.rsplit('/').next().unwrap(), PASSWORD).await;
    // The name of a user is not the user's to choose.
    assert_eq!(
        (set.status, &set.body["name"], &set.body["client"]),
        (200, &json!("ana"), &json!(2))
    );
    test.end().await;
}

#[tokio::test]
async fn a_link_is_of_no_use_after_its_user_got_more_power() {
    let test = TestApp::start().await;
    add(&test, "root", Role::Admin, Scope::All).await;
    add(&test, "chefe", Role::Admin, Scope::Client(2)).await;
    let id = add(&test, "ana", Role::Viewer, Scope::Client(2)).await;
    let (mut root, mut chief) = (Browser::new(&test), Browser::new(&test));
    root.sign_in("root").await;
    chief.sign_in("chefe").await;
    let path = format!("/users/{id}");
    let made = chief
        .send("POST", &format!("{path}/setup-link"), None)
        .await;
    let address = made.body["address"].as_str().unwrap().to_owned();
    let change = json!({"role": "admin", "all_clients": true});
    let changed = root.send("PATCH", &path, Some(change)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    // The administrator of the client may know the password until now.
    assert_eq!(changed.body["password_set_at"], Value::Null);
    let token = address.rsplit('/').next().unwrap();
    let body = json!({"token": token, "password": PASSWORD});
    let stolen = chief.send("POST", "/setup", Some(body)).await;
    assert_eq!(stolen.code(), (404, "setup_link_invalid"));
    let again = chief
        .send("POST", &format!("{path}/setup-link"), None)
        .await;
    assert_eq!(again.code(), (404, "user_not_found"));
    test.end().await;
}

#[tokio::test]
async fn one_of_two_links_for_the_first_administrator_makes_one() {
    let test = TestApp::start().await;
    let deps = test.app.user_deps();
    let made = users::make_setup_link(deps, &Actor::CommandLine(None), None).await;
    let token = made.unwrap();
    let browser = Browser::new(&test);
    let send = |name: &str| {
        let body = json!({"token": token, "name": name, "password": PASSWORD});
        browser.send("POST", "/setup", Some(body))
    };
    let (first, second) = tokio::join!(send("um"), send("dois"));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404]);
    let all = midiateca_service::access::users::list(&test.app.db, Scope::All).await;
    assert_eq!(all.unwrap().len(), 1);
    test.end().await;
}

/// A signed link is not worth more than the rights of its maker.
#[tokio::test]
async fn links_end_when_their_maker_loses_the_right_to_make_them() {
    let test = TestApp::start().await;
    let (media, _) = test.store(crate::stage::sample("LINKED")).await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    // A key that is revoked, and a user whose password is taken.
    let key = Caller::new(&test, Role::Operator, Scope::Client(2)).await;
    let path = format!("/media/{}/link", media.id);
    let (_, made) = key.send("POST", &path, None).await;
    let url = format!("{}{}", test.origin(), made["url"].as_str().unwrap());
    assert_eq!(test.http.get(&url).send().await.unwrap().status(), 200);
    let keys = admin.get("/keys").await;
    let id = keys["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        admin.send("DELETE", &format!("/keys/{id}"), None).await.0,
        200
    );
    assert_ne!(test.http.get(&url).send().await.unwrap().status(), 200);
    let id = add(&test, "caio", Role::Operator, Scope::Client(2)).await;
    let mut caio = Browser::new(&test);
    caio.sign_in("caio").await;
    let made = caio.send("POST", &path, None).await;
    let url = format!("{}{}", test.origin(), made.body["url"].as_str().unwrap());
    assert_eq!(test.http.get(&url).send().await.unwrap().status(), 200);
    admin
        .send("DELETE", &format!("/users/{id}/password"), None)
        .await;
    assert_ne!(test.http.get(&url).send().await.unwrap().status(), 200);

    let id = add(&test, "bia", Role::Operator, Scope::Client(2)).await;
    let mut bia = Browser::new(&test);
    bia.sign_in("bia").await;
    let made = bia
        .send("POST", &format!("/media/{}/link", media.id), None)
        .await;
    let url = made.body["url"].as_str().unwrap();
    let path = url.split_once("/m/").unwrap().1;
    let url = format!("{}/m/{path}", test.origin());
    assert_eq!(test.http.get(&url).send().await.unwrap().status(), 200);
    let change = Some(json!({"role": "viewer"}));
    assert_eq!(
        admin.send("PATCH", &format!("/users/{id}"), change).await.0,
        200
    );
    assert_ne!(test.http.get(&url).send().await.unwrap().status(), 200);
    test.end().await;
}

//! People who sign in: over which connections, from which pages, how often, and what ends a session.

mod command_line;
mod links;

use midiateca_service::clock::{Clock, DAY, MINUTE};
use midiateca_service::model::{Role, Scope};
use midiateca_service::ops::users::{self, Options};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Caller, two_clients};
use crate::commands::{items, midiateca, stderr, stdout};
use crate::stage::{TODAY, TestApp, impatient};
use midiateca_service::access::Actor;

const PASSWORD: &str = "quatro patos amarelos";

async fn add(test: &TestApp, name: &str, role: Role, scope: Scope) -> String {
    let options = Options {
        within: Scope::All,
        name: name.to_owned(),
        role,
        scope,
        password: Some(PASSWORD.to_owned()),
    };
    let added = users::add(test.app.user_deps(), &Actor::CommandLine(None), options).await;
    added.unwrap().user.id
}

/// A browser: it sends the cookie that it was given last, and the headers of its pages.
struct Browser<'a> {
    test: &'a TestApp,
    cookie: String,
    headers: Vec<(&'static str, &'static str)>,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn code(&self) -> (u16, &str) {
        (
            self.status,
            self.body["error"]["code"].as_str().unwrap_or(""),
        )
    }

    fn cookie(&self) -> &str {
        self.headers["set-cookie"].to_str().unwrap()
    }
}

impl<'a> Browser<'a> {
    fn new(test: &'a TestApp) -> Self {
        Self {
            test,
            cookie: String::new(),
            headers: Vec::new(),
        }
    }

    fn with(&self, headers: &[(&'static str, &'static str)]) -> Self {
        Self {
            test: self.test,
            cookie: self.cookie.clone(),
            headers: headers.to_vec(),
        }
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}/api/v1{path}", self.test.origin());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.test.http.request(method, url);
        if !self.cookie.is_empty() {
            request = request.header("cookie", &self.cookie);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.json().await.unwrap_or(Value::Null),
        }
    }

    async fn try_to_sign_in(&self, name: &str, password: &str) -> Answer {
        let body = json!({"name": name, "password": password});
        self.send("POST", "/session", Some(body)).await
    }

    async fn sign_in(&mut self, name: &str) -> Answer {
        let answer = self.try_to_sign_in(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookie = answer.cookie().split(';').next().unwrap();
        self.cookie = cookie.to_owned();
        answer
    }

    async fn status(&self, path: &str) -> u16 {
        self.send("GET", path, None).await.status
    }
}

#[tokio::test]
async fn a_user_signs_in_sees_the_own_client_and_signs_out() {
    let test = TestApp::start().await;
    let (own, other) = two_clients(&test).await;
    add(&test, "Bia@example.com", Role::Operator, Scope::Client(2)).await;
    let mut bia = Browser::new(&test);
    for (name, password) in [
        ("bia@example.com", "wrong password"),
        ("unknown", PASSWORD),
        ("", ""),
    ] {
        let refused = bia.try_to_sign_in(name, password).await;
        assert_eq!(refused.code(), (401, "wrong_password"), "{name}");
        assert!(!refused.headers.contains_key("set-cookie"));
    }
    let answer = bia.sign_in(" BIA@example.com ").await;
    assert_eq!(
        (&answer.body["name"], &answer.body["client"]),
        (&json!("bia@example.com"), &json!(2))
    );
    let cookie = answer.cookie();
    assert!(
        cookie.starts_with("midiateca=") && cookie.contains("; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let me = bia.send("GET", "/session", None).await.body;
    assert_eq!(
        (&me["role"], &me["user"]["name"]),
        (&json!("operator"), &json!("bia@example.com"))
    );
    assert_eq!(bia.status(&format!("/media/{own}")).await, 200);
    assert_eq!(bia.status(&format!("/media/{other}")).await, 404);
    assert_eq!(
        bia.send("GET", "/users", None).await.code(),
        (403, "role_too_low")
    );
    let retried = bia.send("POST", &format!("/media/{own}/retry"), None).await;
    assert!(retried.status < 300, "{}", retried.body);
    let out = bia.send("DELETE", "/session", None).await;
    assert_eq!(out.status, 204);
    assert!(out.cookie().contains("Max-Age=0"), "{}", out.cookie());
    assert_eq!(
        bia.send("GET", "/media", None).await.code(),
        (401, "missing_key")
    );
    test.end().await;
}

#[tokio::test]
async fn a_password_and_a_cookie_pass_over_https_or_on_this_machine_only() {
    let test = TestApp::start().await;
    add(&test, "ana", Role::Viewer, Scope::All).await;
    let far = ("x-forwarded-for", "203.0.113.9");
    for headers in [
        &[far][..],
        &[far, ("x-forwarded-proto", "http")],
        &[far, ("x-forwarded-proto", "https, http")],
        &[("host", "midia.example.com")],
        &[("host", "localhost.example.com")],
        // By a proxy on this machine that does not say for whom.
        &[("x-forwarded-proto", "http")],
        &[("x-forwarded-host", "midia.example.com")],
        &[("x-real-ip", "203.0.113.9")],
    ] {
        let browser = Browser::new(&test).with(headers);
        let refused = browser.try_to_sign_in("ana", PASSWORD).await;
        assert_eq!(
            refused.code(),
            (403, "connection_not_private"),
            "{headers:?}"
        );
    }
    let https = [
        far,
        ("x-forwarded-proto", "https"),
        ("host", "midia.example.com"),
    ];
    let mut secure = Browser::new(&test).with(&https);
    let answer = secure.sign_in("ana").await;
    let cookie = answer.cookie();
    assert!(
        cookie.starts_with("__Host-midiateca=") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    assert_eq!(secure.status("/media").await, 200);
    // The same cookie over a connection that others may read, or under the other name.
    assert_eq!(secure.with(&[far]).status("/media").await, 401);
    let mut renamed = Browser::new(&test);
    renamed.cookie = secure.cookie.replace("__Host-", "");
    renamed.headers = https.to_vec();
    assert_eq!(renamed.status("/media").await, 401);
    test.end().await;
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let mut config = impatient();
    config.http.public_url = "https://midia.example.com/".to_owned();
    let test = TestApp::with(config, Clock::system()).await;
    add(&test, "ana", Role::Admin, Scope::All).await;
    let https = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
    ];
    let mut ana = Browser::new(&test).with(&https);
    ana.sign_in("ana").await;
    let with = |more: &[(&'static str, &'static str)]| ana.with(&[&https, more].concat());
    let key = json!({"name": "x"});
    for foreign in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", "http://midia.example.com")],
        &[("origin", "https://midia.example.com.evil.example")],
        &[("origin", "https://evil.example"), ("host", "evil.example")],
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "same-origin"),
        ],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ] {
        let browser = with(foreign);
        let refused = browser.send("POST", "/keys", Some(key.clone())).await;
        assert_eq!(refused.code(), (403, "other_site"), "{foreign:?}");
        let refused = browser.try_to_sign_in("ana", PASSWORD).await;
        assert_eq!(refused.code(), (403, "other_site"), "{foreign:?}");
        let refused = browser.send("DELETE", "/session", None).await;
        assert_eq!(refused.code(), (403, "other_site"), "{foreign:?}");
    }
    for own in [
        &[("origin", "https://midia.example.com")][..],
        &[("sec-fetch-site", "same-origin")],
        &[],
    ] {
        let made = with(own).send("POST", "/keys", Some(key.clone())).await;
        assert_eq!(made.status, 201, "{own:?}: {}", made.body);
    }
    // A key is no cookie: no browser sends it by itself.
    let caller = Caller::new(&test, Role::Admin, Scope::All).await;
    let request = caller.request("POST", "/keys").json(&key);
    let answer = request
        .header("origin", "https://evil.example")
        .send()
        .await;
    assert_eq!(answer.unwrap().status(), 201);
    test.end().await;
}

#[tokio::test]
async fn guessing_is_slowed_down_per_network() {
    let test = TestApp::start().await;
    add(&test, "ana", Role::Viewer, Scope::All).await;
    let guess = Browser::new(&test).with(&[
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
    ]);
    let mut answers = Vec::new();
    for n in 0..200 {
        let answer = guess
            .try_to_sign_in("ana", &format!("guess number {n}"))
            .await;
        answers.push(answer.status);
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"));
            break;
        }
    }
    assert_eq!(answers[..19], [401; 19]);
    assert_eq!(answers.last(), Some(&429));
    // Another network is not affected.
    Browser::new(&test).sign_in("ana").await;
    test.end().await;
}

#[tokio::test]
async fn a_session_ends_when_it_is_unused_old_or_one_of_too_many() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    add(&test, "ana", Role::Viewer, Scope::All).await;
    let mut unused = Browser::new(&test);
    unused.sign_in("ana").await;
    let mut used = Browser::new(&test);
    used.sign_in("ana").await;
    for _ in 0..4 {
        clock.advance(6 * DAY);
        assert_eq!(used.status("/media").await, 200);
    }
    assert_eq!(unused.status("/media").await, 401);
    clock.advance(6 * DAY - MINUTE);
    assert_eq!(used.status("/media").await, 200);
    clock.advance(MINUTE);
    assert_eq!(used.status("/media").await, 401);

    let id = midiateca_service::access::users::list(&test.app.db, Scope::All)
        .await
        .unwrap()
        .remove(0);
    let mut all = Vec::new();
    for _ in 0..21 {
        clock.advance(1);
        let begun = users::begin_session(test.app.user_deps(), id.clone())
            .await
            .unwrap();
        let mut browser = Browser::new(&test);
        browser.cookie = format!("midiateca={}", begun.token);
        all.push(browser);
    }
    assert_eq!(all[0].status("/media").await, 401);
    assert_eq!(all[1].status("/media").await, 200);
    assert_eq!(all[20].status("/media").await, 200);
    test.end().await;
}

#[tokio::test]
async fn another_password_another_role_and_removal_end_sessions() {
    let test = TestApp::start().await;
    let admin_id = add(&test, "root", Role::Admin, Scope::All).await;
    let id = add(&test, "ana", Role::Viewer, Scope::All).await;
    let mut admin = Browser::new(&test);
    admin.sign_in("root").await;
    let path = format!("/users/{id}");
    let mut ana = Browser::new(&test);
    ana.sign_in("ana").await;
    let change = json!({"current": "not the password", "password": "another one 123"});
    let refused = ana.send("PUT", "/session/password", Some(change)).await;
    assert_eq!(refused.code(), (401, "wrong_password"));
    let short = json!({"current": PASSWORD, "password": "short"});
    let refused = ana.send("PUT", "/session/password", Some(short)).await;
    assert_eq!(refused.code(), (400, "password_short"));
    let change = json!({"current": PASSWORD, "password": PASSWORD});
    assert_eq!(
        ana.send("PUT", "/session/password", Some(change))
            .await
            .status,
        204
    );
    assert_eq!(ana.status("/media").await, 401);

    ana.sign_in("ana").await;
    let moved = admin.send("PATCH", &path, Some(json!({"client": 2}))).await;
    assert_eq!(moved.body["client"], 2, "{}", moved.body);
    assert_eq!(ana.status("/media").await, 401);
    ana.sign_in("ana").await;
    assert_eq!(admin.send("DELETE", &path, None).await.status, 204);
    assert_eq!(ana.status("/media").await, 401);
    assert_eq!(ana.try_to_sign_in("ana", PASSWORD).await.status, 401);

    let own = format!("/users/{admin_id}");
    for (method, body) in [("DELETE", None), ("PATCH", Some(json!({"role": "viewer"})))] {
        let refused = admin.send(method, &own, body).await;
        assert_eq!(refused.code(), (409, "last_admin"), "{method}");
    }
    test.end().await;
}

#[tokio::test]
async fn an_administrator_of_one_client_has_power_over_its_users_only() {
    let test = TestApp::start().await;
    let root = add(&test, "root", Role::Admin, Scope::All).await;
    let other = add(&test, "other", Role::Viewer, Scope::Client(3)).await;
    add(&test, "chefe", Role::Admin, Scope::Client(2)).await;
    let mut chief = Browser::new(&test);
    chief.sign_in("chefe").await;
    let listed = chief.send("GET", "/users", None).await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    for id in [&root, &other] {
        for (method, path, body) in [
            ("GET", format!("/users/{id}"), None),
            (
                "PATCH",
                format!("/users/{id}"),
                Some(json!({"role": "viewer"})),
            ),
            (
                "PATCH",
                format!("/users/{id}"),
                Some(json!({"password": PASSWORD})),
            ),
            ("DELETE", format!("/users/{id}"), None),
            ("DELETE", format!("/users/{id}/password"), None),
            ("POST", format!("/users/{id}/setup-link"), None),
        ] {
            let refused = chief.send(method, &path, body).await;
            assert_eq!(refused.code(), (404, "user_not_found"), "{method} {path}");
        }
    }
    let stolen = json!({"name": "x", "client": 3});
    assert_eq!(chief.send("POST", "/users", Some(stolen)).await.status, 404);
    let made = chief
        .send(
            "POST",
            "/users",
            Some(json!({"name": "novo", "role": "operator"})),
        )
        .await;
    assert_eq!(
        (made.status, &made.body["client"]),
        (201, &json!(2)),
        "{}",
        made.body
    );
    let path = format!("/users/{}", made.body["id"].as_str().unwrap());
    for change in [json!({"client": 3}), json!({"all_clients": true})] {
        let refused = chief.send("PATCH", &path, Some(change)).await;
        assert_eq!(refused.code(), (404, "client_not_found"));
    }
    test.end().await;
}

/// That a name is taken says something about the own client only.
#[tokio::test]
async fn an_administrator_of_one_client_does_not_learn_the_names_of_others() {
    let test = TestApp::start().await;
    add(&test, "root", Role::Admin, Scope::All).await;
    add(&test, "other", Role::Viewer, Scope::Client(3)).await;
    let own = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    let make = async |caller: &Caller<'_>, body: Value| {
        let (status, answer) = caller.send("POST", "/users", Some(body)).await;
        let shown = if status == 201 {
            answer["name"].clone()
        } else {
            answer["error"]["code"].clone()
        };
        (status, shown.as_str().unwrap().to_owned())
    };
    let named = |name: &str| json!({"name": name, "password": PASSWORD});
    for (name, full) in [
        ("ROOT", "2/root"),
        ("other", "2/other"),
        ("free", "2/free"),
        ("3/other", "2/3/other"),
        ("2/ana", "2/ana"),
    ] {
        let made = make(&own, named(name)).await;
        assert_eq!(made, (201, full.to_owned()), "{name}");
        let again = make(&own, named(name)).await;
        assert_eq!(again, (409, "user_name_taken".to_owned()), "{name}");
    }
    let mut browser = Browser::new(&test);
    browser.sign_in("2/Root").await;
    assert_eq!(
        browser.send("GET", "/session", None).await.body["client"],
        2
    );
    // No other user gets such a name.
    for body in [
        json!({"name": "2/new"}),
        json!({"name": "2/new", "client": 3}),
    ] {
        let refused = make(&all, body).await;
        assert_eq!(refused, (400, "user_name_of_client".to_owned()));
    }
    let body = json!({"name": "2/new", "client": 2});
    assert_eq!(make(&all, body).await.0, 201);
    assert_eq!(make(&all, named("root")).await.0, 409);
    test.end().await;
}

#[tokio::test]
async fn a_user_whose_password_was_taken_is_out_until_another_is_set() {
    let test = TestApp::start().await;
    let id = add(&test, "ana", Role::Operator, Scope::All).await;
    let root = add(&test, "root", Role::Admin, Scope::All).await;
    let (mut ana, mut admin) = (Browser::new(&test), Browser::new(&test));
    ana.sign_in("ana").await;
    admin.sign_in("root").await;
    let link = format!("/users/{id}/setup-link");
    let before = admin.send("POST", &link, None).await.body["address"].clone();
    let path = format!("/users/{id}/password");
    let shown = admin.send("DELETE", &path, None).await;
    assert_eq!(shown.body["password_set_at"], Value::Null, "{}", shown.body);
    assert_eq!(ana.status("/media").await, 401);
    assert_eq!(ana.try_to_sign_in("ana", PASSWORD).await.status, 401);
    let set_up = async |address: &Value| {
        let token = address.as_str().unwrap().rsplit('/').next().unwrap();
        let body = json!({"token": token, "password": PASSWORD});
        let browser = Browser::new(&test);
        browser.send("POST", "/setup", Some(body)).await.status
    };
    assert_eq!(set_up(&before).await, 404, "a link from before is valid");
    let link = admin.send("POST", &link, None).await.body["address"].clone();
    assert_eq!(set_up(&link).await, 200);
    assert_eq!(ana.try_to_sign_in("ana", PASSWORD).await.status, 200);
    let own = format!("/users/{root}/password");
    let refused = admin.send("DELETE", &own, None).await;
    assert_eq!(refused.code(), (409, "last_admin"));
    let log = admin.send("GET", "/audit", None).await.body;
    let entries = log["items"].as_array().unwrap().iter();
    let taken = entries.filter(|entry| entry["data"]["change"] == "password_taken");
    assert_eq!(taken.count(), 1, "{log}");
    test.end().await;
}

#[tokio::test]
async fn a_user_signs_out_everywhere() {
    let test = TestApp::start().await;
    add(&test, "ana", Role::Viewer, Scope::All).await;
    let (mut phone, mut desk) = (Browser::new(&test), Browser::new(&test));
    phone.sign_in("ana").await;
    desk.sign_in("ana").await;
    assert_eq!(desk.send("DELETE", "/session/all", None).await.status, 204);
    for browser in [&phone, &desk] {
        assert_eq!(browser.status("/media").await, 401);
    }
    test.end().await;
}

#[tokio::test]
async fn the_audit_log_has_the_actions_of_users_and_no_password() {
    let test = TestApp::start().await;
    let id = add(&test, "ana", Role::Admin, Scope::All).await;
    let mut ana = Browser::new(&test);
    ana.try_to_sign_in("ana", "guess number one").await;
    ana.sign_in("ana").await;
    let log = ana.send("GET", "/audit", None).await.body;
    let entries = log["items"].as_array().unwrap();
    let actions: Vec<_> = entries
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    let (of_users, of_the_stage) = actions.split_at(3);
    assert_eq!(of_users, ["signed_in", "sign_in_refused", "user_added"]);
    assert_eq!(of_the_stage, ["instance_changed", "instance_changed"]);
    assert_eq!(entries[0]["actor"], format!("user:{id}"));
    assert_eq!(entries[1]["actor"], "anonymous");
    assert_eq!(entries[1]["data"], json!({"user": id}));
    let text = log.to_string();
    for secret in [
        PASSWORD,
        "guess number one",
        ana.cookie.split_once('=').unwrap().1,
    ] {
        assert!(!text.contains(secret), "{text}");
    }
    test.end().await;
}

/// Streams share what is read of valid keys for a while.
#[tokio::test]
async fn a_key_that_was_made_a_moment_ago_may_stream() {
    let test = TestApp::start().await;
    let url = format!("{}/api/v1/events?after=0", test.origin());
    test.store(crate::stage::sample("SEEN")).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let caller = Caller::new(&test, Role::Viewer, Scope::All).await;
        let request = test.http.get(&url).header("accept", "text/event-stream");
        let mut stream = request.bearer_auth(&caller.key).send().await.unwrap();
        let first = stream.chunk().await.unwrap();
        assert!(first.is_some_and(|chunk| !chunk.is_empty()));
        streams.push(stream);
    }
    drop(streams);
    test.end().await;
}

#[tokio::test]
async fn a_stream_of_events_ends_with_the_session() {
    let test = TestApp::start().await;
    let id = add(&test, "ana", Role::Viewer, Scope::All).await;
    let mut ana = Browser::new(&test);
    ana.sign_in("ana").await;
    let url = format!("{}/api/v1/events", test.origin());
    let request = test.http.get(url).header("accept", "text/event-stream");
    let mut stream = request.header("cookie", &ana.cookie).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let target = users::Target {
        id: &id,
        within: Scope::All,
    };
    let removed = users::remove(test.app.user_deps(), &Actor::CommandLine(None), target).await;
    removed.unwrap();
    let ended = async { while stream.chunk().await.unwrap().is_some() {} };
    let patience = std::time::Duration::from_secs(60);
    tokio::time::timeout(patience, ended)
        .await
        .expect("the stream goes on");
    test.end().await;
}

//! The HTTP API: who may call, what each caller sees, and that document and routes are the same.

mod audit;
mod callers;
mod content;
mod dossier;
mod events;
mod examiners;
mod figures;
mod holds;
mod lists;
mod making;
mod people;
mod previews;
mod reads;
mod restarts;
mod shapes;
mod turns;
mod users;
mod webhooks;

use midiateca_service::access::Actor;
use midiateca_service::http::api::document;
use midiateca_service::model::{Role, Scope};
use midiateca_service::ops::keys;
use serde_json::{Value, json};

use crate::commands::{midiateca, stderr, stdout};
use crate::stage::{FIRST, OTHER, TestApp, sample};
use wa_sim::SimMedia;

/// A key that was just made.
async fn key(test: &TestApp, role: Role, scope: Scope) -> String {
    let options = keys::Options {
        name: "test".to_owned(),
        role,
        scope,
        expires_in: None,
    };
    let app = &test.app;
    let created = keys::create(&app.db, &app.clock, &Actor::CommandLine(None), options).await;
    created.unwrap().token
}

/// One caller of the API.
pub(crate) struct Caller<'a> {
    test: &'a TestApp,
    key: String,
}

impl<'a> Caller<'a> {
    pub(crate) async fn new(test: &'a TestApp, role: Role, scope: Scope) -> Self {
        let key = key(test, role, scope).await;
        Self { test, key }
    }

    pub(crate) fn with_key(test: &'a TestApp, key: &str) -> Self {
        let key = key.to_owned();
        Self { test, key }
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/api/v1{path}", self.test.origin());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.test.http.request(method, url).bearer_auth(&self.key)
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// A run once it has ended.
    async fn ended(&self, run: &Value) -> Value {
        let path = format!("/bulk/{}", run["id"].as_str().unwrap());
        let started = std::time::Instant::now();
        loop {
            let run = self.get(&path).await;
            if run["state"] != "running" {
                return run;
            }
            assert!(started.elapsed().as_secs() < 60, "{run}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The code of an error.
    async fn error(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let (status, answer) = self.send(method, path, body).await;
        assert!(status >= 400, "{method} {path}: {answer}");
        let error = &answer["error"];
        assert!(error["message"].is_string(), "{method} {path}: {answer}");
        (status, error["code"].as_str().unwrap().to_owned())
    }
}

/// A stored media of each of the two clients.
async fn two_clients(test: &TestApp) -> (String, String) {
    let (first, _) = test.store(sample("OF-FIRST")).await;
    let media = SimMedia::sample(OTHER, "OF-OTHER", wa_media::MediaKind::Image);
    let delivery = test.sim.world().add(media);
    let url = format!("{}/hooks/wapi/{}", test.origin(), test.other_hook);
    let (status, answer) = test.post_to(&url, delivery.body.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["media"][0]["id"].as_str().unwrap().to_owned();
    let other = test
        .settled(&midiateca_service::model::MediaId(id.clone()))
        .await;
    assert_eq!(
        (first.status.as_str(), other.status.as_str()),
        ("stored", "stored")
    );
    (first.id, id)
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let test = TestApp::start().await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    for body in [
        json!([null, null]),
        json!(["x"]),
        json!("x"),
        json!(1),
        Value::Null,
    ] {
        for path in ["/keys", "/clients", "/endpoints"] {
            let (status, code) = admin.error("POST", path, Some(body.clone())).await;
            assert_eq!((status, code.as_str()), (400, "bad_body"), "{path} {body}");
        }
    }
    test.end().await;
}

/// The paths and methods of the document, with ids in the place of their names.
fn requests(ids: &[(&str, &str)]) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(document()).unwrap();
    let mut requests = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1") else {
            continue;
        };
        let mut path = path.to_owned();
        for (name, id) in ids {
            path = path.replace(name, id);
        }
        for method in methods.as_object().unwrap().keys() {
            requests.push((method.to_uppercase(), path.clone()));
        }
    }
    requests
}

/// The document says which role each operation needs.
#[tokio::test]
async fn every_operation_needs_the_role_that_is_documented() {
    let test = TestApp::start().await;
    let roles = [Role::Viewer, Role::Operator, Role::Admin];
    let mut callers = Vec::new();
    for role in roles {
        callers.push(Caller::new(&test, role, Scope::All).await);
    }
    let document: Value = serde_json::from_str(document()).unwrap();
    let mut refused = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let needed = &operation["security"][0]["key"][0];
            let Some(needed) = needed.as_str() else {
                assert_eq!(operation["security"], json!([{}]), "{method} {path}");
                continue;
            };
            let said = operation["description"].as_str().unwrap();
            assert!(
                said.ends_with(&format!("Needs the role `{needed}`.")),
                "{said}"
            );
            let least = roles.iter().position(|role| role.as_str() == needed);
            let least = least.unwrap();
            // With an id that nothing has, so that nothing is done.
            let path = path
                .strip_prefix("/api/v1")
                .unwrap()
                .replace(['{', '}'], "");
            for (at, caller) in callers.iter().enumerate() {
                let method = method.to_uppercase();
                if at > least
                    || at == least && ["/check", "/health", "/session"].contains(&path.as_str())
                {
                    continue;
                }
                let body = (method != "GET").then(|| json!({"neither": "known"}));
                let (status, answer) = caller.send(&method, &path, body).await;
                let is_refused = answer["error"]["code"] == "role_too_low";
                assert_eq!(is_refused, at < least, "{method} {path}: {status} {answer}");
                refused += usize::from(is_refused);
            }
        }
    }
    assert!(refused > 40, "{refused}");
    test.end().await;
}

/// Another client's things do not exist: not in lists, not in counts, and with the same error as what never existed.
#[tokio::test]
async fn nothing_of_another_client_is_seen_on_any_route() {
    let test = TestApp::start().await;
    let (_, foreign) = two_clients(&test).await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    let own = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
    let delivery = {
        let list = all.get(&format!("/deliveries?instance={OTHER}")).await;
        list["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let foreign_key = {
        let (_, made) = all
            .send(
                "POST",
                "/keys",
                Some(json!({"name": "of-three", "client": 3})),
            )
            .await;
        made["id"].as_str().unwrap().to_owned()
    };
    let hold = {
        let body = json!({"client": 3, "reason": "of-three"});
        let (status, made) = all.send("POST", "/holds", Some(body)).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    };
    let link = {
        let (status, made) = all
            .send("POST", &format!("/media/{foreign}/link"), Some(json!({})))
            .await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    };
    let bulk = {
        let body = json!({"action": "dismiss", "filter": {"client": 3}});
        let (status, made) = all.send("POST", "/bulk", Some(body)).await;
        assert_eq!(status, 202, "{made}");
        made["id"].as_str().unwrap().to_owned()
    };
    let chat = all.get("/chats?client=3").await["items"][0]["chat_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut seen = 0;
    for (real, resource) in [
        (&foreign, "/media/"),
        (&delivery, "/deliveries/"),
        (&foreign_key, "/keys/"),
        (&hold, "/holds/"),
        (&bulk, "/bulk/"),
        (&OTHER.to_owned(), "/instances/"),
        (&"3".to_owned(), "/clients/"),
        (&"3".to_owned(), "/chats/"),
    ] {
        let ids = |id: &str| {
            requests(&[
                ("{id}", id),
                ("{client}", id),
                ("{link}", &link),
                ("{chat}", &chat),
            ])
        };
        let absent = if real == "3" { "77" } else { "absent" };
        let pairs = ids(real).into_iter().zip(ids(absent));
        for ((method, path), (_, absent)) in pairs {
            if !path.starts_with(resource) {
                continue;
            }
            let body = ["POST", "PATCH", "PUT"]
                .contains(&method.as_str())
                .then(|| {
                    if path.starts_with("/clients/") {
                        json!({"name": "X"})
                    } else {
                        json!({})
                    }
                });
            let found = own.send(&method, &path, body.clone()).await;
            let expected = own.send(&method, &absent, body).await;
            assert_eq!(found, expected, "{method} {path}");
            assert!(
                found.0 == 404 || found.0 == 403,
                "{method} {path}: {found:?}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 20, "{seen}");
    for (method, path) in requests(&[]) {
        if method != "GET" || path.contains('{') {
            continue;
        }
        let (_, body) = own.send("GET", &path, None).await;
        let text = body.to_string();
        for secret in [
            &foreign,
            &delivery,
            &foreign_key,
            OTHER,
            "OF-OTHER",
            "Oficina",
        ] {
            assert!(!text.contains(secret), "{path} shows {secret}: {text}");
        }
    }
    assert_eq!(own.get("/stats").await["by_status"][0]["count"], 1);
    for filter in [
        "client=3",
        &format!("instance={OTHER}"),
        "message_id=OF-OTHER",
    ] {
        let found = own.get(&format!("/media?{filter}")).await;
        assert_eq!(found["items"], json!([]), "{filter}");
    }
    assert_eq!(all.get(&format!("/media/{foreign}")).await["client"], 3);
    test.end().await;
}

#[tokio::test]
async fn every_documented_route_exists_and_errors_are_documents_in_both_languages() {
    let test = TestApp::start().await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let mut count = 0;
    for (method, path) in requests(&[
        ("{id}", "none"),
        ("{client}", "1"),
        ("{chat}", "c"),
        ("{link}", "l"),
    ]) {
        let body = ["POST", "PATCH", "PUT"]
            .contains(&method.as_str())
            .then(|| json!({"unknown": 1}));
        let (status, answer) = admin.send(&method, &path, body).await;
        let code = answer["error"]["code"].as_str().unwrap_or("");
        assert!(
            code != "page_not_found" && code != "wrong_method",
            "{method} {path}: {answer}"
        );
        assert!(status < 500, "{method} {path}: {answer}");
        if ["/session", "/setup"].contains(&path.as_str()) && method == "POST" {
            continue;
        }
        let url = format!("{}/api/v1{path}", test.origin());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let without = test
            .http
            .request(method.clone(), &url)
            .send()
            .await
            .unwrap();
        assert_eq!(without.status(), 401, "{method} {path} without a key");
        if count % 4 == 0 {
            // More would be answered 429.
            let wrong = test.http.request(method, &url).bearer_auth("mk_wrong");
            assert_eq!(wrong.send().await.unwrap().status(), 401, "{path}");
        }
        count += 1;
    }
    assert!(count >= 35, "{count}");
    assert_eq!(
        admin.error("GET", "/nothing", None).await,
        (404, "page_not_found".to_owned())
    );
    assert_eq!(
        admin.error("PUT", "/media", None).await,
        (405, "wrong_method".to_owned())
    );
    let request = admin
        .request("GET", "/media/none")
        .header("accept-language", "pt-BR,pt;q=0.9");
    let body: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(body["error"]["message"], "essa mídia não existe");
    let docs = test
        .http
        .get(format!("{}/docs", test.origin()))
        .send()
        .await
        .unwrap();
    assert!(
        docs.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let page = docs.text().await.unwrap();
    assert!(
        page.contains("GET /api/v1/media/{id}") && !page.contains("<script"),
        "{page}"
    );
    let served = test
        .http
        .get(format!("{}/openapi.json", test.origin()))
        .send()
        .await
        .unwrap();
    let served: Value = served.json().await.unwrap();
    assert_eq!(served["openapi"], "3.1.0");
    let key = admin.get("/dossier-key").await;
    assert_eq!(served["info"]["x-dossier-key"], key["public_key"]);
    test.end().await;
}

/// The names of schemas that a document refers to.
fn references(value: &Value, found: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
                found.insert(name.rsplit('/').next().unwrap().to_owned());
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_schema_that_the_document_refers_to_is_in_it() {
    let document: Value = serde_json::from_str(document()).unwrap();
    let mut names = std::collections::BTreeSet::new();
    references(&document, &mut names);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !schemas.contains_key(*name))
        .collect();
    assert!(names.len() > 20 && missing.is_empty(), "{missing:?}");
}

#[test]
fn the_openapi_document_is_as_recorded() {
    insta::assert_snapshot!("openapi", document());
}

/// The gateway's token goes to `api_base`, and what is there may be read as a file.
#[tokio::test]
async fn only_a_caller_of_all_clients_says_where_a_gateway_is() {
    let test = TestApp::start().await;
    let own = Caller::new(&test, Role::Admin, Scope::Client(2)).await;
    let bases = [
        json!({"api_base": "http://127.0.0.1:1/"}),
        json!({"cdn_base": "http://127.0.0.1:1"}),
    ];
    for change in bases {
        let path = format!("/instances/{FIRST}");
        let (status, code) = own.error("PATCH", &path, Some(change.clone())).await;
        assert_eq!(
            (status, code.as_str()),
            (403, "scope_too_small"),
            "{change}"
        );
        let mut new = change;
        new["id"] = json!("NEW");
        new["client"] = json!(2);
        let (status, _) = own.error("POST", "/instances", Some(new)).await;
        assert_eq!(status, 403);
    }
    let (status, _) = own
        .send(
            "POST",
            "/instances",
            Some(json!({"id": "NEW", "client": 2})),
        )
        .await;
    assert_eq!(status, 201);
    test.end().await;
}

#[tokio::test]
async fn an_instance_that_changes_hands_shows_nothing_of_its_first_client() {
    let test = TestApp::start().await;
    two_clients(&test).await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    let first = Caller::new(&test, Role::Viewer, Scope::Client(2)).await;
    let (status, _) = all
        .send("DELETE", &format!("/instances/{FIRST}"), None)
        .await;
    assert_eq!(status, 204);
    let new = json!({"id": FIRST, "client": 3});
    let (status, added) = all.send("POST", "/instances", Some(new)).await;
    assert_eq!(status, 201, "{added}");
    assert_eq!(
        (&added["deliveries"], &added["last_delivery_at"]),
        (&json!(0), &Value::Null)
    );
    let other = Caller::new(&test, Role::Viewer, Scope::Client(3)).await;
    for path in [
        "/media?message_id=OF-FIRST".to_owned(),
        format!("/deliveries?instance={FIRST}"),
    ] {
        assert_eq!(other.get(&path).await["items"], json!([]), "{path}");
    }
    let own = first.get("/media?message_id=OF-FIRST").await;
    assert_eq!(own["items"].as_array().unwrap().len(), 1, "{own}");
    test.end().await;
}

#[tokio::test]
async fn usage_is_by_client_and_month() {
    let clock = midiateca_service::clock::Clock::fixed(crate::stage::TODAY);
    let test = TestApp::with(crate::stage::impatient(), clock.clone()).await;
    two_clients(&test).await;
    clock.advance(10 * midiateca_service::clock::DAY);
    test.store(sample("DECEMBER")).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let usage = viewer.get("/usage").await;
    let months: Vec<_> = usage["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["month"], &item["client"], &item["media"]))
        .collect();
    let expected = [("2026-12", 2), ("2026-11", 2), ("2026-11", 3)]
        .map(|(month, client)| (json!(month), json!(client), json!(1)));
    assert_eq!(
        months,
        expected
            .iter()
            .map(|(a, b, c)| (a, b, c))
            .collect::<Vec<_>>()
    );
    test.end().await;
}

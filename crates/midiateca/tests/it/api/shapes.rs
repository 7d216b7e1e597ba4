//! What all operations have in common, tested on each that is documented: pages, limits of texts, headers.

use midiateca_service::clock::Clock;
use midiateca_service::http::api::document;
use midiateca_service::model::{Role, Scope};
use serde_json::{Value, json};

use super::{Caller, two_clients};
use crate::stage::{TODAY, TestApp, impatient, sample};
use wa_sim::SimMedia;

fn documented() -> Value {
    serde_json::from_str(document()).unwrap()
}

/// The schema itself, or the one that it names.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let name = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next());
    match name {
        Some(name) => &document["components"]["schemas"][name],
        None => schema,
    }
}

/// The paths of lists below `/api/v1`, with the names of their parameters.
fn lists(document: &Value) -> Vec<(String, Vec<String>)> {
    let mut lists = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let content = &methods["get"]["responses"]["200"]["content"]["application/json"];
        let schema = resolved(document, &content["schema"]);
        if schema["properties"]["items"].is_null() {
            continue;
        }
        assert!(!schema["properties"]["next"].is_null(), "{path}");
        let parameters = methods["get"]["parameters"].as_array();
        let names = parameters.into_iter().flatten();
        let names = names.map(|it| it["name"].as_str().unwrap().to_owned());
        let path = path.strip_prefix("/api/v1").unwrap().to_owned();
        lists.push((path, names.collect()));
    }
    lists
}

/// Endpoints may be on this machine, where nothing answers.
async fn with_endpoints(clock: Clock) -> TestApp {
    let mut config = impatient();
    config.endpoints.allowed_hosts = vec!["127.0.0.1".to_owned()];
    TestApp::with(config, clock).await
}

/// What an item of a list is, without what changes by itself.
fn identities(answer: &Value) -> Vec<Value> {
    let fields = [
        "id", "seq", "n", "client", "month", "chat_id", "instance", "name",
    ];
    let items = answer["items"].as_array().unwrap().iter();
    let identity = |item: &Value| fields.iter().map(|field| item[*field].clone()).collect();
    items.map(identity).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Things of two clients, so that no list is empty. Returns a media and an endpoint that have things of their own.
async fn fill(test: &TestApp, clock: &Clock, all: &Caller<'_>) -> (String, String) {
    let (first, _) = two_clients(test).await;
    for n in 0..2 {
        clock.advance(midiateca_service::clock::MINUTE);
        let media = SimMedia {
            chat_id: Some(format!("551199000000{n}@s.whatsapp.net")),
            ..sample(&format!("MORE{n}"))
        };
        test.store(media).await;
    }
    let mut endpoint = String::new();
    for client in [2, 3] {
        for body in [
            ("/keys", json!({"name": "k", "client": client})),
            (
                "/users",
                json!({"name": format!("user{client}"), "client": client}),
            ),
            ("/holds", json!({"client": client, "reason": "r"})),
            (
                "/endpoints",
                json!({"url": format!("http://127.0.0.1:9/{client}"), "client": client}),
            ),
        ] {
            let (status, made) = all.send("POST", body.0, Some(body.1)).await;
            assert_eq!(status, 201, "{}: {made}", body.0);
            if body.0 == "/endpoints" && endpoint.is_empty() {
                endpoint = made["id"].as_str().unwrap().to_owned();
            }
        }
        let operator = Caller::new(test, Role::Operator, Scope::Client(client)).await;
        let body = json!({"action": "dismiss", "filter": {}});
        let (status, made) = operator.send("POST", "/bulk", Some(body)).await;
        assert_eq!(status, 202, "{made}");
        operator.ended(&made).await;
    }
    for _ in 0..2 {
        let path = format!("/media/{first}/link");
        assert_eq!(all.send("POST", &path, None).await.0, 201);
        let path = format!("/endpoints/{endpoint}/test");
        assert_eq!(all.send("POST", &path, None).await.0, 202);
    }
    (first, endpoint)
}

#[tokio::test]
async fn every_list_has_the_same_pages_limits_and_errors() {
    let clock = Clock::fixed(TODAY);
    let test = with_endpoints(clock.clone()).await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    let (media, endpoint) = fill(&test, &clock, &all).await;
    let document = documented();
    let mut seen = 0;
    for (path, parameters) in lists(&document) {
        let has = |name: &str| parameters.iter().any(|it| it == name);
        let is_of_events = path == "/events";
        let (cursor, most) = if is_of_events {
            ("after", 1_000)
        } else {
            ("cursor", 500)
        };
        assert!(has(cursor) && has("limit"), "{path}: {parameters:?}");
        // The clients themselves, and what is of one thing.
        let is_of_one = path == "/clients" || path.contains('{');
        assert_eq!(has("client"), !is_of_one, "{path}: {parameters:?}");
        let id = if path.starts_with("/media") {
            &media
        } else {
            &endpoint
        };
        let path = path.replace("{id}", id);
        let wrong = [
            "limit=0".to_owned(),
            format!("limit={}", most + 1),
            "limit=x".to_owned(),
            "limit=".to_owned(),
            "neither=1".to_owned(),
            "limit=1&limit=1".to_owned(),
        ];
        for wrong in wrong {
            let found = all.error("GET", &format!("{path}?{wrong}"), None).await;
            assert_eq!(found, (400, "bad_query".to_owned()), "{path}?{wrong}");
        }
        let code = if is_of_events {
            "bad_query"
        } else {
            "bad_cursor"
        };
        for wrong in ["", "%20", "%C3%A7%20", "x%27%20or"] {
            let path = format!("{path}?{cursor}={wrong}");
            let found = all.error("GET", &path, None).await;
            assert_eq!(found, (400, code.to_owned()), "{path}");
        }
        if has("client") {
            let found = all.error("GET", &format!("{path}?client=x"), None).await;
            assert_eq!(found, (400, "bad_query".to_owned()), "{path}");
        }
        let whole = all.get(&format!("{path}?limit={most}")).await;
        let items = identities(&whole);
        let least = if path.ends_with("/attempts") { 1 } else { 2 };
        assert!(items.len() >= least, "{path}: {whole}");
        assert!(is_of_events || whole["next"].is_null(), "{path}: {whole}");
        let (mut paged, mut next) = (Vec::new(), String::new());
        while paged.len() < items.len() {
            let part = all.get(&format!("{path}?limit=1{next}")).await;
            let found = identities(&part);
            assert_eq!(found.len(), 1, "{path}{next}: {part}");
            paged.extend(found);
            let is_last = paged.len() == items.len();
            assert_eq!(part["next"].is_null(), is_last && !is_of_events, "{path}");
            next = format!("&{cursor}={}", encoded(part["next"].as_str().unwrap_or("")));
        }
        assert_eq!(paged, items, "{path}");
        seen += 1;
    }
    assert!(seen >= 15, "{seen}");
    test.end().await;
}

#[tokio::test]
async fn the_client_of_a_list_selects_what_a_caller_of_this_client_sees() {
    let clock = Clock::fixed(TODAY);
    let test = with_endpoints(clock.clone()).await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    fill(&test, &clock, &all).await;
    let [own, other] = [2, 3].map(Scope::Client);
    let own = Caller::new(&test, Role::Admin, own).await;
    let other = Caller::new(&test, Role::Admin, other).await;
    let document = documented();
    let mut paths = lists(&document);
    paths.retain(|(_, parameters)| parameters.iter().any(|it| it == "client"));
    let paths = paths.iter().map(|(path, _)| path.as_str());
    let mut seen = 0;
    for path in paths.chain(["/stats"]) {
        let wanted = own.get(path).await;
        let found = all.get(&format!("{path}?client=2")).await;
        if path == "/stats" {
            assert_eq!(found, wanted);
        } else {
            assert_eq!(identities(&found), identities(&wanted), "{path}");
            assert!(!identities(&found).is_empty(), "{path}");
        }
        // Another client's things are not there, and the own ones are the same.
        assert_eq!(own.get(&format!("{path}?client=2")).await, wanted, "{path}");
        let foreign = other.get(&format!("{path}?client=2")).await;
        let nothing = other.get(&format!("{path}?client=77")).await;
        assert_eq!(foreign, nothing, "{path}");
        if path != "/stats" {
            assert_eq!(foreign["items"], json!([]), "{path}");
        }
        seen += 1;
    }
    assert!(seen >= 12, "{seen}");
    test.end().await;
}

/// The fields of the bodies of an operation, and those of their objects: `filter.chat`.
fn texts(document: &Value, schema: &Value, outer: &str, found: &mut Vec<(String, Value)>) {
    let schema = resolved(document, schema);
    for part in ["oneOf", "allOf", "anyOf"] {
        for part in schema[part].as_array().into_iter().flatten() {
            texts(document, part, outer, found);
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let name = match outer {
            "" => name.clone(),
            outer => format!("{outer}.{name}"),
        };
        let kind = field["type"].to_string();
        if kind.contains("\"string\"") && field["enum"].is_null() {
            found.push((name.clone(), field["maxLength"].clone()));
        }
        if kind.contains("\"array\"") && field["items"]["type"] == "string" {
            found.push((format!("{name}[]"), field["items"]["maxLength"].clone()));
        }
        texts(document, field, &name, found);
    }
}

/// A body with one field.
fn with_text(name: &str, text: &str) -> Value {
    let (name, value) = match name.strip_suffix("[]") {
        Some(name) => (name, json!([text])),
        None => (name, json!(text)),
    };
    let parts = name.rsplit('.');
    parts.fold(value, |inner, part| json!({part: inner}))
}

#[tokio::test]
async fn every_text_of_a_request_has_a_limit() {
    let test = TestApp::start().await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    let document = documented();
    let mut seen = 0;
    let long = "x".repeat(4_097);
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(short) = path.strip_prefix("/api/v1") else {
            continue;
        };
        for (method, operation) in methods.as_object().unwrap() {
            let method = method.to_uppercase();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let (schema, name) = (&parameter["schema"], parameter["name"].as_str().unwrap());
                let is_text = schema["type"].to_string().contains("string");
                if parameter["in"] != "query" || !is_text || !schema["enum"].is_null() {
                    continue;
                }
                // Lists of ids are longer.
                if !schema["maxLength"].is_null() || name == "ids" {
                    continue;
                }
                let address = format!("{short}?{name}={long}");
                let (status, answer) = all.send(&method, &address, None).await;
                let said = answer["error"]["message"].as_str().unwrap_or("");
                let is_said = said.contains(name) && said.contains("longer than 4096");
                // Some know a closer limit, such as two digits.
                let is_closer = ["keys", "lang", "cursor"].contains(&name);
                assert!(status == 400 && (is_said || is_closer), "{address}: {said}");
                seen += 1;
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let mut fields = Vec::new();
            texts(&document, body, "", &mut fields);
            for (name, most) in fields {
                assert!(most.is_u64(), "{method} {path} {name}");
                let field = name.trim_end_matches("[]");
                for (text, wanted) in [(long.as_str(), "longer than 4096"), ("a\0", "NUL")] {
                    let body = Some(with_text(&name, text));
                    let (status, answer) = all.send(&method, short, body).await;
                    let said = answer["error"]["message"].as_str().unwrap_or("");
                    let is_said = said.contains(wanted) && said.contains(field);
                    let is_other = [401, 403, 429].contains(&status);
                    assert!(
                        is_said || is_other,
                        "{method} {path} {name}: {status} {said}"
                    );
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 60, "{seen}");
    test.end().await;
}

/// The nearest limits, by what knows them.
#[tokio::test]
async fn texts_that_are_kept_have_their_own_limits() {
    let test = with_endpoints(Clock::system()).await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    let url = |length: usize| {
        let start = "http://127.0.0.1:9/";
        format!("{start}{}", "p".repeat(length - start.len()))
    };
    for (path, body, status, code) in [
        ("/endpoints", json!({"url": url(2_048)}), 201, ""),
        (
            "/endpoints",
            json!({"url": url(2_049)}),
            400,
            "endpoint_address_long",
        ),
        (
            "/endpoints",
            json!({"url": "http://127.0.0.1:9/a\u{7}b"}),
            400,
            "endpoint_address_invalid",
        ),
        (
            "/endpoints",
            json!({"url": " "}),
            400,
            "endpoint_address_invalid",
        ),
        (
            "/instances",
            json!({"id": "i".repeat(201), "client": 2}),
            400,
            "instance_id_long",
        ),
        (
            "/instances",
            json!({"id": "other", "session": "s".repeat(201), "client": 2}),
            400,
            "instance_id_long",
        ),
        (
            "/keys",
            json!({"name": "k".repeat(201)}),
            400,
            "key_name_invalid",
        ),
        (
            "/users",
            json!({"name": "u".repeat(101)}),
            400,
            "user_name_invalid",
        ),
        (
            "/users",
            json!({"name": "u", "password": "p".repeat(1_025)}),
            400,
            "password_long",
        ),
        (
            "/clients",
            json!({"name": "c".repeat(501)}),
            400,
            "bad_body",
        ),
        (
            "/holds",
            json!({"client": 2, "reason": "r".repeat(1_001)}),
            400,
            "hold_reason_invalid",
        ),
    ] {
        let (found, answer) = all.send("POST", path, Some(body)).await;
        let said = answer["error"]["code"].as_str().unwrap_or("");
        assert_eq!((found, said), (status, code), "{path}: {answer}");
    }
    let listed = all.get("/endpoints").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    test.end().await;
}

/// JSON of the API, of webhooks and of health checks; found, wrong, and without a key.
#[tokio::test]
async fn every_answer_says_how_it_may_be_kept() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("HEADS")).await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    let mut paths = vec![
        "/openapi.json".to_owned(),
        "/healthz".to_owned(),
        "/readyz".to_owned(),
        "/hooks/wapi/wrong".to_owned(),
        "/hooks/none/wrong".to_owned(),
        "/m/none/a.jpg".to_owned(),
        "/none".to_owned(),
        "/api/none".to_owned(),
        "/docs".to_owned(),
        "/".to_owned(),
        "/metrics".to_owned(),
    ];
    let document = documented();
    for path in document["paths"].as_object().unwrap().keys() {
        let ids = [
            ("{id}", media.id.as_str()),
            ("{client}", "2"),
            ("{chat}", "c"),
        ];
        let fill = |path: String, (name, id): (&str, &str)| path.replace(name, id);
        paths.push(ids.into_iter().fold(path.clone(), fill));
    }
    for path in &paths {
        for key in [Some(&all.key), None] {
            for method in [reqwest::Method::GET, reqwest::Method::POST] {
                let request = test.http.request(method.clone(), test.origin() + path);
                let request = match key {
                    Some(key) => request.bearer_auth(key),
                    None => request,
                };
                let answer = request.send().await.unwrap();
                let status = answer.status().as_u16();
                let headers = answer.headers();
                let text = |name: &str| {
                    let value = headers.get(name).and_then(|value| value.to_str().ok());
                    value.unwrap_or("").to_owned()
                };
                let what = format!("{method} {path}: {status} {headers:?}");
                assert_eq!(text("x-content-type-options"), "nosniff", "{what}");
                let kept = text("cache-control");
                // Files and what is made from them have an ETag.
                let is_file = headers.contains_key("etag");
                let wanted = if is_file {
                    "private, no-cache"
                } else {
                    "no-store"
                };
                assert_eq!(kept, wanted, "{what}");
                let vary = text("vary");
                let api = "accept-language, authorization, cookie";
                assert!(!path.starts_with("/api/") || vary.ends_with(api), "{what}");
                let is_page = ["/", "/none"].contains(&path.as_str());
                assert!(
                    !is_page || vary == "accept, accept-language, cookie",
                    "{what}"
                );
            }
        }
    }
    test.end().await;
}

#[tokio::test]
async fn ranges_count_for_get_only_and_an_unchanged_file_has_no_body_and_no_length() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("FILE")).await;
    let all = Caller::new(&test, Role::Admin, Scope::All).await;
    let path = format!("/media/{}/link", media.id);
    let (_, made) = all.send("POST", &path, None).await;
    let link = made["url"].as_str().unwrap();
    let content = format!("/api/v1/media/{}/content", media.id);
    let thumbnail = format!("/api/v1/media/{}/thumbnail", media.id);
    for path in [link, &content, &thumbnail] {
        let request = |method: &str| {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let request = test.http.request(method, test.origin() + path);
            request.bearer_auth(&all.key)
        };
        let whole = request("GET").send().await.unwrap();
        let size = whole.headers()["content-length"].clone();
        let etag = whole.headers()["etag"].clone();
        assert_eq!(
            whole.headers()["cache-control"],
            "private, no-cache",
            "{path}"
        );
        for ranged in ["bytes=0-1", "bytes=999999999-", "bytes=-0"] {
            let head = request("HEAD").header("range", ranged);
            let head = head.send().await.unwrap();
            assert_eq!(head.status(), 200, "{path} {ranged}");
            assert_eq!(head.headers()["content-length"], size, "{path} {ranged}");
            assert!(!head.headers().contains_key("content-range"), "{path}");
        }
        for method in ["GET", "HEAD"] {
            let known = request(method).header("if-none-match", &etag);
            let known = known.header("range", "bytes=0-1").send().await.unwrap();
            assert_eq!(known.status(), 304, "{method} {path}");
            let headers = known.headers();
            assert_eq!(headers["etag"], etag);
            assert_eq!(headers["cache-control"], "private, no-cache");
            for absent in [
                "content-length",
                "content-type",
                "content-disposition",
                "accept-ranges",
                "transfer-encoding",
                "connection",
            ] {
                assert!(
                    !headers.contains_key(absent),
                    "{method} {path}: {headers:?}"
                );
            }
        }
    }
    // A revoked link opens nothing, also for a browser that has the file.
    let etag = format!("\"{}\"", media.sha256.as_deref().unwrap());
    let path = format!("/media/{}/links", media.id);
    assert_eq!(all.send("DELETE", &path, None).await.0, 200);
    let revoked = test.http.get(test.origin() + link);
    let revoked = revoked.header("if-none-match", etag).send().await.unwrap();
    assert_eq!(revoked.status(), 404);
    // The length of an archive is not known before it is made.
    let head = test.http.head(test.origin() + "/api/v1/media.zip");
    let head = head.bearer_auth(&all.key).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(!head.headers().contains_key("content-length"), "{head:?}");
    test.end().await;
}

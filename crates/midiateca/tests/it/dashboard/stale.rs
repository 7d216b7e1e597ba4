//! Pages that are older than what is there: another operator was first, a session ended, a file vanished.

use midiateca_service::model::{Role, Scope};
use midiateca_service::ops::users;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Browser, signed_in};
use crate::stage::{FIRST, TestApp, sample};

/// Sends what a button of the page sends, in Portuguese.
async fn act(browser: &Browser<'_>, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/api/v1{path}", browser.test.origin());
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = browser.http.request(method, url).json(&body);
    let answer = browser.send(request).await;
    let value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
    (answer.status.as_u16(), value)
}

#[tokio::test]
async fn a_button_of_an_old_page_says_what_became_of_the_media() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("STORED")).await;
    let failed = test.fail(wa_sim::Fault::HtmlPage).await;
    test.give_up(&failed.id).await;
    let mut browser = signed_in(&test, Role::Admin, Scope::All).await;
    browser.language = "pt-BR";
    let labels = {
        let page = browser.page("/media").await;
        let text = page
            .split("data-labels=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        serde_json::from_str::<Value>(&text.replace("&#34;", "\"")).unwrap()
    };
    let mut said = Vec::new();
    for (id, action) in [
        (&stored.id, "retry"),
        (&failed.id, "dismiss"),
        (&failed.id, "dismiss"),
    ] {
        let path = format!("/media/{id}/{action}");
        let (status, answer) = act(&browser, "POST", &path, json!({})).await;
        assert_eq!(status, 200, "{path}: {answer}");
        let code = format!("{action}.{}", answer["result"].as_str().unwrap());
        said.push(
            labels[&code]
                .as_str()
                .unwrap_or_else(|| panic!("{code}"))
                .to_owned(),
        );
    }
    assert_eq!(
        said,
        [
            "Já está armazenada.",
            "Foi dispensada.",
            "Não está mais com falha nem expirada; nada foi feito."
        ]
    );
    let page = browser.page(&format!("/media/{}", failed.id)).await;
    assert!(
        page.contains("badge dismissed") && !page.contains("/dismiss\""),
        "{page}"
    );
    test.end().await;
}

#[tokio::test]
async fn a_page_offers_what_the_action_would_do() {
    let test = TestApp::start().await;
    let (erased, _) = test.store(sample("ERASED")).await;
    let report = crate::forget::forget(&test.app, "5500900000001").await;
    assert_eq!(report.unwrap().media, 1);
    let (lost, _) = test.store(sample("LOST")).await;
    std::fs::remove_file(test.file(&lost)).unwrap();
    let (stored, _) = test.store(sample("STORED")).await;
    let failed = test.fail(wa_sim::Fault::HtmlPage).await;
    test.give_up(&failed.id).await;
    let browser = signed_in(&test, Role::Admin, Scope::All).await;
    for (id, retry, dismiss) in [
        (&erased.id, false, false),
        (&lost.id, true, false),
        (&stored.id, false, false),
        (&failed.id, true, true),
    ] {
        let page = browser.page(&format!("/media/{id}")).await;
        for (action, is_offered) in [("retry", retry), ("dismiss", dismiss)] {
            let button = format!("/media/{id}/{action}\"");
            assert_eq!(page.contains(&button), is_offered, "{button}: {page}");
        }
    }
    test.end().await;
}

/// Whatever is gone answers 404 in the language of the page, and its page leads back.
#[tokio::test]
async fn a_button_for_what_another_operator_removed_is_answered_in_the_language_of_the_page() {
    let test = TestApp::start().await;
    test.store(sample("KEPT")).await;
    let mut browser = signed_in(&test, Role::Admin, Scope::All).await;
    browser.language = "pt-BR";
    super::add(&test, "bia", Role::Viewer, Scope::All).await;
    let (_, users) = act(&browser, "GET", "/users", json!({})).await;
    let users = users["items"].as_array().unwrap();
    let bia = users.iter().find(|user| user["name"] == "bia").unwrap();
    let user = format!("/users/{}", bia["id"].as_str().unwrap());
    let (_, endpoint) = {
        let body = json!({"url": "https://hooks.example.com/x"});
        act(&browser, "POST", "/endpoints", body).await
    };
    let endpoint = format!("/endpoints/{}", endpoint["id"].as_str().unwrap());
    let instance = format!("/instances/{FIRST}");
    for path in [&user, &endpoint, &instance] {
        let removed = act(&browser, "DELETE", path, json!({})).await;
        assert_eq!(removed.0, 204, "{path}");
    }
    let removed = act(&browser, "DELETE", "/clients/2?keep_files=true", json!({})).await;
    assert_eq!(removed.0, 200);
    for (method, path) in [
        ("DELETE", user.clone()),
        ("PATCH", user.clone()),
        ("DELETE", format!("{user}/password")),
        ("POST", format!("{user}/setup-link")),
        ("DELETE", endpoint.clone()),
        ("PATCH", endpoint.clone()),
        ("POST", format!("{endpoint}/rotate-secret")),
        ("POST", format!("{endpoint}/test")),
        ("DELETE", instance.clone()),
        ("PATCH", instance.clone()),
        ("POST", format!("{instance}/rotate-hook")),
        ("PUT", format!("{instance}/webhooks")),
        ("DELETE", "/clients/2".to_owned()),
        ("PATCH", "/clients/2".to_owned()),
        ("POST", "/media/gone/retry".to_owned()),
        ("POST", "/media/gone/dismiss".to_owned()),
        ("POST", "/media/gone/link".to_owned()),
        ("POST", "/deliveries/gone/replay".to_owned()),
        ("DELETE", "/holds/gone".to_owned()),
        ("DELETE", "/keys/gone".to_owned()),
    ] {
        let body = match path.as_str() {
            "/clients/2" => json!({"name": "X"}),
            _ => json!({}),
        };
        let (status, answer) = act(&browser, method, &path, body).await;
        assert_eq!(status, 404, "{method} {path}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(
            message.starts_with("não ") || message.contains("não existe"),
            "{method} {path}: {message}"
        );
    }
    for path in [
        endpoint.as_str(),
        instance.as_str(),
        "/clients/2",
        "/media/gone",
        "/deliveries/gone",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(
            page.text.contains("class=\"button\" href=\"/\""),
            "{path}: {}",
            page.text
        );
    }
    test.end().await;
}

#[tokio::test]
async fn a_hold_that_was_released_before_stays_released_since_then() {
    let test = TestApp::start().await;
    let mut browser = signed_in(&test, Role::Admin, Scope::All).await;
    browser.language = "pt-BR";
    let body = json!({"client": 2, "reason": "processo"});
    let (_, hold) = act(&browser, "POST", "/holds", body).await;
    let path = format!("/holds/{}", hold["id"].as_str().unwrap());
    let page = browser.page("/holds").await;
    // The script asks for this field first.
    assert!(page.contains("data-unless=\"released_at\""), "{page}");
    let (_, first) = act(&browser, "DELETE", &path, json!({})).await;
    let (_, seen) = act(&browser, "GET", &path, json!({})).await;
    assert!(seen["released_at"].is_string() && seen == first, "{seen}");
    let page = browser.page("/holds").await;
    assert!(
        page.contains("encerrada") && !page.contains("data-unless"),
        "{page}"
    );
    test.end().await;
}

#[tokio::test]
async fn a_bulk_run_goes_on_when_the_session_ends_and_is_found_after_signing_in() {
    let test = TestApp::start().await;
    for _ in 0..3 {
        let media = test.fail(wa_sim::Fault::HtmlPage).await;
        test.give_up(&media.id).await;
    }
    let mut browser = signed_in(&test, Role::Operator, Scope::All).await;
    let body = json!({"action": "dismiss", "filter": {"status": "failed"}});
    let (status, run) = act(&browser, "POST", "/bulk", body).await;
    assert_eq!(status, 202, "{run}");
    let user = {
        let (_, me) = act(&browser, "GET", "/session", json!({})).await;
        me["user"]["id"].as_str().unwrap().to_owned()
    };
    let deps = test.app.user_deps();
    users::sign_out_everywhere(deps, &user).await.unwrap();
    let path = format!("/bulk/{}", run["id"].as_str().unwrap());
    let (status, refused) = act(&browser, "GET", &path, json!({})).await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (401, &json!("missing_key"))
    );
    let next = browser.get("/failures").await;
    assert_eq!(next.location(), "/sign-in?next=%2Ffailures");
    browser.sign_in("ana").await;
    let started = std::time::Instant::now();
    loop {
        let (status, run) = act(&browser, "GET", &path, json!({})).await;
        assert_eq!(status, 200, "{run}");
        if run["state"] == "finished" {
            assert_eq!(run["result"]["dismissed"], 3, "{run}");
            break;
        }
        assert!(started.elapsed().as_secs() < 60, "{run}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    test.end().await;
}

#[tokio::test]
async fn a_file_that_vanished_after_the_list_was_made_leaves_a_whole_page() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("VANISHED")).await;
    let mut browser = signed_in(&test, Role::Viewer, Scope::All).await;
    browser.language = "pt-BR";
    std::fs::remove_file(test.file(&media)).unwrap();
    for path in [
        "/".to_owned(),
        "/media".to_owned(),
        format!("/media/{}", media.id),
    ] {
        browser.page(&path).await;
    }
    let page = browser.page(&format!("/media/{}", media.id)).await;
    assert!(
        page.contains("id=\"unshown\"") && page.contains(media.sha256.as_deref().unwrap()),
        "{page}"
    );
    for path in ["content", "content?download=true", "thumbnail"] {
        let path = format!("/media/{}/{path}", media.id);
        let (status, answer) = act(&browser, "GET", &path, json!({})).await;
        assert_eq!(status, 404, "{path}");
        assert!(
            answer["error"]["message"].as_str().unwrap().contains("não"),
            "{answer}"
        );
    }
    test.end().await;
}

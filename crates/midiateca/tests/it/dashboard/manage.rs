//! What an administrator changes on the pages: each form has what is in force, and each dangerous button says what it does.

use midiateca_service::model::{Role, Scope};
use serde_json::json;

use super::{Browser, signed_in};
use crate::stage::{FIRST, TestApp, sample};

/// Sends what the page's script sends for a form or a button.
async fn act(browser: &Browser<'_>, method: &str, path: &str, body: serde_json::Value) -> u16 {
    let url = format!("{}/api/v1{path}", browser.test.origin());
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = browser.http.request(method, url).json(&body);
    browser.send(request).await.status.as_u16()
}

/// The part of a page from a piece of text on.
fn from<'p>(page: &'p str, start: &str) -> &'p str {
    let at = page.find(start);
    &page[at.unwrap_or_else(|| panic!("{start} is not in {page}"))..]
}

#[tokio::test]
async fn what_is_changed_of_an_instance_is_read_back() {
    let test = TestApp::start().await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let path = format!("/instances/{FIRST}");
    let page = admin.page(&path).await;
    let form = from(&page, "data-api=\"PATCH /api/v1/instances/");
    for field in [
        "gateway", "api_base", "cdn_base", "routes", "session", "token", "secret",
    ] {
        assert!(form.contains(&format!("name=\"{field}\"")), "{field}");
    }
    assert!(form.contains("<option value=\"wapi\" selected"), "{form}");
    assert!(
        form.contains("data-method=\"DELETE\"") && form.contains("data-confirm=\"Deliveries"),
        "{form}"
    );
    let change = json!({"routes": "link,gateway", "session": "desk"});
    assert_eq!(act(&admin, "PATCH", &path, change).await, 200);
    let page = admin.page(&path).await;
    let form = from(&page, "data-api=\"PATCH");
    assert!(
        form.contains("value=\"link,gateway\"") && form.contains("value=\"desk\""),
        "{form}"
    );
    assert_eq!(act(&admin, "DELETE", &path, json!({})).await, 204);
    assert_eq!(admin.get(&path).await.status, 404);
    assert_eq!(act(&admin, "DELETE", &path, json!({})).await, 404);
    test.end().await;
}

#[tokio::test]
async fn the_removal_of_a_client_says_what_it_ends_and_what_stays() {
    let test = TestApp::start().await;
    test.store(sample("KEPT")).await;
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    for (language, media) in [
        ("en", "with their files: 1."),
        ("pt-BR", "com os arquivos: 1."),
    ] {
        admin.language = language;
        let page = admin.page("/clients/2").await;
        let button = from(&page, "data-method=\"DELETE\"");
        let button = &button[..button.find("</button>").unwrap()];
        assert!(button.contains(FIRST) && button.contains(media), "{button}");
        assert!(button.contains("/clients/2?keep_files=true"), "{button}");
    }
    let empty = admin.page("/clients/3").await;
    assert!(from(&empty, "data-method=\"DELETE\"").contains("/clients/3\""));
    assert_eq!(
        act(&admin, "PATCH", "/clients/2", json!({"name": "Outra"})).await,
        200
    );
    assert!(admin.page("/clients/2").await.contains("value=\"Outra\""));
    assert_eq!(
        act(&admin, "DELETE", "/clients/2?keep_files=true", json!({})).await,
        200
    );
    assert_eq!(admin.get("/clients/2").await.status, 404);
    test.end().await;
}

#[tokio::test]
async fn an_administrator_of_one_client_gets_no_form_that_would_be_refused() {
    let test = TestApp::start().await;
    let chief = signed_in(&test, Role::Admin, Scope::Client(2)).await;
    let page = chief.page(&format!("/instances/{FIRST}")).await;
    assert!(
        page.contains("name=\"token\"") && !page.contains("name=\"api_base\""),
        "{page}"
    );
    let page = chief.page("/clients/2").await;
    assert!(
        !page.contains("data-api") && !page.contains("data-method"),
        "{page}"
    );
    let viewer = {
        super::add(&test, "olga", Role::Viewer, Scope::Client(2)).await;
        let mut browser = Browser::new(&test);
        browser.sign_in("olga").await;
        browser
    };
    let page = viewer.page(&format!("/instances/{FIRST}")).await;
    assert!(
        !page.contains("data-api") && !page.contains("data-method"),
        "{page}"
    );
    test.end().await;
}

#[tokio::test]
async fn an_endpoint_a_user_and_a_link_are_changed_where_they_are_shown() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("LINKED")).await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let body =
        json!({"url": "https://hooks.example.com/x", "types": ["media.stored"], "client": 2});
    assert_eq!(act(&admin, "POST", "/endpoints", body).await, 201);
    let list = admin.page("/endpoints").await;
    let id = from(&list, "href=\"/endpoints/")["href=\"/endpoints/".len()..]
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let page = admin.page(&format!("/endpoints/{id}")).await;
    let form = from(&page, "data-api=\"PATCH");
    assert!(
        form.contains("value=\"media.stored\" data-list checked"),
        "{form}"
    );
    assert!(
        !form.contains("value=\"media.failed\" data-list checked"),
        "{form}"
    );
    assert!(form.contains("<option value=\"2\" selected"), "{form}");
    let change = json!({"url": "https://hooks.example.com/y", "types": [], "all_clients": true});
    assert_eq!(
        act(&admin, "PATCH", &format!("/endpoints/{id}"), change).await,
        200
    );
    let page = admin.page(&format!("/endpoints/{id}")).await;
    assert!(
        page.contains("hooks.example.com/y") && page.contains("badge warning"),
        "{page}"
    );

    super::add(&test, "bia", Role::Viewer, Scope::Client(2)).await;
    let page = admin.page("/access").await;
    let row = from(&page, "<bdi>bia</bdi>");
    let row = &row[..row.find("</tr>").unwrap()];
    for part in [
        "data-api=\"PATCH /api/v1/users/",
        "/password\"",
        "/setup-link\"",
        "data-confirm",
    ] {
        assert!(row.contains(part), "{part}: {row}");
    }

    let link = format!("/media/{}/link", media.id);
    assert_eq!(act(&admin, "POST", &link, json!({})).await, 201);
    let page = admin.page("/links?state=valid").await;
    let row = from(&page, &media.id);
    assert!(
        row.contains("<bdi>ana (user)</bdi>") && row.contains("data-method=\"DELETE\""),
        "{page}"
    );
    let page = admin.page("/links?state=ended").await;
    assert!(!page.contains(&media.id), "{page}");
    test.end().await;
}

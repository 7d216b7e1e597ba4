//! What a page says when something is not possible, and who and what its rows are about.

use std::collections::BTreeSet;

use midiateca_service::clock::{Clock, HOUR};
use midiateca_service::media::counts;
use midiateca_service::model::{InstanceId, Role, Scope};
use serde_json::{Value, json};
use wa_sim::Fault;

use super::{Browser, PASSWORD, Page, add, signed_in, visible};
use crate::stage::{FIRST, TODAY, TestApp, impatient, sample};

/// Sends a request as a browser does for a page.
async fn browse(browser: &Browser<'_>, method: &str, path: &str) -> Page {
    let url = format!("{}{path}", browser.test.origin());
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = browser.http.request(method, url);
    let accepted = "text/html,application/xhtml+xml,*/*;q=0.8";
    browser.send(request.header("accept", accepted)).await
}

#[tokio::test]
async fn an_error_that_a_browser_shows_is_a_page_and_stays_json_for_programs() {
    let test = TestApp::start().await;
    let mut browser = signed_in(&test, Role::Admin, Scope::All).await;
    browser.language = "pt-BR";
    for (method, path, status, words) in [
        ("POST", "/holds", 405, "este endereço"),
        ("POST", "/access", 405, "este endereço"),
        ("GET", "/nowhere", 404, "não há nada neste endereço"),
    ] {
        let page = browse(&browser, method, path).await;
        assert_eq!(page.status.as_u16(), status, "{path}");
        assert!(page.text.contains(words), "{path}: {}", page.text);
        assert!(
            page.text.contains("lang=\"pt-BR\"") && page.text.contains("<noscript>"),
            "{path}: {}",
            page.text
        );
        assert!(!page.text.contains("/docs"), "{path}: {}", page.text);
        let url = format!("{}{path}", test.origin());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let plain = browser.send(browser.http.request(method, url)).await;
        assert_eq!(plain.status.as_u16(), status, "{path}");
        let error: Value = serde_json::from_str(&plain.text).unwrap();
        assert!(error["error"]["code"].is_string(), "{path}: {error}");
    }
    // A gateway that accepts everything gets JSON.
    for path in ["/hooks/wapi/wrong", "/nowhere"] {
        let answer = browse(&browser, "POST", path).await;
        assert!(answer.text.starts_with('{'), "{path}: {}", answer.text);
    }
    test.end().await;
}

#[tokio::test]
async fn a_signed_link_that_does_not_open_says_so_in_the_language_of_the_visitor() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("LINKED")).await;
    let path = format!("/m/{}/photo.jpg?link=x&exp=1&sig=x", media.id);
    let mut stranger = Browser::new(&test);
    for (language, words) in [
        ("en", "this link is not valid"),
        ("pt-BR", "este link não é válido"),
    ] {
        stranger.language = language;
        let page = browse(&stranger, "GET", &path).await;
        assert_eq!(page.status, 404);
        assert!(page.text.contains(words), "{}", page.text);
        assert!(
            page.text.contains(&format!("lang=\"{language}\"")),
            "{}",
            page.text
        );
        // A visitor need not be a user.
        assert!(
            !page.text.contains("class=\"button\" href=\"/\""),
            "{}",
            page.text
        );
        assert_eq!(page.headers["cache-control"], "no-store");
        let json: Value = serde_json::from_str(&stranger.get(&path).await.text).unwrap();
        assert_eq!(json["error"]["code"], "link_not_found", "{json}");
    }
    test.end().await;
}

#[tokio::test]
async fn a_refused_form_and_a_role_that_is_too_low_are_explained_to_a_person() {
    let test = TestApp::start().await;
    let viewer = signed_in(&test, Role::Viewer, Scope::Client(2)).await;
    for path in ["/access", "/holds", "/audit", "/health"] {
        let page = viewer.get(path).await.text;
        assert!(
            page.contains("Your role does not permit this"),
            "{path}: {page}"
        );
        assert!(
            !page.contains("API key") && !page.contains("key create"),
            "{path}: {page}"
        );
    }
    add(&test, "chefe", Role::Admin, Scope::Client(2)).await;
    let mut chief = Browser::new(&test);
    chief.sign_in("chefe").await;
    let page = chief.get("/health").await.text;
    assert!(page.contains("This is for users of all clients."), "{page}");
    let page = Browser::new(&test)
        .post("/sign-in", &[("name", "ana"), ("password", "wrong")])
        .await;
    assert!(page.text.contains("This did not work."), "{}", page.text);
    assert!(!page.text.contains("cannot be shown"), "{}", page.text);
    assert_ne!(PASSWORD, "wrong");
    test.end().await;
}

/// The script reloads the page for these errors: they must be ones that the API knows, and no missing setting.
#[tokio::test]
async fn only_errors_about_what_has_changed_count_as_stale() {
    let test = TestApp::start().await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let page = admin.page("/").await;
    let address = page
        .split("src=\"")
        .find(|part| part.contains("app.js"))
        .unwrap();
    let script = admin.get(address.split('"').next().unwrap()).await.text;
    let list = script.split("const STALE = [").nth(1).unwrap();
    let list = list.split(']').next().unwrap();
    let codes: BTreeSet<_> = list
        .split(", ")
        .map(|code| code.trim_matches('"'))
        .collect();
    assert!(codes.contains("client_has_media"), "{codes:?}");
    let slots = format!("/api/v1/instances/{FIRST}/webhooks");
    let url = format!("{}{slots}", test.origin());
    let refused = admin.send(admin.http.put(url).json(&json!({}))).await;
    let error: Value = serde_json::from_str(&refused.text).unwrap();
    assert_eq!(
        (refused.status.as_u16(), &error["error"]["code"]),
        (409, &json!("no_public_url"))
    );
    assert!(!codes.contains("no_public_url"), "{codes:?}");
    test.end().await;
}

#[tokio::test]
async fn rows_name_the_client_beyond_its_number() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("NAMED")).await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let hold = json!({"client": 2, "reason": "processo 12"});
    let url = format!("{}/api/v1/holds", test.origin());
    assert_eq!(
        admin.send(admin.http.post(url).json(&hold)).await.status,
        201
    );
    let url = format!("{}/api/v1/media/{}/link", test.origin(), media.id);
    assert_eq!(
        admin
            .send(admin.http.post(url).json(&json!({})))
            .await
            .status,
        201
    );
    add(&test, "bia", Role::Viewer, Scope::Client(2)).await;
    for path in [
        "/",
        "/instances",
        "/holds",
        "/links",
        "/audit",
        "/access",
        "/chats",
        &format!("/media/{}", media.id),
        &format!("/instances/{FIRST}"),
    ] {
        let page = admin.page(path).await;
        assert!(
            page.contains("Clínica Aurora (cliente_2)"),
            "{path}: {page}"
        );
    }
    let mut viewer = Browser::new(&test);
    viewer.sign_in("bia").await;
    let page = viewer.page("/account").await;
    assert!(page.contains("Clínica Aurora (cliente_2)"), "{page}");
    assert!(!viewer.page("/").await.contains("Oficina"));
    test.end().await;
}

#[tokio::test]
async fn a_hold_says_how_many_media_it_covers_and_warns_when_it_covers_none() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("COVERED")).await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let url = format!("{}/api/v1/holds", test.origin());
    let mut ids = Vec::new();
    for (chat, count) in [
        (media.chat_id.clone().unwrap(), 1),
        ("120363999999999999@g.us".to_owned(), 0),
    ] {
        let hold = json!({"client": 2, "chat": chat, "reason": "processo 12"});
        let made = admin.send(admin.http.post(&url).json(&hold)).await;
        let made: Value = serde_json::from_str(&made.text).unwrap();
        assert_eq!(made["media"], count, "{made}");
        assert_eq!(made["complete"], true, "{made}");
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let list: Value = serde_json::from_str(&admin.get("/api/v1/holds").await.text).unwrap();
    assert_eq!(
        (&list["items"][0]["media"], &list["items"][1]["media"]),
        (&json!(0), &json!(1))
    );
    let page = admin.page("/holds").await;
    assert_eq!(page.matches("covers nothing").count(), 1, "{page}");
    assert_eq!(page.matches("badge stored").count(), 1, "{page}");
    assert!(
        page.contains("<form class=\"stack\" method=\"post\" data-api"),
        "{page}"
    );
    for id in ids {
        let released = admin.send(admin.http.delete(format!("{url}/{id}"))).await;
        let released: Value = serde_json::from_str(&released.text).unwrap();
        assert_eq!(released["media"], 0, "{released}");
    }
    assert!(!admin.page("/holds").await.contains("covers nothing"));
    test.end().await;
}

#[tokio::test]
async fn failures_of_one_client_are_shown_and_acted_on_alone() {
    let test = TestApp::start().await;
    let own = test.fail(Fault::HtmlPage).await;
    test.give_up(&own.id).await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let all = admin.page("/failures").await;
    assert!(
        all.contains("class=\"failure\"") && all.contains("name=\"client\""),
        "{all}"
    );
    let page = admin.page("/failures?client=2").await;
    let row = page.split("class=\"failure\"").nth(1).unwrap();
    assert!(row.contains("client=2"), "{row}");
    assert!(row.contains("&#34;client&#34;:2"), "{row}");
    for path in ["/failures?client=3", "/failures?client=99"] {
        let page = admin.page(path).await;
        assert!(!page.contains("class=\"failure\""), "{path}: {page}");
    }
    assert_eq!(admin.get("/failures?client=x").await.status, 400);
    add(&test, "bia", Role::Viewer, Scope::Client(3)).await;
    let mut other = Browser::new(&test);
    other.sign_in("bia").await;
    let page = other.page("/failures?client=2").await;
    assert!(
        !page.contains("class=\"failure\"") && !page.contains("Aurora"),
        "{page}"
    );
    assert!(!other.page("/failures").await.contains("name=\"client\""));
    test.end().await;
}

#[tokio::test]
async fn the_next_deadline_is_one_that_is_ahead_and_the_same_everywhere() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let (media, _) = test.store(sample("WAITING")).await;
    let now = clock.now();
    let file = test.app.config.database_file(&test.app.data).unwrap();
    let sql = format!(
        "insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, from_me, is_group, voice_note,
           received_at, file_time, media_key_malformed, inline, status, reason, deadline, next_attempt_at, expires_at)
         select 'M' || column1, instance, client, gateway, 'M' || column1, 0, '', kind, key_kind, 0, 0, 0, received_at, received_at, 0, 0,
           'pending', null, column1, {far}, {past} from media, (values ({past}), ({ahead})) where id = '{id}'",
        far = now + 100 * HOUR,
        past = now - HOUR,
        ahead = now + 3 * HOUR,
        id = media.id,
    );
    rusqlite::Connection::open(file)
        .unwrap()
        .execute_batch(&sql)
        .unwrap();
    let ahead = midiateca_service::clock::rfc3339(now + 3 * HOUR);
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let page = admin.page("/").await;
    assert!(visible(&page).contains("in 3 h"), "{page}");
    let status: Value = serde_json::from_str(&admin.get("/api/v1/status").await.text).unwrap();
    assert_eq!(status["queue"]["next_deadline"], ahead, "{status}");
    let metrics = admin.get("/metrics").await.text;
    assert!(metrics.contains("next_deadline_seconds 10800"), "{metrics}");
    let instance = InstanceId(FIRST.to_owned());
    let backlog = counts::backlog(&test.app.db, &instance, now).await;
    assert_eq!(backlog.unwrap().deadline, Some(now + 3 * HOUR));
    clock.advance(4 * HOUR);
    let page = admin.page("/").await;
    assert!(page.contains("no download has a deadline ahead"), "{page}");
    test.end().await;
}

#[tokio::test]
async fn a_chat_with_an_empty_name_is_called_by_its_id() {
    let test = TestApp::start().await;
    let mut media = sample("BLANK");
    media.push_name = Some("\u{200b} \u{2800}".to_owned());
    let (media, _) = test.store(media).await;
    let chat = media.chat_id.unwrap();
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let title = format!("<strong><bdi>{chat}</bdi></strong>");
    let page = admin.page("/chats").await;
    assert!(page.contains(&title), "{page}");
    let page = admin.page(&format!("/chats/2/{chat}")).await;
    assert!(
        page.contains(&format!("<h1><bdi>{chat}</bdi></h1>")),
        "{page}"
    );
    test.end().await;
}

#[tokio::test]
async fn columns_of_buttons_have_a_name_and_what_scrolls_is_reached_by_keyboard() {
    let test = TestApp::start().await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    for path in ["/", "/access", "/holds", "/links", "/instances"] {
        assert!(!admin.page(path).await.contains("<th></th>"), "{path}");
    }
    let page = admin.page("/").await;
    let chart = page.split("id=\"chart\"").nth(1).unwrap();
    let table = chart.split("class=\"scroll\"").nth(1).unwrap();
    let tag = table.split('>').next().unwrap();
    assert!(
        tag.contains("tabindex=\"0\"") && tag.contains("aria-label"),
        "{tag}"
    );
    test.end().await;
}

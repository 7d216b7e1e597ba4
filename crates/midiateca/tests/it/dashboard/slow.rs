//! One part of a page that is slow or fails: the rest is there, the filter stays, and the part says what to do.

use midiateca_service::model::{Role, Scope};
use serde_json::json;

use super::signed_in;
use crate::stage::{FIRST, TestApp, sample};

fn database(test: &TestApp) -> rusqlite::Connection {
    let file = test.app.config.database_file(&test.app.data).unwrap();
    rusqlite::Connection::open(file).unwrap()
}

#[tokio::test]
async fn a_list_that_cannot_be_read_leaves_its_page_and_its_filter() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("SHOWN")).await;
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    let url = format!("{}/api/v1/endpoints", test.origin());
    let made = admin.http.post(url);
    let made = made.json(&json!({"url": "https://hooks.example.com/x"}));
    let made: serde_json::Value = serde_json::from_str(&admin.send(made).await.text).unwrap();
    let endpoint = format!("/endpoints/{}?status=failed", made["id"].as_str().unwrap());
    let chat = media.chat_id.unwrap();
    // What stands below needs what stands above.
    for (table, path, kept) in [
        (
            "notifications",
            endpoint.as_str(),
            "value=\"failed\" selected",
        ),
        ("holds", "/holds", "name=\"reason\""),
        ("links", "/links?state=ended", "value=\"ended\" selected"),
        (
            "audit",
            "/audit?action=user_added",
            "value=\"user_added\" selected",
        ),
        (
            "deliveries",
            "/deliveries?verdict=refused",
            "value=\"refused\" selected",
        ),
        ("media_counts", "/failures?client=2", "value=\"2\" selected"),
        ("media_chats", "/chats?q=Ana", "value=\"Ana\""),
        ("media", "/media?q=foto&kind=image", "value=\"foto\""),
        (
            "",
            &format!("/chats/2/{chat}?from=2026-11-01"),
            "value=\"2026-11-01\"",
        ),
        ("", "/", "id=\"instances\""),
        ("", "/clients/2", "id=\"change\""),
        ("endpoints", "/endpoints", "name=\"url\""),
        ("api_keys", "/access", "name=\"expires_in\""),
        (
            "instances",
            "/instances?standing=receiving",
            "name=\"api_base\"",
        ),
    ] {
        if !table.is_empty() {
            let sql = format!("alter table {table} rename to lost_{table}");
            database(&test).execute_batch(&sql).unwrap();
        }
        for language in ["en", "pt-BR"] {
            admin.language = language;
            let page = admin.get(path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            let text = page.text;
            assert!(text.contains("class=\"problem\""), "{path}: {text}");
            assert!(text.contains(kept), "{path}: {text}");
            let is_said = [
                "cannot be shown",
                "could not be read",
                "não pode ser mostrado",
                "não pôde ser lida",
                "cannot be removed now",
                "ser removido agora",
            ];
            assert!(
                is_said.iter().any(|words| text.contains(words)),
                "{path}: {text}"
            );
            assert!(!text.contains("Nothing matches"), "{path}: {text}");
            assert!(!text.contains("Nada corresponde"), "{path}: {text}");
        }
    }
    test.end().await;
}

/// Longer than a list may take, and not for ever: other readers of the table wait for it.
const SLOW: &str = "alter table links rename to slow_links;
    create view links as select slow_links.* from slow_links where
      (with recursive n (i) as (select 1 union all select i + 1 from n where i < 40000000) select count(*) from n) > 0";

#[tokio::test]
async fn a_slow_query_says_so_in_its_place_and_how_to_narrow_it() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("SHOWN")).await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let url = format!("{}/api/v1/media/{}/link", test.origin(), media.id);
    let link = admin.http.post(url).json(&json!({"expires_in": "1h"}));
    let link = admin.send(link).await;
    assert_eq!(link.status, 201, "{}", link.text);
    database(&test).execute_batch(SLOW).unwrap();
    let path = format!("/media/{}", media.id);
    let begun = std::time::Instant::now();
    let (list, single) = tokio::join!(admin.page("/links?state=valid"), admin.page(&path));
    for page in [&list, &single] {
        assert!(page.contains("takes too long"), "{page}");
        assert!(page.contains("narrow it: add a client"), "{page}");
    }
    assert!(list.contains("value=\"valid\" selected"), "{list}");
    assert!(
        list.contains("href=\"/links?state=valid\">Try again"),
        "{list}"
    );
    assert!(single.contains(&media.sha256.unwrap()), "{single}");
    assert!(begun.elapsed().as_secs() < 30);
    test.end().await;
}

#[tokio::test]
async fn a_day_that_is_none_keeps_the_page_of_a_chat() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("SHOWN")).await;
    let viewer = signed_in(&test, Role::Viewer, Scope::Client(2)).await;
    let path = format!(
        "/chats/2/{}?from=yesterday&kind=image",
        media.chat_id.unwrap()
    );
    let page = viewer.get(&path).await;
    assert_eq!(page.status, 400);
    for words in [
        "<h1><bdi>",
        "value=\"yesterday\"",
        "aria-invalid",
        "name=\"kind\" value=\"image\"",
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(!page.text.contains("class=\"tile\""), "{}", page.text);
    assert!(!page.text.contains(FIRST), "{}", page.text);
    test.end().await;
}

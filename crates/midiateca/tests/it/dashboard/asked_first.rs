//! Every action on many things is counted first, with the clients and an upper bound, and then does exactly that.

use midiateca_service::model::{Role, Scope};
use reqwest::StatusCode;
use serde_json::{Value, json};
use wa_media::MediaKind;
use wa_sim::{Fault, SimMedia};

use super::{Browser, signed_in};
use crate::stage::{OTHER, TestApp, sample};

fn sample_of_other(id: &str) -> SimMedia {
    SimMedia::sample(OTHER, id, MediaKind::Image)
}

async fn post(browser: &Browser<'_>, path: &str, body: Value) -> (StatusCode, Value) {
    let url = format!("{}/api/v1{path}", browser.test.origin());
    let answer = browser.send(browser.http.post(url).json(&body)).await;
    let value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
    (answer.status, value)
}

/// The actions on a page that concern many: what each says before it is done.
fn bulk_actions(page: &str) -> Vec<&str> {
    page.split('<')
        .filter(|tag| tag.contains("data-bulk="))
        .collect()
}

#[tokio::test]
async fn every_action_on_many_has_the_same_dialog_on_every_page() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("SHOWN")).await;
    let failed = test.fail(Fault::HtmlPage).await;
    test.give_up(&failed.id).await;
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    let (_, made) = post(
        &admin,
        "/endpoints",
        json!({"url": "https://hooks.example.com/x"}),
    )
    .await;
    let endpoint = format!("/endpoints/{}", made["id"].as_str().unwrap());
    let chat = format!("/chats/2/{}", media.chat_id.unwrap());
    for (path, count) in [
        ("/media", 4),
        (chat.as_str(), 4),
        ("/failures", 2),
        (&endpoint, 2),
    ] {
        for language in ["en", "pt-BR"] {
            admin.language = language;
            let page = admin.page(path).await;
            let actions = bulk_actions(&page);
            assert_eq!(actions.len(), count, "{path}: {page}");
            for action in actions {
                assert!(action.contains("data-what=\""), "{path}: {action}");
                assert!(action.contains("data-undo=\""), "{path}: {action}");
            }
            assert!(page.contains("data-before=\"2"), "{path}: {page}");
            assert!(page.contains("data-bound=\""), "{path}: {page}");
        }
        // No other way to them: neither a plain download of many nor a run without the dialog.
        let page = admin.page(path).await;
        for tag in page
            .split('<')
            .filter(|tag| tag.contains(".zip?") || tag.contains(".zip\""))
        {
            assert!(tag.contains("data-bulk="), "{path}: {tag}");
        }
    }
    let viewer = {
        super::add(&test, "bia", Role::Viewer, Scope::Client(2)).await;
        let mut viewer = Browser::new(&test);
        viewer.sign_in("bia").await;
        viewer
    };
    // Who may only look may download, and is asked as well.
    assert_eq!(bulk_actions(&viewer.page("/media").await).len(), 2);
    assert_eq!(bulk_actions(&viewer.page("/failures").await).len(), 0);
    test.end().await;
}

#[tokio::test]
async fn a_download_is_counted_first_and_has_nothing_newer_than_its_bound() {
    let test = TestApp::start().await;
    let (first, _) = test.store(sample("FIRST")).await;
    test.store_for_other(sample_of_other("OTHER")).await;
    let operator = signed_in(&test, Role::Operator, Scope::All).await;
    let page = operator.page("/media").await;
    let before = page.split("data-before=\"").nth(1).unwrap();
    let before = before.split('"').next().unwrap().to_owned();
    test.store(sample("LATER")).await;
    for (action, place) in [
        ("export", "/api/v1/media.zip?"),
        ("dossier", "/api/v1/dossier.zip?"),
    ] {
        let body = json!({"action": action, "filter": {}, "before": before, "dry_run": true});
        let (_, counted) = post(&operator, "/bulk", body).await;
        assert_eq!(counted["total"], 2, "{counted}");
        let clients = counted["result"]["clients"].as_array().unwrap();
        let numbers: Vec<_> = clients.iter().map(|one| one["client"].as_i64()).collect();
        assert_eq!(numbers, [Some(2), Some(3)], "{counted}");
        let archive = counted["result"]["archive"].as_str().unwrap();
        assert!(archive.starts_with(place), "{archive}");
        let names = super::archive::zip_names(&download(&operator, archive).await);
        let is_of = |id: &str| names.iter().any(|name| name.contains(id));
        assert!(is_of("FIRST") && is_of("OTHER"), "{names:?}");
        assert!(!is_of("LATER"), "{names:?}");
        // Of those that were picked, within the filter.
        let body = json!({"action": action, "filter": {"client": 2}, "ids": [first.id, "unknown"], "before": before, "dry_run": true});
        let (_, counted) = post(&operator, "/bulk", body).await;
        assert_eq!(counted["total"], 1, "{counted}");
        let archive = counted["result"]["archive"].as_str().unwrap();
        let names = super::archive::zip_names(&download(&operator, archive).await);
        let is_of = |id: &str| names.iter().any(|name| name.contains(id));
        assert!(is_of("FIRST") && !is_of("OTHER"), "{names:?}");
        let many: Vec<_> = (0..501).map(|n| n.to_string()).collect();
        for ids in [json!([]), json!(many)] {
            let body = json!({"action": action, "filter": {}, "ids": ids, "dry_run": true});
            let (status, refused) = post(&operator, "/bulk", body).await;
            assert_eq!(status, 400, "{refused}");
        }
    }
    test.end().await;
}

async fn download(browser: &Browser<'_>, path: &str) -> Vec<u8> {
    let url = format!("{}{path}", browser.test.origin());
    let request = browser.http.get(url).header("cookie", &browser.cookie);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn what_is_sent_again_is_counted_by_client_and_up_to_a_time() {
    let test = TestApp::start().await;
    test.store(sample("FIRST")).await;
    test.store_for_other(sample_of_other("OTHER")).await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let (_, made) = post(
        &admin,
        "/endpoints",
        json!({"url": "https://hooks.example.com/x"}),
    )
    .await;
    let endpoint = format!("/endpoints/{}", made["id"].as_str().unwrap());
    let missing = format!("{endpoint}/replay-missing");
    let before = midiateca_service::clock::rfc3339(test.app.clock.now() + 1);
    let body = json!({"since": "24h", "before": before, "dry_run": true});
    let (_, counted) = post(&admin, &missing, body).await;
    let clients = counted["result"]["clients"].as_array().unwrap();
    assert!(clients.iter().any(|one| one["client"] == 2), "{counted}");
    assert!(clients.iter().any(|one| one["client"] == 3), "{counted}");
    let total = counted["total"].as_u64().unwrap();
    let sum: u64 = clients
        .iter()
        .map(|one| one["count"].as_u64().unwrap())
        .sum();
    assert_eq!(sum, total, "{counted}");
    assert_eq!(counted["state"], "finished");
    // Counting sends nothing.
    let list = admin.get(&format!("/api/v1{endpoint}/notifications")).await;
    let list: Value = serde_json::from_str(&list.text).unwrap();
    assert_eq!(list["items"], json!([]), "{list}");
    // Nothing of before the first event.
    let body = json!({"since": "24h", "before": "2020-01-01", "dry_run": true});
    assert_eq!(post(&admin, &missing, body).await.1["total"], 0);
    let file = test.app.config.database_file(&test.app.data).unwrap();
    let now = test.app.clock.now();
    let sql = format!(
        "insert into notifications (id, endpoint, event, type, client, status, created_at, ended_at) values
         ('A', '{id}', 1, 'media.stored', 2, 'failed', {now}, {now}),
         ('B', '{id}', 2, 'media.stored', 2, 'failed', {now}, {now} + 60000),
         ('C', '{id}', 0, 'endpoint.test', null, 'failed', {now}, {now}),
         ('D', '{id}', 3, 'media.stored', 2, 'delivered', {now}, {now})",
        id = made["id"].as_str().unwrap()
    );
    rusqlite::Connection::open(file)
        .unwrap()
        .execute_batch(&sql)
        .unwrap();
    let recover = format!("{endpoint}/recover");
    let before = midiateca_service::clock::rfc3339(now + 1);
    let body = json!({"since": "24h", "before": before, "dry_run": true});
    let (_, counted) = post(&admin, &recover, body).await;
    assert_eq!(counted["total"], 2, "{counted}");
    let clients = &counted["result"]["clients"];
    assert_eq!(clients[0]["client"], Value::Null, "{counted}");
    assert_eq!(clients[1]["client"], 2, "{counted}");
    let (_, run) = post(&admin, &recover, json!({"since": "24h", "before": before})).await;
    let path = format!("/api/v1/bulk/{}", run["id"].as_str().unwrap());
    let mut seen = run;
    while seen["state"] == "running" {
        seen = serde_json::from_str(&admin.get(&path).await.text).unwrap();
    }
    assert_eq!(seen["result"]["count"], 2, "{seen}");
    let page = admin.page(&endpoint).await;
    assert!(
        page.contains("<option value=\"24h\" selected>24 h ago"),
        "{page}"
    );
    test.end().await;
}

#[tokio::test]
async fn one_notification_is_sent_again_only_after_a_question() {
    let test = TestApp::start().await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let (_, made) = post(
        &admin,
        "/endpoints",
        json!({"url": "https://hooks.example.com/x"}),
    )
    .await;
    let endpoint = format!("/endpoints/{}", made["id"].as_str().unwrap());
    let (_, sent) = post(&admin, &format!("{endpoint}/test"), json!({})).await;
    let path = format!(
        "{endpoint}/notifications/{}",
        sent["notification"].as_str().unwrap()
    );
    let page = admin.page(&path).await;
    let button = page.split("/resend\"").nth(1).unwrap();
    let button = button.split('>').next().unwrap();
    for words in [
        "data-confirm=\"This one notification",
        "of no client",
        "hooks.example.com",
    ] {
        assert!(button.contains(words), "{words}: {button}");
    }
    test.end().await;
}

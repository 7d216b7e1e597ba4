//! Filters that cannot be used: the page keeps what was typed, says what is wrong where it stands, and lists nothing.

use midiateca_service::model::{Role, Scope};
use serde_json::{Value, json};
use wa_sim::Fault;

use super::signed_in;
use crate::stage::{TestApp, sample};

#[tokio::test]
async fn a_wrong_value_is_marked_and_the_rest_of_the_filter_stays() {
    let test = TestApp::start().await;
    let failed = test.fail(Fault::HtmlPage).await;
    test.give_up(&failed.id).await;
    test.store(sample("STORED")).await;
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    let url = format!("{}/api/v1/endpoints", test.origin());
    let body = json!({"url": "https://hooks.example.com/x"});
    let made = admin.send(admin.http.post(url).json(&body)).await;
    let made: Value = serde_json::from_str(&made.text).unwrap();
    let endpoint = format!("/endpoints/{}", made["id"].as_str().unwrap());
    let sentences = [
        ("en", "is not one of the choices", "is not a time"),
        ("pt-BR", "não é uma das opções", "não é um horário"),
    ];
    for (language, choice, time) in sentences {
        admin.language = language;
        for (path, wrong, message) in [
            ("/media?status=failed&kind=film".to_owned(), "film", choice),
            ("/media?status=failed&client=x9".to_owned(), "x9", choice),
            ("/media?status=failed&from=ontem".to_owned(), "ontem", time),
            (
                "/media?status=failed&to=31/02/2026".to_owned(),
                "31/02/2026",
                time,
            ),
            ("/media?status=failed&day=ontem".to_owned(), "ontem", time),
            ("/chats?client=x9".to_owned(), "x9", choice),
            ("/failures?client=x9".to_owned(), "x9", choice),
            (
                "/deliveries?verdict=lost&gateway=wapi".to_owned(),
                "lost",
                choice,
            ),
            (
                "/deliveries?from=ontem&gateway=wapi".to_owned(),
                "ontem",
                time,
            ),
            ("/links?state=lost".to_owned(), "lost", choice),
            ("/audit?action=lost".to_owned(), "lost", choice),
            ("/audit?to=ontem&actor=anonymous".to_owned(), "ontem", time),
            ("/instances?standing=lost".to_owned(), "lost", choice),
            (format!("{endpoint}?status=lost"), "lost", choice),
        ] {
            let page = admin.get(&path).await;
            assert_eq!(page.status, 400, "{path}");
            let text = page.text;
            assert!(text.contains(message), "{path}: {text}");
            assert!(text.contains(wrong), "{path}: {text}");
            assert!(
                text.contains("aria-invalid=\"true\"") || path.starts_with("/instances"),
                "{path}: {text}"
            );
            assert!(!text.contains("class=\"tile\""), "{path}");
            assert!(!text.contains("data-bulk=\"retry\""), "{path}");
            assert!(!text.contains("class=\"failure\""), "{path}");
            for kept in ["failed", "wapi", "anonymous"] {
                let is_typed = path.contains(&format!("={kept}"));
                let chosen = format!("<option value=\"{kept}\" selected>");
                assert!(!is_typed || text.contains(&chosen), "{path}: {text}");
            }
        }
    }
    test.end().await;
}

#[tokio::test]
async fn what_is_wrong_outside_the_form_keeps_the_form_too() {
    let test = TestApp::start().await;
    test.store(sample("STORED")).await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    for path in [
        "/media?kind=image&cursor=broken",
        "/media?kind=image&sha256=zz",
        "/media?kind=image&limit=0",
        "/media?kind=image&colour=red",
        "/media?kind=image&q=a&q=b",
        "/media?kind=image&q=%00",
    ] {
        let page = admin.get(path).await;
        assert_eq!(page.status, 400, "{path}");
        let text = page.text;
        assert!(text.contains("Nothing is listed"), "{path}: {text}");
        assert!(text.contains("<option value=\"image\" selected>"), "{path}");
        assert!(!text.contains("class=\"tile\""), "{path}");
        assert!(!text.contains("/docs"), "{path}: {text}");
    }
    test.end().await;
}

#[tokio::test]
async fn a_bulk_action_says_whom_it_concerns_and_what_became_of_each() {
    let test = TestApp::start().await;
    let failed = test.fail(Fault::HtmlPage).await;
    test.give_up(&failed.id).await;
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    for (language, words) in [
        (
            "en",
            [
                "status: failed",
                "client: Clínica Aurora (cliente_2)",
                "Only what was received before",
            ],
        ),
        (
            "pt-BR",
            [
                "status: com falha",
                "cliente: Clínica Aurora (cliente_2)",
                "Só o que foi recebido antes de",
            ],
        ),
    ] {
        admin.language = language;
        let page = admin.page("/media?client=2&status=failed").await;
        let actions = page.split("id=\"actions\"").nth(1).unwrap();
        for word in words {
            assert!(actions.contains(word), "{word}: {actions}");
        }
        assert!(actions.contains("data-what=") && actions.contains("data-undo="));
    }
    let bulk = |body: Value| {
        let url = format!("{}/api/v1/bulk", test.origin());
        admin.send(admin.http.post(url).json(&body))
    };
    let filter = json!({"status": "failed"});
    let counted = bulk(json!({"action": "dismiss", "filter": filter, "dry_run": true})).await;
    let counted: Value = serde_json::from_str(&counted.text).unwrap();
    let clients = json!([{"client": 2, "name": "Clínica Aurora", "count": 1}]);
    assert_eq!(counted["result"]["clients"], clients, "{counted}");
    let started = bulk(json!({"action": "dismiss", "filter": filter})).await;
    let started: Value = serde_json::from_str(&started.text).unwrap();
    let path = format!("/api/v1/bulk/{}", started["id"].as_str().unwrap());
    let begun = std::time::Instant::now();
    let ended = loop {
        let run: Value = serde_json::from_str(&admin.get(&path).await.text).unwrap();
        if run["state"] != "running" {
            break run;
        }
        assert!(begun.elapsed().as_secs() < 60, "{run}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert_eq!(
        ended["result"]["results"],
        json!({"dismissed": 1}),
        "{ended}"
    );
    test.end().await;
}

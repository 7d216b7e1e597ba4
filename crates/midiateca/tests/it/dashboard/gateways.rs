//! What the pages say about instances: which need attention, and what their gateways say when they are asked.

use midiateca_service::clock::{Clock, DAY};
use midiateca_service::ingest::tally;
use midiateca_service::model::{Role, Scope};
use serde_json::{Value, json};

use super::{Browser, add, signed_in};
use crate::stage::{FIRST, OTHER, TODAY, TOKEN, TestApp, impatient};

async fn change(browser: &Browser<'_>, body: Value) {
    let url = format!("{}/api/v1/instances/{FIRST}", browser.test.origin());
    let changed = browser.send(browser.http.patch(url).json(&body)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
}

#[tokio::test]
async fn a_gateway_is_asked_after_a_change_and_nothing_is_lost_when_it_refuses() {
    let test = TestApp::start().await;
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    let path = format!("/instances/{FIRST}/gateway");
    let page = admin.page(&path).await;
    assert!(page.contains("id=\"asked\""), "{page}");
    assert!(page.contains("accepted"), "{page}");
    assert!(!page.contains("midiateca instance"), "{page}");
    change(&admin, json!({"token": "wrong"})).await;
    for (language, words) in [
        (
            "en",
            [
                "the gateway refuses the token",
                "under Change",
                "is saved in any case",
            ],
        ),
        (
            "pt-BR",
            [
                "o gateway recusa o token",
                "em Alterar dados",
                "está salva de qualquer forma",
            ],
        ),
    ] {
        admin.language = language;
        let page = admin.page(&path).await;
        for word in words {
            assert!(page.contains(word), "{word}: {page}");
        }
        assert!(!page.contains("midiateca instance"), "{page}");
    }
    change(&admin, json!({"api_base": test.sim.closed_origin()})).await;
    admin.language = "en";
    let page = admin.page(&path).await;
    assert!(page.contains("badge failed"), "{page}");
    assert!(!page.contains("the gateway refuses the token"), "{page}");
    // The form leads to the answer.
    for page in ["/instances".to_owned(), format!("/instances/{FIRST}")] {
        let page = admin.page(&page).await;
        assert!(page.contains("?ask\""), "{page}");
    }
    add(&test, "bia", Role::Viewer, Scope::Client(3)).await;
    let mut other = Browser::new(&test);
    other.sign_in("bia").await;
    assert_eq!(other.get(&path).await.status, 404);
    test.end().await;
}

#[tokio::test]
async fn each_webhook_slot_says_what_it_has_what_is_expected_and_what_to_do() {
    let test = TestApp::start().await;
    let world = test.sim.world();
    world.set_slot(FIRST, "webhookReceived", "https://elsewhere.example/secret");
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    let path = format!("/instances/{FIRST}/gateway");
    for (language, words) in [
        (
            "en",
            [
                "At the gateway now",
                "not as expected",
                "the address of this server",
                "press Set",
            ],
        ),
        (
            "pt-BR",
            [
                "Agora no gateway",
                "diferente do esperado",
                "o endereço deste servidor",
                "clique em Configurar",
            ],
        ),
    ] {
        admin.language = language;
        let page = admin.page(&path).await;
        let slots = page
            .split("id=\"slots\"")
            .nth(1)
            .unwrap_or_else(|| panic!("{page}"));
        for word in words {
            assert!(slots.contains(word), "{word}: {slots}");
        }
        // An address of another server may have its secret.
        assert!(!page.contains("elsewhere.example/secret"), "{page}");
    }
    test.end().await;
}

#[tokio::test]
async fn instances_that_need_attention_come_first_and_are_counted() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    // The times of deliveries are written later than the deliveries.
    let file = test.app.config.database_file(&test.app.data).unwrap();
    let sql = format!("update instances set last_delivery_at = {TODAY} where id = '{FIRST}'");
    rusqlite::Connection::open(file)
        .unwrap()
        .execute_batch(&sql)
        .unwrap();
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    let place = |page: &str, id: &str| page.find(&format!("<bdi>{id}</bdi>"));
    let page = admin.page("/instances").await;
    assert!(place(&page, OTHER) < place(&page, FIRST), "{page}");
    assert!(page.contains("never received anything"), "{page}");
    let only = admin.page("/instances?standing=never_received").await;
    assert!(
        place(&only, OTHER).is_some() && place(&only, FIRST).is_none(),
        "{only}"
    );
    let overview = admin.page("/").await;
    assert!(overview.contains("need attention: 1"), "{overview}");
    clock.advance(3 * DAY);
    for (language, words) in [
        ("en", "silent for 3 d, longer than usual"),
        ("pt-BR", "em silêncio há 3 d, mais que o normal"),
    ] {
        admin.language = language;
        let page = admin.page("/instances?standing=silent").await;
        assert!(page.contains(words), "{page}");
        assert!(place(&page, OTHER).is_none(), "{page}");
    }
    let overview = admin.page("/").await;
    assert!(overview.contains("precisam de atenção: 2"), "{overview}");
    test.end().await;
}

#[tokio::test]
async fn an_error_says_to_a_page_what_can_be_done_there_and_to_a_program_what_it_can_send() {
    let test = TestApp::start().await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let asked = async |path: &str, is_page: bool| {
        let url = format!("{}/api/v1{path}", test.origin());
        let mut request = admin.http.get(url);
        if is_page {
            request = request.header("x-midiateca-page", "1");
        }
        let answer: Value = serde_json::from_str(&admin.send(request).await.text).unwrap();
        answer["error"]["hint"].clone()
    };
    for path in [
        "/media/unknown",
        "/instances/unknown",
        "/deliveries/unknown",
        "/endpoints/unknown",
        "/users/unknown",
        "/media?kind=film",
    ] {
        let hint = asked(path, false).await;
        let hint = hint.as_str().unwrap_or_default();
        assert!(
            hint.contains("/api/v1/") || hint.contains("/docs"),
            "{path}: {hint}"
        );
        assert_eq!(asked(path, true).await, Value::Null, "{path}");
    }
    test.end().await;
}

#[tokio::test]
async fn a_refused_token_is_recorded_when_the_gateway_is_asked_and_shown_with_what_to_do() {
    let test = TestApp::start().await;
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    let new =
        json!({"id": "NEW-1", "client": 2, "token": "wrong", "api_base": test.sim.api_base()});
    let url = format!("{}/api/v1/instances", test.origin());
    let made = admin.send(admin.http.post(url).json(&new)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let seen = admin.page("/instances?standing=never_received").await;
    assert!(seen.contains("<bdi>NEW-1</bdi>"), "{seen}");
    // The form leads to the page that asks.
    admin.page("/instances/NEW-1/gateway").await;
    for (language, words) in [
        ("en", ["the gateway", "under Change"]),
        ("pt-BR", ["o gateway", "em Alterar dados"]),
    ] {
        admin.language = language;
        for path in [
            "/instances?standing=refused_by_gateway",
            "/instances/NEW-1",
            "/",
        ] {
            let page = admin.page(path).await;
            assert!(page.contains("NEW-1"), "{path}: {page}");
            for word in words {
                assert!(page.contains(word), "{word} in {path}: {page}");
            }
            assert!(!page.contains("midiateca instance add"), "{path}: {page}");
        }
    }
    // The API asks the same, and records it the same.
    change(&admin, json!({"token": "wrong"})).await;
    let read = admin
        .get(&format!("/api/v1/instances/{FIRST}/webhooks"))
        .await;
    assert_eq!(read.status, 502, "{}", read.text);
    let problem = async || {
        let found = admin.get(&format!("/api/v1/instances/{FIRST}")).await;
        let found: Value = serde_json::from_str(&found.text).unwrap();
        found["problem"].clone()
    };
    assert_eq!(problem().await, "gateway_token_refused");
    // A gateway that accepts it takes the problem away; one that does not answer says nothing about it.
    change(&admin, json!({"token": TOKEN})).await;
    assert_eq!(problem().await, Value::Null);
    let file = test.app.config.database_file(&test.app.data).unwrap();
    let sql =
        format!("update instances set problem = 'gateway_token_refused' where id = '{FIRST}'");
    rusqlite::Connection::open(file)
        .unwrap()
        .execute_batch(&sql)
        .unwrap();
    let read = admin
        .get(&format!("/api/v1/instances/{FIRST}/webhooks"))
        .await;
    assert_eq!(read.status, 200, "{}", read.text);
    assert_eq!(problem().await, Value::Null);
    test.end().await;
}

#[tokio::test]
async fn refused_deliveries_of_an_instance_are_its_standing_with_reason_and_hint() {
    let test = TestApp::start().await;
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    let wrong = format!("{}/hooks/wapi/no-such-token", test.origin());
    let body = json!({"event": "webhookReceived", "instanceId": FIRST, "messageId": "T1"});
    for _ in 0..2 {
        assert_eq!(test.post_to(&wrong, body.to_string()).await.0, 401);
    }
    assert_eq!(test.post_to(&wrong, "{}").await.0, 401);
    tally::write_down(&test.app.db, &test.app.tally)
        .await
        .unwrap();
    for (language, words) in [
        (
            "en",
            [
                "2 deliveries refused",
                "wrong webhook token",
                "press Set the webhook slots",
            ],
        ),
        (
            "pt-BR",
            [
                "2 entregas recusadas",
                "o token do webhook está errado",
                "clique em Configurar os webhooks",
            ],
        ),
    ] {
        admin.language = language;
        let page = admin.page(&format!("/instances/{FIRST}")).await;
        for word in words {
            assert!(page.contains(word), "{word}: {page}");
        }
        assert!(!page.contains("midiateca instance rotate"), "{page}");
        let list = admin.page("/instances?standing=deliveries_refused").await;
        let row = list.split(&format!("<bdi>{FIRST}</bdi>")).nth(1).unwrap();
        assert!(row.contains(words[0]) && row.contains(words[2]), "{row}");
        assert!(!list.contains(&format!("<bdi>{OTHER}</bdi>")), "{list}");
        // What names no instance is said above the list of those who see all.
        assert!(list.contains("id=\"refused\""), "{list}");
    }
    add(&test, "bia", Role::Viewer, Scope::Client(2)).await;
    let mut other = Browser::new(&test);
    other.sign_in("bia").await;
    let page = other.page("/instances").await;
    assert!(page.contains("2 deliveries refused"), "{page}");
    assert!(!page.contains("id=\"refused\""), "{page}");
    test.end().await;
}

//! Raw deliveries: whose they are, and which stay.

use super::*;
use midiateca_service::access::Actor;
use midiateca_service::ops::clients;

#[tokio::test]
async fn deliveries_from_before_an_instance_changed_hands_are_erased_and_the_new_owners_stay() {
    let test = TestApp::start().await;
    test.store(of_another_person("BEFORE")).await;
    let naming = SimMedia {
        caption: Some(format!("fale com {WHO}")),
        ..of_another_person("BEFORENAMING")
    };
    test.store(naming).await;
    run(
        &test,
        "update instances set client = 3 where id = $1",
        FIRST,
    )
    .await;
    test.app.directory.by_id().await.unwrap();
    let after = SimMedia {
        caption: Some(format!("ligue para {WHO}")),
        ..of_another_person("AFTER")
    };
    let (after, _) = test.store(after).await;
    // Whose it was when it came is what the row says.
    run(
        &test,
        "update media set client = 3 where id = $1",
        &after.id,
    )
    .await;
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!((proof.mentions, proof.deliveries), (1, 1));
    assert_eq!(kept(&test).await.len(), 2);
    test.end().await;
}

/// Another person's, which no reader understands and which names the person.
async fn deliver_unreadable(test: &TestApp) {
    let broken = format!(
        r#"{{"event":"webhookReceived","instanceId":"{FIRST}","sender":{{"id":"5521900000077"}},"msgContent":{{"imageMessage":{{"caption":"para {WHO}", BROKEN"#
    );
    let (status, answer) = test.post(broken).await;
    assert_eq!((status, &answer["status"]), (200, &"set_aside".into()));
}

#[tokio::test]
async fn unreadable_deliveries_stay_until_their_erasure_is_requested() {
    let test = TestApp::start().await;
    test.store(sample("READABLE")).await;
    deliver_unreadable(&test).await;
    let report = would_forget(&test.app, WHO).await;
    assert_eq!((report.deliveries, report.unreadable_left), (1, 1));
    let report = forget(&test.app, WHO).await.unwrap();
    assert_eq!((report.deliveries, report.unreadable_left), (1, 1));
    assert!(!report.is_complete() && !report.left_in_database);
    assert_eq!(kept(&test).await.len(), 1);
    let again = forget(&test.app, WHO).await.unwrap();
    assert!(!again.is_empty() && !again.is_complete());
    let (app, data) = (test.app.clone(), test.app.data.clone());
    let command = ["forget", "--yes", "--client", "2", "--contact", WHO];
    let report = midiateca(&data, &command).await;
    assert_eq!(report.status.code(), Some(1));
    assert!(
        stderr(&report).contains("--unreadable"),
        "{}",
        stderr(&report)
    );
    let report = erase_with_unreadable(&app, 2, WHO).await;
    assert!(report.is_complete() && report.resumed);
    assert_eq!((report.deliveries, report.total().deliveries), (1, 2));
    assert!(!holds(&database_bytes(&test), WHO));
    test.end().await;
}

#[tokio::test]
async fn deliveries_to_another_client_stay_without_media_too() {
    // Whose the instance was first, whose it is, whether that client was removed, and who asks.
    for (first, now, is_removed, asks, is_theirs) in [
        (2, 3, false, 2, false),
        (2, 3, true, 2, false),
        (2, 3, false, 3, true),
        (2, 3, true, 3, true),
        (3, 2, false, 2, true),
    ] {
        let test = TestApp::start().await;
        let (before, _) = test.store(of_another_person("BEFORE")).await;
        for (table, client) in [("media", first), ("instances", now)] {
            let sql = match table {
                "media" => "update media set client = cast($1 as integer)",
                _ => "update instances set client = cast($1 as integer)",
            };
            run(&test, sql, &client.to_string()).await;
        }
        until("the next millisecond", async || {
            test.app.clock.now() > before_at(&test, &before.id).await
        })
        .await;
        deliver_unreadable(&test).await;
        if is_removed {
            let (app, actor) = (&test.app, Actor::CommandLine(None));
            let removed = clients::remove(&app.db, &app.clock, &actor, now, true).await;
            assert!(!removed.unwrap().instances.is_empty());
        }
        let report = erase(&test.app, asks, WHO).await;
        let left = report.unwrap().unreadable_left;
        let case = (first, now, is_removed, asks);
        assert_eq!(left, u64::from(is_theirs), "{case:?}");
        let report = erase_with_unreadable(&test.app, asks, WHO).await;
        assert_eq!(report.deliveries, u64::from(is_theirs));
        test.end().await;
    }
}

async fn before_at(test: &TestApp, id: &str) -> i64 {
    let sql = "select received_at from media where id = $1";
    let row = test.app.db.row(sql, vec![Cell::from(id)]).await;
    row.unwrap().unwrap().int("received_at").unwrap()
}

//! A database that cannot be written for a while: trials 41 and 42.

use midiateca_service::clock::Clock;
use midiateca_service::config::Span;
use midiateca_service::db::Key;
use midiateca_service::model::MediaId;

use crate::stage::{TestApp, impatient, sample};

async fn post(test: &TestApp, id: &str) -> (u16, Option<MediaId>) {
    let delivery = test.sim.world().add(sample(id));
    let (status, answer) = test.post(delivery.body.to_string()).await;
    let media = answer["media"][0]["id"].as_str();
    (status, media.map(|id| MediaId(id.to_owned())))
}

async fn start() -> TestApp {
    let mut config = impatient();
    config.database.busy_timeout = Span::from_ms(200);
    TestApp::with(config, Clock::system()).await
}

#[tokio::test]
async fn a_full_disk_is_answered_503_and_what_was_acknowledged_stays() {
    let test = start().await;
    let (status, first) = post(&test, "BEFORE").await;
    assert_eq!(status, 200);
    let limit = async |sql: &'static str| {
        let limited = test.app.db.write(Key::Everything, async move |tx| {
            tx.rows(sql, vec![]).await.map(drop)
        });
        limited.await.unwrap();
    };
    // The engine refuses to grow the file, as on a full disk.
    limit("pragma max_page_count = 1").await;
    let mut refused = 0;
    for n in 0..200 {
        let (status, media) = post(&test, &format!("FULL{n}")).await;
        match media {
            Some(media) => drop(test.find(&media).await),
            None => assert_eq!(status, 503),
        }
        refused += usize::from(status == 503);
    }
    assert!(refused > 0, "it never was full");
    limit("pragma max_page_count = 1000000").await;
    assert_eq!(post(&test, "AFTER").await.0, 200);
    test.find(&first.unwrap()).await;
    test.end().await;
}

#[tokio::test]
async fn a_locked_database_is_answered_with_503_and_a_reader_delays_no_write() {
    let test = start().await;
    let path = test.app.data.join("midiateca.db");
    let tool = rusqlite::Connection::open(path).unwrap();
    tool.execute_batch("begin; select count(*) from media;")
        .unwrap();
    for n in 0..3 {
        assert_eq!(post(&test, &format!("READ{n}")).await.0, 200);
    }
    tool.execute_batch("commit; begin immediate;").unwrap();
    for n in 0..3 {
        assert_eq!(post(&test, &format!("LOCKED{n}")).await.0, 503);
    }
    tool.execute_batch("rollback").unwrap();
    assert_eq!(post(&test, "AFTER").await.0, 200);
    test.end().await;
}

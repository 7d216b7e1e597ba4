//! Clocks that jump: nothing is deleted, nothing expires, nothing is put off, and nothing is fetched twice.

#[cfg(target_os = "linux")]
mod real;

use midiateca_service::clock::{Clock, DAY, HOUR, MINUTE, Millis};
use midiateca_service::config::{Rule, Span};
use midiateca_service::db::Key;
use midiateca_service::db::Value as Cell;
use midiateca_service::model::{MediaId, Route};
use midiateca_service::ops::retention;
use wa_sim::{Content, Fault, SimMedia};

use crate::retention::sweep;
use crate::stage::{TODAY, TestApp, impatient, sample, until};

const JUMPS: [Millis; 6] = [
    10 * MINUTE,
    -10 * MINUTE,
    2 * HOUR,
    400 * DAY,
    -400 * DAY,
    12_000 * DAY,
];

async fn with_rule(clock: &Clock) -> TestApp {
    let mut config = impatient();
    config.retention.rules = vec![Rule {
        older_than: Some(Span::days(30)),
        ..Rule::default()
    }];
    TestApp::with(config, clock.clone()).await
}

#[tokio::test]
async fn a_clock_that_jumps_deletes_nothing_and_the_real_age_does() {
    for by in JUMPS {
        let clock = Clock::fixed(TODAY);
        let test = with_rule(&clock).await;
        let (media, _) = test.store(sample("KEPT")).await;
        clock.jump(by);
        let refused = sweep(&test.app, false).await;
        assert!(matches!(refused, Err(retention::Error::ClockNotTrusted)));
        let dry = sweep(&test.app, true).await;
        assert!(dry.unwrap().is_empty(), "{by}");
        assert!(test.file(&media).exists());
        clock.jump(-by);
        let swept = sweep(&test.app, false).await;
        assert!(swept.unwrap().is_empty(), "{by}");
        clock.advance(31 * DAY);
        let swept = sweep(&test.app, false).await.unwrap();
        assert_eq!((swept.files, swept.deliveries), (1, 1), "{by}");
        test.end().await;
    }
}

#[tokio::test]
async fn waiting_media_neither_expire_nor_are_delayed_when_the_clock_jumps() {
    for by in JUMPS {
        let clock = Clock::fixed(TODAY);
        let test = TestApp::with_cdn(vec![Route::Cdn], clock.clone()).await;
        let (waiting, delivery) = test
            .store(SimMedia {
                cdn_fault: Fault::FileStatus(503),
                ..sample("WAITS")
            })
            .await;
        clock.jump(by);
        // What comes while the clock is wrong is recorded with the time that goes on without it.
        let (during, _) = test.store(sample("DURING")).await;
        assert_eq!(during.status, "stored", "{by}");
        assert_eq!(during.received_at, waiting.received_at, "{by}");
        clock.advance(10_000);
        let id = MediaId(waiting.id);
        until("a round ran", async || {
            test.settled(&id).await.attempts != waiting.attempts
        })
        .await;
        assert_eq!(test.find(&id).await.status, "pending", "{by}");
        test.sim
            .world()
            .set_cdn_fault(&delivery.direct_path, Fault::None);
        clock.jump(-by);
        clock.advance(60_000);
        test.becomes(&id, "stored").await;
        test.end().await;
    }
}

#[tokio::test]
async fn a_lease_does_not_lapse_when_the_clock_jumps() {
    for by in [10 * MINUTE, -10 * MINUTE, 400 * DAY] {
        let clock = Clock::fixed(TODAY);
        let test = TestApp::with_cdn(vec![Route::Cdn], clock.clone()).await;
        let media = SimMedia {
            content: Content::Generated {
                seed: 5,
                size_bytes: 60_000,
            },
            cdn_fault: Fault::Drip {
                bytes_per_second: 20_000,
            },
            ..sample("LEASED")
        };
        let delivery = test.sim.world().add(media);
        let id = test.deliver(&delivery).await;
        test.becomes(&id, "downloading").await;
        clock.jump(by);
        let stored = test.settled(&id).await;
        assert_eq!(
            (stored.status.as_str(), stored.attempts),
            ("stored", 1),
            "{by}"
        );
        assert_eq!(
            test.sim.world().cdn_requests(&delivery.direct_path),
            1,
            "{by}"
        );
        test.end().await;
    }
}

#[tokio::test]
async fn times_that_a_wrong_clock_wrote_are_corrected_at_the_next_start() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with_cdn(vec![Route::Cdn], clock.clone()).await;
    let down = |id: &str| SimMedia {
        cdn_fault: Fault::FileStatus(503),
        ..sample(id)
    };
    let (late, _) = test.store(down("LATE")).await;
    let (expired, _) = test.store(down("EXPIRED")).await;
    let (over, _) = test.store(down("OVER")).await;
    let (refused, _) = test.store(down("REFUSED")).await;
    let folder = test.app.data.clone();
    let kept = test.end_keeping_the_folder().await;
    let app = crate::stage::open(&folder, impatient(), clock.clone())
        .await
        .unwrap();
    let year = TODAY + 400 * DAY;
    for (sql, id) in [
        (
            "update media set next_attempt_at = $2, deadline = $2 where id = $1",
            &late.id,
        ),
        (
            "update media set status = 'expired', reason = 'cdn_failed' where id = $1 and $2 > 0",
            &expired.id,
        ),
        (
            "update media set status = 'expired', reason = 'cdn_failed', deadline = 5 where id = $1 and $2 > 0",
            &over.id,
        ),
        (
            "update media set status = 'expired', reason = 'cdn_expired' where id = $1 and $2 > 0",
            &refused.id,
        ),
    ] {
        let values = vec![Cell::from(id.as_str()), Cell::from(year)];
        app.db
            .write(Key::Everything, async move |tx| {
                tx.run(sql, values.clone()).await
            })
            .await
            .unwrap();
    }
    midiateca_service::clock_check::begin(&app.clock_check())
        .await
        .unwrap();
    midiateca_service::clock_check::realign(&app.clock_check())
        .await
        .unwrap();
    let rows = app
        .db
        .rows(
            "select message_id, status, next_attempt_at, deadline from media order by message_id",
            vec![],
        )
        .await
        .unwrap();
    let of = |at: usize| {
        (
            rows[at].text("status").unwrap(),
            rows[at].int_or_none("next_attempt_at").unwrap(),
        )
    };
    assert_eq!(of(0), ("pending".to_owned(), None));
    assert_eq!(of(1), ("pending".to_owned(), None));
    assert!(rows[1].int("deadline").unwrap() <= TODAY + 60 * DAY);
    assert_eq!(of(2).0, "expired");
    // Its link is still valid, and no server said otherwise.
    assert_eq!(of(3), ("pending".to_owned(), None));
    app.db.close().await;
    drop(kept);
}

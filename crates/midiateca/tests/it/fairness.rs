//! Slow and failing hosts keep no other download waiting.

use std::time::Duration;

use midiateca_service::clock::{Clock, HOUR};
use midiateca_service::config::Span;
use midiateca_service::db::Key;
use midiateca_service::media;
use midiateca_service::model::{InstanceId, MediaId, MediaStatus, Route};
use midiateca_service::net::cooldown::HostReadiness;
use midiateca_service::queue::{self, Lease, Quota};
use wa_sim::{Fault, SimMedia};

use crate::stage::{FIRST, TOKEN, TestApp, add_instance, impatient, instance, sample, until};

const SIBLING: &str = "SIB000-SIB111-SIB222";

async fn is_stored(test: &TestApp, id: &MediaId) -> bool {
    test.find(id).await.status == MediaStatus::Stored.as_str()
}

/// Delivers media of the first instance whose calls are never answered.
async fn hang(test: &TestApp, media: usize) -> Vec<wa_sim::Delivery> {
    let mut hanging = Vec::new();
    for n in 0..media {
        let delivery = test.sim.world().add(SimMedia {
            fault: Fault::Hang,
            ..sample(&format!("HANG{n:05}"))
        });
        test.deliver(&delivery).await;
        hanging.push(delivery);
    }
    hanging
}

#[tokio::test]
async fn a_sibling_of_a_hanging_number_is_served_at_once() {
    let mut config = impatient();
    // The calls that hang end with the test only.
    config.fetch.call_timeout = Span::from_ms(3_600_000);
    config.worker.drain = Span::from_ms(1);
    let per_client = i64::try_from(config.worker.per_client).unwrap();
    let test = TestApp::with(config, Clock::system()).await;
    test.sim.world().add_instance(SIBLING, TOKEN);
    let new = instance(SIBLING, 2, test.sim.api_base());
    let (_, hook) = add_instance(&test.app, new, Some(TOKEN)).await;
    until("the new instance is known", async || {
        let known = test.app.directory.by_id().await.unwrap();
        known.contains_key(&InstanceId(SIBLING.to_owned()))
    })
    .await;
    hang(&test, 100).await;
    until("its share is taken", async || {
        test.depth(MediaStatus::Downloading).await == per_client - per_client / 4
    })
    .await;
    let media = SimMedia::sample(SIBLING, "GOOD", wa_media::MediaKind::Audio);
    let delivery = test.sim.world().add(media);
    let address = format!("{}/hooks/wapi/{}", test.origin(), hook.unwrap());
    let (status, answer) = test.post_to(&address, delivery.body.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    let id = MediaId(answer["media"][0]["id"].as_str().unwrap().to_owned());
    until("the sibling's media is stored", async || {
        is_stored(&test, &id).await
    })
    .await;
    assert_eq!(test.depth(MediaStatus::Stored).await, 1);
    test.end().await;
}

#[tokio::test]
async fn new_media_go_before_repeated_failures_but_not_before_what_expires_soon() {
    let mut config = impatient();
    config.fetch.call_timeout = Span::from_ms(3_600_000);
    config.worker.drain = Span::from_ms(1);
    (config.worker.concurrency, config.worker.per_client) = (1, 1);
    let test = TestApp::with(config, Clock::system()).await;
    hang(&test, 1).await;
    until("the only place is taken", async || {
        test.depth(MediaStatus::Downloading).await == 1
    })
    .await;
    let now = test.app.clock.now();
    let mut ids = Vec::new();
    // Whether it has failed, and how long it lives.
    for (n, (rounds, lives)) in [(3_i64, 40), (3, 41), (0, 90), (0, 91), (2, 0), (0, 0)]
        .into_iter()
        .enumerate()
    {
        let id = test
            .deliver(&test.sim.world().add(sample(&format!("M{n}"))))
            .await;
        let sql = "update media set rounds = $2, deadline = $3 where id = $1";
        let values = vec![
            id.as_str().into(),
            midiateca_service::db::Value::from(rounds),
            (now + lives * 24 * HOUR + HOUR / 2).into(),
        ];
        test.app
            .db
            .write(Key::Everything, async move |tx| {
                tx.run(sql, values.clone()).await
            })
            .await
            .unwrap();
        ids.push(id);
    }
    let lease = Lease {
        owner: "test".to_owned(),
        until: now + HOUR,
    };
    let quota = |all, repeats| Quota {
        all,
        repeats,
        only_inline: false,
    };
    let claim = async |quota: Quota| -> Vec<usize> {
        let (lease, first) = (lease.clone(), InstanceId(FIRST.to_owned()));
        let claiming = test.app.db.write(Key::Everything, async move |tx| {
            queue::claim(tx, &first, quota, &lease, now).await
        });
        let jobs = claiming.await.unwrap();
        let place = |id: &MediaId| ids.iter().position(|known| known == id).unwrap();
        let mut found: Vec<_> = jobs.iter().map(|job| place(&job.id)).collect();
        // The rows of one statement come in no order.
        found.sort_unstable();
        found
    };
    assert_eq!(claim(quota(1, 1)).await, [5], "new, and expires soon");
    assert_eq!(
        claim(quota(1, 1)).await,
        [4],
        "failed before, but expires soon"
    );
    assert_eq!(claim(quota(1, 1)).await, [2], "new, the earlier deadline");
    assert_eq!(
        claim(quota(2, 1)).await,
        [0, 3],
        "new, then one that failed"
    );
    assert_eq!(claim(quota(2, 0)).await, Vec::<usize>::new());
    assert_eq!(claim(quota(2, 2)).await, [1]);
    test.end().await;
}

#[tokio::test]
async fn a_host_that_times_out_gets_no_more_downloads_for_a_while() {
    let mut config = impatient();
    config.fetch.call_timeout = Span::from_ms(100);
    config.fetch.attempts = 1;
    let test = TestApp::with(config, Clock::system()).await;
    let host = format!("gateway {FIRST}");
    hang(&test, 3).await;
    until("it is on a cooldown", async || {
        test.app.fetch.readiness(&host) == HostReadiness::CoolingDown
    })
    .await;
    let delivery = test.sim.world().add(sample("LATER"));
    let id = test.deliver(&delivery).await;
    // The other client's number is asked as before, and by then the worker has passed over the first.
    let media = SimMedia::sample(crate::stage::OTHER, "OTHER", wa_media::MediaKind::Image);
    let other = test.sim.world().add(media);
    let address = format!("{}/hooks/wapi/{}", test.origin(), test.other_hook);
    let (_, answer) = test.post_to(&address, other.body.to_string()).await;
    let other = MediaId(answer["media"][0]["id"].as_str().unwrap().to_owned());
    until("the other one is stored", async || {
        is_stored(&test, &other).await
    })
    .await;
    if test.app.fetch.readiness(&host) == HostReadiness::CoolingDown {
        let media = test.find(&id).await;
        assert_eq!((media.status.as_str(), media.attempts), ("pending", 0));
    }
    // The first that is tried after the cooldown ends it.
    until("the cooldown ends", async || is_stored(&test, &id).await).await;
    assert_eq!(test.app.fetch.readiness(&host), HostReadiness::Ready);
    test.end().await;
}

#[tokio::test]
async fn the_body_of_an_error_is_not_waited_for() {
    let test = TestApp::start().await;
    let media = test.fail(Fault::DrippingError(500)).await;
    assert_eq!(media.reason.as_deref(), Some("link_failed"));
    test.end().await;
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::system()).await;
    let (media, _) = test
        .store(SimMedia {
            cdn_fault: Fault::DrippingError(404),
            ..sample("GONE")
        })
        .await;
    assert_eq!(media.reason.as_deref(), Some("cdn_gone"));
    test.end().await;
}

#[tokio::test]
async fn a_byte_for_each_connection_is_no_progress() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::system()).await;
    let (media, delivery) = test
        .store(SimMedia {
            cdn_fault: Fault::CutShort { after_bytes: 1 },
            ..sample("BYTEWISE")
        })
        .await;
    assert_eq!(media.reason.as_deref(), Some("cut_short"));
    let requests = test.sim.world().cdn_requests(&delivery.direct_path);
    let tries = test.app.config.fetch.attempts;
    assert!(requests <= tries * 5, "{requests} requests");
    test.end().await;
}

#[tokio::test]
async fn a_new_token_reaches_what_failed_by_the_old_one_while_it_was_set() {
    let test = TestApp::start().await;
    test.sim.world().set_delay(Duration::from_millis(500));
    let mut ids = Vec::new();
    for n in 0..8 {
        let delivery = test.sim.world().add(sample(&format!("TOKEN{n}")));
        ids.push(test.deliver(&delivery).await);
    }
    until("all are asked for", async || {
        test.depth(MediaStatus::Downloading).await == 8
    })
    .await;
    test.sim.world().add_instance(FIRST, "the-new-token");
    let changed = instance(FIRST, 2, test.sim.api_base());
    let (_, hook) = add_instance(&test.app, changed, Some("the-new-token")).await;
    assert!(hook.is_none());
    for id in &ids {
        until("it is stored", async || is_stored(&test, id).await).await;
    }
    let attempts = media::attempts(&test.app.db, &ids[0]).await.unwrap();
    assert!(attempts.len() >= 2, "the old token was never tried");
    test.end().await;
}

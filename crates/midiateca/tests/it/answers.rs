//! Only a server says that a media cannot be had, and one wrong answer is not enough.

use std::time::Duration;

use crate::stage::MediaView;
use midiateca_service::clock::{Clock, DAY, HOUR, MINUTE, Millis, SECOND};
use midiateca_service::model::{MediaId, Route};
use wa_sim::{Fault, SimMedia};

use crate::stage::{FIRST, TODAY, TestApp, impatient, sample};

/// Larger than `fetch.max_file`.
const TERABYTE: u64 = 1_000_000_000_000;

fn fails_once(fault: Fault) -> Fault {
    Fault::FailTimes {
        times: 1,
        fault: Box::new(fault),
    }
}

/// Lets the wait of a media pass, and returns it once its next round has ended.
async fn next_round(test: &TestApp, clock: &Clock, media: &MediaView) -> MediaView {
    let id = MediaId(media.id.clone());
    let waits = test.next_attempt_in(&media.id).await;
    clock.advance(i64::try_from(waits.as_millis()).unwrap() + 1);
    loop {
        let now = test.settled(&id).await;
        if now.attempts > media.attempts || now.status != "pending" {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn whatever_a_gateway_writes_as_the_end_of_its_link_the_link_is_asked() {
    let test = TestApp::with(impatient(), Clock::fixed(TODAY)).await;
    for (n, expires) in [
        // past and to come, in seconds, milliseconds and microseconds
        "1700000000",
        "1900000000",
        "1700000000000",
        "1900000000000",
        "1700000000000000",
        "0",
        "-1",
        "1.7e9",
        "\"1700000000\"",
        "\"2024-01-01T00:00:00Z\"",
        "\"never\"",
        "{\"low\": 1700000000, \"high\": 0, \"unsigned\": true}",
        "[1700000000]",
        "false",
        "null",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let (media, delivery) = test
            .store(SimMedia {
                fault: Fault::LinkExpires(expires.to_owned()),
                ..sample(&format!("EXPIRES{n}"))
            })
            .await;
        assert_eq!((media.status.as_str(), media.attempts), ("stored", 1));
        let requests = test.sim.world().requests(&delivery.direct_path);
        assert_eq!(requests, (1, 1), "{expires}");
    }
    test.end().await;
}

#[tokio::test]
async fn a_link_that_is_past_by_our_clock_alone_is_asked_and_stored() {
    for ahead in [2 * HOUR, 400 * DAY] {
        let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY + ahead)).await;
        test.sim.world().set_now(TODAY / SECOND);
        let (media, delivery) = test
            .store(SimMedia {
                expires_at: (TODAY + HOUR) / SECOND,
                ..sample("AHEAD")
            })
            .await;
        assert_eq!(media.status, "stored", "{:?}", media.reason);
        assert_eq!(test.sim.world().cdn_requests(&delivery.direct_path), 1);
        test.end().await;
    }
}

#[tokio::test]
async fn a_link_that_is_past_by_our_clock_comes_after_the_gateway() {
    let routes = vec![Route::Cdn, Route::Gateway];
    let test = TestApp::with_cdn(routes, Clock::fixed(TODAY)).await;
    let past = |id: &str| SimMedia {
        expires_at: TODAY / SECOND - 60,
        ..sample(id)
    };
    let (media, delivery) = test.store(past("PAST")).await;
    assert_eq!(media.route.as_deref(), Some("gateway"));
    assert_eq!(test.sim.world().cdn_requests(&delivery.direct_path), 0);
    let (media, _) = test
        .store(SimMedia {
            fault: Fault::ApiErrorObject,
            ..past("PAST2")
        })
        .await;
    assert_eq!(media.route.as_deref(), Some("cdn"));
    test.end().await;
}

#[tokio::test]
async fn a_link_that_its_server_calls_expired_and_that_says_so_itself_is_over_at_once() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    test.sim.world().set_now(TODAY / SECOND);
    let (media, delivery) = test
        .store(SimMedia {
            expires_at: (TODAY - 2 * DAY) / SECOND,
            ..sample("OVER")
        })
        .await;
    let (status, reason) = (media.status.as_str(), media.reason.as_deref());
    assert_eq!((status, reason), ("expired", Some("cdn_expired")));
    assert_eq!(media.attempts, 1);
    assert_eq!(test.sim.world().cdn_requests(&delivery.direct_path), 0);
    test.end().await;
}

#[tokio::test]
async fn one_wrong_answer_ends_no_media() {
    let clock = Clock::fixed(TODAY);
    let mut config = impatient();
    config.fetch.routes = vec![Route::Gateway];
    let gateway = TestApp::with(config, clock.clone()).await;
    for (n, fault) in [
        Fault::ContentLength(TERABYTE),
        Fault::LinkTo("https://files.example.com/x".to_owned()),
        Fault::LinkTo("http://0.0.0.0/x".to_owned()),
        Fault::LinkTo("http://169.254.169.254/".to_owned()),
        Fault::LinkTo("not a link".to_owned()),
        Fault::RedirectTo("https://login.example.com/".to_owned()),
        Fault::FileStatus(404),
        Fault::FileStatus(413),
        Fault::ApiStatus(413),
        Fault::ApiErrorTrue,
        Fault::HtmlPage,
        Fault::StillEncrypted,
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("ONCE{n}");
        let (mut media, _) = gateway
            .store(SimMedia {
                fault: fails_once(fault.clone()),
                ..sample(&id)
            })
            .await;
        if media.status != "stored" {
            assert_eq!(media.status, "pending", "{fault:?}");
            media = next_round(&gateway, &clock, &media).await;
        }
        assert_eq!(media.status, "stored", "{fault:?}: {:?}", media.reason);
    }
    gateway.end().await;
    let cdn = TestApp::with_cdn(vec![Route::Cdn], clock.clone()).await;
    for (n, fault) in [
        Fault::FileStatus(400),
        Fault::FileStatus(404),
        Fault::FileStatus(410),
        Fault::FileStatus(413),
        Fault::FileStatus(415),
        Fault::ContentLength(TERABYTE),
        Fault::RedirectTo("https://login.example.com/".to_owned()),
        Fault::HtmlPage,
    ]
    .into_iter()
    .enumerate()
    {
        let (mut media, _) = cdn
            .store(SimMedia {
                cdn_fault: fails_once(fault.clone()),
                ..sample(&format!("CDN{n}"))
            })
            .await;
        if media.status != "stored" {
            assert_eq!(media.status, "pending", "{fault:?}");
            media = next_round(&cdn, &clock, &media).await;
        }
        assert_eq!(media.status, "stored", "{fault:?}: {:?}", media.reason);
    }
    cdn.end().await;
}

#[tokio::test]
async fn answers_that_agree_over_an_hour_end_a_media_with_few_requests() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with_cdn(vec![Route::Cdn], clock.clone()).await;
    for (fault, reason) in [
        (Fault::FileStatus(404), "cdn_gone"),
        (Fault::FileStatus(400), "cdn_refused"),
        (Fault::ContentLength(TERABYTE), "too_large"),
    ] {
        let began = clock.now();
        let (mut media, delivery) = test
            .store(SimMedia {
                cdn_fault: fault.clone(),
                ..SimMedia::sample(FIRST, &format!("GONE{began}"), wa_media::MediaKind::Image)
            })
            .await;
        while media.status == "pending" {
            assert_eq!(media.reason.as_deref(), Some(reason), "{fault:?}");
            assert!(clock.now() - began < 2 * HOUR, "{fault:?} waits too long");
            media = next_round(&test, &clock, &media).await;
        }
        assert_eq!(media.status, "failed", "{fault:?}");
        let took: Millis = clock.now() - began;
        assert!(took >= HOUR - MINUTE, "{fault:?} ended after {took} ms");
        assert!(test.sim.world().cdn_requests(&delivery.direct_path) <= 6);
    }
    test.end().await;
}

#[tokio::test]
async fn an_answer_of_another_kind_in_between_begins_the_count_again() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with_cdn(vec![Route::Cdn], clock.clone()).await;
    let (mut media, delivery) = test
        .store(SimMedia {
            cdn_fault: Fault::FileStatus(503),
            ..sample("MIXED")
        })
        .await;
    // Far up the backoff already, and then for the first time the answer that it is gone.
    for _ in 0..6 {
        media = next_round(&test, &clock, &media).await;
    }
    let world = test.sim.world();
    for status in [404, 404, 503, 404, 404] {
        world.set_cdn_fault(&delivery.direct_path, Fault::FileStatus(status));
        media = next_round(&test, &clock, &media).await;
        assert_eq!(media.status, "pending", "{status}");
    }
    media = next_round(&test, &clock, &media).await;
    let (status, reason) = (media.status.as_str(), media.reason.as_deref());
    assert_eq!((status, reason), ("failed", Some("cdn_gone")));
    test.end().await;
}

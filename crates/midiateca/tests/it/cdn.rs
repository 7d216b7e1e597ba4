use std::time::{Duration, Instant};

use midiateca::catalog;
use midiateca::clock::Clock;
use midiateca::media::{MediaId, Route};
use wa_media::{KeyKind, MediaKind};
use wa_sim::{Content, Fault, SimMedia};

use crate::stage::{FIRST, TODAY, TestApp, sample};

/// 1 September 2025, when the documented link was alive.
const IN_ITS_TIME: i64 = 1_756_684_800_000;
const BOTH: [Route; 2] = [Route::Cdn, Route::Gateway];

async fn routes_tried(test: &TestApp, id: &str) -> Vec<(String, Option<String>)> {
    let attempts = catalog::attempts(&test.app.db, &MediaId(id.to_owned()))
        .await
        .unwrap();
    attempts
        .into_iter()
        .map(|attempt| (attempt.route, attempt.reason))
        .collect()
}

#[tokio::test]
async fn the_documented_case_comes_from_the_cdn_without_any_gateway() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(IN_ITS_TIME)).await;
    test.sim.world().set_now(IN_ITS_TIME / 1_000);
    let (media, delivery) = test.store(SimMedia::documented()).await;
    assert_eq!(
        (media.status.as_str(), media.route.as_deref()),
        ("stored", Some("cdn"))
    );
    assert_eq!(
        (media.verified.as_deref(), media.size),
        (Some("mac"), Some(5_067))
    );
    assert_eq!(test.sim.world().requests(&delivery.direct_path), (0, 0));
    let file = std::fs::read(test.file(&media)).unwrap();
    assert_eq!(file, include_bytes!("../../../wa-sim/media/documented.ogg"));
    test.end().await;
}

#[tokio::test]
async fn when_the_gateway_is_down_the_cdn_serves() {
    let test = TestApp::with_cdn(BOTH.to_vec(), Clock::fixed(TODAY)).await;
    let (media, _) = test
        .store(SimMedia {
            fault: Fault::ApiStatus(503),
            ..sample("CDN")
        })
        .await;
    assert_eq!(
        (media.status.as_str(), media.verified.as_deref()),
        ("stored", Some("full"))
    );
    assert_eq!(
        routes_tried(&test, &media.id).await,
        [("cdn".to_owned(), None)]
    );
    assert_eq!(test.sim.world().bearers_on_files(), 0);
    test.end().await;
}

#[tokio::test]
async fn when_the_cdn_refuses_the_gateway_serves() {
    let test = TestApp::with_cdn(BOTH.to_vec(), Clock::fixed(TODAY)).await;
    for (n, (fault, reason)) in [
        (Fault::FileStatus(400), "cdn_refused"),
        (Fault::FileStatus(401), "cdn_forbidden"),
        (Fault::FileStatus(403), "cdn_forbidden"),
        (Fault::FileStatus(404), "cdn_gone"),
        (Fault::FileStatus(410), "cdn_gone"),
        (Fault::FileStatus(500), "cdn_failed"),
        (Fault::FileStatus(503), "cdn_failed"),
        (Fault::HtmlPage, "cdn_corrupt"),
        (Fault::Empty, "empty_body"),
        (Fault::WrongBytes, "cdn_corrupt"),
        (Fault::Hang, "download_timeout"),
        (
            Fault::TooManyRequests { retry_after_s: 60 },
            "cdn_throttled",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (media, delivery) = test
            .store(SimMedia {
                cdn_fault: fault.clone(),
                ..sample(&format!("REFUSED{n}"))
            })
            .await;
        assert_eq!(
            (media.status.as_str(), media.route.as_deref()),
            ("stored", Some("gateway")),
            "{fault:?}"
        );
        let tried = routes_tried(&test, &media.id).await;
        assert_eq!(
            tried,
            [
                ("cdn".to_owned(), Some(reason.to_owned())),
                ("gateway".to_owned(), None)
            ],
            "{fault:?}"
        );
        assert_eq!(
            midiateca::vault::hash_file(&test.file(&media)).unwrap(),
            delivery.sha256
        );
    }
    let (media, delivery) = test.store(sample("BRAKED")).await;
    assert_eq!(media.status, "stored");
    assert_eq!(
        test.sim.world().cdn_requests(&delivery.direct_path),
        0,
        "a host that asked for rest was asked again"
    );
    test.end().await;
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_ended() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    let media = SimMedia {
        content: Content::Generated {
            seed: 7,
            size_bytes: 300_001,
        },
        cdn_fault: Fault::FailTimes {
            times: 2,
            fault: Box::new(Fault::CutShort {
                after_bytes: 100_003,
            }),
        },
        ..sample("RESUME")
    };
    let (media, delivery) = test.store(media).await;
    assert_eq!((media.status.as_str(), media.attempts), ("stored", 1));
    assert_eq!(test.sim.world().cdn_requests(&delivery.direct_path), 3);
    assert_eq!(
        midiateca::vault::hash_file(&test.file(&media)).unwrap(),
        delivery.sha256
    );
    test.end().await;
}

#[tokio::test]
async fn with_both_down_the_row_explains_itself_and_heals_when_one_returns() {
    for returns in BOTH {
        let test = TestApp::with_cdn(BOTH.to_vec(), Clock::system()).await;
        let down = SimMedia {
            fault: Fault::ApiStatus(502),
            cdn_fault: Fault::FileStatus(502),
            ..sample("DOWN")
        };
        let (media, delivery) = test.store(down).await;
        assert_eq!(
            (media.status.as_str(), media.reason.as_deref()),
            ("pending", Some("gateway_unavailable"))
        );
        assert_eq!(media.attempts, 6);
        match returns {
            Route::Cdn => test
                .sim
                .world()
                .set_cdn_fault(&delivery.direct_path, Fault::None),
            Route::Gateway => test
                .sim
                .world()
                .set_fault(&delivery.direct_path, Fault::None),
        }
        let id = MediaId(media.id);
        let started = Instant::now();
        while test.find(&id).await.status != "stored" {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "the ladder's first step is 5 s"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(
            test.find(&id).await.route.as_deref(),
            Some(returns.as_str())
        );
        test.end().await;
    }
}

#[tokio::test]
async fn a_dead_link_is_not_asked_of_the_cdn() {
    let test = TestApp::with_cdn(BOTH.to_vec(), Clock::fixed(TODAY)).await;
    let (media, delivery) = test.store(SimMedia::documented()).await;
    assert_eq!(
        (media.status.as_str(), media.route.as_deref()),
        ("stored", Some("gateway"))
    );
    assert_eq!(
        (
            test.sim.world().cdn_requests(&delivery.direct_path),
            media.attempts
        ),
        (0, 1)
    );
    test.end().await;
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    let (media, _) = test.store(SimMedia::documented()).await;
    assert_eq!(
        (
            media.status.as_str(),
            media.reason.as_deref(),
            media.recoverable
        ),
        ("expired", Some("cdn_expired"), true)
    );
    test.end().await;
}

#[tokio::test]
async fn a_link_that_the_cdn_calls_expired_is_named_so() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(IN_ITS_TIME)).await;
    test.sim.world().set_now(TODAY / 1_000);
    let (media, _) = test.store(SimMedia::documented()).await;
    assert_eq!(
        (media.status.as_str(), media.reason.as_deref()),
        ("expired", Some("cdn_expired"))
    );
    test.end().await;
}

#[tokio::test]
async fn a_document_that_was_encrypted_as_a_photo_is_recovered() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    let photo = sample("PHOTO");
    let (media, _) = test
        .store(SimMedia {
            kind: MediaKind::Document,
            key_kind: Some(KeyKind::Image),
            ..photo
        })
        .await;
    assert_eq!(
        (
            media.status.as_str(),
            media.verified.as_deref(),
            media.mime.as_deref()
        ),
        ("stored", Some("full"), Some("image/jpeg"))
    );
    test.end().await;
}

#[tokio::test]
async fn hostile_paths_never_leave_the_cdn() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    for (n, path) in [
        "//evil.example/x",
        "https://evil.example/x",
        ".evil.example/x",
        "@evil.example/x",
        "/x\\y",
        "/a b",
        "/x#y",
    ]
    .into_iter()
    .enumerate()
    {
        let mut delivery = test.sim.world().add(SimMedia::sample(
            FIRST,
            &format!("HOSTILE{n}"),
            MediaKind::Image,
        ));
        delivery.body["msgContent"]["imageMessage"]["directPath"] = serde_json::json!(path);
        let id = test.deliver(&delivery).await;
        let media = test.settled(&id).await;
        assert_eq!(
            (media.status.as_str(), media.reason.as_deref()),
            ("failed", Some("bad_direct_path")),
            "{path}"
        );
    }
    test.end().await;
}

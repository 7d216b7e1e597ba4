mod recovered;

use std::time::{Duration, Instant};

use midiateca_service::clock::Clock;
use midiateca_service::media;
use midiateca_service::model::{MediaId, Route};
use wa_media::{KeyKind, MediaKind};
use wa_sim::{Content, Fault, SimMedia};

use crate::stage::{FIRST, TODAY, TestApp, sample};

/// 1 September 2025, when the documented link was alive.
const IN_ITS_TIME: i64 = 1_756_684_800_000;
const DOCUMENTED: &str = include_str!("../fixtures/wapi/documented-audio.json");
const BOTH: [Route; 2] = [Route::Cdn, Route::Gateway];

async fn routes_tried(test: &TestApp, id: &str) -> Vec<(String, Option<String>)> {
    let attempts = media::attempts(&test.app.db, &MediaId(id.to_owned()))
        .await
        .unwrap();
    attempts
        .into_iter()
        .map(|attempt| {
            let reason = attempt.reason.map(|reason| reason.as_str().to_owned());
            (attempt.route.as_str().to_owned(), reason)
        })
        .collect()
}

#[tokio::test]
async fn the_documented_case_comes_from_the_cdn_without_any_gateway() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(IN_ITS_TIME)).await;
    test.sim.world().set_now(IN_ITS_TIME / 1_000);
    let mut delivery = test.sim.world().add(SimMedia::documented());
    delivery.body = serde_json::from_str(DOCUMENTED).unwrap();
    let id = test.deliver(&delivery).await;
    let media = test.settled(&id).await;
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
        (Fault::FileStatus(413), "cdn_refused"),
        (Fault::HtmlPage, "cdn_corrupt"),
        (Fault::Empty, "empty_body"),
        (Fault::WrongBytes, "cdn_corrupt"),
        (Fault::CorruptAt { offset: 0 }, "cdn_corrupt"),
        (Fault::Truncated { bytes: 100 }, "cdn_corrupt"),
        (Fault::Truncated { bytes: 106 }, "cdn_corrupt"),
        (Fault::Hang, "download_timeout"),
        (Fault::HangBody, "download_timeout"),
        (Fault::CutShort { after_bytes: 0 }, "cut_short"),
        (
            Fault::RedirectTo("http://169.254.169.254/".to_owned()),
            "cdn_failed",
        ),
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
            midiateca_service::storage::hash_file(&test.file(&media)).unwrap(),
            delivery.sha256
        );
    }
    let (media, delivery) = test.store(sample("BRAKED")).await;
    assert_eq!((media.status.as_str(), media.attempts), ("stored", 1));
    assert_eq!(
        test.sim.world().cdn_requests(&delivery.direct_path),
        0,
        "a host that asked for rest was asked again"
    );
    test.end().await;
}

#[tokio::test]
async fn a_throttled_cdn_alone_is_waited_for_as_long_as_it_asked() {
    for (fault, least) in [
        (Fault::TooManyRequests { retry_after_s: 90 }, 90),
        (Fault::FileStatus(507), 600),
    ] {
        let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
        let (first, _) = test
            .store(SimMedia {
                cdn_fault: fault.clone(),
                ..sample("FIRST")
            })
            .await;
        let (second, delivery) = test.store(sample("SECOND")).await;
        // The second came a moment later, and the brake had run so long.
        for (media, waits) in [(first, least), (second, least - 5)] {
            assert_eq!(
                (media.status.as_str(), media.reason.as_deref()),
                ("pending", Some("cdn_throttled")),
                "{fault:?}"
            );
            let next = test.next_attempt_in(&media.id).await;
            assert!(next >= Duration::from_secs(waits), "{fault:?}: {next:?}");
        }
        assert_eq!(test.sim.world().cdn_requests(&delivery.direct_path), 0);
        test.end().await;
    }
}

#[tokio::test]
async fn the_second_host_serves_when_the_first_fails() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    test.use_both_hosts().await;
    for (n, (fault, helps)) in [
        (Fault::FileStatus(403), true),
        (Fault::FileStatus(500), true),
        (Fault::WrongBytes, true),
        (Fault::Hang, true),
        (Fault::FileStatus(404), false),
        (Fault::FileStatus(410), false),
        (Fault::FileStatus(400), false),
    ]
    .into_iter()
    .enumerate()
    {
        let (media, delivery) = test
            .store(SimMedia {
                cdn_fault: fault.clone(),
                ..sample(&format!("HOST{n}"))
            })
            .await;
        assert_eq!(media.status == "stored", helps, "{fault:?}");
        let asked = test.sim.world().fallback_requests(&delivery.direct_path);
        assert_eq!(asked, u32::from(helps), "{fault:?}");
    }
    let neither = SimMedia {
        cdn_fault: Fault::FileStatus(403),
        fallback_fault: Fault::FileStatus(403),
        ..sample("NEITHER")
    };
    let (media, _) = test.store(neither).await;
    assert_eq!(
        (media.status.as_str(), media.attempts, media.recoverable),
        ("pending", 2, true),
        "a refusal is often healed later"
    );
    test.end().await;
}

#[tokio::test]
async fn a_server_that_ignores_ranges_is_not_believed() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    let content = Content::Generated {
        seed: 3,
        size_bytes: 300_001,
    };
    let fault = Fault::IgnoresRange {
        after_bytes: 100_003,
    };
    let (media, _) = test
        .store(SimMedia {
            content,
            cdn_fault: fault,
            ..sample("RANGE")
        })
        .await;
    assert_eq!(media.reason.as_deref(), Some("cut_short"));
    test.end().await;
}

#[tokio::test]
async fn a_slow_file_that_keeps_coming_is_taken() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    let drip = Fault::Drip {
        bytes_per_second: 20_000,
    };
    let (media, _) = test
        .store(SimMedia {
            cdn_fault: drip,
            ..sample("DRIP")
        })
        .await;
    assert_eq!(media.status, "stored");
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
        midiateca_service::storage::hash_file(&test.file(&media)).unwrap(),
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
            _ => test
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
async fn a_dead_link_is_asked_of_the_cdn_after_the_gateway_and_over_once_the_cdn_says_so() {
    let test = TestApp::with_cdn(BOTH.to_vec(), Clock::fixed(TODAY)).await;
    test.sim.world().set_now(TODAY / 1_000);
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
        (0, 2)
    );
    test.end().await;
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    test.sim.world().set_now(TODAY / 1_000);
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
        ("pending", Some("cdn_expired")),
        "the link itself says that it lives"
    );
    test.end().await;
}

#[tokio::test]
async fn media_of_channels_are_stored_without_a_key() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    for (n, with_key) in [true, false].into_iter().enumerate() {
        let (media, delivery) = test
            .store(SimMedia {
                chat_id: Some("120000000000000001@newsletter".to_owned()),
                in_the_clear: true,
                with_key,
                ..sample(&format!("CHANNEL{n}"))
            })
            .await;
        assert_eq!(
            (media.status.as_str(), media.verified.as_deref()),
            ("stored", Some("full")),
            "with a key: {with_key}"
        );
        let hash = midiateca_service::storage::hash_file(&test.file(&media)).unwrap();
        assert_eq!(hash, delivery.sha256);
    }
    // A key that got lost on the way is another matter: these bytes are encrypted.
    let (media, _) = test
        .store(SimMedia {
            with_key: false,
            with_hashes: false,
            ..sample("LOST")
        })
        .await;
    assert_eq!(
        (media.status.as_str(), media.reason.as_deref()),
        ("pending", Some("unprovable"))
    );
    // The same file under a new link is no second one.
    let open = SimMedia {
        in_the_clear: true,
        with_key: false,
        ..sample("RELINKED")
    };
    let (first, delivery) = test.store(open).await;
    let mut again = delivery.body.clone();
    again["msgContent"]["imageMessage"]["directPath"] = serde_json::json!("/v/relinked");
    let (_, answer) = test.post(again.to_string()).await;
    assert_eq!(answer["media"][0]["id"], first.id.as_str());
    // What the CDN says of it counts more than that the gateway cannot be asked.
    let test_both = TestApp::with_cdn(BOTH.to_vec(), Clock::fixed(TODAY)).await;
    let (media, _) = test_both
        .store(SimMedia {
            in_the_clear: true,
            with_key: false,
            cdn_fault: Fault::FileStatus(404),
            ..sample("GONE")
        })
        .await;
    assert_eq!(
        (media.status.as_str(), media.reason.as_deref()),
        ("pending", Some("cdn_gone"))
    );
    test_both.end().await;
    test.end().await;
}

#[tokio::test]
async fn a_server_that_drops_again_and_again_gives_the_whole_file_in_the_end() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    let media = SimMedia {
        content: Content::Generated {
            seed: 8,
            size_bytes: 900_001,
        },
        cdn_fault: Fault::CutShort {
            after_bytes: 100_003,
        },
        ..sample("DROPS")
    };
    let (media, delivery) = test.store(media).await;
    assert_eq!((media.status.as_str(), media.attempts), ("stored", 1));
    assert!(test.sim.world().cdn_requests(&delivery.direct_path) > 5);
    test.end().await;
}

#[tokio::test]
async fn a_path_that_came_broken_is_taken_from_the_link() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    let mut delivery = test.sim.world().add(sample("BROKEN"));
    let leaf = &mut delivery.body["msgContent"]["imageMessage"];
    leaf["url"] = serde_json::json!(format!("https://mmg.whatsapp.net{}", delivery.direct_path));
    leaf["directPath"] = serde_json::json!(delivery.direct_path.trim_start_matches('/'));
    let id = test.deliver(&delivery).await;
    assert_eq!(test.settled(&id).await.status, "stored");
    test.end().await;
}

#[cfg(unix)]
#[tokio::test]
async fn an_unwritable_disk_is_not_counted_against_a_host() {
    let test = TestApp::with_cdn(BOTH.to_vec(), Clock::fixed(TODAY)).await;
    // A file where the folder should be: nothing can be placed there.
    let folder = test
        .app
        .storage
        .root()
        .join(format!("cliente_2/instance_{FIRST}/image"));
    std::fs::remove_dir(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    let (media, delivery) = test.store(sample("DISK")).await;
    assert_eq!(
        (
            media.status.as_str(),
            media.reason.as_deref(),
            media.attempts
        ),
        ("pending", Some("storage_failed"), 1)
    );
    assert_eq!(test.sim.world().requests(&delivery.direct_path), (0, 0));
    std::fs::remove_file(&folder).unwrap();
    test.end().await;
}

#[tokio::test]
async fn bytes_in_the_delivery_need_no_host() {
    let test = TestApp::with_cdn(Route::ALL.to_vec(), Clock::fixed(TODAY)).await;
    let (media, delivery) = test
        .store(SimMedia {
            with_bytes: true,
            ..sample("INLINE")
        })
        .await;
    assert_eq!(
        (
            media.status.as_str(),
            media.route.as_deref(),
            media.verified.as_deref(),
            media.attempts
        ),
        ("stored", Some("inline"), Some("full"), 1)
    );
    let world = test.sim.world();
    assert_eq!(
        (
            world.cdn_requests(&delivery.direct_path),
            world.requests(&delivery.direct_path)
        ),
        (0, (0, 0))
    );
    assert_eq!(
        midiateca_service::storage::hash_file(&test.file(&media)).unwrap(),
        delivery.sha256
    );
    // Bytes that are not the promised ones are passed over.
    let mut other = world.add(SimMedia {
        with_bytes: true,
        ..sample("THUMBNAIL")
    });
    other.body["msgContent"]["base64"] = serde_json::json!("/9j/4AAQSkZJRg==");
    let id = test.deliver(&other).await;
    let media = test.settled(&id).await;
    let tried = routes_tried(&test, &media.id).await;
    assert_eq!(
        tried,
        [
            ("inline".to_owned(), Some("sender_hash_wrong".to_owned())),
            ("cdn".to_owned(), None)
        ]
    );
    test.end().await;
}

#[tokio::test]
async fn an_altered_query_is_named() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    let mut delivery = test.sim.world().add(sample("ALTERED"));
    let cut = delivery.direct_path.split('?').next().unwrap();
    delivery.body["msgContent"]["imageMessage"]["directPath"] = serde_json::json!(cut);
    let id = test.deliver(&delivery).await;
    assert_eq!(
        test.settled(&id).await.reason.as_deref(),
        Some("cdn_forbidden")
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
        let leaf = &mut delivery.body["msgContent"]["imageMessage"];
        leaf["directPath"] = serde_json::json!(path);
        leaf["url"] = serde_json::json!("https://evil.example/x");
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

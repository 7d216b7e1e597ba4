use midiateca_service::clock::Clock;
use wa_sim::Fault;

use crate::stage::{OTHER, TestApp, add_instance, impatient, instance, sample};

#[tokio::test]
async fn every_failure_has_its_name_and_what_may_heal_is_tried_again() {
    let test = TestApp::start().await;
    let drip = Fault::Drip {
        bytes_per_second: 20_000,
    };
    for (fault, reason, status) in [
        (Fault::ApiErrorObject, "gateway_failed", "pending"),
        (Fault::ApiErrorTrue, "gateway_failed", "pending"),
        (Fault::ApiStatus(401), "gateway_token_refused", "pending"),
        (Fault::ApiStatus(404), "gateway_unknown_instance", "pending"),
        (Fault::ApiStatus(502), "gateway_unavailable", "pending"),
        (Fault::ApiStatus(503), "gateway_unavailable", "pending"),
        (Fault::ApiStatus(504), "gateway_unavailable", "pending"),
        (Fault::Hang, "gateway_timeout", "pending"),
        (Fault::HangBody, "download_timeout", "pending"),
        (
            Fault::CutShort { after_bytes: 1_000 },
            "cut_short",
            "pending",
        ),
        (Fault::Empty, "empty_body", "pending"),
        (Fault::HtmlPage, "html_body", "pending"),
        (Fault::JsonPage, "json_body", "pending"),
        (Fault::StillEncrypted, "still_encrypted", "pending"),
        (Fault::WrongBytes, "hash_mismatch", "pending"),
        (Fault::FileStatus(404), "link_gone", "pending"),
        (Fault::ExpiredLink, "link_gone", "pending"),
        (Fault::FileStatus(500), "link_failed", "pending"),
        (
            Fault::LinkTo("http://127.0.0.1:1/x".to_owned()),
            "link_refused",
            "pending",
        ),
        (
            Fault::LinkTo("http://169.254.169.254/".to_owned()),
            "link_refused",
            "pending",
        ),
        (
            Fault::LinkTo("https://example.com/x".to_owned()),
            "link_refused",
            "pending",
        ),
        (
            Fault::LinkTo("file:///etc/passwd".to_owned()),
            "link_refused",
            "pending",
        ),
        (
            Fault::LinkTo("not a link".to_owned()),
            "link_refused",
            "pending",
        ),
        (
            Fault::RedirectTo("http://169.254.169.254/".to_owned()),
            "link_refused",
            "pending",
        ),
        (
            Fault::RedirectTo("http://[::1]:9/".to_owned()),
            "link_refused",
            "pending",
        ),
    ] {
        let media = test.fail(fault.clone()).await;
        assert_eq!(
            (media.reason.as_deref(), media.status.as_str()),
            (Some(reason), status),
            "{fault:?}"
        );
        assert!(media.recoverable, "{fault:?}");
        assert!(media.path.is_none());
        assert_eq!(
            media.next_attempt_at.is_some(),
            status == "pending",
            "{fault:?}"
        );
    }
    let media = test.fail(drip).await;
    assert_eq!(
        media.reason.as_deref(),
        None,
        "a slow file that keeps coming is taken"
    );
    assert_eq!(test.files().len(), 1);
    test.end().await;
}

#[tokio::test]
async fn a_failure_heals_within_the_round() {
    let test = TestApp::start().await;
    for (n, fault) in [
        Fault::ApiErrorObject,
        Fault::ApiStatus(502),
        Fault::HtmlPage,
        Fault::Empty,
    ]
    .into_iter()
    .enumerate()
    {
        let fault = Fault::FailTimes {
            times: 2,
            fault: Box::new(fault),
        };
        let (media, _) = test
            .store(wa_sim::SimMedia {
                fault,
                ..sample(&format!("HEAL{n}"))
            })
            .await;
        assert_eq!((media.status.as_str(), media.attempts), ("stored", 3));
        let attempts = midiateca_service::media::attempts(
            &test.app.db,
            &midiateca_service::model::MediaId(media.id),
        )
        .await
        .unwrap();
        assert!(
            attempts[0].reason.is_some()
                && attempts[1].reason.is_some()
                && attempts[2].reason.is_none()
        );
    }
    test.end().await;
}

#[tokio::test]
async fn a_link_with_a_raw_address_is_asked_of_the_gateway_itself() {
    let test = TestApp::start().await;
    // Never spoken to: a raw address is rewritten before anything is asked.
    let (media, delivery) = test
        .store(wa_sim::SimMedia {
            fault: Fault::LinkAt("http://8.8.8.8:8080".to_owned()),
            ..sample("RAW")
        })
        .await;
    assert_eq!(media.status, "stored");
    assert_eq!(test.sim.world().requests(&delivery.direct_path), (1, 1));
    test.end().await;
}

#[tokio::test]
async fn a_gateway_that_is_down_is_waited_for() {
    let test = TestApp::start().await;
    test.sim.world().set_down(true);
    let (media, _) = test.store(sample("DOWN")).await;
    assert_eq!(media.reason.as_deref(), Some("gateway_unavailable"));
    test.sim.world().set_down(false);
    let id = midiateca_service::model::MediaId(media.id);
    let started = std::time::Instant::now();
    while test.find(&id).await.status != "stored" {
        assert!(
            started.elapsed() < std::time::Duration::from_secs(30),
            "the ladder's first step is 5 s"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    test.end().await;
}

#[tokio::test]
async fn an_unreachable_server_has_its_own_reason() {
    let mut config = impatient();
    // Only hosts that the operator names may be on the loopback: the file server whose port is closed is one.
    config.fetch.allowed_hosts = vec!["127.0.0.1".to_owned()];
    let test = TestApp::with(config, Clock::system()).await;
    let media = test.fail(Fault::RefusedConnection).await;
    assert_eq!(
        (media.reason.as_deref(), media.status.as_str()),
        (Some("link_failed"), "pending")
    );
    let closed = instance(OTHER, 3, test.sim.closed_origin());
    add_instance(&test.app, closed, None).await;
    test.wait_for_directory().await;
    let delivery = test.sim.world().add(wa_sim::SimMedia {
        instance: OTHER.to_owned(),
        ..sample("CLOSED")
    });
    let url = format!("{}/hooks/wapi/{}", test.origin(), test.other_hook);
    let (_, answer) = test.post_to(&url, delivery.body.to_string()).await;
    let id =
        midiateca_service::model::MediaId(answer["media"][0]["id"].as_str().unwrap().to_owned());
    let media = test.settled(&id).await;
    assert_eq!(
        (media.reason.as_deref(), media.status.as_str()),
        (Some("gateway_unreachable"), "pending")
    );
    test.end().await;
}

#[tokio::test]
async fn a_gateway_that_asks_for_fewer_calls_is_left_alone_as_long_as_it_asked() {
    let test = TestApp::start().await;
    let throttled = Fault::TooManyRequests { retry_after_s: 60 };
    let media = test.fail(throttled).await;
    assert_eq!(media.reason.as_deref(), Some("gateway_throttled"));
    let waits = test.next_attempt_in(&media.id).await;
    assert!(waits > std::time::Duration::from_secs(50), "{waits:?}");
    let (media, delivery) = test.store(sample("BEHIND")).await;
    assert_eq!(media.reason.as_deref(), Some("gateway_throttled"));
    assert_eq!(test.sim.world().requests(&delivery.direct_path), (0, 0));
    test.end().await;
}

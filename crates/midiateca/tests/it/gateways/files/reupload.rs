//! Files that WhatsApp's CDN has no more, and that the gateway lets the phone upload again.

use std::time::Duration;

use midiateca_service::clock::MINUTE;
use midiateca_service::media;
use midiateca_service::model::{MediaStatus, Reason};

use super::*;

const ROUTES: [Route; 2] = [Route::Cdn, Route::Gateway];

fn gone(source: &Source, id: &str, fault: Fault) -> SimMedia {
    SimMedia {
        cdn_fault: Fault::FileStatus(410),
        fault,
        ..source.media(id, MediaKind::Image)
    }
}

/// Stores a media, and returns the routes of its attempts with their reasons.
async fn attempts(files: &Files, source: &Source, media: SimMedia) -> (MediaView, Vec<String>) {
    let (stored, _) = files.store(source, media).await;
    let id = MediaId(stored.id.clone());
    let recorded = media::attempts(&files.test.app.db, &id).await.unwrap();
    let of = |attempt: &media::RecordedAttempt| {
        let reason = attempt.reason.map_or("", |reason| reason.as_str());
        format!("{} {reason}", attempt.route.as_str())
    };
    (stored, recorded.iter().map(of).collect())
}

/// The phone takes longer than any other call may.
#[tokio::test]
async fn a_file_that_is_gone_from_the_cdn_is_uploaded_again_by_the_phone() {
    let files = Files::start().await;
    for gateway in [Gateway::Evolution, Gateway::Waha] {
        let source = files.source(gateway.as_str(), gateway, &ROUTES).await;
        files.test.wait_for_directory().await;
        let media = gone(&source, "GONE", Fault::Reuploads { after_ms: 1_000 });
        let (stored, attempts) = attempts(&files, &source, media).await;
        assert_eq!(stored.status, "stored", "{gateway:?} {attempts:?}");
        assert_eq!(stored.route.as_deref(), Some("reupload"));
        assert_eq!(attempts, ["cdn cdn_gone", "reupload "], "{gateway:?}");
    }
    files.test.end().await;
}

#[tokio::test]
async fn the_phone_is_not_asked_while_the_cdn_may_have_the_file_or_without_the_gateways_route() {
    let files = Files::start().await;
    let source = files.source("evo", Gateway::Evolution, &ROUTES).await;
    let only_cdn = files.source("cdn", Gateway::Evolution, &[Route::Cdn]).await;
    let other = files.source("wuz", Gateway::Wuzapi, &ROUTES).await;
    files.test.wait_for_directory().await;
    let down = SimMedia {
        cdn_fault: Fault::FileStatus(503),
        ..source.media("DOWN", MediaKind::Image)
    };
    let (stored, first) = attempts(&files, &source, down).await;
    assert_eq!(stored.route.as_deref(), Some("gateway"), "{first:?}");
    let (waiting, tried) = attempts(&files, &only_cdn, gone(&only_cdn, "A", Fault::None)).await;
    assert_eq!(waiting.reason.as_deref(), Some("cdn_gone"));
    assert_eq!(tried, ["cdn cdn_gone"]);
    let (stored, tried) = attempts(&files, &other, gone(&other, "B", Fault::None)).await;
    assert_eq!(stored.route.as_deref(), Some("gateway"));
    assert_eq!(tried, ["cdn cdn_gone", "gateway "]);
    files.test.end().await;
}

/// Each round asks the phone once, however often it tries the rest.
#[tokio::test]
async fn a_phone_that_refuses_is_asked_once_in_a_round_and_the_media_waits() {
    let files = Files::start().await;
    let source = files.source("evo", Gateway::Evolution, &ROUTES).await;
    files.test.wait_for_directory().await;
    let refused = [
        (Fault::ApiErrorObject, "gateway_failed"),
        (Fault::ApiStatus(503), "gateway_unavailable"),
    ];
    for (fault, reason) in refused {
        let id = reason.to_uppercase();
        let (waiting, tried) = attempts(&files, &source, gone(&source, &id, fault)).await;
        assert_eq!(waiting.status, "pending");
        assert_eq!(waiting.reason.as_deref(), Some(reason));
        assert_eq!(
            tried,
            ["cdn cdn_gone".to_owned(), format!("reupload {reason}")]
        );
    }
    files.test.end().await;
}

/// The phone takes longer than a round waits for its turn.
#[tokio::test]
async fn media_whose_turn_does_not_come_return_without_an_attempt_or_a_failed_round() {
    let files = Files::start().await;
    let source = files.source("evo", Gateway::Evolution, &ROUTES).await;
    files.test.wait_for_directory().await;
    let mut all = Vec::new();
    for n in 0..6 {
        let media = gone(
            &source,
            &format!("LINE{n}"),
            Fault::Reuploads { after_ms: 1_000 },
        );
        let delivery = files.add(&source, media);
        let answer = files.post(&source, JSON, delivery.body.to_string()).await;
        all.push(MediaId(
            answer["media"][0]["id"].as_str().unwrap().to_owned(),
        ));
    }
    let db = &files.test.app.db;
    let mut waited = 0;
    for id in &all {
        let row = loop {
            let row = media::find(db, id).await.unwrap().unwrap();
            match row.status {
                MediaStatus::Stored => break row,
                MediaStatus::Pending if row.next_attempt_at.is_some() => {
                    assert_eq!((row.rounds, row.reason), (0, Some(Reason::CdnGone)));
                    waited += 1;
                    files.test.app.clock.advance(MINUTE);
                }
                _ => {}
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!((row.rounds, row.route), (0, Some(Route::Reupload)));
        let recorded = media::attempts(db, id).await.unwrap();
        let routes: Vec<_> = recorded.iter().map(|it| it.route).collect();
        assert_eq!(routes, [Route::Cdn, Route::Reupload], "{recorded:?}");
    }
    assert!(waited > 0, "each media had its turn at once");
    files.test.end().await;
}

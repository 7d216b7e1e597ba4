//! Files that were encrypted or hashed wrongly by their sender.

use super::*;

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
async fn a_text_that_was_encrypted_under_another_label_is_recovered_by_a_second_reading() {
    for with_hashes in [true, false] {
        let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
        let (media, delivery) = test
            .store(SimMedia {
                content: Content::Bytes("a text begins like nothing known".into()),
                mime: "text/plain".to_owned(),
                key_kind: Some(KeyKind::Video),
                with_hashes,
                ..SimMedia::sample(FIRST, "LABEL", MediaKind::Document)
            })
            .await;
        let proof = if with_hashes { "full" } else { "mac" };
        assert_eq!(
            (
                media.status.as_str(),
                media.verified.as_deref(),
                media.attempts
            ),
            ("stored", Some(proof), 1)
        );
        assert_eq!(test.sim.world().cdn_requests(&delivery.direct_path), 3);
        test.end().await;
    }
}

/// The MAC and the plaintext's hash prove the bytes: the third hash is not computed, and its value makes no difference.
#[tokio::test]
async fn a_wrong_hash_of_the_encrypted_file_is_not_compared() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    let mut delivery = test.sim.world().add(sample("ENC"));
    delivery.body["msgContent"]["imageMessage"]["fileEncSha256"] = serde_json::json!(vec![7; 32]);
    let id = test.deliver(&delivery).await;
    let media = test.settled(&id).await;
    assert_eq!(
        (media.status.as_str(), media.verified.as_deref()),
        ("stored", Some("full"))
    );
    assert_eq!(test.sim.world().cdn_requests(&delivery.direct_path), 1);
    test.end().await;
}

/// Files in memory, on disk, and so large that they are processed apart.
const SIZES: [u64; 3] = [5_000, 300_000, 9_000_000];

/// The encrypted file's hash decides, computed from the staged bytes: a corrupt file is not requested again.
#[tokio::test]
async fn why_a_file_of_any_size_is_refused_is_found_without_another_request() {
    let test = TestApp::with_cdn(BOTH.to_vec(), Clock::fixed(TODAY)).await;
    for size_bytes in SIZES {
        for offset in [0, size_bytes / 2, size_bytes] {
            let (media, delivery) = test
                .store(SimMedia {
                    content: Content::Generated {
                        seed: 7,
                        size_bytes,
                    },
                    cdn_fault: Fault::CorruptAt { offset },
                    ..sample(&format!("CORRUPT{size_bytes}AT{offset}"))
                })
                .await;
            let tried = routes_tried(&test, &media.id).await;
            let corrupt = Some("cdn_corrupt".to_owned());
            let expected = [("cdn".to_owned(), corrupt), ("gateway".to_owned(), None)];
            assert_eq!(tried, expected, "{size_bytes} {offset}");
            assert_eq!(test.sim.world().cdn_requests(&delivery.direct_path), 1);
        }
    }
    test.end().await;
}

#[tokio::test]
async fn files_of_any_size_are_recovered_from_another_label_or_none() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    for size_bytes in SIZES {
        let content = Content::Generated {
            seed: 7,
            size_bytes,
        };
        let as_video = SimMedia {
            content: content.clone(),
            key_kind: Some(KeyKind::Video),
            ..sample(&format!("LABEL{size_bytes}"))
        };
        let in_the_clear = SimMedia {
            content,
            in_the_clear: true,
            ..sample(&format!("CLEAR{size_bytes}"))
        };
        for (media, proof) in [(as_video, "full"), (in_the_clear, "full")] {
            let (media, delivery) = test.store(media).await;
            assert_eq!(
                (media.status.as_str(), media.verified.as_deref()),
                ("stored", Some(proof)),
                "{} {size_bytes}",
                media.message_id
            );
            let hash = midiateca_service::storage::hash_file(&test.file(&media)).unwrap();
            assert_eq!(hash, delivery.sha256);
        }
    }
    test.end().await;
}

#[tokio::test]
async fn a_proof_from_the_cdn_is_worth_more_than_bytes_that_nothing_proves() {
    let test = TestApp::with_cdn(Route::ALL.to_vec(), Clock::fixed(TODAY)).await;
    let thin = |id: &str| SimMedia {
        with_bytes: true,
        with_hashes: false,
        ..sample(id)
    };
    let mut stub = test.sim.world().add(thin("STUB"));
    stub.body["msgContent"]["base64"] = serde_json::json!("/9j/4AAQSkZJRg==");
    let id = test.deliver(&stub).await;
    let media = test.settled(&id).await;
    assert_eq!(
        (media.route.as_deref(), media.verified.as_deref()),
        (Some("cdn"), Some("mac"))
    );
    // But where the CDN does not serve, they are better than nothing.
    let (media, _) = test
        .store(SimMedia {
            cdn_fault: Fault::FileStatus(404),
            ..thin("ONLY")
        })
        .await;
    assert_eq!(
        (media.route.as_deref(), media.verified.as_deref()),
        (Some("inline"), Some("unproven"))
    );
    test.end().await;
}

#[tokio::test]
async fn a_wrong_hash_of_the_sender_is_not_requested_again() {
    let test = TestApp::with_cdn(BOTH.to_vec(), Clock::fixed(TODAY)).await;
    let mut delivery = test.sim.world().add(sample("WRONG"));
    delivery.body["msgContent"]["imageMessage"]["fileSha256"] = serde_json::json!(vec![7; 32]);
    let id = test.deliver(&delivery).await;
    let media = test.settled(&id).await;
    assert_eq!(
        (
            media.status.as_str(),
            media.reason.as_deref(),
            media.recoverable,
            media.attempts
        ),
        ("failed", Some("sender_hash_wrong"), false, 2)
    );
    test.end().await;
}

use midiateca_service::clock::Clock;
use midiateca_service::db::Key;
use midiateca_service::model::MediaId;
use wa_media::MediaKind;
use wa_sim::SimMedia;

use crate::stage::{FIRST, TODAY, TestApp, impatient};

const DOCUMENTED: &str = include_str!("../fixtures/wapi/documented-audio.json");

#[tokio::test]
async fn the_documented_delivery_is_stored_to_the_byte() {
    let test = TestApp::with(impatient(), Clock::fixed(TODAY)).await;
    test.sim.world().add(SimMedia::documented());
    let (status, answer) = test.post(DOCUMENTED).await;
    assert_eq!(status, 200);
    assert_eq!(answer["media"][0]["kind"], "audio");
    assert_eq!(answer["media"][0]["duplicate"], false);
    let media = test
        .settled(&midiateca_service::model::MediaId(
            answer["media"][0]["id"].as_str().unwrap().to_owned(),
        ))
        .await;
    assert_eq!(media.status, "stored");
    assert_eq!(media.size, Some(5_067));
    assert_eq!(media.attempts, 1);
    assert_eq!(media.mime.as_deref(), Some("audio/ogg"));
    assert_eq!(media.verified.as_deref(), Some("unproven"));
    assert_eq!(
        media.expires_at.as_deref(),
        Some("2025-09-05T20:04:56.000Z")
    );
    let path = "cliente_2/instance_3B6XIW-ZTS923-GEAY6V/audio/wapi_B80D865264B9CA985108F695BEF5B564_20261124_120000.ogg";
    assert_eq!(media.path.as_deref(), Some(path));
    assert_eq!(
        std::fs::read(test.file(&media)).unwrap(),
        include_bytes!("../../../wa-sim/media/documented.ogg")
    );
    test.end().await;
}

#[tokio::test]
async fn every_kind_gets_its_folder_its_extension_and_full_proof() {
    let test = TestApp::start().await;
    for (kind, extension) in [
        (MediaKind::Image, "jpg"),
        (MediaKind::Video, "mp4"),
        (MediaKind::Audio, "ogg"),
        (MediaKind::Document, "pdf"),
        (MediaKind::Sticker, "webp"),
    ] {
        let (media, delivery) = test
            .store(SimMedia::sample(FIRST, &format!("KIND{extension}"), kind))
            .await;
        assert_eq!(media.status, "stored");
        assert_eq!(media.verified.as_deref(), Some("full"));
        let path = media.path.clone().unwrap();
        assert!(
            path.starts_with(&format!("cliente_2/instance_{FIRST}/{}/", kind.as_str())),
            "{path}"
        );
        assert!(
            path.ends_with(&format!("_20260921_141320.{extension}")),
            "{path}"
        );
        assert_eq!(
            midiateca_service::storage::hash_file(&test.file(&media)).unwrap(),
            delivery.sha256
        );
    }
    assert_eq!(
        test.sim.world().bearers_on_files(),
        0,
        "the token went to the file server"
    );
    test.end().await;
}

#[tokio::test]
async fn the_fields_of_the_message_can_be_read_back() {
    let test = TestApp::start().await;
    let (media, _) = test
        .store(SimMedia::sample(FIRST, "REPORTED", MediaKind::Document))
        .await;
    assert_eq!(media.file_name.as_deref(), Some("orçamento da reforma.pdf"));
    assert_eq!(media.sender_name.as_deref(), Some("Dona Cida"));
    assert_eq!(media.sent_at.as_deref(), Some("2026-09-21T14:13:20.000Z"));
    assert_eq!((media.from_me, media.is_group), (false, false));
    let media = midiateca_service::media::find(&test.app.db, &MediaId(media.id)).await;
    let shown = serde_json::to_string(&media.unwrap()).unwrap();
    assert!(
        !shown.contains("media_key") && !shown.contains("direct_path"),
        "{shown}"
    );
    test.end().await;
}

#[tokio::test]
async fn media_in_wrappers_arrives() {
    let test = TestApp::start().await;
    for wrapper in [
        "ephemeralMessage",
        "documentWithCaptionMessage",
        "associatedChildMessage",
        "groupStatusMessageV2",
        "editedMessage",
    ] {
        let mut delivery =
            test.sim
                .world()
                .add(SimMedia::sample(FIRST, wrapper, MediaKind::Document));
        let content = delivery.body["msgContent"].take();
        delivery.body["msgContent"] = serde_json::json!({wrapper: {"message": content}});
        let id = test.deliver(&delivery).await;
        assert_eq!(test.settled(&id).await.status, "stored", "{wrapper}");
    }
    test.end().await;
}

#[tokio::test]
async fn skipped_media_are_recorded_and_can_still_be_downloaded() {
    let test = TestApp::start().await;
    let mut once = test
        .sim
        .world()
        .add(SimMedia::sample(FIRST, "ONCE", MediaKind::Image));
    let content = once.body["msgContent"].take();
    once.body["msgContent"] = serde_json::json!({"viewOnceMessageV2": {"message": content}});
    let story = SimMedia {
        chat_id: Some("status@broadcast".to_owned()),
        ..SimMedia::sample(FIRST, "STORY", MediaKind::Image)
    };
    let story = test.sim.world().add(story);
    for (delivery, reason) in [(once, "view_once"), (story, "story")] {
        let id = test.deliver(&delivery).await;
        let media = test.find(&id).await;
        assert_eq!(
            (
                media.status.as_str(),
                media.reason.as_deref(),
                media.recoverable
            ),
            ("skipped", Some(reason), true)
        );
        assert_eq!(test.deliver(&delivery).await, id);
        assert_eq!(
            test.find(&id).await.status,
            "skipped",
            "a repeat fetched it"
        );
        let (now, wanted) = (test.app.clock.now(), id.clone());
        assert!(
            test.app
                .db
                .write(Key::Everything, async move |tx| {
                    midiateca_service::queue::requeue(tx, &wanted, now).await
                })
                .await
                .unwrap()
        );
        assert_eq!(test.settled(&id).await.status, "stored");
    }
    test.end().await;
}

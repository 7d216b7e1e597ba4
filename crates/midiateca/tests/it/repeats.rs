use midiateca_service::clock::{Clock, DAY};
use midiateca_service::model::MediaStatus;
use wa_sim::{Fault, SimMedia};

use crate::stage::{FIRST, OTHER, TODAY, TestApp, impatient, sample};

#[tokio::test]
async fn twenty_copies_at_once_make_one_row_and_one_file() {
    let test = TestApp::start().await;
    let body = test.sim.world().add(sample("TWENTY")).body.to_string();
    let answers = futures_util::future::join_all((0..20).map(|_| test.post(body.clone()))).await;
    assert!(answers.iter().all(|(status, _)| *status == 200));
    let fresh = answers
        .iter()
        .filter(|(_, answer)| answer["media"][0]["duplicate"] == false)
        .count();
    assert_eq!(fresh, 1);
    let id = midiateca_service::model::MediaId(
        answers[0].1["media"][0]["id"].as_str().unwrap().to_owned(),
    );
    assert!(
        answers
            .iter()
            .all(|(_, answer)| answer["media"][0]["id"] == id.as_str())
    );
    assert_eq!(test.settled(&id).await.status, "stored");
    assert_eq!(test.files().len(), 1);
    test.end().await;
}

#[tokio::test]
async fn a_week_later_a_repeat_changes_nothing() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let (media, delivery) = test.store(sample("WEEK")).await;
    clock.advance(7 * DAY);
    let (status, answer) = test.post(delivery.body.to_string()).await;
    assert_eq!(
        (
            status,
            answer["media"][0]["duplicate"].as_bool(),
            answer["media"][0]["status"].as_str()
        ),
        (200, Some(true), Some("stored"))
    );
    assert_eq!(
        test.find(&midiateca_service::model::MediaId(media.id.clone()))
            .await
            .path,
        media.path
    );
    assert_eq!(test.sim.world().requests(&delivery.direct_path), (1, 1));
    assert_eq!(test.files().len(), 1);
    test.end().await;
}

#[tokio::test]
async fn a_repeat_rearms_what_is_not_stored() {
    let test = TestApp::start().await;
    let link = Fault::LinkTo("http://169.254.169.254/".to_owned());
    let (media, delivery) = test
        .store(SimMedia {
            fault: link,
            ..sample("AGAIN")
        })
        .await;
    assert_eq!(media.reason.as_deref(), Some("link_refused"));
    test.sim
        .world()
        .set_fault(&delivery.direct_path, Fault::None);
    let id = test.deliver(&delivery).await;
    let healed = test.settled(&id).await;
    assert_eq!(
        (healed.id, healed.status.as_str(), healed.attempts),
        (media.id, "stored", 2)
    );
    test.end().await;
}

#[tokio::test]
async fn a_copy_keyed_by_lid_merges_whichever_comes_first() {
    for lid_first in [true, false] {
        let test = TestApp::start().await;
        let lid = SimMedia {
            chat_id: Some("100000000000001@lid".to_owned()),
            sender_id: Some("100000000000001@lid".to_owned()),
            ..sample("LID")
        };
        let phone = sample("LID");
        let order = if lid_first {
            [lid, phone]
        } else {
            [phone, lid]
        };
        let mut ids = Vec::new();
        for media in order {
            ids.push(test.deliver(&test.sim.world().add(media)).await);
        }
        assert_eq!(ids[0], ids[1]);
        let media = test.settled(&ids[0]).await;
        assert_eq!(
            (media.sender_id.as_deref(), media.chat_id.as_deref()),
            (Some("5500900000001"), Some("5500900000001")),
            "lid first: {lid_first}"
        );
        assert_eq!(test.files().len(), 1);
        test.end().await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_same_bytes_of_one_client_lie_on_the_disk_once() {
    use std::os::unix::fs::MetadataExt as _;
    let test = TestApp::start().await;
    let (one, _) = test.store(sample("SAME1")).await;
    let (two, _) = test.store(sample("SAME2")).await;
    assert_ne!(one.path, two.path);
    let inode = |media| std::fs::metadata(test.file(media)).unwrap().ino();
    assert_eq!(inode(&one), inode(&two));
    std::fs::write(test.file(&one), "damaged").unwrap();
    let (three, delivery) = test.store(sample("SAME3")).await;
    assert_eq!(
        midiateca_service::storage::hash_file(&test.file(&three)).unwrap(),
        delivery.sha256,
        "linked to a damaged file"
    );
    test.end().await;
}

#[cfg(unix)]
#[tokio::test]
async fn clients_never_share_a_file() {
    use std::os::unix::fs::MetadataExt as _;
    let test = TestApp::start().await;
    let (one, _) = test.store(sample("MINE")).await;
    let delivery = test.sim.world().add(SimMedia {
        instance: OTHER.to_owned(),
        ..sample("YOURS")
    });
    let (_, answer) = test
        .post_to(
            &format!("{}/hooks/wapi/{}", test.origin(), test.other_hook),
            delivery.body.to_string(),
        )
        .await;
    let two = test
        .settled(&midiateca_service::model::MediaId(
            answer["media"][0]["id"].as_str().unwrap().to_owned(),
        ))
        .await;
    assert_eq!(
        (one.sha256.as_ref(), one.client, two.client),
        (two.sha256.as_ref(), 2, 3)
    );
    let inode = |media| std::fs::metadata(test.file(media)).unwrap().ino();
    assert_ne!(inode(&one), inode(&two));
    test.end().await;
}

#[tokio::test]
async fn a_message_without_an_id_is_still_known_again() {
    let test = TestApp::start().await;
    let mut delivery = test.sim.world().add(sample("GONE"));
    delivery.body.as_object_mut().unwrap().remove("messageId");
    let (one, two) = (test.deliver(&delivery).await, test.deliver(&delivery).await);
    assert_eq!(one, two);
    assert!(
        test.settled(&one)
            .await
            .path
            .unwrap()
            .contains(&format!("instance_{FIRST}/image/wapi_noid-"))
    );
    test.end().await;
}

#[tokio::test]
async fn media_that_cannot_be_downloaded_expire_at_the_deadline() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let media = SimMedia {
        fault: Fault::ApiErrorObject,
        expires_at: TODAY / 1_000 + 2 * 86_400,
        ..sample("LATE")
    };
    let delivery = test.sim.world().add(media);
    let id = test.deliver(&delivery).await;
    assert_eq!(test.settled(&id).await.status, "pending");
    for _ in 0..10 {
        let before = test.find(&id).await;
        if before.status == "expired" {
            break;
        }
        clock.advance(DAY);
        let has_ended = async || {
            let now = test.settled(&id).await;
            (&now.status, now.attempts) != (&before.status, before.attempts)
        };
        let began = std::time::Instant::now();
        while !has_ended().await {
            assert!(began.elapsed().as_secs() < 60, "no round after a day");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    let media = test.find(&id).await;
    assert_eq!(
        (
            media.status.as_str(),
            media.reason.as_deref(),
            media.recoverable
        ),
        ("expired", Some("gateway_failed"), true)
    );
    assert_eq!(test.depth(MediaStatus::Expired).await, 1);
    test.sim
        .world()
        .set_fault(&delivery.direct_path, Fault::None);
    let again = test.deliver(&delivery).await;
    assert_eq!(test.settled(&again).await.status, "stored");
    test.end().await;
}

#[tokio::test]
async fn a_repeat_with_more_files_adds_them_to_the_known_ones() {
    let test = TestApp::start().await;
    let (image, delivery) = test.store(sample("MORE")).await;
    let audio = test.sim.world().add(SimMedia::sample(
        FIRST,
        "MORE-AUDIO",
        wa_media::MediaKind::Audio,
    ));
    let mut more = delivery.body.clone();
    more["msgContent"]["audioMessage"] = audio.body["msgContent"]["audioMessage"].clone();
    for fresh in [1, 0] {
        let (_, answer) = test.post(more.to_string()).await;
        let media = answer["media"].as_array().unwrap();
        let known = media.iter().find(|media| media["kind"] == "image").unwrap();
        assert_eq!(
            (&known["id"], &known["duplicate"]),
            (&image.id.as_str().into(), &true.into())
        );
        let count = media
            .iter()
            .filter(|media| media["duplicate"] == false)
            .count();
        assert_eq!(count, fresh);
        for media in media {
            let id = midiateca_service::model::MediaId(media["id"].as_str().unwrap().to_owned());
            assert_eq!(test.settled(&id).await.status, "stored");
        }
    }
    assert_eq!(test.files().len(), 2);
    test.end().await;
}

#[tokio::test]
async fn an_edited_caption_is_taken_and_the_file_stays() {
    let test = TestApp::start().await;
    let (media, delivery) = test.store(sample("EDITED")).await;
    let mut leaf = delivery.body["msgContent"]["imageMessage"].clone();
    leaf["caption"] = serde_json::json!("agora sim");
    let edit = serde_json::json!({
        "instanceId": FIRST, "messageId": "THE-EDIT",
        "msgContent": {"protocolMessage": {"key": {"id": "EDITED"}, "editedMessage": {"imageMessage": leaf}}},
    });
    let (_, answer) = test.post(edit.to_string()).await;
    assert_eq!(answer["media"][0]["id"], media.id.as_str());
    let after = test
        .find(&midiateca_service::model::MediaId(media.id))
        .await;
    assert_eq!(
        (after.caption.as_deref(), after.path),
        (Some("agora sim"), media.path)
    );
    assert_eq!(test.files().len(), 1);
    test.end().await;
}

#[tokio::test]
async fn a_better_key_in_a_repeat_heals() {
    let test = TestApp::start().await;
    let delivery = test.sim.world().add(sample("BETTER"));
    for broken in [serde_json::json!("c2hvcnQ="), serde_json::Value::Null] {
        let mut first = delivery.body.clone();
        first["messageId"] = format!("BETTER{broken}").into();
        first["msgContent"]["imageMessage"]["mediaKey"] = broken;
        let mut second = delivery.body.clone();
        second["messageId"] = first["messageId"].clone();
        let (_, answer) = test.post(first.to_string()).await;
        let id = midiateca_service::model::MediaId(
            answer["media"][0]["id"].as_str().unwrap().to_owned(),
        );
        assert_eq!(test.settled(&id).await.status, "failed");
        test.post(second.to_string()).await;
        assert_eq!(test.settled(&id).await.status, "stored");
    }
    test.end().await;
}

#[tokio::test]
async fn two_files_under_one_id_are_two_files() {
    let test = TestApp::start().await;
    let (mine, delivery) = test.store(sample("REUSED")).await;
    // Another person chose the same id, in another chat.
    let mut forged = test.sim.world().add(SimMedia {
        content: wa_sim::Content::Generated {
            seed: 5,
            size_bytes: 900,
        },
        chat_id: Some("5500900000007".to_owned()),
        ..sample("ANOTHER")
    });
    forged.body["messageId"] = delivery.message_id.clone().into();
    let id = test.deliver(&forged).await;
    let other = test.settled(&id).await;
    assert_ne!(other.id, mine.id);
    assert_eq!((other.status.as_str(), other.size), ("stored", Some(900)));
    assert_eq!(
        midiateca_service::storage::hash_file(&test.file(&mine)).unwrap(),
        delivery.sha256
    );
    assert_eq!(test.files().len(), 2);
    test.end().await;
}

#[tokio::test]
async fn a_repeat_with_better_keys_counts_while_the_first_is_being_fetched() {
    let test = TestApp::start().await;
    test.sim
        .world()
        .set_delay(std::time::Duration::from_millis(300));
    let good = test.sim.world().add(sample("WHILE"));
    let mut bad = good.body.clone();
    bad["msgContent"]["imageMessage"]["directPath"] = "/v/unknown.enc".into();
    let (_, answer) = test.post(bad.to_string()).await;
    let id =
        midiateca_service::model::MediaId(answer["media"][0]["id"].as_str().unwrap().to_owned());
    test.becomes(&id, "downloading").await;
    assert_eq!(test.deliver(&good).await, id);
    let started = std::time::Instant::now();
    while test.find(&id).await.status != "stored" {
        let waited = started.elapsed();
        assert!(
            waited < std::time::Duration::from_secs(30),
            "the repeat was forgotten"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    test.end().await;
}

#[tokio::test]
async fn messages_that_say_nothing_of_themselves_stay_apart() {
    let test = TestApp::start().await;
    let body =
        serde_json::json!({"instanceId": FIRST, "msgContent": {"audioMessage": {"ptt": true}}});
    let (_, one) = test.post(body.to_string()).await;
    let (_, two) = test.post(body.to_string()).await;
    assert_ne!(one["media"][0]["id"], two["media"][0]["id"]);
    test.end().await;
}

#[tokio::test]
async fn a_message_of_another_person_changes_no_row() {
    let test = TestApp::start().await;
    let (media, delivery) = test.store(sample("VICTIM")).await;
    test.sim.world().set_down(true);
    let waiting = test.sim.world().add(sample("WAITING"));
    let waiting_id = test.deliver(&waiting).await;
    assert_eq!(test.settled(&waiting_id).await.status, "pending");
    let outsider = serde_json::json!({"id": "5500900000009"});
    // Bytes: the same id, no key, another path and hash.
    let forged = serde_json::json!({
        "instanceId": FIRST, "messageId": waiting.message_id, "chat": outsider, "sender": outsider,
        "msgContent": {"imageMessage": {"directPath": "/v/evil", "fileSha256": vec![1; 32], "mimetype": "image/jpeg"}},
    });
    let (_, answer) = test.post(forged.to_string()).await;
    assert_eq!(answer["media"][0]["duplicate"], false, "{answer}");
    // Words: an edit of another person's message.
    let edit = serde_json::json!({
        "instanceId": FIRST, "messageId": "EDIT", "chat": outsider, "sender": outsider,
        "msgContent": {"protocolMessage": {"key": {"id": delivery.message_id}, "editedMessage": {"imageMessage": {"caption": "FORGED"}}}},
    });
    test.post(edit.to_string()).await;
    let after = test
        .find(&midiateca_service::model::MediaId(media.id))
        .await;
    assert_eq!((after.caption, after.path), (media.caption, media.path));
    test.sim.world().set_down(false);
    let started = std::time::Instant::now();
    while test.find(&waiting_id).await.status != "stored" {
        assert!(started.elapsed() < std::time::Duration::from_secs(30));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let stored = test.find(&waiting_id).await;
    assert_eq!(
        midiateca_service::storage::hash_file(&test.file(&stored)).unwrap(),
        waiting.sha256
    );
    test.end().await;
}

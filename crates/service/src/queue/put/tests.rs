use std::time::Duration;

use wa_media::MediaKind;

use super::*;
use crate::clock::{MINUTE, SECOND};
use crate::db::{Db, Key, values};
use crate::gateway::Gateway;
use crate::queue::{self, Counts, Lease, Quota, Settled};

const NOW: Millis = 1_790_000_000_000;

async fn database(folder: &tempfile::TempDir, gateway: Gateway) -> Db {
    let path = folder.path().join(format!("{}.db", gateway.as_str()));
    let db = Db::open(&path, Duration::from_secs(1)).await.unwrap();
    db.write(Key::Everything, async move |tx| {
        let sql = "insert into clients (id, name, created_at) values (1, 'Loja', 0)";
        tx.run(sql, values![]).await?;
        let sql = "insert into instances (id, client, gateway, api_base, hook_hash, created_at) values ('i', 1, $1, 'x', $2, 0)";
        tx.run(sql, values![gateway.as_str(), [0; 32]]).await
    })
    .await
    .unwrap();
    db
}

/// An image with a key that expires soon after the others' deadlines, or a link.
fn found(link: Option<&str>, key_at: Millis) -> FoundMedia {
    FoundMedia {
        link: link.map(str::to_owned),
        media_key_at: Some(key_at / SECOND),
        ..FoundMedia::of_fields(MediaKind::Image, &serde_json::Map::new())
    }
}

async fn put_one(db: &Db, gateway: Gateway, id: &'static str, found: FoundMedia, now: Millis) {
    db.write(Key::Everything, async move |tx| {
        let instance = InstanceId("i".to_owned());
        let new = NewMessage {
            instance: &instance,
            client: 1,
            gateway,
            delivery: "d",
            id,
            message: &Message::default(),
        };
        let media = NewMedia {
            found: &found,
            skip: None,
        };
        put(tx, &new, &[media], now).await.map(drop)
    })
    .await
    .unwrap();
}

/// The messages of the next claims, one by one; each round fails, and the media is ready again at once.
async fn claimed(db: &Db, count: usize, now: Millis) -> Vec<String> {
    let mut order = Vec::new();
    for _ in 0..count {
        let claiming = db.write(Key::Everything, async move |tx| {
            let quota = Quota {
                all: 1,
                repeats: 1,
                only_inline: false,
            };
            let lease = Lease {
                owner: "a".to_owned(),
                until: now + MINUTE,
            };
            let instance = InstanceId("i".to_owned());
            let jobs = queue::claim(tx, &instance, quota, &lease, now).await?;
            let job = &jobs[0];
            let settled = Settled::Postponed {
                reason: Reason::LinkFailed,
                until: now - 1,
                counts: Counts::AsFailure,
            };
            queue::settle(tx, job, &settled, &[], now).await?;
            Ok(job.message_id.clone())
        });
        order.push(claiming.await.unwrap());
    }
    order
}

#[tokio::test]
async fn media_whose_link_lives_minutes_are_claimed_first() {
    let folder = tempfile::tempdir().unwrap();
    for (gateway, quick, lasting) in [
        (
            Gateway::Waha,
            "http://waha:3000/api/files/loja/a.jpeg",
            "https://s3.example/bucket/a.jpeg",
        ),
        (
            Gateway::Meta,
            "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
            "",
        ),
    ] {
        let db = database(&folder, gateway).await;
        // Old keys: the deadlines of these are before those of the links.
        put_one(&db, gateway, "old", found(None, NOW - 20 * DAY), NOW).await;
        let lasting = Some(lasting).filter(|link| !link.is_empty());
        put_one(&db, gateway, "lasting", found(lasting, NOW), NOW).await;
        put_one(&db, gateway, "quick", found(Some(quick), NOW), NOW + 1).await;
        put_one(&db, gateway, "later", found(Some(quick), NOW), NOW + 2).await;
        let first = claimed(&db, 4, NOW + SECOND).await;
        assert_eq!(first, ["quick", "later", "old", "lasting"], "{gateway:?}");
        db.write(Key::Nothing, async |tx| {
            queue::promote_due(tx, NOW + MINUTE).await
        })
        .await
        .unwrap();
        // After a failed round the link is no reason any more.
        let again = claimed(&db, 1, NOW + MINUTE).await;
        assert_eq!(again, ["old"], "{gateway:?}");
        db.close().await;
    }
}

#[tokio::test]
async fn a_repeat_with_a_new_link_is_urgent_again() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder, Gateway::Waha).await;
    let link = Some("http://waha:3000/api/files/loja/a.jpeg");
    put_one(&db, Gateway::Waha, "old", found(None, NOW - 20 * DAY), NOW).await;
    put_one(&db, Gateway::Waha, "repeated", found(None, NOW), NOW).await;
    put_one(&db, Gateway::Waha, "repeated", found(link, NOW), NOW).await;
    assert_eq!(claimed(&db, 2, NOW).await, ["repeated", "old"]);
    db.close().await;
}

/// Ids of messages are unique only within a chat and a sender. Z-API, GOWA and Meta say neither keys nor hashes.
#[tokio::test]
async fn equal_ids_of_two_chats_are_two_messages() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder, Gateway::Zapi).await;
    let put_in = async |chat: &'static str, from: &'static str, link: &'static str| {
        db.write(Key::Everything, async move |tx| {
            let instance = InstanceId("i".to_owned());
            let mut message = Message::default();
            message.origin.chat = Some(crate::model::ChatId(chat.to_owned()));
            message.origin.sender.id = Some(from.to_owned());
            let new = NewMessage {
                instance: &instance,
                client: 1,
                gateway: Gateway::Zapi,
                delivery: "d",
                id: "SAME",
                message: &message,
            };
            let found = found(Some(link), 0);
            let media = NewMedia {
                found: &found,
                skip: None,
            };
            put(tx, &new, &[media], NOW).await.map(drop)
        })
        .await
        .unwrap();
    };
    let first = "5548911112222@s.whatsapp.net";
    let second = "5599999999999@s.whatsapp.net";
    put_in(first, first, "https://files.example/victim.png").await;
    put_in(second, second, "https://files.example/attacker.png").await;
    // A repeat with a new link is still the same.
    put_in(first, first, "https://files.example/victim.png?again").await;
    let sql = "select slot, chat_id, link from media order by slot";
    let rows = db.rows(sql, values![]).await.unwrap();
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.int("slot").unwrap(),
                row.text("chat_id").unwrap(),
                row.text("link").unwrap(),
            )
        })
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].1.starts_with("5548911112222") && found[0].2.contains("victim"));
    assert!(found[1].1.starts_with("5599999999999") && found[1].2.contains("attacker"));
    db.close().await;
}

//! Messages that were deleted for everyone, in the form of each gateway.

use midiateca_service::config::DeletedForEveryone;
use midiateca_service::events;
use midiateca_service::gateway::Gateway;
use midiateca_service::media::{self, Media};
use midiateca_service::model::InstanceId;
use serde_json::{Value, json};

use super::Stage;
use super::kept::{delivery, fixture};
use crate::retention::sweep;
use crate::stage::{TestApp, impatient, sample};

const CHAT: &str = "5548900000101@s.whatsapp.net";

/// A gateway, a media of it, and how it says that the message was deleted.
struct Shape {
    gateway: Gateway,
    /// The fixture with the media.
    media: &'static str,
    /// The id of its message.
    id: &'static str,
    deletion: Value,
}

fn shape(gateway: Gateway, media: &'static str, id: &'static str, deletion: Value) -> Shape {
    Shape {
        gateway,
        media,
        id,
        deletion,
    }
}

fn shapes() -> Vec<Shape> {
    let baileys = |id: &str, chat: &str| json!({"remoteJid": chat, "fromMe": false, "id": id});
    let evolution = "3AEC968F7BF4D0D3C29B";
    let chat = "5511900000104@s.whatsapp.net";
    let protocol = json!({"key": baileys("3ADEAD", chat), "message": {"protocolMessage": {"key": baileys(evolution, chat), "type": "REVOKE"}}, "messageType": "protocolMessage", "messageTimestamp": 1_790_000_000});
    let evolution_go = "3AA6D87AD27A5785C310";
    let whatsmeow = |id: &str, chat: &str| {
        json!({
            "Info": {"Chat": chat, "Sender": chat, "IsFromMe": false, "ID": "3ADEAD", "Timestamp": "2026-09-21T14:00:00Z", "Edit": "7"},
            "Message": {"protocolMessage": {"key": {"remoteJID": chat, "fromMe": false, "ID": id}, "type": 0}},
        })
    };
    let wuzapi = "AC44C4B367665BF1C1B228C1F73C20AD";
    let uazapi = "3A1E9DC2AAD0B4AC58EE";
    let waha = "false_5548900000101@c.us_3ADA1DA1E2936811F2D2";
    let waha_chat = "5548900000101@c.us";
    let gowa = "3A097609383B3DA7D12F";
    let wppconnect = "false_5548900000101@c.us_3AD16F491BFC712D1251";
    let zapi = "3A690CE156D4CE5F10EE";
    let meta = "wamid.HB01NTQ4OTAwMDAwOTAwFRIYFDQxQkNFMEE1Q0I4MjE0MjVGRUZD";
    let meta_deletion = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": {"phone_number_id": "200000000000502"},
        "messages": [{"from": "5548900000101", "id": "wamid.X", "timestamp": "1790016600", "type": "revoke", "revoke": {"original_message_id": meta}}],
    }}]}]});
    vec![
        shape(
            Gateway::Evolution,
            "ephemeral-image",
            evolution,
            json!({"event": "messages.upsert", "instance": "loja-aurora", "data": protocol}),
        ),
        shape(
            Gateway::Evolution,
            "ephemeral-image",
            evolution,
            json!({"event": "messages.delete", "instance": "loja-aurora", "data": {"id": evolution, "remoteJid": chat, "fromMe": false, "status": "DELETED"}}),
        ),
        shape(
            Gateway::EvolutionGo,
            "image",
            evolution_go,
            json!({"event": "Message", "instanceId": "1", "data": whatsmeow(evolution_go, CHAT)}),
        ),
        shape(
            Gateway::Wuzapi,
            "audio-json",
            wuzapi,
            json!({"type": "Message", "event": whatsmeow(wuzapi, "100200300400102@lid")}),
        ),
        shape(
            Gateway::Uazapi,
            "image",
            uazapi,
            json!({"EventType": "messages", "message": {"chatid": CHAT, "messageid": "3ADEAD", "fromMe": false, "messageType": "ProtocolMessage", "messageTimestamp": 1_790_000_000_000_i64,
                "content": {"key": {"ID": uazapi}, "type": "REVOKE"}}}),
        ),
        shape(
            Gateway::Uazapi,
            "image",
            uazapi,
            json!({"EventType": "messages_update", "type": "DeletedMessage", "state": "Deleted",
                "event": {"Chat": CHAT, "IsFromMe": false, "IsGroup": false, "MessageIDs": [uazapi], "Timestamp": 1_790_000_000}}),
        ),
        shape(
            Gateway::Waha,
            "noweb-image",
            waha,
            json!({"event": "message.revoked", "session": "aurora", "me": {"id": "5548900000900@c.us"}, "payload": {
                "before": {"id": waha, "from": waha_chat, "fromMe": false},
                "after": {"id": "false_5548900000101@c.us_3ADEAD", "from": waha_chat, "fromMe": false, "timestamp": 1_790_012_600}}}),
        ),
        shape(
            Gateway::Waha,
            "noweb-image",
            waha,
            json!({"event": "message.revoked", "session": "aurora", "me": {"id": "5548900000900@c.us"}, "payload": {"before": null, "revokedMessageId": "3ADA1DA1E2936811F2D2",
                "after": {"id": "false_5548900000101@c.us_3ADEAD", "from": waha_chat, "fromMe": false, "timestamp": 1_790_012_600}}}),
        ),
        shape(
            Gateway::Gowa,
            "image",
            gowa,
            json!({"event": "message.revoked", "device_id": "5548900000900@s.whatsapp.net", "payload": {"id": "3ADEAD", "chat_id": CHAT, "from": CHAT, "is_from_me": false,
                "timestamp": "2026-09-21T23:16:40Z", "revoked_message_id": gowa, "revoked_from_me": false, "revoked_chat": CHAT}}),
        ),
        shape(
            Gateway::Wppconnect,
            "image",
            wppconnect,
            json!({"event": "onrevokedmessage", "session": "padaria", "from": "5548900000101@c.us", "to": "5548900000900@c.us", "id": "false_5548900000101@c.us_3ADEAD", "refId": wppconnect}),
        ),
        shape(
            Gateway::Zapi,
            "image-lid",
            zapi,
            json!({"type": "ReceivedCallback", "phone": "100200300400104@lid", "chatLid": "100200300400104@lid", "fromMe": false, "messageId": "3ADEAD", "momment": 1_790_008_400_000_i64, "revokedMessageId": zapi}),
        ),
        shape(Gateway::Meta, "image", meta, meta_deletion),
    ]
}

impl Stage {
    async fn send(&self, instance: &str, hook: &str, gateway: Gateway, body: &Value) -> Value {
        let path = format!("/hooks/{}/{hook}", gateway.as_str());
        let sent = delivery(gateway, body.to_string(), &[]);
        let (status, answer) = self.post(&path, &sent).await;
        assert_eq!(status, 200, "{instance} {answer}");
        answer
    }

    async fn one(&self, instance: &str, message: &str) -> Media {
        let id = InstanceId(instance.to_owned());
        let rows = media::message::of_message(&self.test.app.db, &id, message).await;
        rows.unwrap().remove(0)
    }

    async fn deletions(&self) -> usize {
        let events = events::after(&self.test.app.db, 0, 10_000).await.unwrap();
        let is_deletion = |event: &&events::Event| event.kind == "media.deleted_for_everyone";
        events.iter().filter(is_deletion).count()
    }
}

/// A text everywhere in a body.
fn replaced(body: &Value, from: &str, to: &str) -> Value {
    serde_json::from_str(&body.to_string().replace(from, to)).unwrap()
}

#[tokio::test]
async fn a_deletion_is_recorded_in_every_gateways_form_whichever_comes_first() {
    let stage = Stage::start("2026-09-22T14:25:35Z").await;
    for (number, shape) in shapes().into_iter().enumerate() {
        let (gateway, name) = (shape.gateway, shape.gateway.as_str());
        let media = fixture(name, shape.media);
        for is_first in [false, true] {
            let about = format!("{number} {name} {is_first}");
            let instance = format!("{name}{number}{is_first}");
            let hook = stage.instance(&instance, gateway, None).await;
            let before = stage.deletions().await;
            let deletion = async || stage.send(&instance, &hook, gateway, &shape.deletion).await;
            if is_first {
                let answer = deletion().await;
                assert_eq!(answer["status"], "ignored", "{about} {answer}");
                assert_eq!(answer["reason"], "unknown_message", "{about}");
            }
            let answer = stage.send(&instance, &hook, gateway, &media).await;
            assert_eq!(answer["status"], "accepted", "{about} {answer}");
            if !is_first {
                assert_eq!(
                    stage.one(&instance, shape.id).await.deleted_at,
                    None,
                    "{about}"
                );
                let answer = deletion().await;
                assert_eq!(answer["status"], "accepted", "{about} {answer}");
                assert_eq!(answer["media"][0]["duplicate"], true, "{about}");
            }
            let row = stage.one(&instance, shape.id).await;
            assert!(row.deleted_at.is_some(), "{about}");
            assert_eq!(
                serde_json::to_value(&row).unwrap()["deleted_at"]
                    .as_str()
                    .map(str::len),
                Some(24)
            );
            // Again, it changes nothing; nor does the message.
            deletion().await;
            stage.send(&instance, &hook, gateway, &media).await;
            let again = stage.one(&instance, shape.id).await;
            assert_eq!(again.deleted_at, row.deleted_at, "{about}");
            assert_eq!(stage.deletions().await, before + 1, "{about}");
        }
    }
}

/// Who sends a deletion chooses the id in it.
#[tokio::test]
async fn a_deletion_from_another_chat_person_or_instance_changes_nothing() {
    let stage = Stage::start("2026-09-22T14:25:35Z").await;
    for (number, shape) in shapes().into_iter().enumerate() {
        let (gateway, name) = (shape.gateway, shape.gateway.as_str());
        let instance = format!("{name}{number}");
        let hook = stage.instance(&instance, gateway, None).await;
        stage
            .send(&instance, &hook, gateway, &fixture(name, shape.media))
            .await;
        let other = format!("other{number}");
        let other_hook = stage.instance(&other, gateway, None).await;
        let answer = stage
            .send(&other, &other_hook, gateway, &shape.deletion)
            .await;
        assert_eq!(answer["reason"], "unknown_message", "{name} {answer}");
        let digits = if gateway == Gateway::Evolution {
            "5511900000104"
        } else {
            "5548900000101"
        };
        // The id stays, where it contains the chat.
        let elsewhere = replaced(&shape.deletion, digits, "5548900000777");
        let elsewhere = replaced(&elsewhere, "100200300400102@lid", "100200300400777@lid");
        let elsewhere = replaced(&elsewhere, "100200300400104@lid", "100200300400777@lid");
        let mut hostile = vec![elsewhere];
        if gateway == Gateway::Wppconnect {
            // From another chat, with the id of a message of this one.
            let from = "\"from\":\"5548900000101@c.us\"";
            let other = "\"from\":\"5548900000777@c.us\"";
            hostile.push(replaced(&shape.deletion, from, other));
            assert_ne!(hostile[1], shape.deletion);
        } else {
            // By the account, which in a private chat deletes its own messages only.
            let by_me = replaced(&shape.deletion, "\"fromMe\":false", "\"fromMe\":true");
            let by_me = replaced(&by_me, "\"is_from_me\":false", "\"is_from_me\":true");
            let by_me = replaced(&by_me, "\"IsFromMe\":false", "\"IsFromMe\":true");
            hostile.push(by_me);
        }
        for body in hostile.iter().filter(|body| **body != shape.deletion) {
            let answer = stage.send(&instance, &hook, gateway, body).await;
            assert_eq!(answer["status"], "ignored", "{name} {body} {answer}");
        }
        for empty in ["", " "] {
            // Some name it without its chat.
            let own = shape.id.split('_').next_back().unwrap();
            let body = replaced(&shape.deletion, own, empty);
            stage.send(&instance, &hook, gateway, &body).await;
        }
        assert_eq!(
            stage.one(&instance, shape.id).await.deleted_at,
            None,
            "{name}"
        );
        assert_eq!(stage.deletions().await, 0, "{name}");
    }
}

fn of_group(id: &str, sender: &str, content: Value) -> Value {
    let chat = "120363000000000201@g.us";
    json!({"event": "messages.upsert", "instance": "x", "data": {
        "key": {"remoteJid": chat, "fromMe": false, "id": id, "participant": sender},
        "message": content, "messageType": "x", "messageTimestamp": 1_790_000_000,
    }})
}

/// In a group an administrator deletes others' messages. A remembered deletion is erased with its person.
#[tokio::test]
async fn an_administrator_deletes_in_a_group_and_remembered_deletions_are_bounded_and_erased() {
    let stage = Stage::start("2026-09-22T14:25:35Z").await;
    let gateway = Gateway::Evolution;
    let hook = stage.instance("loja", gateway, None).await;
    let image = json!({"imageMessage": {"url": "https://mmg.whatsapp.net/x", "mediaKey": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "directPath": "/v/x"}});
    let revoke = |id: &str| json!({"protocolMessage": {"key": {"id": id}, "type": 0}});
    let one = of_group("G1", "5548900000102@s.whatsapp.net", image);
    stage.send("loja", &hook, gateway, &one).await;
    let by_admin = of_group("G2", "5548900000103@s.whatsapp.net", revoke("G1"));
    let answer = stage.send("loja", &hook, gateway, &by_admin).await;
    assert_eq!(answer["status"], "accepted", "{answer}");
    assert!(stage.one("loja", "G1").await.deleted_at.is_some());

    let unknown = of_group(
        "G3",
        "5548900000103@s.whatsapp.net",
        revoke("TEXT-5548900000555"),
    );
    stage.send("loja", &hook, gateway, &unknown).await;
    let count = async || {
        let rows = stage
            .test
            .app
            .db
            .rows("select message_id from early_deletions", vec![])
            .await;
        rows.unwrap().len()
    };
    assert_eq!(count().await, 1);
    let data = stage.test.app.data.clone();
    let forget = [
        "forget",
        "--yes",
        "--client",
        "2",
        "--contact",
        "5548900000555",
    ];
    let forgotten = crate::commands::midiateca(&data, &forget).await;
    assert_eq!(count().await, 0, "{}", crate::commands::stderr(&forgotten));
    // After a week, the next one takes the place of the old ones.
    stage.send("loja", &hook, gateway, &unknown).await;
    stage
        .test
        .app
        .clock
        .advance(8 * midiateca_service::clock::DAY);
    let next = of_group("G4", "5548900000103@s.whatsapp.net", revoke("NEXT"));
    stage.send("loja", &hook, gateway, &next).await;
    assert_eq!(count().await, 1);
}

#[tokio::test]
async fn the_file_of_a_deleted_message_goes_only_by_the_rule() {
    for rule in [DeletedForEveryone::Keep, DeletedForEveryone::Remove] {
        let mut config = impatient();
        config.retention.deleted_for_everyone = rule;
        let test = TestApp::with(config, midiateca_service::clock::Clock::system()).await;
        let (deleted, _) = test.store(sample("DELETED")).await;
        let (other, _) = test.store(sample("OTHER")).await;
        let chat = deleted.chat_id.clone();
        let body = json!({"event": "webhookReceived", "instanceId": deleted.instance, "messageId": "DEL", "chat": {"id": chat}, "sender": {"id": deleted.sender_id}, "fromMe": false,
            "msgContent": {"protocolMessage": {"key": {"id": deleted.message_id}, "type": "REVOKE"}}});
        let (_, answer) = test.post(body.to_string()).await;
        assert_eq!(answer["status"], "accepted", "{answer}");
        let removed = u64::from(rule == DeletedForEveryone::Remove);
        assert_eq!(sweep(&test.app, true).await.unwrap().files, removed);
        assert_eq!(sweep(&test.app, false).await.unwrap().files, removed);
        assert_eq!(test.file(&deleted).exists(), removed == 0);
        assert!(test.file(&other).exists());
        let row = media::find(
            &test.app.db,
            &midiateca_service::model::MediaId(deleted.id.clone()),
        )
        .await;
        let row = row.unwrap().unwrap();
        assert!(row.deleted_at.is_some());
        let status = if removed == 1 { "skipped" } else { "stored" };
        assert_eq!(row.status.as_str(), status);
        test.end().await;
    }
}

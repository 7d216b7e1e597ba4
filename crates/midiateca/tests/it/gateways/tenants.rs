//! An address at the wrong number: what names a registered instance of another client is not filed under this one.

use std::path::Path;

use midiateca_service::gateway::Gateway;
use midiateca_service::instances::NewInstance;
use midiateca_service::model::{DeliveryReason, InstanceId};
use midiateca_service::ops::replay::Replayed;
use serde_json::{Value, json};

use super::kept::{delivery, fixture};
use super::{FIXTURES, Stage, case, gateway_instance};
use crate::stage::add_instance;

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// A delivery of each gateway with a picture, and the field in which it names its instance.
const NAMED: &[(Gateway, &str, &str)] = &[
    (
        Gateway::Meta,
        "image",
        "/entry/0/changes/0/value/metadata/phone_number_id",
    ),
    (
        Gateway::Dialog360,
        "image",
        "/entry/0/changes/0/value/metadata/phone_number_id",
    ),
    (Gateway::Evolution, "image-lid", "/instance"),
    (Gateway::EvolutionGo, "image", "/instanceName"),
    (Gateway::Zapi, "image-lid", "/instanceId"),
    (Gateway::Uazapi, "image", "/instanceName"),
    (Gateway::Waha, "noweb-image", "/session"),
    (Gateway::Wuzapi, "signed-json", "/instanceName"),
    (Gateway::Wppconnect, "image", "/session"),
    (Gateway::Gowa, "image", "/device_id"),
];

/// The fixture, with that name of its instance.
fn naming(of: &(Gateway, &str, &str), name: &str) -> Value {
    let (gateway, fixture_name, pointer) = of;
    let folder = match gateway {
        Gateway::Dialog360 => Gateway::Meta,
        other => *other,
    };
    let mut body = fixture(folder.as_str(), fixture_name);
    if let Some(value) = body.pointer_mut(pointer) {
        *value = json!(name);
    } else {
        body[pointer.trim_start_matches('/')] = json!(name);
    }
    for other in ["userID", "instanceId"] {
        if let Some(value) = body.get_mut(other).filter(|_| !pointer.ends_with(other)) {
            *value = json!("00000000-0000-4000-8000-00000000000f");
        }
    }
    body
}

impl Stage {
    /// An instance of a client; returns its webhook's path.
    async fn of_client(
        &self,
        id: &str,
        gateway: Gateway,
        client: i64,
        session: Option<&str>,
    ) -> String {
        let new = NewInstance {
            client,
            session: session.map(str::to_owned),
            ..gateway_instance(id, gateway)
        };
        let (_, hook) = add_instance(&self.test.app, new, None).await;
        format!("/hooks/{}/{}", gateway.as_str(), hook.unwrap_or_default())
    }

    async fn post_json(&self, path: &str, gateway: Gateway, body: &Value) -> (u16, Value) {
        let case = delivery(gateway, body.to_string(), JSON);
        self.post(path, &case).await
    }
}

#[tokio::test]
async fn a_delivery_that_names_another_clients_instance_is_refused_and_kept() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let mut addresses = Vec::new();
    for (gateway, ..) in NAMED {
        let [ours, theirs] = ["ours", "theirs"].map(|id| format!("{}-{id}", gateway.as_str()));
        let path = stage.of_client(&ours, *gateway, 2, Some("nosso")).await;
        stage.of_client(&theirs, *gateway, 3, Some("deles")).await;
        addresses.push((path, ours, theirs));
    }
    stage.test.wait_for_directory().await;
    for (of, (path, ours, theirs)) in NAMED.iter().zip(&addresses) {
        for other in [theirs.as_str(), "deles"] {
            let (status, answer) = stage.post_json(path, of.0, &naming(of, other)).await;
            let code = &answer["error"]["code"];
            assert_eq!(
                (status, code),
                (401, &json!("token_of_another_instance")),
                "{ours} {answer}"
            );
        }
        let kept = stage.deliveries(ours).await;
        let kept: Vec<_> = kept
            .iter()
            .map(|it| (it.verdict.as_str(), it.reason))
            .collect();
        let refused = ("refused", Some(DeliveryReason::OtherInstance));
        assert_eq!(kept, [refused, refused], "{ours}");
        assert_eq!(
            stage.replay(ours).await,
            [Replayed::Unreadable, Replayed::Unreadable]
        );
        // Its own id, its name at the gateway, and a name that no instance has.
        for own in [ours.as_str(), "nosso", "qualquer"] {
            let (status, answer) = stage.post_json(path, of.0, &naming(of, own)).await;
            assert_eq!(status, 200, "{ours} as {own}: {answer}");
            assert_eq!(answer["status"], "accepted", "{ours} as {own}: {answer}");
            assert_eq!(answer["left_out"], Value::Null, "{ours} as {own}");
        }
    }
    stage.test.end().await;
}

#[tokio::test]
async fn a_refused_delivery_is_read_once_the_name_is_this_instances() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let evolution = &NAMED[2];
    let path = stage.of_client("ours", Gateway::Evolution, 2, None).await;
    stage.of_client("theirs", Gateway::Evolution, 3, None).await;
    stage.test.wait_for_directory().await;
    let body = naming(evolution, "theirs");
    assert_eq!(
        stage.post_json(&path, Gateway::Evolution, &body).await.0,
        401
    );
    stage
        .of_client("ours", Gateway::Evolution, 2, Some("theirs"))
        .await;
    assert_eq!(stage.replay("ours").await, [Replayed::Read]);
    let kept = stage.deliveries("ours").await;
    assert_eq!(
        (kept[0].verdict.as_str(), kept[0].reason),
        ("accepted", None)
    );
    stage.test.end().await;
}

#[tokio::test]
async fn of_a_mixed_batch_the_own_messages_are_accepted_and_the_others_counted() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let path = stage.of_client("1001", Gateway::Meta, 2, None).await;
    stage.of_client("1002", Gateway::Meta, 3, None).await;
    stage.test.wait_for_directory().await;
    let mut body = naming(&NAMED[0], "1001");
    let mut change = body["entry"][0]["changes"][0].clone();
    change["value"]["metadata"]["phone_number_id"] = json!("1002");
    change["value"]["messages"][0]["id"] = json!("wamid.DELES");
    body["entry"][0]["changes"]
        .as_array_mut()
        .unwrap()
        .push(change);
    let (status, answer) = stage.post_json(&path, Gateway::Meta, &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["media"].as_array().map(Vec::len),
        Some(1),
        "{answer}"
    );
    assert_eq!(
        answer["left_out"],
        json!({"unreadable": 0, "other_instance": 1})
    );
    let kept = stage.deliveries("1001").await;
    assert_eq!(kept[0].left_out.other_instance, 1);
    let (raw, _) = stage.stored(&kept[0]).await;
    assert!(String::from_utf8_lossy(&raw).contains("wamid.DELES"));
    stage.test.end().await;
}

#[tokio::test]
async fn an_anonymous_message_in_a_batch_is_counted_in_the_answer_and_in_the_row() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    let path = stage.of_client("loja", Gateway::Evolution, 2, None).await;
    stage.test.wait_for_directory().await;
    let good = case(&Path::new(FIXTURES).join("evolution"), "image-lid");
    let mut body: Value = serde_json::from_slice(&good.body).unwrap();
    let message = body["data"].clone();
    let of = |n: usize| {
        let mut message = message.clone();
        message["key"]["id"] = json!(format!("LOTE{n}"));
        message
    };
    let mut batch: Vec<_> = (0..50).map(of).collect();
    let mut anonymous = message.clone();
    anonymous["key"] = json!({"remoteJid": "5511900000001@s.whatsapp.net"});
    batch.push(anonymous);
    body["data"] = json!(batch);
    let (status, answer) = stage.post_json(&path, Gateway::Evolution, &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["media"].as_array().map(Vec::len), Some(50));
    assert_eq!(
        answer["left_out"],
        json!({"unreadable": 1, "other_instance": 0})
    );
    let kept = stage.deliveries("loja").await;
    assert_eq!(kept[0].left_out.unreadable, 1);
    assert_eq!(stage.replay("loja").await, [Replayed::Read]);
    assert_eq!(stage.deliveries("loja").await[0].left_out.unreadable, 1);
    let id = InstanceId("loja".to_owned());
    let rows = midiateca_service::media::message::of_message(&stage.test.app.db, &id, "LOTE49");
    assert_eq!(rows.await.unwrap().len(), 1);
    stage.test.end().await;
}

//! Deliveries of which a part cannot be read: what can is stored, the rest is kept and counted, and shown everywhere.

use midiateca_service::clock::DAY;
use midiateca_service::deliveries;
use midiateca_service::gateway::Gateway;
use midiateca_service::media;
use midiateca_service::model::{DeliveryReason, DeliveryVerdict, InstanceId, Role, Scope};
use midiateca_service::ops::replay::Replayed;
use serde_json::{Value, json};

use super::Stage;
use super::kept::{delivery, fixture};
use crate::api::Caller;
use crate::commands::{midiateca, stderr, stdout};
use crate::dashboard::signed_in;
use crate::stage::{FIRST, OTHER, TestApp, sample};

/// A file in a field that no reader knows.
fn unknown_file() -> Value {
    json!({"novo": {"arquivo": {"mimetype": "image/jpeg", "sha256": "x"}}})
}

#[tokio::test]
async fn a_delivery_whose_media_no_reader_finds_is_kept_counted_and_shown() {
    let stage = Stage::start("2026-09-21T14:25:35Z").await;
    for gateway in Gateway::ALL {
        let name = gateway.as_str();
        let hook = stage.instance(name, gateway, None).await;
        let path = format!("/hooks/{name}/{hook}");
        let mut body = match gateway {
            Gateway::Wapi => json!({"event": "webhookReceived", "msgContent": {"x": 1}}),
            Gateway::Gupshup => {
                json!({"app": "a", "type": "message", "version": 2, "payload": {"payload": {}, "source": "1"}})
            }
            Gateway::Twilio => json!({"AccountSid": "AC1", "MessageSid": "MM1"}),
            Gateway::Dialog360 => fixture("meta", "statuses-ignored"),
            Gateway::Meta => fixture("meta", "statuses-ignored"),
            Gateway::EvolutionGo => {
                json!({"event": "Novo", "data": {"a": 1}, "instanceToken": "t"})
            }
            Gateway::Evolution => {
                json!({"event": "novo.evento", "instance": name, "data": {"a": 1}})
            }
            Gateway::Zapi => json!({"type": "NovoCallback"}),
            Gateway::Uazapi => json!({"EventType": "novo", "instanceName": name, "message": {}}),
            Gateway::Waha => json!({"event": "novo", "session": name, "payload": {"a": 1}}),
            Gateway::Wuzapi => {
                json!({"type": "Novo", "event": {"a": 1}, "userID": "1", "instanceName": name})
            }
            Gateway::Wppconnect => json!({"event": "novo", "session": name}),
            Gateway::Gowa => json!({"event": "novo", "device_id": name, "payload": {"a": 1}}),
            Gateway::Quepasa => {
                json!({"type": "novo", "chat": {"id": "1"}, "timestamp": 1, "fromme": false})
            }
        };
        body["extra"] = unknown_file();
        let (status, answer) = stage
            .post(&path, &delivery(gateway, body.to_string(), &[]))
            .await;
        assert_eq!(status, 200, "{name} {answer}");
        assert_eq!(
            answer,
            json!({"status": "set_aside", "reason": "unread_media"}),
            "{name}"
        );
        let kept = stage.deliveries(name).await;
        assert_eq!(kept[0].verdict, DeliveryVerdict::SetAside, "{name}");
        assert_eq!(kept[0].reason, Some(DeliveryReason::UnreadMedia), "{name}");
        let (stored, _) = stage.stored(&kept[0]).await;
        let stored: Value = serde_json::from_slice(&stored).unwrap();
        assert_eq!(stored["extra"], unknown_file(), "{name}");
        assert_eq!(stage.replay(name).await, [Replayed::Unreadable], "{name}");
    }
    let data = stage.test.app.data.clone();
    let id = stage.deliveries("meta").await[0].id.0.clone();
    let shown = midiateca(&data, &["deliveries", "show", &id]).await;
    assert!(shown.status.success(), "{}", stderr(&shown));
    assert!(stdout(&shown).contains("novo"), "{}", stdout(&shown));
    let listed = midiateca(&data, &["--json", "deliveries", "list", "--set-aside"]).await;
    let listed = stdout(&listed);
    let count = listed.matches("unread_media").count();
    assert_eq!(count, Gateway::ALL.len(), "{listed}");
    let today = deliveries::set_aside_since(&stage.test.app.db, stage.test.app.clock.now() - DAY);
    assert_eq!(today.await.unwrap(), Gateway::ALL.len() as i64);
    stage.test.end().await;
}

/// A list from a queue or an automation: the own readable delivery, one of another instance, and one with unread media.
#[tokio::test]
async fn of_a_list_for_w_api_what_can_be_read_is_stored_and_the_rest_counted() {
    let test = TestApp::start().await;
    let of = |id: &str, instance: &str| {
        let mut body = test.sim.world().add(sample(id)).body;
        body["instanceId"] = json!(instance);
        body
    };
    let list = json!([of("OWN", FIRST), of("THEIRS", OTHER), unknown_file()]);
    let (status, answer) = test.post(list.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["media"].as_array().map(Vec::len),
        Some(1),
        "{answer}"
    );
    let left_out = json!({"unreadable": 1, "other_instance": 1});
    assert_eq!(answer["left_out"], left_out);
    for (id, count) in [("OWN", 1), ("THEIRS", 0)] {
        let instance = InstanceId(FIRST.to_owned());
        let rows = media::message::of_message(&test.app.db, &instance, id).await;
        assert_eq!(rows.unwrap().len(), count, "{id}");
    }
    // None of it is this instance's.
    let (status, refused) = test.post(json!([of("THEIRS", OTHER)]).to_string()).await;
    assert_eq!(status, 401, "{refused}");

    let id = answer["delivery"].as_str().unwrap();
    let shown = midiateca(&test.app.data, &["deliveries", "show", id]).await;
    assert!(
        stdout(&shown).contains("1 message of another instance"),
        "{}",
        stdout(&shown)
    );
    let caller = Caller::new(&test, Role::Viewer, Scope::All).await;
    let (_, found) = caller.send("GET", &format!("/deliveries/{id}"), None).await;
    assert_eq!(found["left_out"], left_out);
    let browser = signed_in(&test, Role::Viewer, Scope::All).await;
    for page in ["/deliveries".to_owned(), format!("/deliveries/{id}")] {
        let page = browser.page(&page).await;
        assert!(page.contains("1 message of another instance"), "{page}");
        assert!(
            page.contains("1 message whose media cannot be read"),
            "{page}"
        );
    }
    test.end().await;
}

//! What comes in, in the shapes in which gateways, forwarders and automations write it.

use std::io::Write as _;

use flate2::Compression;
use flate2::read::{DeflateEncoder, ZlibEncoder};
use flate2::write::GzEncoder;
use midiateca_service::clock::Clock;
use midiateca_service::config::Size;
use midiateca_service::db::Row;
use midiateca_service::model::{MediaId, Route};
use serde_json::{Value, json};
use wa_sim::{Content, SimMedia};

use crate::stage::{FIRST, OTHER, TODAY, TestApp, impatient, sample};

const PHONE: &str = "5500900000001";
const LID: &str = "100000000000001@lid";
const OUTSIDER: &str = "5500900000009";

async fn rows(test: &TestApp, sql: &'static str) -> Vec<Row> {
    test.app.db.rows(sql, vec![]).await.unwrap()
}

async fn count(test: &TestApp, table: &str) -> usize {
    let sql = match table {
        "media" => "select id from media",
        "deliveries" => "select id from deliveries",
        "early_deletions" => "select message_id from early_deletions",
        _ => "select delivery from caption_edits",
    };
    rows(test, sql).await.len()
}

async fn caption(test: &TestApp, id: &MediaId) -> Option<String> {
    test.find(id).await.caption
}

/// An edit that brings a new caption and no file, from the person who sends the samples.
fn edit(edits: &str, id: &str, caption: Value, moment: i64) -> Value {
    json!({
        "event": "webhookReceived", "instanceId": FIRST, "messageId": id, "isGroup": false, "fromMe": false,
        "chat": {"id": PHONE}, "sender": {"id": PHONE, "senderLid": LID}, "moment": moment,
        "msgContent": {"protocolMessage": {
            "type": 14, "key": {"id": edits, "fromMe": false}, "editedMessage": {"imageMessage": {"caption": caption}},
        }},
    })
}

async fn accepted(test: &TestApp, body: &Value) -> Vec<Value> {
    let (status, answer) = test.post(body.to_string()).await;
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("accepted")),
        "{answer}"
    );
    answer["media"].as_array().unwrap().clone()
}

#[tokio::test]
async fn edits_without_a_file_make_no_row_and_the_latest_counts_in_any_order() {
    let test = TestApp::start().await;
    // Before the message, the later one first.
    assert!(
        accepted(&test, &edit("A", "E2", json!("second"), 1_790_000_200))
            .await
            .is_empty()
    );
    assert!(
        accepted(&test, &edit("A", "E1", json!("first"), 1_790_000_100))
            .await
            .is_empty()
    );
    assert_eq!(
        (
            count(&test, "media").await,
            count(&test, "deliveries").await
        ),
        (0, 2)
    );
    let delivery = test.sim.world().add(sample("A"));
    let id = test.deliver(&delivery).await;
    assert_eq!(caption(&test, &id).await.as_deref(), Some("second"));
    assert_eq!(count(&test, "caption_edits").await, 0);
    // After it: an older one, a newer one, that twice, and the message again.
    for (new_caption, moment, expected) in [
        ("old", 1_790_000_150, "second"),
        ("third", 1_790_000_300, "third"),
        ("third", 1_790_000_300, "third"),
    ] {
        let media = accepted(&test, &edit("A", "E3", json!(new_caption), moment)).await;
        assert_eq!(
            (media[0]["id"].as_str(), &media[0]["duplicate"]),
            (Some(id.as_str()), &json!(true))
        );
        assert_eq!(caption(&test, &id).await.as_deref(), Some(expected));
    }
    test.deliver(&delivery).await;
    assert_eq!(caption(&test, &id).await.as_deref(), Some("third"));
    accepted(&test, &edit("A", "E4", json!(""), 1_790_000_400)).await;
    test.deliver(&delivery).await;
    assert_eq!(caption(&test, &id).await, None);
    assert_eq!(test.settled(&id).await.status, "stored");
    assert_eq!(count(&test, "media").await, 1);
    test.end().await;
}

#[tokio::test]
async fn the_senders_own_clock_orders_edits_of_one_second() {
    let test = TestApp::start().await;
    let id = test.deliver(&test.sim.world().add(sample("A"))).await;
    for (caption, stamp) in [
        ("later", 1_790_000_100_900_i64),
        ("earlier", 1_790_000_100_100),
    ] {
        let mut edit = edit("A", caption, json!(caption), 1_790_000_100);
        edit["msgContent"]["protocolMessage"]["timestampMs"] = json!(stamp.to_string());
        accepted(&test, &edit).await;
    }
    assert_eq!(caption(&test, &id).await.as_deref(), Some("later"));
    test.end().await;
}

#[tokio::test]
async fn an_edit_counts_only_from_the_same_person_in_the_same_chat() {
    let test = TestApp::start().await;
    let group = json!({"id": "120363000000000001@g.us"});
    let in_group = SimMedia {
        chat_id: Some("120363000000000001@g.us".to_owned()),
        is_group: true,
        ..sample("G")
    };
    let private = test.deliver(&test.sim.world().add(sample("P"))).await;
    let in_group = test.deliver(&test.sim.world().add(in_group)).await;
    let outsider = json!({"id": OUTSIDER, "senderLid": "100000000000009@lid"});
    for (target, chat, sender) in [
        ("P", json!({"id": OUTSIDER}), outsider.clone()),
        ("P", json!({"id": PHONE}), outsider.clone()),
        ("P", group.clone(), json!({"id": PHONE})),
        ("G", group.clone(), outsider.clone()),
        ("G", group.clone(), json!({"id": "100000000000009"})),
        ("G", json!({"id": PHONE}), json!({"id": PHONE})),
        (
            "P",
            json!({"id": "550090000001"}),
            json!({"id": "550090000001"}),
        ),
    ] {
        let mut forged = edit(target, "E", json!("FORGED"), 1_790_000_500);
        forged["isGroup"] = json!(chat == group);
        (forged["chat"], forged["sender"]) = (chat, sender);
        assert!(accepted(&test, &forged).await.is_empty(), "{forged}");
    }
    for id in [&private, &in_group] {
        assert_eq!(caption(&test, id).await.as_deref(), Some("segue a foto"));
    }
    // The same person, in every spelling.
    for (n, (chat, sender)) in [
        (
            json!({"id": "5500900000001@s.whatsapp.net"}),
            json!({"id": "5500900000001:7@s.whatsapp.net"}),
        ),
        (
            json!({"id": "100000000000001"}),
            json!({"id": "100000000000001"}),
        ),
        (json!({"id": LID}), json!({"id": LID})),
        (
            json!({"id": "5500900000001@c.us"}),
            json!({"id": "100000000000001:3@lid"}),
        ),
        (json!({"id": PHONE}), Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let words = format!("edit {n}");
        let moment = 1_790_000_600 + i64::try_from(n).unwrap();
        let mut edit = edit("P", "E", json!(words), moment);
        (edit["chat"], edit["sender"]) = (chat, sender);
        assert_eq!(accepted(&test, &edit).await.len(), 1, "{edit}");
        assert_eq!(
            caption(&test, &private).await.as_deref(),
            Some(words.as_str())
        );
    }
    let mut by_lid = edit("G", "E", json!("by LID"), 1_790_000_700);
    (by_lid["chat"], by_lid["isGroup"]) = (group, json!(true));
    by_lid["sender"] = json!({"id": "100000000000001"});
    assert_eq!(accepted(&test, &by_lid).await.len(), 1);
    assert_eq!(caption(&test, &in_group).await.as_deref(), Some("by LID"));
    assert_eq!(count(&test, "media").await, 2);
    test.end().await;
}

#[tokio::test]
async fn a_thin_copy_by_lid_digits_is_the_same_row() {
    let test = TestApp::start().await;
    let delivery = test.sim.world().add(sample("A"));
    let id = test.deliver(&delivery).await;
    let mut copy = delivery.body.clone();
    copy["msgContent"]["imageMessage"] =
        json!({"directPath": delivery.direct_path, "mimetype": "image/jpeg"});
    for sender in [
        "100000000000001",
        "100000000000001@lid",
        "5500900000001:4@c.us",
    ] {
        (copy["chat"], copy["sender"]) = (json!({"id": sender}), json!({"id": sender}));
        let media = accepted(&test, &copy).await;
        assert_eq!(media[0]["id"].as_str(), Some(id.as_str()), "{sender}");
    }
    let media = test.settled(&id).await;
    assert_eq!(
        (media.chat_id.as_deref(), media.sender_id.as_deref()),
        (Some(PHONE), Some(PHONE))
    );
    assert_eq!(count(&test, "media").await, 1);
    test.end().await;
}

#[tokio::test]
async fn encrypted_edits_are_kept_as_they_came_and_revokes_are_remembered() {
    let test = TestApp::start().await;
    let message =
        |content: Value| json!({"instanceId": FIRST, "messageId": "E", "msgContent": content});
    let edit = json!({"secretEncryptedMessage": {"targetMessageKey": {"id": "A"}, "encPayload": "3q2+", "secretEncType": 2}});
    assert!(accepted(&test, &message(edit)).await.is_empty());
    for kind in [json!("REVOKE"), json!(0)] {
        let revoke = message(json!({"protocolMessage": {"type": kind, "key": {"id": "A"}}}));
        let (status, answer) = test.post(revoke.to_string()).await;
        assert_eq!(
            (status, &answer["reason"]),
            (200, &json!("unknown_message"))
        );
    }
    assert_eq!(count(&test, "deliveries").await, 1);
    assert_eq!(count(&test, "early_deletions").await, 1);
    let timer = json!({"instanceId": FIRST, "messageId": "E", "msgContent": {"protocolMessage": {"type": 3, "key": {"id": "A"}}}});
    assert_eq!(test.post(timer.to_string()).await.1["status"], "ignored");
    assert_eq!(count(&test, "media").await, 0);
    test.end().await;
}

#[tokio::test]
async fn a_deletion_of_an_unknown_message_is_remembered_for_a_week() {
    use midiateca_service::clock::DAY;
    use midiateca_service::ops::retention;
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let revoke = json!({"instanceId": FIRST, "messageId": "E", "msgContent": {"protocolMessage": {"type": "REVOKE", "key": {"id": "A"}}}});
    test.post(revoke.to_string()).await;
    for (days, left) in [(7, 1), (1, 0)] {
        clock.advance(days * DAY);
        let (settings, options) = (&test.app.config.retention, retention::Options::default());
        let cancelled = test.app.shutdown.token();
        let sweep = retention::run(
            test.app.file_deps(),
            settings,
            options,
            &|_: &retention::Item| {},
            &cancelled,
        );
        sweep.await.unwrap();
        assert_eq!(count(&test, "early_deletions").await, left, "{days}");
    }
    test.end().await;
}

#[tokio::test]
async fn remembered_captions_are_bounded_and_go_with_the_person_and_with_their_delivery() {
    let test = TestApp::start().await;
    for n in 0..40 {
        accepted(
            &test,
            &edit(
                "A",
                &format!("E{n}"),
                json!(n.to_string()),
                1_790_000_000 + n,
            ),
        )
        .await;
    }
    assert_eq!(count(&test, "caption_edits").await, 16);
    let id = test.deliver(&test.sim.world().add(sample("OTHER"))).await;
    test.settled(&id).await;
    let erasure = crate::forget::erase(&test.app, 2, PHONE).await;
    assert!(erasure.unwrap().is_complete());
    assert_eq!(
        (
            count(&test, "caption_edits").await,
            count(&test, "deliveries").await
        ),
        (0, 0)
    );
    accepted(&test, &edit("B", "E", json!("old"), 1_790_000_000)).await;
    assert_eq!(count(&test, "caption_edits").await, 1);
    let delete = async move |tx: &mut midiateca_service::db::Tx| {
        tx.run("delete from deliveries", vec![]).await
    };
    test.app
        .db
        .write(midiateca_service::db::Key::Everything, delete)
        .await
        .unwrap();
    assert_eq!(count(&test, "caption_edits").await, 0);
    test.end().await;
}

#[tokio::test]
async fn rules_repeats_and_the_instance_count_inside_an_automations_envelope() {
    let mut config = impatient();
    config.keep.own = false;
    let test = TestApp::with(config, Clock::fixed(TODAY)).await;
    let own = SimMedia {
        from_me: true,
        ..sample("OWN")
    };
    let (own, other) = (
        test.sim.world().add(own).body,
        test.sim.world().add(sample("IN")).body,
    );
    let around =
        |body: &Value| json!({"headers": {"host": "n8n"}, "params": {}, "query": {}, "body": body});
    assert_eq!(accepted(&test, &around(&own)).await[0]["status"], "skipped");
    let first = accepted(&test, &json!([{"json": around(&other)}])).await;
    let again = accepted(&test, &json!({"data": {"payload": other.to_string()}})).await;
    assert_eq!(
        (&first[0]["id"], &again[0]["duplicate"]),
        (&again[0]["id"], &json!(true))
    );
    let both = accepted(&test, &json!([around(&own), other])).await;
    assert_eq!(both.len(), 2);
    let mut foreign = other.clone();
    foreign["instanceId"] = json!(OTHER);
    assert_eq!(test.post(around(&foreign).to_string()).await.0, 401);
    let media = test
        .find(&MediaId(first[0]["id"].as_str().unwrap().to_owned()))
        .await;
    assert_eq!(
        (media.message_id.as_str(), media.chat_id.as_deref()),
        ("IN", Some(PHONE))
    );
    assert_eq!(count(&test, "media").await, 2);
    test.end().await;
}

#[tokio::test]
async fn media_without_message_and_instance_are_set_aside_and_can_be_replayed() {
    let test = TestApp::start().await;
    let body = test.sim.world().add(sample("A")).body;
    let anonymous = json!({"x": {"photo": body["msgContent"]["imageMessage"]}});
    let (status, answer) = test.post(anonymous.to_string()).await;
    assert_eq!(
        (status, &answer["status"]),
        (200, &json!("set_aside")),
        "{answer}"
    );
    assert_eq!(answer["reason"], "anonymous_media");
    assert_eq!(test.post("nonsense").await.1["status"], "set_aside");
    let kept = rows(&test, "select verdict, reason from deliveries").await;
    assert!(
        kept.len() == 2
            && kept
                .iter()
                .all(|row| row.text("verdict").unwrap() == "set_aside")
    );
    assert_eq!(count(&test, "media").await, 0);
    test.end().await;
}

/// A brotli stream that says its bytes as they are (RFC 7932, section 9).
fn brotli(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len() - 1).unwrap();
    assert!(length < 1 << 16);
    let head = length << 4 | 1 << 20;
    [&head.to_le_bytes()[..3], bytes, &[3]].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read_all(mut reader: impl std::io::Read) -> Vec<u8> {
    let mut all = Vec::new();
    reader.read_to_end(&mut all).unwrap();
    all
}

async fn post_coded(test: &TestApp, coding: &str, body: Vec<u8>) -> (u16, Value) {
    let call = test
        .http
        .post(test.hook_url())
        .header("content-encoding", coding);
    let answer = call.body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

#[tokio::test]
async fn compressed_webhooks_are_read_in_every_coding_that_senders_use() {
    let test = TestApp::start().await;
    let fast = Compression::fast();
    type Encode = Box<dyn Fn(&[u8]) -> Vec<u8>>;
    let codings: Vec<(&str, Encode)> = vec![
        ("gzip", Box::new(gzip)),
        ("X-Gzip", Box::new(gzip)),
        ("identity", Box::new(gzip)),
        (
            "deflate",
            Box::new(move |bytes| read_all(ZlibEncoder::new(bytes, fast))),
        ),
        (
            "deflate",
            Box::new(move |bytes| read_all(DeflateEncoder::new(bytes, fast))),
        ),
        ("br", Box::new(brotli)),
        (
            "zstd",
            Box::new(|bytes| {
                ruzstd::encoding::compress_to_vec(
                    bytes,
                    ruzstd::encoding::CompressionLevel::Fastest,
                )
            }),
        ),
        ("gzip, br", Box::new(|bytes| brotli(&gzip(bytes)))),
        // Decoded on the way, and the header left.
        ("gzip", Box::new(<[u8]>::to_vec)),
        ("utf-8", Box::new(<[u8]>::to_vec)),
    ];
    for (n, (coding, encode)) in codings.iter().enumerate() {
        let body = test
            .sim
            .world()
            .add(sample(&format!("C{n}")))
            .body
            .to_string();
        let (status, answer) = post_coded(&test, coding, encode(body.as_bytes())).await;
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("accepted")),
            "{n} {coding} {answer}"
        );
        let id = MediaId(answer["media"][0]["id"].as_str().unwrap().to_owned());
        assert_eq!(test.settled(&id).await.status, "stored", "{n} {coding}");
    }
    test.end().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_decoded_is_kept_and_a_bomb_is_refused() {
    let mut config = impatient();
    config.http.max_body = Size::from_bytes(1 << 20);
    let test = TestApp::with(config, Clock::system()).await;
    let call = test
        .http
        .post(test.hook_url())
        .header("content-encoding", "compress");
    let unknown = call.body("\u{1f}\u{9d}x").send().await.unwrap();
    assert_eq!(unknown.status(), 415);
    assert_eq!(
        unknown.headers()["accept-encoding"],
        "gzip, deflate, br, zstd"
    );
    let whole = gzip(br#"{"instanceId":"I"}"#);
    for body in [b"no gzip".to_vec(), whole[..whole.len() / 2].to_vec()] {
        let (status, answer) = post_coded(&test, "gzip", body.clone()).await;
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("set_aside")),
            "{answer}"
        );
    }
    assert_eq!(count(&test, "deliveries").await, 3);
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(post_coded(&test, "gzip", bomb.clone()).await.0, 413);
    assert_eq!(post_coded(&test, "gzip, gzip", gzip(&bomb)).await.0, 413);
    assert_eq!(count(&test, "deliveries").await, 3);
    test.end().await;
}

#[tokio::test]
async fn the_chat_of_a_person_is_found_under_any_of_their_ids() {
    let test = TestApp::start().await;
    let by_lid = SimMedia {
        chat_id: Some("100000000000001".to_owned()),
        sender_id: Some("100000000000001".to_owned()),
        ..sample("L")
    };
    let by_phone = SimMedia {
        chat_id: Some("5500900000001@s.whatsapp.net".to_owned()),
        ..sample("P")
    };
    for media in [by_lid, by_phone] {
        let id = test.deliver(&test.sim.world().add(media)).await;
        test.settled(&id).await;
    }
    for (chat, expected) in [
        ("100000000000001", 2),
        (LID, 2),
        (PHONE, 2),
        ("5500900000001@c.us", 2),
        (OUTSIDER, 0),
    ] {
        let filter = midiateca_service::media::Filter {
            chat: Some(chat.to_owned()),
            ..Default::default()
        };
        let found = midiateca_service::media::list(&test.app.db, &filter, 10)
            .await
            .unwrap();
        assert_eq!(found.len(), expected, "{chat}");
    }
    test.end().await;
}

#[tokio::test]
async fn the_receiver_of_a_forwarded_file_cannot_change_the_original_caption() {
    let test = TestApp::start().await;
    let delivery = test.sim.world().add(sample("FIRST"));
    let id = test.deliver(&delivery).await;
    let mut file = delivery.body["msgContent"]["imageMessage"].clone();
    file["caption"] = json!("FORGED");
    let mut forged = edit("FIRST", "EDIT", json!(""), 1_790_000_500);
    forged["msgContent"]["protocolMessage"]["editedMessage"]["imageMessage"] = file;
    let outsider = json!({"id": OUTSIDER});
    for edited_id in ["EDIT", "FIRST"] {
        (forged["chat"], forged["sender"]) = (outsider.clone(), outsider.clone());
        forged["messageId"] = json!(edited_id);
        accepted(&test, &forged).await;
        assert_eq!(caption(&test, &id).await.as_deref(), Some("segue a foto"));
    }
    (forged["chat"], forged["sender"]) = (json!({"id": PHONE}), json!({"id": PHONE}));
    forged["messageId"] = json!("EDIT2");
    accepted(&test, &forged).await;
    assert_eq!(caption(&test, &id).await.as_deref(), Some("FORGED"));
    test.settled(&id).await;
    test.end().await;
}

#[tokio::test]
async fn an_empty_document_is_stored_as_proven_by_either_route() {
    for (route, proof) in [(Route::Cdn, "full"), (Route::Gateway, "full")] {
        let test = TestApp::with_cdn(vec![route], Clock::system()).await;
        let empty = SimMedia {
            content: Content::Bytes(Vec::new().into()),
            file_name: Some(".nomedia".to_owned()),
            mime: "text/plain".to_owned(),
            ..SimMedia::sample(FIRST, "EMPTY", wa_media::MediaKind::Document)
        };
        let (media, _) = test.store(empty).await;
        let stored = (media.status.as_str(), media.verified.as_deref(), media.size);
        assert_eq!(
            stored,
            ("stored", Some(proof), Some(0)),
            "{route:?} {:?}",
            media.reason
        );
        test.end().await;
    }
}

#[tokio::test]
async fn control_characters_and_long_ids_cost_no_file() {
    let test = TestApp::start().await;
    let long = "Z".repeat(5_000);
    for id in ["A\u{0}B", "\u{1b}[2J", long.as_str()] {
        let mut delivery = test.sim.world().add(sample(&format!("K{}", id.len())));
        delivery.body["messageId"] = json!(id);
        delivery.body["sender"] =
            json!({"id": format!("{PHONE}\u{0}"), "pushName": "Dona\u{0}Cida"});
        delivery.body["msgContent"]["imageMessage"]["caption"] = json!("a\u{0}b");
        let media = test.deliver(&delivery).await;
        assert_eq!(test.deliver(&delivery).await, media, "{id:?}");
        let media = test.settled(&media).await;
        assert_eq!(
            (media.status.as_str(), media.sender_id.as_deref()),
            ("stored", Some(PHONE))
        );
        assert_eq!(media.caption.as_deref(), Some("a\u{0}b"));
        let is_clean = !media.message_id.chars().any(char::is_control);
        assert!(is_clean && media.message_id.len() <= 255 && test.file(&media).exists());
    }
    assert_eq!(count(&test, "media").await, 3);
    test.end().await;
}

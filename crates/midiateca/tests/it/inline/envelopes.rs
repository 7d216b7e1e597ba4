//! Files in the bodies that automations carry, and in forms.

use super::*;

/// What carriers put around a body: API Gateway, a load balancer, Pub/Sub, Logic Apps, CloudEvents, SNS, SQS, Kinesis, and
/// one in another.
fn carried(body: &str) -> Vec<Value> {
    let base64 = STANDARD.encode(body);
    let pubsub = json!({"message": {"data": base64, "messageId": "7", "publishTime": "t"}, "subscription": "s"});
    let sns = json!({"Type": "Notification", "MessageId": "n", "Message": body});
    vec![
        json!({"httpMethod": "POST", "headers": {}, "body": base64, "isBase64Encoded": true}),
        json!({"requestContext": {"elb": {}}, "headers": {}, "body": body, "isBase64Encoded": false}),
        pubsub.clone(),
        json!({"message": {"data": base64, "message_id": "7"}, "subscription": "s"}),
        json!({"$content-type": "application/json", "$content": base64}),
        json!([{"id": "e", "eventType": "wa", "data": serde_json::from_str::<Value>(body).unwrap()}]),
        json!({"specversion": "1.0", "type": "wa", "data_base64": base64}),
        json!({"specversion": "1.0", "type": "wa", "data": format!("data:application/json;base64,{base64}")}),
        sns.clone(),
        json!({"Records": [{"messageId": "q", "receiptHandle": "r", "body": sns.to_string()}]}),
        json!({"Records": [{"messageId": "q", "body": body}]}),
        json!({"Records": [{"kinesis": {"data": base64}, "eventSourceARN": "a"}]}),
        json!({"Records": [{"messageId": "q", "receiptHandle": "r", "body": pubsub.to_string()}]}),
        json!({"body": STANDARD.encode(pubsub.to_string()), "isBase64Encoded": true}),
        json!({"body": URL_SAFE_NO_PAD.encode(format!("\u{feff}{body}")), "isBase64Encoded": true}),
    ]
}

#[tokio::test]
async fn files_come_inside_whatever_carries_a_body_and_leave_only_their_names() {
    let test = start().await;
    let mut number = 0;
    for size in [300, 20_000, 3 * MIB + 1] {
        for n in 0..carried("{}").len() {
            // Large ones take time: one in base64, one in JSON, and one in two of them.
            if size > MIB && ![0, 9, 13].contains(&n) {
                continue;
            }
            number += 1;
            let bytes = picture(number, size);
            let whole = with_picture(&format!("C{number}"), number, &bytes);
            let carried = carried(&whole).swap_remove(n).to_string();
            let media = deliver(&test, carried.clone()).await;
            assert_eq!(media.status, "stored", "{n} {size}");
            assert_eq!(media.message_id, format!("C{number}"));
            assert!(bytes_of(&test, &media) == bytes, "{n} {size}");
            let (_, answer) = test.post(carried).await;
            assert_eq!(answer["media"][0]["duplicate"], true, "{n} {size}");
        }
    }
    wait_for_texts(&test, 0).await;
    let (deliveries, bytes) = kept(&test).await;
    let most = deliveries * 20_000;
    assert!(bytes < most, "{bytes} bytes for {deliveries} deliveries");
    test.end().await;
}

#[tokio::test]
async fn several_carried_bodies_are_all_read() {
    let test = start().await;
    let bodies: Vec<_> = (1..=3)
        .map(|n| (n, picture(n, 50_000 * usize::from(n))))
        .collect();
    let records = bodies.iter().map(|(n, bytes)| {
        let body = with_picture(&format!("R{n}"), *n, bytes);
        json!({"data": STANDARD.encode(body)})
    });
    let carried = json!({"records": records.collect::<Vec<_>>()}).to_string();
    let (_, answer) = test.post(carried).await;
    assert_eq!(
        answer["media"].as_array().map(Vec::len),
        Some(3),
        "{answer}"
    );
    for (slot, (_, bytes)) in bodies.iter().enumerate() {
        let media = settled(&test, &answer, slot).await;
        assert!(media.status == "stored" && bytes_of(&test, &media) == *bytes);
    }
    test.end().await;
}

#[tokio::test]
async fn an_envelope_with_an_unreadable_body_is_set_aside_and_another_is_ignored() {
    let test = start().await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &picture(1, 30_000)).unwrap();
    let packed = STANDARD.encode(packed.finish().unwrap());
    let cut = STANDARD.encode(format!("{{\"messageId\":\"{}", "A".repeat(20_000)));
    for body in [
        json!({"body": packed, "isBase64Encoded": true}),
        json!({"body": packed[..200], "isBase64Encoded": true}),
        json!({"body": cut, "isBase64Encoded": true}),
        json!({"message": {"data": "%%", "messageId": "1"}, "subscription": "s"}),
        json!({"$content-type": "application/octet-stream", "$content": "AAECAw=="}),
        json!({"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "You have chosen to subscribe"}),
        json!({"Records": [{"messageId": "q", "receiptHandle": "r", "body": "{\"cut"}]}),
        json!({"anything": packed}),
    ] {
        let (status, answer) = test.post(body.to_string()).await;
        assert_eq!(
            (status, &answer["status"]),
            (200, &json!("set_aside")),
            "{answer}"
        );
    }
    let (deliveries, _) = kept(&test).await;
    assert_eq!(deliveries, 8);
    for body in
        carried("{\"event\":\"webhookChatPresence\",\"instanceId\":\"I\",\"status\":\"composing\"}")
    {
        let body = body.to_string().replace("\"I\"", &format!("\"{FIRST}\""));
        let body = body.replace("\\\"I\\\"", &format!("\\\"{FIRST}\\\""));
        let (_, answer) = test.post(body.clone()).await;
        let is_named = body.contains(FIRST);
        assert!(
            !is_named || answer["status"] == "ignored",
            "{body} {answer}"
        );
    }
    test.end().await;
}

/// A form as browsers and libraries write it.
fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

#[tokio::test]
async fn files_come_inside_forms_of_any_length() {
    let test = start().await;
    let mut number = 0;
    for size in [300, 20_000, 300_000, 6 * MIB + 1] {
        for name in ["payload", "data", "body"] {
            for is_base64 in [false, true] {
                if size > MIB && name == "data" {
                    continue;
                }
                number += 1;
                let bytes = picture(number, size);
                let whole = with_picture(&format!("F{number}"), number, &bytes);
                let value = if is_base64 {
                    STANDARD.encode(&whole)
                } else {
                    whole
                };
                let body = form(&[("source", "a b"), (name, &value), ("n", "1")]);
                let media = deliver(&test, body).await;
                assert_eq!(media.status, "stored", "{name} {size} {is_base64}");
                assert!(
                    bytes_of(&test, &media) == bytes,
                    "{name} {size} {is_base64}"
                );
            }
        }
    }
    wait_for_texts(&test, 0).await;
    let (_, bytes) = kept(&test).await;
    assert!(bytes < 200_000, "{bytes}");
    let broken = format!("payload=%7B%22a%22{}", "A".repeat(100_000));
    assert_eq!(test.post(broken).await.1["status"], "set_aside");
    test.end().await;
}

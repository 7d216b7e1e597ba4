use serde_json::json;
use wa_sim::SimMedia;

use crate::stage::{FIRST, OTHER, TestApp, impatient, sample};
use midiateca_service::clock::Clock;
use midiateca_service::config::{Size, Span};
use midiateca_service::db::Key;

fn text(instance: &str) -> String {
    json!({"event": "webhookReceived", "instanceId": instance, "messageId": "T1", "msgContent": {"conversation": "oi"}}).to_string()
}

#[tokio::test]
async fn wrong_missing_and_foreign_tokens_are_refused() {
    let test = TestApp::start().await;
    let origin = test.origin();
    let cases = [
        (
            format!("{origin}/hooks/wapi/not-a-token"),
            401,
            "wrong_token",
        ),
        (format!("{origin}/webhook/whatsapp/"), 401, "wrong_token"),
        (
            format!("{origin}/hooks/unknown/{}", test.hook),
            404,
            "unknown_gateway",
        ),
        (format!("{origin}/no/such/page"), 404, "page_not_found"),
    ];
    for (url, status, code) in cases {
        let (found, answer) = test.post_to(&url, text(FIRST)).await;
        assert_eq!(
            (found, answer["error"]["code"].as_str()),
            (status, Some(code)),
            "{url} {answer}"
        );
    }
    assert_eq!(
        test.post(text(OTHER)).await.0,
        401,
        "a body of another instance"
    );
    assert_eq!(
        test.post(text("UNKNOWN")).await.0,
        401,
        "a body of an unknown instance"
    );
    let get = test.http.get(test.hook_url()).send().await.unwrap();
    assert_eq!(get.status(), 405);
    test.end().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_with_the_limit() {
    let mut config = impatient();
    config.http.max_body = Size::from_bytes(1 << 20);
    let test = TestApp::with(config, Clock::system()).await;
    let (status, answer) = test.post(vec![b'x'; 100 << 20]).await;
    assert_eq!(status, 413);
    assert!(answer.to_string().contains("1048576"), "{answer}");
    test.end().await;
}

#[tokio::test]
async fn deliveries_that_are_not_json_are_stored_and_named() {
    let test = TestApp::start().await;
    let (status, answer) = test.post("{\"a\": }").await;
    assert_eq!(
        (status, answer["status"].as_str()),
        (200, Some("set_aside"))
    );
    assert_eq!(answer["reason"], "invalid_json");
    assert_eq!((&answer["line"], &answer["column"]), (&1.into(), &7.into()));
    let row = test
        .app
        .db
        .row("select body_size, verdict from deliveries", vec![])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            row.int("body_size").unwrap(),
            row.text("verdict").unwrap().as_str()
        ),
        (7, "set_aside")
    );
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    assert_eq!(test.post(deep).await.1["status"], "set_aside");
    let deep = format!(
        "{{\"instanceId\":\"{FIRST}\",\"msgContent\":{}1{}}}",
        "{\"a\":".repeat(10_000),
        "}".repeat(10_000)
    );
    assert_eq!(test.post(deep).await.1["status"], "set_aside");
    assert_eq!(test.post("\"text\"").await.1["status"], "set_aside");
    test.end().await;
}

#[tokio::test]
async fn json_with_half_an_emoji_costs_no_file() {
    let test = TestApp::start().await;
    let body = test.sim.world().add(sample("EMOJI")).body.to_string();
    let broken = body.replace("Dona Cida", "Dona Cida \\ud83d");
    assert_ne!(body, broken);
    let (status, answer) = test.post(broken).await;
    assert_eq!((status, answer["status"].as_str()), (200, Some("accepted")));
    let id =
        midiateca_service::model::MediaId(answer["media"][0]["id"].as_str().unwrap().to_owned());
    let media = test.settled(&id).await;
    assert_eq!(
        (media.status.as_str(), media.sender_name.as_deref()),
        ("stored", Some("Dona Cida \u{fffd}"))
    );
    test.end().await;
}

#[tokio::test]
async fn many_bodies_without_a_length_are_taken_at_once() {
    let test = TestApp::start().await;
    let answers = (0..40).map(|n| {
        let body = test
            .sim
            .world()
            .add(sample(&format!("CHUNKED{n}")))
            .body
            .to_string();
        let (first, second) = body.split_at(20);
        let pieces = [first.to_owned(), second.to_owned()].map(Ok::<_, std::io::Error>);
        let slowly =
            futures_util::StreamExt::then(futures_util::stream::iter(pieces), async |piece| {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                piece
            });
        test.post(reqwest::Body::wrap_stream(slowly))
    });
    let answers = futures_util::future::join_all(answers).await;
    assert!(answers.iter().all(|(status, _)| *status == 200));
    test.end().await;
}

#[tokio::test]
async fn messages_without_media_are_ignored_and_connections_noted() {
    let test = TestApp::start().await;
    let (status, answer) = test.post(text(FIRST)).await;
    assert_eq!((status, answer["status"].as_str()), (200, Some("ignored")));
    for (event, state) in [
        ("webhookDisconnected", "disconnected"),
        ("webhookConnected", "connected"),
    ] {
        let body = json!({"event": event, "instanceId": FIRST, "connected": state == "connected"})
            .to_string();
        assert_eq!(test.post(body).await.1["status"], "accepted");
        let instance = midiateca_service::instances::instance(
            &test.app.db,
            &midiateca_service::model::InstanceId(FIRST.to_owned()),
        )
        .await
        .unwrap()
        .unwrap();
        assert_eq!(instance.state.as_str(), state);
    }
    test.end().await;
}

#[tokio::test]
async fn the_original_addresses_take_the_token_both_ways() {
    let test = TestApp::start().await;
    let paths = [
        "whatsapp",
        "receive-message",
        "send-message",
        "chat-presence",
        "message-status",
        "connect",
        "disconnect",
    ];
    for (n, path) in paths.iter().enumerate() {
        let delivery = test.sim.world().add(sample(&format!("OLD{n}")));
        let body = delivery.body.to_string();
        for slash in ["", "/"] {
            let (status, answer) = test
                .post_to(
                    &format!(
                        "{}/webhook/{path}{slash}?token={}",
                        test.origin(),
                        test.hook
                    ),
                    body.clone(),
                )
                .await;
            assert_eq!(
                (status, answer["status"].as_str()),
                (200, Some("accepted")),
                "{path}{slash}"
            );
        }
        let bearer = test
            .http
            .post(format!("{}/webhook/{path}/", test.origin()))
            .bearer_auth(&test.hook)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(bearer.status(), 200);
    }
    test.end().await;
}

#[tokio::test]
async fn sent_and_received_media_come_through_one_address() {
    let test = TestApp::start().await;
    for (n, event) in ["webhookReceived", "webhookDelivery"]
        .into_iter()
        .enumerate()
    {
        let media = SimMedia {
            event: Some(event.to_owned()),
            from_me: event == "webhookDelivery",
            ..sample(&format!("WAY{n}"))
        };
        let (media, _) = test.store(media).await;
        assert_eq!(
            (media.status.as_str(), media.from_me),
            ("stored", event == "webhookDelivery")
        );
    }
    test.end().await;
}

#[tokio::test]
async fn a_locked_database_answers_503_and_recovers() {
    let mut config = impatient();
    config.database.busy_timeout = Span::from_ms(50);
    let test = TestApp::with(config, Clock::system()).await;
    let delivery = test.sim.world().add(sample("LOCKED"));
    let path = test.app.data.join("midiateca.db");
    let lock = crate::stage::database(&path).await.unwrap();
    let (locked, holding) = tokio::sync::oneshot::channel();
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let (locked, released) = (
        std::sync::Mutex::new(Some(locked)),
        tokio::sync::Mutex::new(Some(released)),
    );
    let holder = lock.write(Key::Everything, async move |tx| {
        tx.run("update clients set name = name", vec![]).await?;
        let locked = locked.lock().unwrap().take();
        locked.unwrap().send(()).unwrap();
        let released = released.lock().await.take();
        let _ = released.unwrap().await;
        Ok(())
    });
    let during = async {
        holding.await.unwrap();
        let answer = test
            .http
            .post(test.hook_url())
            .body(delivery.body.to_string())
            .send()
            .await
            .unwrap();
        let seen = (
            answer.status().as_u16(),
            answer.headers().contains_key("retry-after"),
        );
        release.send(()).unwrap();
        seen
    };
    let (locked, seen) = tokio::join!(holder, during);
    locked.unwrap();
    assert_eq!(seen, (503, true));
    let id = test.deliver(&delivery).await;
    assert_eq!(test.settled(&id).await.status, "stored");
    lock.close().await;
    test.end().await;
}

#[tokio::test]
async fn health_and_readiness_are_answered() {
    let test = TestApp::start().await;
    for path in ["healthz", "readyz"] {
        assert_eq!(
            test.http
                .get(format!("{}/{path}", test.origin()))
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    }
    test.end().await;
}

#[tokio::test]
async fn silent_connections_are_closed() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut config = impatient();
    config.http.header_timeout = Span::from_ms(200);
    let test = TestApp::with(config, Clock::system()).await;
    let address = test.origin().replace("http://", "");
    for said in ["", "P", "POST /hooks/wapi/x HTTP/1.1\r\nHost: a\r\n"] {
        let mut connection = tokio::net::TcpStream::connect(&address).await.unwrap();
        connection.write_all(said.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let closing = connection.read_to_end(&mut answer);
        let closed = tokio::time::timeout(std::time::Duration::from_secs(20), closing).await;
        assert!(closed.is_ok(), "after {said:?} the connection stays open");
    }
    test.end().await;
}

#[tokio::test]
async fn odd_addresses_are_answered_like_any_other() {
    let test = TestApp::start().await;
    let origin = test.origin();
    let hook = &test.hook;
    for (path, status) in [
        ("/hooks/wapi/%ff".to_owned(), 401),
        ("/hooks/wapi/".to_owned(), 401),
        ("/hooks/wapi".to_owned(), 401),
        (format!("/hooks/wapi/{hook}/"), 200),
        (format!("/webhook/whatsapp/?token={hook}&token=x"), 200),
        ("/webhook/whatsapp/?token=%ff".to_owned(), 401),
    ] {
        let (found, answer) = test.post_to(&format!("{origin}{path}"), text(FIRST)).await;
        assert_eq!(found, status, "{path}");
        assert!(answer.is_object(), "{path} {answer}");
    }
    let both = test
        .http
        .post(format!("{origin}/webhook/whatsapp/?token="))
        .bearer_auth(hook)
        .body(text(FIRST));
    assert_eq!(both.send().await.unwrap().status(), 200);
    test.end().await;
}

#[tokio::test]
async fn a_message_that_is_too_wide_to_be_looked_through_is_kept() {
    let test = TestApp::start().await;
    let wide: Vec<_> = (0..5_000).map(|n| json!({"n": n})).collect();
    let body = json!({"instanceId": FIRST, "messageId": "WIDE", "msgContent": {"cards": wide}});
    let (status, answer) = test.post(body.to_string()).await;
    assert_eq!(
        (status, answer["status"].as_str()),
        (200, Some("set_aside"))
    );
    test.end().await;
}

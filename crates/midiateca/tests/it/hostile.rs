use serde_json::json;

use crate::stage::{FIRST, TestApp, sample};

#[tokio::test]
async fn hostile_ids_and_names_stay_inside_the_storage() {
    let test = TestApp::start().await;
    let long = "x".repeat(4_000);
    let ids = [
        "../../../etc/passwd",
        "a/b\\c",
        "nul\0byte",
        "line\nbreak\u{202e}",
        "🦜🦜",
        "..",
        ".",
        "CON",
        " ",
        "a%2e",
        long.as_str(),
    ];
    let mut paths = std::collections::HashSet::new();
    for id in ids {
        let media = wa_sim::SimMedia {
            file_name: Some(format!("../{id}.exe")),
            ..sample("X")
        };
        let mut delivery = test.sim.world().add(media);
        delivery.body["messageId"] = json!(id);
        let id = test.deliver(&delivery).await;
        let media = test.settled(&id).await;
        assert_eq!(media.status, "stored");
        let path = media.path.clone().unwrap();
        let name = path
            .strip_prefix(&format!("cliente_2/instance_{FIRST}/image/wapi_"))
            .unwrap();
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.%~".contains(&byte))
                && !name.contains("..")
                && name.len() < 200,
            "{name}"
        );
        assert!(test.file(&media).is_file());
        assert!(paths.insert(path), "two ids met in one name");
    }
    assert_eq!(test.files().len(), ids.len());
    test.end().await;
}

#[tokio::test]
async fn keys_of_a_wrong_length_are_named() {
    let test = TestApp::start().await;
    let mut delivery = test.sim.world().add(sample("KEY"));
    delivery.body["msgContent"]["imageMessage"]["mediaKey"] = json!("c2hvcnQ=");
    let id = test.deliver(&delivery).await;
    let media = test.settled(&id).await;
    assert_eq!(
        (
            media.status.as_str(),
            media.reason.as_deref(),
            media.recoverable
        ),
        ("failed", Some("bad_media_key"), false)
    );
    test.end().await;
}

#[tokio::test]
async fn absurd_lengths_change_nothing() {
    let test = TestApp::start().await;
    for (n, length) in [
        json!("-1"),
        json!(-5067),
        json!("99999999999999999999999999"),
        json!(1e300),
        json!({"low": -1, "high": -1}),
        json!("5 KB"),
        json!(1),
    ]
    .into_iter()
    .enumerate()
    {
        let mut delivery = test.sim.world().add(sample(&format!("LENGTH{n}")));
        delivery.body["msgContent"]["imageMessage"]["fileLength"] = length;
        let id = test.deliver(&delivery).await;
        assert_eq!(test.settled(&id).await.status, "stored");
    }
    test.end().await;
}

#[tokio::test]
async fn two_media_in_one_message_are_two_files() {
    let test = TestApp::start().await;
    let mut first = test.sim.world().add(sample("TWO"));
    let second = test.sim.world().add(wa_sim::SimMedia::sample(
        FIRST,
        "TWO-B",
        wa_media::MediaKind::Audio,
    ));
    first.body["msgContent"]["audioMessage"] = second.body["msgContent"]["audioMessage"].clone();
    let (status, answer) = test.post(first.body.to_string()).await;
    assert_eq!(status, 200);
    let media = answer["media"].as_array().unwrap();
    assert_eq!(media.len(), 2);
    for media in media {
        let id = midiateca_service::model::MediaId(media["id"].as_str().unwrap().to_owned());
        assert_eq!(test.settled(&id).await.status, "stored");
    }
    assert_eq!(test.files().len(), 2);
    test.end().await;
}

#[tokio::test]
async fn a_wrong_gateway_token_waits_for_the_operator() {
    let test = TestApp::start().await;
    test.sim
        .world()
        .add_instance(FIRST, "changed-at-the-gateway");
    let (media, _) = test.store(sample("TOKEN")).await;
    assert_eq!(
        (media.status.as_str(), media.reason.as_deref()),
        ("pending", Some("gateway_token_refused"))
    );
    test.end().await;
}

//! Replays of deliveries whose bytes are stored files.

use super::*;

/// What `deliveries replay` says of the one media of a delivery: JSON in English, text in Portuguese.
async fn replay(test: &TestApp, delivery: &str, lang: &str) -> Value {
    let mut arguments = vec!["--lang", lang, "deliveries", "replay", delivery];
    if lang == "en" {
        arguments.push("--json");
    }
    let output = midiateca(&test.app.data, &arguments).await;
    let text = String::from_utf8(output.stdout).unwrap();
    match serde_json::from_str::<Value>(&text) {
        Ok(report) => report["items"][0].clone(),
        Err(_) => Value::String(text),
    }
}

#[tokio::test]
async fn a_replay_reads_the_stored_file_and_says_what_became_of_it() {
    let test = start().await;
    let bytes = picture(1, MIB);
    let (_, answer) = test.post(with_picture("REPLAY", 1, &bytes)).await;
    let media = settled(&test, &answer, 0).await;
    let delivery = answer["delivery"].as_str().unwrap();
    let said = replay(&test, delivery, "en").await;
    assert_eq!(said["media"][0]["stored_bytes"], "intact", "{said}");
    // A row that was lost is made again, and gets its bytes from the stored file of another.
    let (_, twin) = test.post(with_picture("TWIN", 1, &bytes)).await;
    settled(&test, &twin, 0).await;
    let id = media.id.clone();
    test.app
        .db
        .write(Key::Everything, async move |tx| {
            tx.run("delete from media where id = $1", vec![id.as_str().into()])
                .await
        })
        .await
        .unwrap();
    std::fs::remove_file(test.file(&media)).unwrap();
    let said = replay(&test, delivery, "en").await;
    assert_eq!(said["media"][0]["stored_bytes"], "intact", "{said}");
    let again = settled(&test, &said, 0).await;
    assert_eq!(
        (again.status.as_str(), again.route.as_deref()),
        ("stored", Some("inline")),
        "{:?}",
        again.reason
    );
    assert!(bytes_of(&test, &again) == bytes);
    let twin_id = twin["media"][0]["id"].as_str().unwrap().to_owned();
    let twin = test.find(&MediaId(twin_id)).await;
    for file in [test.file(&again), test.file(&twin)] {
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, "altered").unwrap();
    }
    let said = replay(&test, delivery, "en").await;
    assert_eq!(said["media"][0]["stored_bytes"], "corrupt", "{said}");
    for file in [test.file(&again), test.file(&twin)] {
        std::fs::remove_file(&file).unwrap();
    }
    let said = replay(&test, delivery, "en").await;
    assert_eq!(said["media"][0]["stored_bytes"], "missing", "{said}");
    let said = replay(&test, delivery, "pt-BR").await;
    assert!(
        said.as_str()
            .unwrap()
            .contains("o arquivo armazenado está ausente"),
        "{said}"
    );
    test.end().await;
}

#[tokio::test]
async fn a_replay_says_when_a_rule_deleted_the_stored_file() {
    let test = start().await;
    let body = with_picture("ERASED", 1, &picture(1, MIB));
    let (_, answer) = test
        .post(body.replace("5511900000001", "5511900000002"))
        .await;
    settled(&test, &answer, 0).await;
    let sql =
        "update media set status = 'skipped', reason = 'retention', path = null, sha256 = null";
    test.app
        .db
        .write(Key::Everything, async move |tx| tx.run(sql, vec![]).await)
        .await
        .unwrap();
    let said = replay(&test, answer["delivery"].as_str().unwrap(), "en").await;
    assert_eq!(said["media"][0]["stored_bytes"], "removed", "{said}");
    test.end().await;
}

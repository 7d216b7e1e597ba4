//! Media and deliveries that are processed again.

use super::*;

#[tokio::test]
async fn retry_puts_a_failed_media_back() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    set_up(folder.path(), &sim).await;
    let delivery = sim.world().add(SimMedia {
        fault: Fault::LinkTo("http://169.254.169.254/".to_owned()),
        ..sample("RETRY")
    });
    let body = folder.path().join("delivery.json");
    std::fs::write(&body, delivery.body.to_string()).unwrap();
    let body = body.to_str().unwrap();
    assert_eq!(
        midiateca(folder.path(), &["test-webhook", body])
            .await
            .status
            .code(),
        Some(1)
    );
    // Given up after an hour of the same answer.
    let file = folder.path().join("midiateca.db");
    let db = rusqlite::Connection::open(file).unwrap();
    db.execute("update media set status = 'failed'", [])
        .unwrap();
    drop(db);
    let dry = midiateca(folder.path(), &["retry", "--failed", "--dry-run"]).await;
    assert!(stdout(&dry).contains("would be queued"), "{}", stdout(&dry));
    for (filter, count) in [
        (&["--kind", "image", "--client", "2"][..], 1),
        (&["--kind", "video"], 0),
        (&["--client", "3"], 0),
        (&["--reason", "link_refused", "--since", "1h"], 1),
        (&["--reason", "storage_full"], 0),
        (&["--chat", "unknown"], 0),
    ] {
        let retry = [&["retry", "--failed", "--dry-run"], filter].concat();
        let dry = midiateca(folder.path(), &retry).await;
        let said = stdout(&dry);
        let queued = said.lines().filter(|line| line.contains("would be queued"));
        assert_eq!(queued.count(), count, "{filter:?}");
        // A client that does not exist is refused.
        let is_nothing = count == 0 && dry.status.success();
        assert_eq!(said.contains("no media matched"), is_nothing, "{filter:?}");
    }
    for nonsense in [["--reason", "bad luck"], ["--kind", "hologram"]] {
        let retry = [&["retry", "--failed"], &nonsense[..]].concat();
        let refused = midiateca(folder.path(), &retry).await;
        assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    }
    sim.world().set_fault(&delivery.direct_path, Fault::None);
    let retry = midiateca(folder.path(), &["--json", "retry", "--failed"]).await;
    assert!(stdout(&retry).contains("\"queued\""), "{}", stdout(&retry));
    let again = midiateca(folder.path(), &["test-webhook", body]).await;
    assert_eq!(again.status.code(), Some(0), "{}", stdout(&again));
    let events = midiateca(
        folder.path(),
        &["--json", "monitor", "--after", "0", "--once"],
    )
    .await;
    let kinds: Vec<_> = stdout(&events)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone())
        .collect();
    assert_eq!(kinds, ["media.postponed", "media.stored"]);
    assert_eq!(
        midiateca(folder.path(), &["retry", "no-such-media"])
            .await
            .status
            .code(),
        Some(2)
    );
}

#[tokio::test]
async fn a_delivery_that_was_set_aside_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    set_up(folder.path(), &sim).await;
    let body = folder.path().join("broken.json");
    std::fs::write(&body, "{\"instanceId\": ").unwrap();
    let sent = ["test-webhook", body.to_str().unwrap(), "--instance", FIRST];
    assert_eq!(midiateca(folder.path(), &sent).await.status.code(), Some(1));
    assert!(check_says(folder.path(), "set aside").await);
}

#[tokio::test]
async fn a_lost_file_can_be_had_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    sim.world().add(SimMedia::documented());
    midiateca(data, &["test-webhook", DOCUMENTED]).await;
    let steps = midiateca(data, &["--json", "test-webhook", DOCUMENTED]).await;
    let report: Value = serde_json::from_str(&stdout(&steps)).unwrap();
    let row = report["steps"].as_array().unwrap().last().unwrap();
    let id = row["id"].as_str().unwrap();
    assert!(stdout(&midiateca(data, &["retry", id]).await).contains("already stored"));
    let audio = data.join(format!("media_storage/cliente_2/instance_{FIRST}/audio"));
    let file = std::fs::read_dir(audio)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::remove_file(&file).unwrap();
    assert!(stdout(&midiateca(data, &["retry", id]).await).contains("its file is missing"));
    let again = midiateca(data, &["test-webhook", DOCUMENTED]).await;
    assert_eq!(again.status.code(), Some(0), "{}", stdout(&again));
    assert!(file.is_file());
}

#[tokio::test]
async fn kept_deliveries_are_read_again_and_nothing_doubles() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    sim.world().add(SimMedia::documented());
    midiateca(data, &["test-webhook", DOCUMENTED]).await;
    let broken = data.join("broken.json");
    std::fs::write(&broken, "{\"instanceId\": ").unwrap();
    midiateca(
        data,
        &[
            "test-webhook",
            broken.to_str().unwrap(),
            "--instance",
            FIRST,
        ],
    )
    .await;
    // What an older reader could not read: the same body with today's reader's verdict taken back.
    let path = data.join("midiateca.db");
    let db = crate::stage::database(&path).await.unwrap();
    db.write(Key::Everything, async |tx| {
        tx.run("delete from attempts", vec![]).await?;
        tx.run("delete from media", vec![]).await?;
        tx.run("update deliveries set verdict = 'set_aside', reason = 'old' where verdict = 'accepted'", vec![]).await
    })
    .await
    .unwrap();
    db.close().await;
    let listed = midiateca(
        data,
        &[
            "--json",
            "deliveries",
            "list",
            "--set-aside",
            "--since",
            "1h",
        ],
    )
    .await;
    assert_eq!(items(&listed).len(), 2, "{}", stdout(&listed));
    let dry = midiateca(data, &["deliveries", "replay", "--set-aside", "--dry-run"]).await;
    assert!(
        stdout(&dry).contains("would be processed\taudio"),
        "{}",
        stdout(&dry)
    );
    for duplicate in [false, true] {
        let replay = midiateca(data, &["--json", "deliveries", "replay", "--since", "1d"]).await;
        let report: Value = serde_json::from_str(&stdout(&replay)).unwrap();
        let [read, unreadable] = report["items"].as_array().unwrap().as_slice() else {
            panic!("{report}");
        };
        assert_eq!(
            (&read["result"], &read["media"][0]["duplicate"]),
            (&"read".into(), &duplicate.into())
        );
        assert_eq!(
            (&unreadable["result"], &unreadable["reason"]),
            (&"unreadable".into(), &"invalid_json".into())
        );
        assert_eq!(
            (&report["read"], &report["unreadable"]),
            (&1.into(), &1.into())
        );
    }
    let media = midiateca(data, &["--json", "media", "list", "--kind", "audio"]).await;
    let media = &items(&media)[0];
    assert_eq!(media["status"], "pending");
    assert_eq!(
        midiateca(data, &["deliveries", "replay"])
            .await
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        midiateca(data, &["deliveries", "replay", "unknown"])
            .await
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        midiateca(data, &["deliveries", "list", "--since", "yesterday"])
            .await
            .status
            .code(),
        Some(2)
    );
}

#[tokio::test]
async fn one_media_is_shown_with_all_its_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let fault = Fault::FailTimes {
        times: 2,
        fault: Box::new(Fault::ApiErrorObject),
    };
    let delivery = sim.world().add(SimMedia {
        fault,
        ..sample("SHOWN")
    });
    let body = data.join("delivery.json");
    std::fs::write(&body, delivery.body.to_string()).unwrap();
    midiateca(data, &["test-webhook", body.to_str().unwrap()]).await;
    let listed = midiateca(
        data,
        &[
            "--json", "media", "list", "--status", "stored", "--client", "2",
        ],
    )
    .await;
    let media = &items(&listed)[0];
    let shown = midiateca(
        data,
        &["--json", "media", "show", media["id"].as_str().unwrap()],
    )
    .await;
    let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
    let reasons: Vec<_> = shown["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["reason"].as_str())
        .collect();
    assert_eq!(
        reasons,
        [Some("gateway_failed"), Some("gateway_failed"), None]
    );
    for (arguments, code) in [
        (&["media", "list", "--status", "lost"][..], 2),
        (&["media", "list", "--kind", "hologram"], 2),
        (&["media", "show", "unknown"], 2),
    ] {
        assert_eq!(
            midiateca(data, arguments).await.status.code(),
            Some(code),
            "{arguments:?}"
        );
    }
}

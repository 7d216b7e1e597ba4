use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use midiateca_service::clock::Clock;
use midiateca_service::config::Span;
use midiateca_service::media::Filter;
use midiateca_service::model::MediaStatus;
use serde_json::json;

use crate::stage::{FIRST, TestApp, impatient, sample};

fn generated(n: u64, size_bytes: u64) -> String {
    let leaf = json!({
        "mediaKey": "rwyoaVpbrjfFQ3X1YKt7Y1+pnun0a2536qDKOnT2HuQ=",
        "directPath": format!("/v/t62.7117-24/gen-{size_bytes}-{n}_n.enc?ccb=11-4&oh=01_sim&oe=70CE3680&_nc_sid=5e03e0"),
        "mimetype": "audio/ogg; codecs=opus", "fileLength": size_bytes.to_string(),
    });
    json!({"instanceId": FIRST, "messageId": format!("GEN{n:08}"), "msgContent": {"audioMessage": leaf}}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ack_does_not_wait_and_five_thousand_are_all_stored() {
    let mut config = impatient();
    config.fetch.call_timeout = Span::from_ms(20_000);
    let test = TestApp::with(config, Clock::system()).await;
    test.sim.world().set_delay(Duration::from_secs(5));
    let first = Instant::now();
    assert_eq!(test.post(generated(0, 5_000)).await.0, 200);
    // One whole gateway call would be five seconds.
    assert!(
        first.elapsed() < Duration::from_secs(3),
        "the ack took {:?}",
        first.elapsed()
    );
    let all = futures_util::stream::iter(1..5_000)
        .map(|n| test.post(generated(n, 5_000)))
        .buffer_unordered(32);
    let acknowledged = all
        .filter(|(status, _)| std::future::ready(*status == 200))
        .count()
        .await;
    assert_eq!(acknowledged, 4_999);
    assert!(
        test.depth(MediaStatus::Stored).await < 4_000,
        "the acks waited for the downloads"
    );
    test.sim.world().set_delay(Duration::ZERO);
    let started = Instant::now();
    while test.depth(MediaStatus::Stored).await < 5_000 {
        assert!(
            started.elapsed() < Duration::from_secs(180),
            "only {} stored",
            test.depth(MediaStatus::Stored).await
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(test.files().len(), 5_000);
    test.end().await;
}

#[tokio::test]
async fn downloads_that_run_at_the_end_may_finish() {
    let test = TestApp::start().await;
    test.sim.world().set_delay(Duration::from_millis(300));
    let delivery = test.sim.world().add(sample("DRAIN"));
    let id = test.deliver(&delivery).await;
    test.becomes(&id, "downloading").await;
    let (data, app) = (test.app.data.clone(), std::sync::Arc::clone(&test.app));
    drop(app);
    let path = data.join("midiateca.db");
    let reader = crate::stage::database(&path).await.unwrap();
    let folder = test.end_keeping_the_folder().await;
    let media = midiateca_service::media::find(&reader, &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(media.status, MediaStatus::Stored);
    reader.close().await;
    drop(folder);
}

#[tokio::test]
async fn the_door_stays_open_while_downloads_end() {
    let test = TestApp::start().await;
    test.sim.world().set_delay(Duration::from_millis(500));
    let id = test.deliver(&test.sim.world().add(sample("ENDING"))).await;
    test.becomes(&id, "downloading").await;
    let (url, http) = (test.hook_url(), test.http.clone());
    let late = test.sim.world().add(sample("LATE"));
    let app = std::sync::Arc::clone(&test.app);
    let post = async move {
        app.shutdown.begun().await;
        let answer = http.post(url).body(late.body.to_string()).send().await;
        answer.unwrap().status()
    };
    let (folder, status) = tokio::join!(test.end_keeping_the_folder(), post);
    assert_eq!(status, 200);
    let path = folder.path().join("midiateca.db");
    let reader = crate::stage::database(&path).await.unwrap();
    let listed = midiateca_service::media::list(&reader, &Filter::default(), 10)
        .await
        .unwrap();
    let by_message = |id: &str| listed.iter().find(|media| media.message_id == id).unwrap();
    assert_eq!(by_message("ENDING").status, MediaStatus::Stored);
    assert_ne!(
        by_message("LATE").status,
        MediaStatus::Failed,
        "it is kept for the next start"
    );
    reader.close().await;
}

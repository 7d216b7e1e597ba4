use std::time::{Duration, Instant};

use crate::stage::TestApp;

const PATIENCE: Duration = Duration::from_secs(30);

async fn status(test: &TestApp) -> u16 {
    let asked = test.http.get(format!("{}/readyz", test.origin())).send();
    asked.await.unwrap().status().as_u16()
}

async fn wait_for(test: &TestApp, expected: u16) {
    let started = Instant::now();
    while status(test).await != expected {
        assert!(started.elapsed() < PATIENCE, "never {expected}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_ask_at_once_hear_that_a_healthy_service_is_ready() {
    let test = TestApp::start().await;
    for round in 0..30 {
        let asked = (0..8).map(|_| status(&test));
        let answers = futures_util::future::join_all(asked).await;
        assert_eq!(answers, [200; 8], "round {round}");
        let storage = test.app.storage.clone();
        // The probe itself, without what is shared around it.
        let probes = (0..8).map(|_| storage.probe());
        for probe in futures_util::future::join_all(probes).await {
            probe.unwrap();
        }
    }
    test.end().await;
}

#[tokio::test]
async fn a_storage_that_fails_is_reported_and_so_is_its_return() {
    let test = TestApp::start().await;
    assert_eq!(status(&test).await, 200);
    let staging = test.app.storage.root().join(".staging");
    let aside = test.app.data.join("aside");
    std::fs::rename(&staging, &aside).unwrap();
    std::fs::write(&staging, "not a folder").unwrap();
    wait_for(&test, 503).await;
    std::fs::remove_file(&staging).unwrap();
    std::fs::rename(&aside, &staging).unwrap();
    wait_for(&test, 200).await;
    test.end().await;
}

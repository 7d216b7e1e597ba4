//! A disk that fills up.

use super::*;

#[tokio::test]
async fn a_nearly_full_disk_stops_downloads_and_not_webhooks() {
    let mut config = impatient();
    config.storage.pause_below = Size::from_bytes(u64::MAX);
    config.storage.resume_above = Size::from_bytes(u64::MAX);
    let test = TestApp::with(config, Clock::system()).await;
    let delivery = test.sim.world().add(sample("NOROOM"));
    let id = test.deliver(&delivery).await;
    let paused = async {
        while !Checkpoint::DownloadsPaused
            .is_set(&test.app.db)
            .await
            .unwrap()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), paused)
        .await
        .expect("downloads are not paused");
    // Another delivery wakes the worker a second time.
    test.deliver(&test.sim.world().add(sample("NOROOM2"))).await;
    assert_eq!(test.find(&id).await.status, "pending");
    assert_eq!(test.sim.world().requests(&delivery.direct_path), (0, 0));
    assert_eq!(test.depth(MediaStatus::Pending).await, 2);
    let settings = format!(
        "[storage]\npause_below = {most}\nresume_above = {most}\n",
        most = i64::MAX
    );
    std::fs::write(test.app.data.join("midiateca.toml"), settings).unwrap();
    let report = midiateca(&test.app.data, &["check"]).await;
    assert_eq!(report.status.code(), Some(1), "{}", stderr(&report));
    assert!(
        stdout(&report).contains("needs attention: the disk is nearly full"),
        "{}",
        stdout(&report)
    );
    test.end().await;
}

/// Comes so slowly that it is still under way whenever it is looked at.
fn slow(id: &str) -> SimMedia {
    SimMedia {
        content: Content::Generated {
            seed: 1,
            size_bytes: 40_000_000,
        },
        fault: Fault::Drip {
            bytes_per_second: 400_000,
        },
        ..sample(id)
    }
}

#[tokio::test]
async fn a_file_declared_longer_than_the_disk_waits_and_shorter_ones_are_stored_first() {
    let mut config = impatient();
    config.fetch.max_file = Size::from_bytes(u64::MAX);
    config.worker.drain = Span::from_ms(1);
    let test = TestApp::with(config, Clock::system()).await;
    let first = test.deliver(&test.sim.world().add(slow("FIRST"))).await;
    test.becomes(&first, "downloading").await;
    let mut giant = test.sim.world().add(sample("GIANT"));
    let removed = i64::MAX.to_string();
    let length = giant
        .body
        .pointer_mut("/msgContent/imageMessage/fileLength");
    *length.unwrap() = removed.into();
    let giant = test.deliver(&giant).await;
    let (small, _) = test.store(sample("SMALL")).await;
    assert_eq!(small.status, "stored");
    let waits = test.settled(&giant).await;
    assert_eq!((waits.status.as_str(), waits.attempts), ("pending", 0));
    assert!(waits.next_attempt_at.is_some());
    test.app.progress.stop(&first, 1);
    test.end().await;
}

#[tokio::test]
async fn others_are_stored_during_a_download_declared_longer_than_the_disk() {
    let mut config = impatient();
    config.fetch.max_file = Size::from_bytes(u64::MAX);
    config.worker.drain = Span::from_ms(1);
    let test = TestApp::with(config, Clock::system()).await;
    let mut giant = test.sim.world().add(slow("GIANT"));
    let length = giant
        .body
        .pointer_mut("/msgContent/imageMessage/fileLength");
    *length.unwrap() = i64::MAX.to_string().into();
    let giant = test.deliver(&giant).await;
    test.becomes(&giant, "downloading").await;
    let (small, _) = test.store(sample("SMALL")).await;
    assert_eq!(small.status, "stored");
    assert_eq!(test.find(&giant).await.status, "downloading");
    test.app.progress.stop(&giant, 1);
    test.end().await;
}

#[tokio::test]
async fn a_download_that_is_stopped_counts_for_nothing_unless_there_is_no_room_for_it() {
    let mut config = impatient();
    config.worker.drain = Span::from_ms(1);
    let test = TestApp::with(config, Clock::system()).await;
    let id = test.deliver(&test.sim.world().add(slow("BROKEN"))).await;
    let staged = |test: &TestApp| test.files().len();
    until("the download began", async || staged(&test) > 0).await;
    let fence = "select fence, attempts, rounds from media where id = $1";
    let row = async || {
        let row = test.app.db.row(fence, vec![Cell::from(id.as_str())]).await;
        let row = row.unwrap().unwrap();
        let of = |column| row.int(column).unwrap();
        (of("fence"), of("attempts"), of("rounds"))
    };
    assert_eq!(row().await, (1, 0, 0));
    test.app.progress.stop(&id, 1);
    until("it is claimed again", async || row().await.0 != 1).await;
    assert_eq!(row().await, (2, 0, 0));
    // What there is no room for waits for room, and that is no round.
    until("a download is stopped", async || {
        test.app.progress.stop_largest_for_space()
    })
    .await;
    test.becomes(&id, "pending").await;
    assert_eq!(row().await, (2, 0, 0));
    let waits = test.find(&id).await;
    assert_eq!(
        (waits.status.as_str(), waits.reason.as_deref()),
        ("pending", Some("storage_full"))
    );
    assert!(waits.next_attempt_at.is_some());
    test.end().await;
}

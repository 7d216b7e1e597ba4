//! Outages are no fault of the media that wait: when one ends, what waited is stored soon.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use midiateca_service::clock::{Clock, SECOND};
use midiateca_service::db::Key;
use midiateca_service::model::{MediaId, Route};
use wa_sim::{Fault, SimMedia};

use crate::stage::{TODAY, TestApp, sample, until};

const PATIENCE: Duration = Duration::from_secs(30);

async fn rounds(test: &TestApp, id: &MediaId) -> i64 {
    let sql = "select rounds from media where id = $1";
    let values = vec![midiateca_service::db::Value::from(id.as_str())];
    let row = test.app.db.row(sql, values).await.unwrap().unwrap();
    row.int("rounds").unwrap()
}

/// Whether its next round is still to come.
async fn waits(test: &TestApp, id: &MediaId) -> bool {
    let sql = "select next_attempt_at from media where id = $1";
    let values = vec![midiateca_service::db::Value::from(id.as_str())];
    let row = test.app.db.row(sql, values).await.unwrap().unwrap();
    let at = row.int_or_none("next_attempt_at").unwrap();
    at.is_some_and(|at| at > test.app.clock.now())
}

async fn wait_until_stored(test: &TestApp, ids: &[MediaId]) {
    // Those that are woken in turn are due within seconds.
    let began = Instant::now();
    for id in ids {
        loop {
            let media = test.find(id).await;
            if media.status == "stored" {
                break;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{} for {:?} until {:?}",
                media.status,
                media.reason,
                media.next_attempt_at
            );
            test.app.clock.advance(20);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn wait_for_reason(test: &TestApp, id: &MediaId, reason: &str) {
    until(reason, async || {
        test.settled(id).await.reason.as_deref() == Some(reason)
    })
    .await;
}

/// A storage whose folder for new files is not there for a while: a file is in its place.
struct Away {
    folder: PathBuf,
    moved: PathBuf,
}

impl Away {
    fn take(test: &TestApp) -> Self {
        let folder = test.app.storage.root().to_owned();
        let moved = folder.with_extension("away");
        std::fs::rename(&folder, &moved).unwrap();
        std::fs::write(&folder, "not mounted").unwrap();
        Self { folder, moved }
    }

    fn bring_back(self) {
        std::fs::remove_file(&self.folder).unwrap();
        std::fs::rename(&self.moved, &self.folder).unwrap();
    }
}

#[tokio::test]
async fn media_that_waited_hours_for_the_storage_are_stored_soon_after() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with_cdn(vec![Route::Cdn], clock.clone()).await;
    let mut ids = Vec::new();
    test.sim.world().set_cdn_down(true);
    for n in 0..3 {
        ids.push(MediaId(test.store(sample(&format!("AWAY{n}"))).await.0.id));
    }
    let away = Away::take(&test);
    test.sim.world().set_cdn_down(false);
    let before = rounds(&test, &ids[0]).await;
    for seconds in [10, 60, 250, 1_200, 6_000, 32_000] {
        clock.advance(seconds * SECOND);
        // No round runs while the storage is known to be away.
        until("it waits again", async || {
            test.app.outages.is_storage_down() || waits(&test, &ids[0]).await
        })
        .await;
        test.settled(&ids[0]).await;
    }
    wait_for_reason(&test, &ids[0], "storage_failed").await;
    assert_eq!(rounds(&test, &ids[0]).await, before, "a round was counted");
    let attempts = test.find(&ids[0]).await.attempts;
    assert!(attempts <= before + 5, "{attempts} attempts");
    away.bring_back();
    wait_until_stored(&test, &ids).await;
    test.end().await;
}

#[tokio::test]
async fn the_first_file_in_a_clients_folder_wakes_what_waits_for_that_folder() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with_cdn(vec![Route::Cdn], clock.clone()).await;
    // The storage works, but not where the files of this client go.
    let folder = test.app.storage.root().join("cliente_2");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "covered").unwrap();
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(MediaId(
            test.store(sample(&format!("COVERED{n}"))).await.0.id,
        ));
    }
    for id in &ids {
        wait_for_reason(&test, id, "storage_failed").await;
    }
    // Until the backoff is ten minutes.
    for round in 2..=4 {
        clock.advance(300 * SECOND);
        for id in &ids {
            until("a round", async || rounds(&test, id).await >= round).await;
        }
    }
    let covered_until = clock.now();
    std::fs::remove_file(&folder).unwrap();
    let (new, _) = test.store(sample("NEW")).await;
    assert_eq!(new.status, "stored");
    wait_until_stored(&test, &ids).await;
    let waited = clock.now() - covered_until;
    assert!(waited < 60 * SECOND, "{waited} ms");
    test.end().await;
}

#[tokio::test]
async fn nothing_is_downloaded_while_the_storage_is_away() {
    let test = TestApp::with_cdn(vec![Route::Cdn], Clock::fixed(TODAY)).await;
    test.sim.world().set_cdn_down(true);
    let (media, _) = test.store(sample("FIRST")).await;
    let first = MediaId(media.id);
    let (media, delivery) = test.store(sample("SECOND")).await;
    let second = MediaId(media.id);
    let away = Away::take(&test);
    test.sim.world().set_cdn_down(false);
    let sql = "update media set next_attempt_at = null where message_id = 'FIRST'";
    test.app
        .db
        .write(Key::Everything, async move |tx| tx.run(sql, vec![]).await)
        .await
        .unwrap();
    test.app.work.notify_one();
    wait_for_reason(&test, &first, "storage_failed").await;
    let before = test.sim.world().cdn_requests(&delivery.direct_path);
    let sql = "update media set next_attempt_at = null where message_id = 'SECOND'";
    test.app
        .db
        .write(Key::Everything, async move |tx| tx.run(sql, vec![]).await)
        .await
        .unwrap();
    test.worker_looks().await;
    let media = test.find(&second).await;
    assert_eq!(
        (media.status.as_str(), media.next_attempt_at),
        ("pending", None),
        "it was claimed"
    );
    let after = test.sim.world().cdn_requests(&delivery.direct_path);
    assert_eq!(after, before, "it was fetched with nowhere to put it");
    away.bring_back();
    wait_until_stored(&test, &[first, second]).await;
    test.end().await;
}

#[tokio::test]
async fn the_first_success_wakes_what_waits_for_the_same_server() {
    for route in [Route::Cdn, Route::Gateway] {
        let clock = Clock::fixed(TODAY);
        let test = TestApp::with_cdn(vec![route], clock.clone()).await;
        let world = test.sim.world();
        world.set_down(true);
        let mut ids = Vec::new();
        for n in 0..5 {
            ids.push(MediaId(test.store(sample(&format!("OUT{n}"))).await.0.id));
        }
        // High up the backoff: an hour and more to the next round.
        while rounds(&test, &ids[0]).await < 5 {
            let wait = test.next_attempt_in(ids[0].as_str()).await;
            clock.advance(i64::try_from(wait.as_millis()).unwrap() + 1);
            until("it waits again", async || waits(&test, &ids[0]).await).await;
        }
        world.set_down(false);
        // Nothing wakes them but the first success; one that the server simply does not have is none.
        let fault = SimMedia {
            fault: Fault::FileStatus(404),
            cdn_fault: Fault::FileStatus(404),
            ..sample("GONE")
        };
        test.store(fault).await;
        assert_eq!(test.find(&ids[4]).await.status, "pending");
        let (new, _) = test.store(sample("NEW")).await;
        assert_eq!(new.status, "stored");
        wait_until_stored(&test, &ids).await;
        test.end().await;
    }
}

#[tokio::test]
async fn without_new_media_one_that_waits_finds_out_that_the_server_is_back() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with_cdn(vec![Route::Cdn], clock.clone()).await;
    test.sim.world().set_cdn_down(true);
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(MediaId(test.store(sample(&format!("ALONE{n}"))).await.0.id));
    }
    let sql = "update media set rounds = 6, next_attempt_at = $1";
    let day = midiateca_service::db::Value::from(TODAY + midiateca_service::clock::DAY);
    test.app
        .db
        .write(Key::Everything, async move |tx| {
            tx.run(sql, vec![day.clone()]).await
        })
        .await
        .unwrap();
    test.sim.world().set_cdn_down(false);
    clock.advance(2 * midiateca_service::clock::MINUTE);
    let began = Instant::now();
    while test
        .depth(midiateca_service::model::MediaStatus::Stored)
        .await
        == 0
    {
        assert!(began.elapsed() < PATIENCE, "none was tried");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    wait_until_stored(&test, &ids).await;
    test.end().await;
}

use super::*;
use crate::db::tests::{add, open};
use crate::db::{Db, Key, Value};

#[tokio::test]
async fn a_full_database_is_unavailable_and_recovers_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    db.write(Key::Everything, async |tx| {
        tx.rows("pragma max_page_count = 1", vec![]).await.map(drop)
    })
    .await
    .unwrap();
    let name = "x".repeat(1_000_000);
    assert!(add(&db, 1, &name).await.unwrap_err().is_unavailable());
    db.write(Key::Everything, async |tx| {
        tx.rows("pragma max_page_count = 1000000", vec![])
            .await
            .map(drop)
    })
    .await
    .unwrap();
    add(&db, 1, &name).await.unwrap();
}

#[tokio::test]
async fn a_locked_database_is_unavailable_and_recovers_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let path = dir.path().join("t.db");
    let other = Connection::open(&path, Access::Write, Duration::ZERO).unwrap();
    other.batch("begin exclusive").unwrap();
    assert!(add(&db, 1, "a").await.unwrap_err().is_unavailable());
    other.batch("rollback").unwrap();
    add(&db, 1, "a").await.unwrap();
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    db.write(Key::Everything, async |tx| {
        tx.rows("pragma user_version = 9999", vec![])
            .await
            .map(drop)
    })
    .await
    .unwrap();
    db.close().await;
    let path = dir.path().join("t.db");
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.execute_batch("pragma journal_mode = delete").unwrap();
    drop(newer);
    let before = std::fs::read(&path).unwrap();
    let error = Db::open(&path, Duration::from_millis(50)).await.err();
    assert!(matches!(error, Some(Error::TooNew { version: 9999 })));
    assert!(std::fs::read(&path).unwrap() == before, "it was touched");
}

#[tokio::test]
async fn a_closed_database_leaves_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    add(&db, 1, "a").await.unwrap();
    db.rows("select 1 as n", vec![]).await.unwrap();
    db.close().await;
    assert!(add(&db, 2, "b").await.unwrap_err().is_unavailable());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]

async fn a_copy_is_of_one_moment_and_does_not_restart_when_others_write() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let megabyte = "x".repeat(1 << 20);
    for id in 1..=20 {
        add(&db, id, &format!("{id}{megabyte}")).await.unwrap();
    }
    let (from, to) = (dir.path().join("t.db"), dir.path().join("copy.db"));
    std::fs::File::create(&to).unwrap();
    let (writer, mut steps, mut last) = (db.clone(), 0, 0);
    let here = tokio::runtime::Handle::current();
    let continues = move |pages, _| {
        steps += 1;
        assert!(pages > last, "the copy restarted after {steps} steps");
        last = pages;
        let name = format!("later {steps}");
        here.block_on(add(&writer, 100 + steps, &name)).unwrap();
        true
    };
    let copied = snapshot(&from, &to, Duration::from_secs(5), continues).await;
    assert_eq!(copied.unwrap(), Copied::Whole);
    let later = "select count(*) as n from clients where id > 100";
    let count = async |db: &Db| db.row(later, vec![]).await.unwrap().unwrap().int("n");
    assert!(
        count(&db).await.unwrap() > 2,
        "no write ran during the copy"
    );
    assert!(!dir.path().join("copy.db-wal").exists());
    let copy = Db::open_to_read(&to, Duration::from_secs(5)).await.unwrap();
    assert_eq!(copy.problems().await.unwrap(), Vec::<String>::new());
    assert_eq!(count(&copy).await.unwrap(), 0);
    assert!(add(&copy, 1, "no").await.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_cancelled_copy_stops() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    add(&db, 1, &"x".repeat(10 << 20)).await.unwrap();
    let (from, to) = (dir.path().join("t.db"), dir.path().join("copy.db"));
    std::fs::File::create(&to).unwrap();
    let copied = snapshot(&from, &to, Duration::from_secs(5), |_, _| false).await;
    assert_eq!(copied.unwrap(), Copied::Stopped);
    assert!(std::fs::metadata(&to).unwrap().len() < 10 << 20);
}

#[test]
fn a_locked_file_differs_from_a_full_disk() {
    for (code, is_busy) in [
        (5, true),
        (6, true),
        (5 | 1 << 8, true),
        (13, false),
        (10, false),
    ] {
        let said = rusqlite::ffi::Error::new(code);
        let error = Error::from(rusqlite::Error::SqliteFailure(said, None));
        assert!(error.is_unavailable());
        assert_eq!(error.is_busy(), is_busy, "{code}");
    }
}

#[tokio::test]
async fn a_log_that_grew_under_a_long_reader_is_cut_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let (path, log) = (dir.path().join("t.db"), dir.path().join("t.db-wal"));
    let length = || std::fs::metadata(&log).unwrap().len();
    let reader = Connection::open(&path, Access::Read, Duration::ZERO).unwrap();
    reader
        .batch("begin; select count(*) from clients;")
        .unwrap();
    let megabyte = "x".repeat(1 << 20);
    for id in 1..=24 {
        add(&db, id, &format!("{id}{megabyte}")).await.unwrap();
    }
    assert!(length() > 20 << 20, "{}", length());
    drop(reader);
    for id in 25..=27 {
        add(&db, id, &format!("{id}")).await.unwrap();
    }
    assert!(length() <= 16 << 20, "{}", length());
}

#[tokio::test]
async fn marks_of_earlier_versions_become_checkpoints_with_codes() {
    use crate::coordination::checkpoint::Checkpoint;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let earlier = Connection::open(&path, Access::Create, Duration::ZERO).unwrap();
    for file in &migrations::FILES[..11] {
        earlier.batch(file).unwrap();
    }
    earlier.batch("pragma user_version = 11").unwrap();
    for (name, mark) in [
        ("set-aside deliveries dismissed", "1757102696000"),
        ("no room for downloads", ""),
        ("import under way", ""),
        ("sweep under way run-1", "a,b"),
        ("sweep under way run-2", "c"),
        ("forget 2", r#"[["5500900000001"]]"#),
        ("erased, not compacted", "x"),
        ("scrub ", "0198c0de"),
        ("scrub NUMBER-1", "0198c0df"),
        ("folder", "quoted \" name"),
        ("doctor", "here"),
    ] {
        let sql = "insert into marks (name, mark, at) values ($1, $2, 7)";
        let bound = [Value::from(name), Value::from(mark)];
        earlier.run(sql, &bound).unwrap();
    }
    drop(earlier);
    let db = open(&dir).await;
    let rows = db.rows(
        "select count(*) as n, min(at) as at from checkpoints",
        vec![],
    );
    let row = rows.await.unwrap().remove(0);
    assert_eq!((row.int("n").unwrap(), row.int("at").unwrap()), (11, 7));
    let dismissed = Checkpoint::DeliveriesDismissed.load::<i64>(&db, "").await;
    assert_eq!(dismissed.unwrap(), Some(1_757_102_696_000));
    assert!(Checkpoint::DownloadsPaused.is_set(&db).await.unwrap());
    assert!(Checkpoint::Import.is_set(&db).await.unwrap());
    let sweeps = Checkpoint::Sweep.all::<Vec<String>>(&db).await.unwrap();
    let ids = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
    let expected = [
        ("run-1".to_owned(), ids(&["a", "b"])),
        ("run-2".to_owned(), ids(&["c"])),
    ];
    assert_eq!(sweeps, expected);
    let begun = Checkpoint::Erasure.load::<Vec<Vec<String>>>(&db, "2").await;
    assert_eq!(begun.unwrap(), Some(vec![ids(&["5500900000001"])]));
    for (checkpoint, scope, state) in [
        (Checkpoint::Compaction, "", "x"),
        (Checkpoint::Verify, "", "0198c0de"),
        (Checkpoint::Verify, "NUMBER-1", "0198c0df"),
        (Checkpoint::Folder, "", "quoted \" name"),
        (Checkpoint::WriteTest, "", "here"),
    ] {
        let found = checkpoint.load::<String>(&db, scope).await.unwrap();
        assert_eq!(found.as_deref(), Some(state), "{checkpoint:?}");
    }
}

#[tokio::test]
async fn a_database_that_was_found_and_is_gone_is_not_created_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    for is_empty in [false, true] {
        if is_empty {
            std::fs::write(&path, "").unwrap();
        }
        let error = Db::open_existing(&path, Duration::ZERO).await.err();
        let found = error.and_then(|error| error.displaced());
        assert_eq!(found, Some(Found::Missing), "{is_empty}");
        let length = std::fs::metadata(&path).map(|metadata| metadata.len()).ok();
        assert_eq!(length, is_empty.then_some(0), "it was written to");
    }
}

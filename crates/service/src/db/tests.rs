//! What both engines promise.

use std::time::Duration;

use futures_util::FutureExt as _;

use super::*;

pub(super) async fn open(dir: &tempfile::TempDir) -> Db {
    let path = dir.path().join("t.db");
    Db::open(&path, Duration::from_millis(50)).await.unwrap()
}

pub(super) async fn add(db: &Db, id: i64, name: &str) -> Result<u64, Error> {
    let name = name.to_owned();
    db.write(Key::Everything, async move |tx| {
        let sql = "insert into clients (id, name, created_at) values ($1, $2, 0)";
        tx.run(sql, values![id, &name]).await
    })
    .await
}

#[tokio::test]
async fn a_query_beyond_its_limit_ends_and_the_connection_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let db = Db::open(&path, Duration::from_secs(1)).await.unwrap();
    let endless = "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) as n from n";
    let limited = db.with_read_limit(Duration::from_millis(50));
    let error = limited.rows(endless, vec![]).await.err();
    assert!(matches!(error, Some(Error::TooSlow)), "{error:?}");
    for db in [&limited, &db] {
        let row = db.row("select 1 as n", vec![]).await.unwrap();
        assert_eq!(row.unwrap().int("n").unwrap(), 1);
    }
    db.close().await;
}

#[tokio::test]
async fn a_bad_work_does_not_spoil_the_commit_of_its_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let (a, b, c) = tokio::join!(add(&db, 1, "a"), add(&db, 1, "b"), add(&db, 3, "c"));
    assert!(a.is_ok() && c.is_ok());
    assert!(matches!(b, Err(Error::Statement(_))));
    let rows = db
        .rows("select id from clients order by id", vec![])
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
}

#[tokio::test]
async fn a_panicking_work_is_refused_and_the_committer_lives_on() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let outcome: Result<(), Error> = db
        .write(Key::Everything, async |_| panic!("as planned"))
        .await;
    assert!(matches!(outcome, Err(Error::Panicked)));
    add(&db, 1, "a").await.unwrap();
}

#[tokio::test]
async fn values_are_bound_by_their_number_wherever_they_stand() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let rows = db
        .rows("select $2 as b, $1 as a, $2 as c", values!["one", 2_i64])
        .await
        .unwrap();
    assert_eq!(rows[0].text("a").unwrap(), "one");
    assert_eq!(
        (rows[0].int("b").unwrap(), rows[0].int("c").unwrap()),
        (2, 2)
    );
    assert!(matches!(rows[0].int("a"), Err(Error::Malformed { .. })));
}

async fn append(db: &Db, name: &'static str) -> Result<(), Error> {
    db.write(Key::Nothing, async move |tx| {
        let sql = "insert into events (at, kind, data) values (0, $1, '{}')";
        tx.defer(async move |tx| tx.run(sql, values![name]).await.map(drop));
        if name == "refused" {
            return Err(Error::Foreign);
        }
        Ok(())
    })
    .await
}

async fn appended(db: &Db) -> Vec<(i64, String)> {
    let sql = "select seq, kind from events order by seq";
    let rows = db.rows(sql, vec![]).await.unwrap();
    let rows = rows.iter();
    rows.map(|row| (row.int("seq").unwrap(), row.text("kind").unwrap()))
        .collect()
}

#[tokio::test]
async fn deferred_rows_are_numbered_without_gaps_in_the_order_of_commits() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let (first, refused, last) = tokio::join!(
        append(&db, "first"),
        append(&db, "refused"),
        append(&db, "last")
    );
    assert!(first.is_ok() && last.is_ok());
    assert!(matches!(refused, Err(Error::Foreign)));
    let expected = [(1, "first".to_owned()), (2, "last".to_owned())];
    assert_eq!(appended(&db).await, expected);
}

#[tokio::test]
async fn deferred_rows_come_after_all_that_the_group_does_and_before_its_commit() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let (seen, at_once) = db
        .write(Key::Nothing, async |tx| {
            let count = "select count(*) as n from events";
            let sql = "insert into events (at, kind, data) values (0, 'one', '{}')";
            tx.defer(async move |tx| tx.run(sql, values![]).await.map(drop));
            let seen = tx.row(count, values![]).await?.unwrap().int("n")?;
            tx.run_deferred().await?;
            let at_once = tx.row(count, values![]).await?.unwrap().int("n")?;
            tx.defer(async move |tx| tx.run(sql, values![]).await.map(drop));
            Ok((seen, at_once))
        })
        .await
        .unwrap();
    assert_eq!((seen, at_once), (0, 1));
    assert_eq!(appended(&db).await.len(), 2);
}

#[tokio::test]
async fn sums_and_booleans_are_whole_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    for value in [0, 1, -1, 9_999, 10_000, -12_345_678_901, i64::MAX, i64::MIN] {
        let sql = "select sum(n) as n, sum(n) > 0 as positive, count(*) as count from (select cast($1 as bigint) as n) as one";
        let row = db.row(sql, values![value]).await.unwrap().unwrap();
        assert_eq!(row.int("n").unwrap(), value);
        assert_eq!(row.flag("positive").unwrap(), value > 0);
        assert_eq!(row.count("count").unwrap(), 1);
    }
    let sql = "select sum(n) as n from (select cast(null as bigint) as n) as one";
    let row = db.row(sql, values![]).await.unwrap().unwrap();
    assert_eq!(row.int_or_none("n").unwrap(), None);
    db.close().await;
}

/// As in a loop that waits for something else while it holds other futures.
#[tokio::test]
async fn readers_that_are_not_polled_keep_no_place_from_others() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let mut unpolled = Vec::new();
    for _ in 0..20 {
        let mut reading = Box::pin(db.rows("select 1 as n", vec![]));
        // Begins, and waits for its result or for a place. Some may have their result already.
        match reading.as_mut().now_or_never() {
            Some(read) => assert_eq!(read.unwrap().len(), 1),
            None => unpolled.push(reading),
        }
    }
    let read = db.rows("select 2 as n", vec![]);
    let read = tokio::time::timeout(Duration::from_secs(60), read).await;
    assert_eq!(read.unwrap().unwrap()[0].int("n").unwrap(), 2);
    for reading in unpolled {
        assert_eq!(reading.await.unwrap().len(), 1);
    }
    db.close().await;
}

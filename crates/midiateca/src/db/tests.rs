use std::time::Duration;

use super::*;

async fn open(dir: &tempfile::TempDir) -> Db {
    let path = dir.path().join("t.db");
    Db::open(&path, Duration::from_millis(50)).await.unwrap()
}

async fn add(db: &Db, id: i64, name: &str) -> Result<u64, Error> {
    let name = name.to_owned();
    db.write(async move |tx| {
        let sql = "insert into clients (id, name, created_at) values ($1, $2, 0)";
        tx.run(sql, values![id, &name]).await
    })
    .await
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
    let outcome: Result<(), Error> = db.write(async |_| panic!("as planned")).await;
    assert!(matches!(outcome, Err(Error::Panicked)));
    add(&db, 1, "a").await.unwrap();
}

#[tokio::test]
async fn a_full_database_is_unavailable_and_recovers_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    db.write(async |tx| tx.rows("pragma max_page_count = 1", vec![]).await.map(drop))
        .await
        .unwrap();
    let name = "x".repeat(1_000_000);
    assert!(add(&db, 1, &name).await.unwrap_err().is_unavailable());
    db.write(async |tx| {
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
    let other = SqliteConnectOptions::new().filename(dir.path().join("t.db"));
    let mut other = SqliteConnection::connect_with(&other).await.unwrap();
    sqlx::query("begin exclusive")
        .execute(&mut other)
        .await
        .unwrap();
    assert!(add(&db, 1, "a").await.unwrap_err().is_unavailable());
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    add(&db, 1, "a").await.unwrap();
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    db.write(async |tx| {
        let sql =
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                   values (9999, 'from the future', 1, x'00', 0)";
        tx.run(sql, vec![]).await
    })
    .await
    .unwrap();
    db.close().await;
    let path = dir.path().join("t.db");
    let error = Db::open(&path, Duration::from_millis(50)).await.err();
    assert!(matches!(error, Some(Error::TooNew { version: 9999 })));
}

//! What is held, file by file: for whoever reads, compares, or puts right.

use super::Filter;
use crate::db::{Db, Error, Row, Tx, Value, values};
use crate::model::{MediaId, MediaStatus};

/// Sorts after every id.
const PAST_ALL: &str = "~";

/// One stored file, as its row tells of it.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which media.
    pub id: MediaId,
    /// Whose.
    pub client: i64,
    /// Of which instance.
    pub instance: String,
    /// Image, audio, …
    pub kind: String,
    /// Below the storage root.
    pub path: String,
    /// How long it is.
    pub size_bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

pub(super) const HELD: &str = concat!(
    "select id, client, instance, kind, path, size_bytes, sha256 from media where status = 'stored' and id > $9 and ",
    meant!(),
    " order by id limit $10"
);

/// Up to `limit` stored files after the media `after` (an id, or empty), in the order in which they came.
pub async fn held(db: &Db, filter: &Filter, after: &str, limit: u32) -> Result<Vec<Held>, Error> {
    let rows = db.rows(HELD, filter.values(values![after, limit])).await?;
    rows.iter().map(held_of).collect()
}

/// Paths below the storage root of the newest stored files.
pub async fn newest_held(db: &Db, limit: u32) -> Result<Vec<String>, Error> {
    let sql = "select path from media where status = 'stored' and path is not null order by id desc limit $1";
    let rows = db.rows(sql, values![limit]).await?;
    rows.iter().map(|row| row.text("path")).collect()
}

/// A stored file, and a name under which the same client holds the same bytes: another one, or its own.
#[derive(Clone, Debug)]
pub struct HeldWithTwin {
    /// The file.
    pub held: Held,
    /// Below the storage root; the same for all files with these bytes.
    pub first_path: String,
}

/// Like [`held`], of everything, each with the one name that all files with the same bytes have in common.
pub async fn held_with_twins(db: &Db, after: &str, limit: u32) -> Result<Vec<HeldWithTwin>, Error> {
    let sql = "select id, client, instance, kind, path, size_bytes, sha256,
                 (select path from media as twin where twin.client = media.client and twin.sha256 = media.sha256 and twin.status = 'stored' limit 1) as first_path
               from media where status = 'stored' and id > $1 order by id limit $2";
    let rows = db.rows(sql, values![after, limit]).await?;
    let file = |row: &Row| {
        let held = held_of(row)?;
        let first_path = row.text_or_none("first_path")?;
        Ok(HeldWithTwin {
            first_path: first_path.unwrap_or_else(|| held.path.clone()),
            held,
        })
    };
    rows.iter().map(file).collect()
}

pub(super) const HELD_BEFORE: &str = concat!(
    "select id, client, instance, kind, path, size_bytes, sha256 from media where status = 'stored' and id < $9 and ",
    meant!(),
    " order by id desc limit $10"
);

/// Up to `limit` stored files before the media `before` (an id, or nothing), the newest first: what was written last is what a crash or a
/// full disk damages.
pub async fn held_before(
    db: &Db,
    filter: &Filter,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<Held>, Error> {
    let rows = db
        .rows(
            HELD_BEFORE,
            filter.values(values![before.unwrap_or(PAST_ALL), limit]),
        )
        .await?;
    rows.iter().map(held_of).collect()
}

pub(super) const LOST_BEFORE: &str = concat!(
    "select id, client, instance, kind, path, size_bytes, sha256 from media where status not in ('stored', 'downloading')
       and path is not null and sha256 is not null and coalesce(reason, '') not in ('erased', 'retention') and id < $9 and ",
    meant!(),
    " order by id desc limit $10"
);

/// Like [`held_before`], of what was stored and taken for lost: where the file was, and what it was.
pub async fn lost_before(
    db: &Db,
    filter: &Filter,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<Held>, Error> {
    let values = filter.values(values![before.unwrap_or(PAST_ALL), limit]);
    let rows = db.rows(LOST_BEFORE, values).await?;
    rows.iter().map(held_of).collect()
}

fn held_of(row: &Row) -> Result<Held, Error> {
    Ok(Held {
        id: MediaId(row.text("id")?),
        client: row.int("client")?,
        instance: row.text("instance")?,
        kind: row.text("kind")?,
        path: row.text("path")?,
        size_bytes: row.count("size_bytes")?,
        sha256: row.bytes32_or_none("sha256")?.unwrap_or_default(),
    })
}

/// Other names under which one client holds the same bytes.
pub async fn twins(db: &Db, held: &Held) -> Result<Vec<String>, Error> {
    let sql = "select path from media where client = $1 and sha256 = $2 and status = 'stored' and path <> $3 limit 8";
    let rows = db
        .rows(sql, values![held.client, held.sha256, &held.path])
        .await?;
    rows.iter().map(|row| row.text("path")).collect()
}

/// Whether a row still says that these bytes are held there.
pub async fn is_held(tx: &mut Tx, held: &Held) -> Result<bool, Error> {
    let sql = "select 1 as found from media where id = $1 and status = 'stored' and path = $2 and sha256 = $3";
    let values = values![held.id.as_str(), &held.path, held.sha256];
    Ok(tx.row(sql, values).await?.is_some())
}

const SHARED: &str =
    "select 1 as found from media where status = 'stored' and path = $2 and id <> $1 limit 1";

/// Whether the row of another stored media names the same path.
pub async fn is_path_shared(tx: &mut Tx, held: &Held) -> Result<bool, Error> {
    let values = values![held.id.as_str(), &held.path];
    Ok(tx.row(SHARED, values).await?.is_some())
}

/// Which of these paths a stored media's row names.
pub async fn held_paths(db: &Db, paths: &[String]) -> Result<Vec<String>, Error> {
    let (sql, values) = naming(paths);
    let rows = db.rows_of(sql, values).await?;
    rows.iter().map(|row| row.text("path")).collect()
}

/// Whether a stored media's row names this path, as the transaction sees it.
pub async fn is_path_held(tx: &mut Tx, path: &str) -> Result<bool, Error> {
    let (sql, values) = naming(&[path.to_owned()]);
    Ok(!tx.rows_of(sql, values).await?.is_empty())
}

/// Another media than the one that asks, whose row names the same path.
#[derive(Clone, Debug)]
pub struct Other {
    /// Which media.
    pub id: MediaId,
    /// The path.
    pub path: String,
    /// Whether it is stored there, or was and is taken for lost.
    pub is_stored: bool,
}

/// Which other media's rows name one of these paths.
pub async fn others_at(db: &Db, id: &str, paths: &[String]) -> Result<Vec<Other>, Error> {
    let rows = db.rows_of(at(paths), paths.iter().map(Value::from).collect());
    let other = |row: &Row| {
        Ok(Other {
            id: MediaId(row.text("id")?),
            path: row.text("path")?,
            is_stored: row.text("status")? == MediaStatus::Stored.as_str(),
        })
    };
    let others: Result<Vec<_>, Error> = rows.await?.iter().map(other).collect();
    Ok(others?
        .into_iter()
        .filter(|it| it.id.as_str() != id)
        .collect())
}

fn at(paths: &[String]) -> String {
    let holes = holes(paths);
    format!("select id, path, status from media where path in ({holes})")
}

fn naming(paths: &[String]) -> (String, Vec<Value>) {
    let holes = holes(paths);
    let sql = format!("select path from media where status = 'stored' and path in ({holes})");
    (sql, paths.iter().map(Value::from).collect())
}

fn holes(paths: &[String]) -> String {
    let holes: Vec<_> = (1..=paths.len()).map(|n| format!("${n}")).collect();
    holes.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn whose_a_path_is_is_answered_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("t.db"), Duration::from_secs(1))
            .await
            .unwrap();
        let two = ["a".to_owned(), "b".to_owned()];
        let texts = [
            SHARED.to_owned(),
            naming(&two).0,
            naming(&two[..1]).0,
            at(&two),
        ];
        for sql in texts {
            let plan = db.rows_of(format!("explain query plan {sql}"), values![]);
            let plan = plan.await.unwrap();
            let steps: Vec<_> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
            let is_found = steps.iter().any(|step| step.contains("media_path"));
            let is_scanned = steps.iter().any(|step| step.starts_with("SCAN"));
            assert!(is_found && !is_scanned, "{sql}: {steps:?}");
        }
        db.close().await;
    }
}

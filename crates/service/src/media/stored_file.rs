//! Rows of stored files: reading, comparing, repairing and removing them.

use super::filter::{Filter, ResolvedFilter};
use super::list::page;
use super::statement::{Statement, placeholders};
use crate::clock::Millis;
use crate::db::{Db, Error, Row, Tx, Value, values};
use crate::model::{InstanceId, MediaId, MediaKind, MediaStatus, Reason};

/// The file of a stored or lost media. These columns have kept their names since the first migration, because a
/// backup reads the database of an earlier version.
#[derive(Clone, Debug)]
pub struct StoredFile {
    pub id: MediaId,
    pub client: i64,
    pub instance: InstanceId,
    pub kind: MediaKind,
    /// `Stored`, or the status of a media whose file was lost.
    pub status: MediaStatus,
    pub reason: Option<Reason>,
    pub received_at: Millis,
    /// Below the storage root.
    pub path: String,
    pub size_bytes: u64,
    pub sha256: [u8; 32],
}

macro_rules! file_columns {
    () => {
        "id, client, instance, kind, status, reason, received_at, path, size_bytes, sha256"
    };
}
pub(super) use file_columns;

impl StoredFile {
    pub(super) fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: MediaId(row.text("id")?),
            client: row.int("client")?,
            instance: InstanceId(row.text("instance")?),
            kind: row.parsed("kind", MediaKind::parse)?,
            status: row.parsed("status", MediaStatus::parse)?,
            reason: row.parsed_or_none("reason", Reason::parse)?,
            received_at: row.int("received_at")?,
            path: row.text("path")?,
            size_bytes: row.count("size_bytes")?,
            sha256: row.bytes32_or_none("sha256")?.unwrap_or_default(),
        })
    }
}

const FILE: &str = concat!(
    "select ",
    file_columns!(),
    " from media where id = $1 and status = 'stored'"
);

pub async fn find_file(db: &Db, id: &MediaId) -> Result<Option<StoredFile>, Error> {
    let row = db.row(FILE, values![id.as_str()]).await?;
    row.as_ref().map(StoredFile::from_row).transpose()
}

fn statement(
    conditions: &str,
    filter: &ResolvedFilter,
    place: (&str, &str),
    end: (&str, u32),
) -> Statement {
    let mut statement = Statement::new(concat!("select ", file_columns!(), " from media where "));
    statement.sql.push_str(conditions);
    statement.push(place.0, place.1);
    statement.filter(filter);
    statement.push(end.0, end.1);
    statement
}

pub(super) fn stored_statement(filter: &ResolvedFilter, after: &str, limit: u32) -> Statement {
    let place = (" and id > $$", after);
    statement(
        "status = 'stored'",
        filter,
        place,
        (" order by id limit $$", limit),
    )
}

/// The next page of stored files after the media `after` (an id, or empty), by id.
pub async fn stored_files(
    db: &Db,
    filter: &Filter,
    after: &mut String,
    limit: u32,
) -> Result<Option<Vec<StoredFile>>, Error> {
    let filter = ResolvedFilter::new(db, filter).await?;
    let statement = stored_statement(&filter, after, limit);
    let rows = db.rows_of(statement.sql, statement.values).await?;
    page(&rows, StoredFile::from_row, after)
}

/// Paths of the newest stored files.
pub async fn newest_paths(db: &Db, limit: u32) -> Result<Vec<String>, Error> {
    let sql = "select path from media where status = 'stored' and path is not null order by id desc limit $1";
    let rows = db.rows(sql, values![limit]).await?;
    rows.iter().map(|row| row.text("path")).collect()
}

/// Like [`stored_files`] without a filter. Each file comes with one path that all files of the client with the same
/// bytes share.
pub async fn stored_files_with_twins(
    db: &Db,
    after: &mut String,
    limit: u32,
) -> Result<Option<Vec<(StoredFile, String)>>, Error> {
    let sql = concat!(
        "select ",
        file_columns!(),
        ", (select path from media as twin where twin.client = media.client and twin.sha256 = media.sha256 and twin.status = 'stored' limit 1) as first_path
         from media where status = 'stored' and id > $1 order by id limit $2"
    );
    let rows = db.rows(sql, values![after.as_str(), limit]).await?;
    let file = |row: &Row| {
        let file = StoredFile::from_row(row)?;
        let first_path = row.text_or_none("first_path")?;
        let first_path = first_path.unwrap_or_else(|| file.path.clone());
        Ok((file, first_path))
    };
    page(&rows, file, after)
}

const NEWEST_FIRST: &str = " order by id desc limit $$";

pub(super) fn stored_before_statement(
    filter: &ResolvedFilter,
    before: &str,
    limit: u32,
) -> Statement {
    let place = (" and id < $$", before);
    statement("status = 'stored'", filter, place, (NEWEST_FIRST, limit))
}

/// In place of an id: ids are of letters, digits and hyphens, which all sort before `~`.
pub const BEFORE_NEWEST: &str = "~";

/// The next page of stored files before the media `before` (an id, or [`BEFORE_NEWEST`]), newest first: a crash or a full
/// disk damages what was written last.
pub async fn stored_files_before(
    db: &Db,
    filter: &Filter,
    before: &mut String,
    limit: u32,
) -> Result<Option<Vec<StoredFile>>, Error> {
    let filter = ResolvedFilter::new(db, filter).await?;
    let statement = stored_before_statement(&filter, before, limit);
    let rows = db.rows_of(statement.sql, statement.values).await?;
    page(&rows, StoredFile::from_row, before)
}

pub(super) fn lost_before_statement(
    filter: &ResolvedFilter,
    before: &str,
    limit: u32,
) -> Statement {
    let is_lost =
        "status not in ('stored', 'downloading') and path is not null and sha256 is not null
                   and coalesce(reason, '') not in ('erased', 'retention')";
    statement(
        is_lost,
        filter,
        (" and id < $$", before),
        (NEWEST_FIRST, limit),
    )
}

/// Like [`stored_files_before`], for media whose file was lost.
pub async fn lost_files_before(
    db: &Db,
    filter: &Filter,
    before: &mut String,
    limit: u32,
) -> Result<Option<Vec<StoredFile>>, Error> {
    let filter = ResolvedFilter::new(db, filter).await?;
    let statement = lost_before_statement(&filter, before, limit);
    let rows = db.rows_of(statement.sql, statement.values).await?;
    page(&rows, StoredFile::from_row, before)
}

/// Other paths of the client with the same bytes.
pub async fn twins(db: &Db, file: &StoredFile) -> Result<Vec<String>, Error> {
    let sql = "select path from media where client = $1 and sha256 = $2 and status = 'stored' and path <> $3 limit 8";
    let rows = db
        .rows(sql, values![file.client, file.sha256, &file.path])
        .await?;
    rows.iter().map(|row| row.text("path")).collect()
}

/// Whether the row still has this path and hash.
pub async fn is_unchanged(tx: &mut Tx, file: &StoredFile) -> Result<bool, Error> {
    let sql = "select 1 as found from media where id = $1 and status = 'stored' and path = $2 and sha256 = $3";
    let values = values![file.id.as_str(), &file.path, file.sha256];
    Ok(tx.row(sql, values).await?.is_some())
}

/// The path of a stored file of the client with these bytes.
pub async fn same_bytes(db: &Db, client: i64, sha256: &[u8; 32]) -> Result<Option<String>, Error> {
    let sql = "select path from media where client = $1 and sha256 = $2 and status = 'stored' order by stored_at limit 1";
    let row = db.row(sql, values![client, sha256]).await?;
    row.map(|row| row.text("path")).transpose()
}

/// None while the media is not stored.
pub async fn sha256_of_stored(tx: &mut Tx, media: &MediaId) -> Result<Option<[u8; 32]>, Error> {
    let sql = "select sha256 from media where id = $1 and status = 'stored'";
    let row = tx.row(sql, values![media.as_str()]).await?;
    row.map_or(Ok(None), |row| row.bytes32_or_none("sha256"))
}

/// Whether a media is stored at that path; None without a row.
pub async fn is_at(tx: &mut Tx, id: &MediaId, path: &str) -> Result<Option<bool>, Error> {
    let sql = "select status, path from media where id = $1";
    let row = tx.row(sql, values![id.as_str()]).await?;
    let is_so = |row: Row| {
        let status = row.parsed("status", MediaStatus::parse)?;
        Ok(status == MediaStatus::Stored && row.text_or_none("path")?.as_deref() == Some(path))
    };
    row.map(is_so).transpose()
}

const SHARED: &str =
    "select 1 as found from media where status = 'stored' and path = $2 and id <> $1 limit 1";

/// Whether another stored media has the same path.
pub async fn is_path_shared(tx: &mut Tx, file: &StoredFile) -> Result<bool, Error> {
    let values = values![file.id.as_str(), &file.path];
    Ok(tx.row(SHARED, values).await?.is_some())
}

/// Those paths that stored media have.
pub async fn used_paths(db: &Db, paths: &[String]) -> Result<Vec<String>, Error> {
    let (sql, values) = naming(paths);
    let rows = db.rows_of(sql, values).await?;
    rows.iter().map(|row| row.text("path")).collect()
}

/// Whether a stored media has this path, within a transaction.
pub async fn is_path_used(tx: &mut Tx, path: &str) -> Result<bool, Error> {
    let (sql, values) = naming(&[path.to_owned()]);
    Ok(!tx.rows_of(sql, values).await?.is_empty())
}

/// The files of other media than `id` at these paths.
pub async fn files_at(
    db: &Db,
    id: Option<&MediaId>,
    paths: &[String],
) -> Result<Vec<StoredFile>, Error> {
    let rows = db.rows_of(at(paths), paths.iter().map(Value::from).collect());
    let mut files = Vec::new();
    for row in rows.await? {
        let file = StoredFile::from_row(&row)?;
        if Some(&file.id) != id {
            files.push(file);
        }
    }
    Ok(files)
}

fn at(paths: &[String]) -> String {
    let holes = placeholders(1, paths.len());
    format!(
        concat!(
            "select ",
            file_columns!(),
            " from media where path in ({holes})"
        ),
        holes = holes
    )
}

fn naming(paths: &[String]) -> (String, Vec<Value>) {
    let holes = placeholders(1, paths.len());
    let sql = format!("select path from media where status = 'stored' and path in ({holes})");
    (sql, paths.iter().map(Value::from).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_stored_file_can_be_read_from_the_tables_of_every_version() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
        let files = std::fs::read_dir(folder).unwrap();
        let texts: Vec<_> = files
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        let is_first = |text: &&String| text.contains("create table media (");
        let table = texts.iter().find(is_first).unwrap();
        let table = table.split("create table media (").nth(1).unwrap();
        let table = table.split(") strict").next().unwrap();
        for column in file_columns!().split(", ") {
            assert!(table.contains(&format!("\n  {column} ")), "{column}");
            let renamed = format!("alter table media rename column {column} ");
            assert!(
                !texts.iter().any(|text| text.contains(&renamed)),
                "{column}"
            );
        }
    }

    #[tokio::test]
    async fn the_media_of_a_path_are_found_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("t.db"), Duration::from_secs(1))
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

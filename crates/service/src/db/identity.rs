//! The random id of a database, which its storage carries too.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::connection::{Access, Connection};
use super::{Db, Error, Key, values};
use crate::disk::with_suffix;

/// Files of a database that may outlive it.
const REMAINS: [&str; 3] = ["-wal", "-journal", "-shm"];

/// Whether there is no database: no file, an empty one, or one without tables. Changes nothing.
pub fn is_absent(path: &Path, busy_timeout: Duration) -> bool {
    match std::fs::metadata(path) {
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        Ok(found) if !found.is_file() => false,
        Ok(found) if found.len() == 0 => true,
        Ok(_) => is_blank(path, busy_timeout).unwrap_or(false),
    }
}

fn is_blank(path: &Path, busy_timeout: Duration) -> Result<bool, Error> {
    let connection = Connection::open(path, Access::Read, busy_timeout)?;
    let sql = "select count(*) as n from sqlite_schema";
    let rows = connection.rows(sql, &[])?;
    Ok(rows.first().map_or(Ok(0), |row| row.int("n"))? == 0)
}

/// The non-empty write-ahead log or journal of a missing database.
pub fn remains(path: &Path) -> Vec<PathBuf> {
    let files = REMAINS.map(|suffix| with_suffix(path, suffix));
    let has_bytes = |path: &PathBuf| path.metadata().is_ok_and(|it| it.len() > 0);
    files.into_iter().filter(has_bytes).collect()
}

impl Db {
    /// Whether a storage has this database's id.
    pub async fn has_storage(&self) -> Result<bool, Error> {
        if self.identity.is_empty() {
            return Ok(false);
        }
        let sql = "select has_storage from identity";
        let row = self.row(sql, Vec::new()).await?;
        row.map_or(Ok(false), |row| Ok(row.int("has_storage")? == 1))
    }

    /// Records that a storage has this database's id.
    pub async fn set_has_storage(&self) -> Result<(), Error> {
        self.write(Key::Nothing, async |tx| {
            let sql = "update identity set has_storage = $1";
            tx.run(sql, values![1_i64]).await.map(drop)
        })
        .await
    }
}

/// Empty for a database of an earlier version.
pub(super) fn read(connection: &Connection) -> Result<String, Error> {
    let sql = "select count(*) as n from sqlite_schema where name = 'identity'";
    let rows = connection.rows(sql, &[])?;
    if rows.first().map_or(Ok(0), |row| row.int("n"))? == 0 {
        return Ok(String::new());
    }
    let rows = connection.rows("select id from identity", &[])?;
    rows.first().map_or(Ok(String::new()), |row| row.text("id"))
}

//! The random id of a database, which its storage carries too.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::connection::{Access, Connection};
use crate::db::Error;
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

/// The non-empty write-ahead log or journal of a missing database. None next to a file with a header: it was read together
/// with its log, so a log that is there has no committed table either; the first start was killed.
pub fn remains(path: &Path) -> Vec<PathBuf> {
    if path.metadata().is_ok_and(|it| it.len() > 0) {
        return Vec::new();
    }
    let files = REMAINS.map(|suffix| with_suffix(path, suffix));
    let has_bytes = |path: &PathBuf| path.metadata().is_ok_and(|it| it.len() > 0);
    files.into_iter().filter(has_bytes).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(500);

    #[test]
    fn a_log_without_a_commit_is_no_trace_of_a_database() {
        let (folder, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = folder.path().join("db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        let begin = "pragma journal_mode = wal; pragma cache_size = 1; begin; create table a (b)";
        connection.execute_batch(begin).unwrap();
        // So much that it is written to the log before its commit.
        let rows = "with recursive n (n) as (select 1 union all select n + 1 from n where n < 1000)
                    insert into a select randomblob(1000) from n";
        connection.execute_batch(rows).unwrap();
        let copy = killed.path().join("db");
        for suffix in ["", "-wal"] {
            std::fs::copy(with_suffix(&path, suffix), with_suffix(&copy, suffix)).unwrap();
        }
        assert!(with_suffix(&copy, "-wal").metadata().unwrap().len() > 100_000);
        assert!(is_absent(&copy, PATIENCE));
        assert!(remains(&copy).is_empty());

        connection.execute_batch("commit").unwrap();
        let log = with_suffix(&copy, "-wal");
        std::fs::copy(with_suffix(&path, "-wal"), &log).unwrap();
        let _ = std::fs::remove_file(with_suffix(&copy, "-shm"));
        assert!(!is_absent(&copy, PATIENCE));
        for lose in [
            |path: &Path| std::fs::write(path, "").unwrap(),
            |path: &Path| {
                std::fs::remove_file(path).unwrap();
            },
        ] {
            lose(&copy);
            assert!(is_absent(&copy, PATIENCE));
            assert!(remains(&copy).contains(&log));
        }
    }
}

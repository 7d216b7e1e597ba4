//! Reads a database where nothing can be written: on a read-only or full disk, or without write permission.
//!
//! SQLite reads a database with a write-ahead log only where it can write the log's index, or where an index exists.
//! Otherwise: without a log, the file alone is read; with a log, both are copied into a temporary folder and the copy
//! is read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::connection::{Access, Connection};
use super::migrations;
use crate::db::Error;
use crate::disk::with_suffix;

/// SQLite's files without which the database file is incomplete.
const LOGS: [&str; 2] = ["-wal", "-journal"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::db) enum Schema {
    AsItIs,
    /// An older schema is migrated, in a copy.
    Current,
}

#[derive(Clone, Debug)]
pub(in crate::db) struct Source {
    path: Arc<PathBuf>,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    /// Shared with writers.
    Shared,
    /// Only the file: it has no log, and no process can write to it.
    FileOnly,
    /// A copy, removed with the last handle.
    Copy(#[expect(dead_code, reason = "keeps the folder")] Arc<TempDir>),
}

impl Source {
    pub fn shared(path: PathBuf) -> Self {
        Self {
            path: Arc::new(path),
            how: How::Shared,
        }
    }

    /// Determines how the existing file at `path` can be read.
    pub fn find(path: &Path, schema: Schema, busy_timeout: Duration) -> Result<Self, Error> {
        let shared = Self::shared(path.to_owned());
        let error = match shared.applied(busy_timeout) {
            Ok(applied) if schema == Schema::AsItIs || applied == migrations::FILES.len() => {
                return Ok(shared);
            }
            Ok(_) => return Self::copied(path, schema, busy_timeout),
            Err(error) if error.is_busy() || !error.is_unavailable() => return Err(error),
            Err(error) => error,
        };
        if !path.is_file() {
            return Err(error);
        }
        if LOGS.iter().any(|log| has_bytes(&with_suffix(path, log))) {
            return Self::copied(path, schema, busy_timeout);
        }
        let alone = Self {
            path: Arc::new(path.to_owned()),
            how: How::FileOnly,
        };
        match alone.applied(busy_timeout) {
            Ok(applied) if schema == Schema::Current && applied < migrations::FILES.len() => {
                Self::copied(path, schema, busy_timeout)
            }
            Ok(_) => Ok(alone),
            // The first error explains more.
            Err(_) => Err(error),
        }
    }

    pub fn connect(&self, busy_timeout: Duration) -> Result<Connection, Error> {
        match self.how {
            How::FileOnly => Connection::open_file_only(&self.path),
            How::Shared | How::Copy(_) => Connection::open(&self.path, Access::Read, busy_timeout),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn applied(&self, busy_timeout: Duration) -> Result<usize, Error> {
        migrations::applied(&self.connect(busy_timeout)?)
    }

    fn copied(path: &Path, schema: Schema, busy_timeout: Duration) -> Result<Self, Error> {
        let folder = std::env::temp_dir();
        let failed = |source: io::Error| Error::NoCopy {
            folder: folder.clone(),
            source: Arc::new(source),
        };
        let temporary = tempfile::Builder::new()
            .prefix("midiateca-")
            .tempdir()
            .map_err(failed)?;
        let copy = temporary.path().join("midiateca.db");
        for log in [""].iter().chain(&LOGS) {
            match std::fs::copy(with_suffix(path, log), with_suffix(&copy, log)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !log.is_empty() => {}
                copied => drop(copied.map_err(failed)?),
            }
            make_writable(&with_suffix(&copy, log));
        }
        let connection = Connection::open(&copy, Access::Write, busy_timeout)?;
        migrations::applied(&connection)?;
        if schema == Schema::Current {
            migrations::apply(&connection)?;
        }
        drop(connection);
        Ok(Self {
            path: Arc::new(copy),
            how: How::Copy(Arc::new(temporary)),
        })
    }
}

/// A copy has the mode of its original, which may forbid its owner to write.
fn make_writable(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // A missing file needs no mode.
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn has_bytes(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.len() > 0)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    fn count(source: &Source) -> i64 {
        let connection = source.connect(PATIENCE).unwrap();
        let rows = connection.rows("select count(*) as n from t", &[]).unwrap();
        rows[0].int("n").unwrap()
    }

    /// A database with two rows, the second only in its log, whose writer was killed.
    fn killed(folder: &Path) -> PathBuf {
        let (path, alive) = (folder.join("killed.db"), folder.join("alive.db"));
        let connection = Connection::open(&alive, Access::Create, PATIENCE).unwrap();
        connection.prepare_to_write().unwrap();
        connection
            .batch("create table t (a); insert into t values (1); pragma wal_checkpoint(truncate); insert into t values (2);")
            .unwrap();
        std::fs::copy(&alive, &path).unwrap();
        std::fs::copy(with_suffix(&alive, "-wal"), with_suffix(&path, "-wal")).unwrap();
        path
    }

    #[test]
    fn rows_that_are_only_in_the_log_are_read_from_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = killed(folder.path());
        let copied = Source::copied(&path, Schema::AsItIs, PATIENCE).unwrap();
        assert_eq!(count(&copied), 2);
        let copy = copied.path().to_owned();
        assert!(copy.exists() && copy != path);
        drop(copied);
        assert!(!copy.exists(), "the copy stays behind");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_read_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = killed(folder.path());
        let closed = std::fs::Permissions::from_mode(0o555);
        std::fs::set_permissions(folder.path(), closed).unwrap();
        let source = Source::find(&path, Schema::AsItIs, PATIENCE);
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        // The superuser shares it; other users read a copy.
        assert_eq!(count(&source.unwrap()), 2);
    }
}

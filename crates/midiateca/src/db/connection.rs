//! One open SQLite file, and statements on it. Nothing here waits for anything but the engine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{CachedStatement, OpenFlags};

use super::{Error, Row, Value};

/// Prepared statements kept; the program has fewer.
const STATEMENTS: usize = 100;
/// Who waits for the readers of the write-ahead log keeps all writers out, other processes' too.
const FOLD_PATIENCE: Duration = Duration::from_millis(250);

/// Whether a connection may change the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

pub(super) struct Connection(pub(super) rusqlite::Connection);

impl Connection {
    /// Opens the file, and changes nothing in it.
    pub fn open(path: &Path, access: Access, busy_timeout: Duration) -> Result<Self, Error> {
        let flags = match access {
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let connection =
            rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self(connection))
    }

    /// Makes it ready to be written: write-ahead log, every commit synced, foreign keys held, what is deleted
    /// overwritten, but for what lies in the gaps of pages: see `compaction`.
    pub fn prepare_to_write(&self) -> Result<(), Error> {
        self.batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma secure_delete = on;",
        )
    }

    /// Runs statements that take no values and give no rows.
    pub fn batch(&self, sql: &str) -> Result<(), Error> {
        Ok(self.0.execute_batch(sql)?)
    }

    /// Runs a statement; returns how many rows it changed.
    pub fn run(&self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let mut statement = self.prepare(sql, values)?;
        Ok(statement.raw_execute()? as u64)
    }

    /// All rows of a query, or of a statement with `returning`.
    pub fn rows(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let mut statement = self.prepare(sql, values)?;
        let names: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
        let mut found = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let cells = (0..names.len())
                .map(|at| row.get(at))
                .collect::<Result<_, _>>()?;
            rows.push(Row::new(Arc::clone(&names), cells));
        }
        Ok(rows)
    }

    /// Writes the write-ahead log into the file and empties it; false when somebody who reads or writes kept it from
    /// being emptied.
    pub fn fold(&self) -> Result<bool, Error> {
        // Most of it keeps nobody waiting.
        self.rows("pragma wal_checkpoint(passive)", &[])?;
        let usual = self.rows("pragma busy_timeout", &[])?;
        let usual = usual.first().map_or(Ok(0), |row| row.count("timeout"))?;
        self.0.busy_timeout(FOLD_PATIENCE)?;
        let folded = self.rows("pragma wal_checkpoint(truncate)", &[]);
        self.0.busy_timeout(Duration::from_millis(usual))?;
        // That it could not be done to the end is no error to the engine, but a row.
        let is_busy = folded?.first().map_or(Ok(1), |row| row.int("busy"))?;
        Ok(is_busy == 0)
    }

    /// Where the file is.
    pub fn path(&self) -> Option<&Path> {
        self.0.path().map(Path::new)
    }

    /// Binds by number: to SQLite `$2` is a name, and would be bound in the order of appearance.
    fn prepare(&self, sql: &str, values: &[Value]) -> Result<CachedStatement<'_>, Error> {
        let mut statement = self.0.prepare_cached(sql)?;
        for at in 1..=statement.parameter_count() {
            let number = statement
                .parameter_name(at)
                .and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
            let value = number.and_then(|number| values.get(number - 1));
            statement.raw_bind_parameter(at, value)?;
        }
        Ok(statement)
    }
}

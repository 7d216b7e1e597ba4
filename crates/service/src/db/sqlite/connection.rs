//! One SQLite connection. Calls block only in the engine.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, OpenFlags};

use crate::db::{Error, Row, Value};

/// The most cached statements; the program has fewer.
const STATEMENTS: usize = 100;
/// A fold that waits for readers blocks all writers, those of other processes too.
const FOLD_PATIENCE: Duration = Duration::from_millis(250);

/// The size to which a longer write-ahead log is truncated.
const LOG_LIMIT_BYTES: u64 = 16 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::db) enum Access {
    /// Creates a missing file.
    Create,
    Write,
    Read,
}

pub(in crate::db) struct Connection {
    pub(super) engine: rusqlite::Connection,
    /// The parameter numbers of each statement: the engine finds a parameter's name only by a search.
    numbers: RefCell<HashMap<Box<str>, Arc<[usize]>>>,
}

impl Connection {
    /// Opens the file without writing to it.
    pub fn open(path: &Path, access: Access, busy_timeout: Duration) -> Result<Self, Error> {
        let flags = match access {
            Access::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let connection =
            rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        let connection = Self::from(connection);
        connection.configure(busy_timeout)?;
        Ok(connection)
    }

    /// Opens an existing database for writing.
    pub fn open_existing(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Self::from(rusqlite::Connection::open_with_flags(path, flags)?);
        connection.configure(busy_timeout)?;
        connection.prepare_to_write()?;
        Ok(connection)
    }

    fn configure(&self, busy_timeout: Duration) -> Result<(), Error> {
        self.engine.busy_timeout(busy_timeout)?;
        self.engine
            .set_prepared_statement_cache_capacity(STATEMENTS);
        // Otherwise a statement whose plan depends on its values is prepared again at each use, which took a fifth of
        // the time of an acknowledgement.
        self.engine
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(())
    }

    /// Opens the file read-only, without its write-ahead log and without a lock.
    pub fn open_file_only(path: &Path) -> Result<Self, Error> {
        let absolute = std::path::absolute(path).ok();
        let url = absolute.and_then(|path| url::Url::from_file_path(path).ok());
        let mut url = url.ok_or(Error::Unavailable(None))?;
        url.set_query(Some("immutable=1"));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(rusqlite::Connection::open_with_flags(url.as_str(), flags)?.into())
    }

    /// An empty database in memory.
    pub fn in_memory() -> Result<Self, Error> {
        Ok(rusqlite::Connection::open_in_memory()?.into())
    }

    /// Prevents that closing writes back or removes the log: the engine removes it by name, and the name may belong
    /// to another database by then.
    pub fn leave_files_alone(&self) {
        // Every accepted version of the engine knows this setting.
        let _ = self
            .engine
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }

    /// Ends a running query of this connection from another thread.
    pub fn interrupt_handle(&self) -> rusqlite::InterruptHandle {
        self.engine.get_interrupt_handle()
    }

    /// The number of rows that this connection changed.
    pub fn changes(&self) -> u64 {
        self.engine.total_changes()
    }

    pub fn set_busy_timeout(&self, busy_timeout: Duration) -> Result<(), Error> {
        Ok(self.engine.busy_timeout(busy_timeout)?)
    }

    /// Sets the write-ahead log, a sync at every commit, foreign keys, and overwriting of deleted rows (not in the
    /// gaps of pages, see `compaction`).
    pub fn prepare_to_write(&self) -> Result<(), Error> {
        self.batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma secure_delete = on;",
        )?;
        // A log that grew during a long read is truncated to this size when it restarts.
        self.batch(&format!("pragma journal_size_limit = {LOG_LIMIT_BYTES}"))
    }

    /// Runs statements without values and rows.
    pub fn batch(&self, sql: &str) -> Result<(), Error> {
        Ok(self.engine.execute_batch(sql)?)
    }

    /// Runs a statement; returns the number of changed rows.
    pub fn run(&self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let mut statement = self.prepare(sql, values)?;
        Ok(statement.raw_execute()? as u64)
    }

    /// All rows of a query, or of a statement with `returning`.
    pub fn rows(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let mut statement = self.prepare(sql, values)?;
        let mut found = statement.raw_query();
        let (mut names, mut rows) = (None::<Arc<[String]>>, Vec::new());
        while let Some(row) = found.next()? {
            let names = names.get_or_insert_with(|| {
                let names = row.as_ref().column_names();
                names.map(str::to_owned).collect()
            });
            let cells = (0..names.len())
                .map(|at| row.get(at))
                .collect::<Result<_, _>>()?;
            rows.push(Row::new(Arc::clone(names), cells));
        }
        Ok(rows)
    }

    /// Writes the write-ahead log into the file and empties it. False when a concurrent reader or writer prevented
    /// that.
    pub fn fold(&self) -> Result<bool, Error> {
        // The largest part blocks no other connection.
        self.rows("pragma wal_checkpoint(passive)", &[])?;
        let usual = self.rows("pragma busy_timeout", &[])?;
        let usual = usual.first().map_or(Ok(0), |row| row.count("timeout"))?;
        self.engine.busy_timeout(FOLD_PATIENCE)?;
        let folded = self.rows("pragma wal_checkpoint(truncate)", &[]);
        self.engine.busy_timeout(Duration::from_millis(usual))?;
        // The engine reports an incomplete checkpoint as a row, not as an error.
        let is_busy = folded?.first().map_or(Ok(1), |row| row.int("busy"))?;
        Ok(is_busy == 0)
    }

    pub fn path(&self) -> Option<&Path> {
        self.engine.path().map(Path::new)
    }

    /// Binds by number: SQLite treats `$2` as a name and would number parameters in order of appearance.
    fn prepare(&self, sql: &str, values: &[Value]) -> Result<CachedStatement<'_>, Error> {
        let mut statement = self.engine.prepare_cached(sql)?;
        let numbers = self.numbers_in(sql, &statement);
        for (at, number) in numbers.iter().enumerate() {
            let value = values.get(number.wrapping_sub(1));
            statement.raw_bind_parameter(at + 1, value)?;
        }
        Ok(statement)
    }

    fn numbers_in(&self, sql: &str, statement: &CachedStatement<'_>) -> Arc<[usize]> {
        let mut known = self.numbers.borrow_mut();
        if let Some(numbers) = known.get(sql) {
            return Arc::clone(numbers);
        }
        let number = |at| {
            statement
                .parameter_name(at)?
                .strip_prefix('$')?
                .parse()
                .ok()
        };
        let numbers = (1..=statement.parameter_count()).map(|at| number(at).unwrap_or(0));
        let numbers: Arc<[usize]> = numbers.collect();
        if known.len() >= STATEMENTS {
            known.clear();
        }
        known.insert(sql.into(), Arc::clone(&numbers));
        numbers
    }
}

impl From<rusqlite::Connection> for Connection {
    fn from(engine: rusqlite::Connection) -> Self {
        Self {
            engine,
            numbers: RefCell::default(),
        }
    }
}

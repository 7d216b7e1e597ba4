//! One open SQLite file, and statements on it. Nothing here waits for anything but the engine.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, OpenFlags};

use super::{Error, Row, Value};

/// Prepared statements kept; the program has fewer.
const STATEMENTS: usize = 100;
/// Who waits for the readers of the write-ahead log keeps all writers out, other processes' too.
const FOLD_PATIENCE: Duration = Duration::from_millis(250);

/// The length to which the write-ahead log is cut when it was longer.
const LOG_LIMIT_BYTES: u64 = 16 << 20;

/// Whether a connection may change the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

pub(super) struct Connection {
    pub(super) engine: rusqlite::Connection,
    /// For each statement, the number in the name of each parameter: the engine finds a name only by a search.
    numbers: RefCell<HashMap<Box<str>, Arc<[usize]>>>,
}

impl Connection {
    /// Opens the file, and changes nothing in it.
    pub fn open(path: &Path, access: Access, busy_timeout: Duration) -> Result<Self, Error> {
        let flags = match access {
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let connection =
            rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        let connection = Self::from(connection);
        connection.configure(busy_timeout)?;
        Ok(connection)
    }

    /// Opens a database that is there, to write to it.
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
        // Otherwise a statement whose plan could depend on its values is prepared again each time it is taken out of the
        // cache, which cost a fifth of the time of an acknowledgement.
        self.engine
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(())
    }

    /// Opens the file itself to read it, without its write-ahead log and without any lock.
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

    /// A database that holds nothing and is written nowhere.
    pub fn in_memory() -> Result<Self, Error> {
        Ok(rusqlite::Connection::open_in_memory()?.into())
    }

    /// Lets closing neither write the log back nor remove it: the engine would remove by name what belongs to another
    /// file by then.
    pub fn leave_files_alone(&self) {
        // The engine knows the setting since long before the oldest version that is accepted.
        let _ = self
            .engine
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }

    /// How many rows this connection has changed since it was opened.
    pub fn changes(&self) -> u64 {
        self.engine.total_changes()
    }

    /// Sets for how long a statement waits for other processes.
    pub fn set_busy_timeout(&self, busy_timeout: Duration) -> Result<(), Error> {
        Ok(self.engine.busy_timeout(busy_timeout)?)
    }

    /// Makes it ready to be written: write-ahead log, every commit synced, foreign keys held, what is deleted
    /// overwritten, but for what lies in the gaps of pages: see `compaction`.
    pub fn prepare_to_write(&self) -> Result<(), Error> {
        self.batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma secure_delete = on;",
        )?;
        // A log that grew while somebody read for a long time is cut to this once it is begun anew.
        self.batch(&format!("pragma journal_size_limit = {LOG_LIMIT_BYTES}"))
    }

    /// Runs statements that take no values and give no rows.
    pub fn batch(&self, sql: &str) -> Result<(), Error> {
        Ok(self.engine.execute_batch(sql)?)
    }

    /// Runs a statement; returns how many rows it changed.
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

    /// Writes the write-ahead log into the file and empties it; false when somebody who reads or writes kept it from
    /// being emptied.
    pub fn fold(&self) -> Result<bool, Error> {
        // Most of it keeps nobody waiting.
        self.rows("pragma wal_checkpoint(passive)", &[])?;
        let usual = self.rows("pragma busy_timeout", &[])?;
        let usual = usual.first().map_or(Ok(0), |row| row.count("timeout"))?;
        self.engine.busy_timeout(FOLD_PATIENCE)?;
        let folded = self.rows("pragma wal_checkpoint(truncate)", &[]);
        self.engine.busy_timeout(Duration::from_millis(usual))?;
        // That it could not be done to the end is no error to the engine, but a row.
        let is_busy = folded?.first().map_or(Ok(1), |row| row.int("busy"))?;
        Ok(is_busy == 0)
    }

    /// Where the file is.
    pub fn path(&self) -> Option<&Path> {
        self.engine.path().map(Path::new)
    }

    /// Binds by number: to SQLite `$2` is a name, and would be bound in the order of appearance.
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

//! The ground on which everything durable stands: one SQLite file, written by one committer.
//!
//! Promises: a [`Db::write`] that returned `Ok` is committed and synced (`synchronous=FULL`); works that
//! wait at the same moment share one commit (group commit), and one that fails does not spoil the others;
//! reads never wait for writes. Steps speak SQL through [`Tx`] and [`Db`] only, in text that PostgreSQL
//! would take as well (`$1`, `on conflict`, `returning`); no other room names the engine.

mod committer;
mod migrations;
mod value;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

pub(crate) use value::values;
pub use value::{Row, Value};

/// SQLite before 3.51.3 can corrupt a database when the write-ahead log is reset (sqlite.org/wal.html,
/// "WAL-reset bug"), so an older one is refused at start.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// Why the database did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// It cannot commit now (locked, disk full, I/O error, or shutting down): try again later.
    #[error("the database cannot commit now")]
    Unavailable(#[source] Option<Arc<sqlx::Error>>),
    /// The file was written by a newer midiateca.
    #[error("the database was written by a newer version (migration {version}); use that version")]
    TooNew {
        /// The first migration that this program does not know.
        version: i64,
    },
    /// The SQLite built into this program has a known corruption bug.
    #[error("SQLite {found} is too old to be trusted with a write-ahead log")]
    UnsafeSqlite {
        /// What `sqlite_version()` said.
        found: String,
    },
    /// A row does not hold what its column promises.
    #[error("column {column} does not hold what it should")]
    Malformed {
        /// The column's name.
        column: String,
    },
    /// A migration could not be applied.
    #[error("the database could not be brought up to date")]
    Migration(#[source] Arc<sqlx::migrate::MigrateError>),
    /// The work itself panicked; nothing of it was committed.
    #[error("the work on the database panicked")]
    Panicked,
    /// Anything else the engine said.
    #[error("the database refused a statement")]
    Statement(#[source] Arc<sqlx::Error>),
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything else.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        // Primary result codes: 5 BUSY, 6 LOCKED, 8 READONLY, 10 IOERR, 13 FULL, 14 CANTOPEN (sqlite.org/rescode.html).
        let passing = match &error {
            sqlx::Error::Database(database) => database
                .code()
                .and_then(|code| code.parse::<u32>().ok())
                .is_some_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14)),
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
            _ => false,
        };
        if passing {
            Self::Unavailable(Some(Arc::new(error)))
        } else {
            Self::Statement(Arc::new(error))
        }
    }
}

/// The open transaction of the fact being recorded. The committer opens and commits it.
pub struct Tx {
    connection: SqliteConnection,
}

impl Tx {
    /// Runs a statement; returns how many rows it changed.
    pub async fn run(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, Error> {
        let done = value::bind(sqlx::query(sql), values)
            .execute(&mut self.connection)
            .await?;
        Ok(done.rows_affected())
    }

    /// All rows of a query, or of a statement with `returning`.
    pub async fn rows(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        let rows = value::bind(sqlx::query(sql), values)
            .fetch_all(&mut self.connection)
            .await?;
        Ok(rows.into_iter().map(Row::from).collect())
    }

    /// The first row, if there is one.
    pub async fn row(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        let row = value::bind(sqlx::query(sql), values)
            .fetch_optional(&mut self.connection)
            .await?;
        Ok(row.map(Row::from))
    }
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    committer: committer::Committer,
    readers: SqlitePool,
}

impl Db {
    /// Opens (and creates, and migrates) the database at `path`. `busy_timeout` bounds how long a write
    /// waits for another process before it counts as unavailable.
    pub async fn open(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(busy_timeout)
            .disable_statement_logging();
        let mut connection = SqliteConnection::connect_with(&options).await?;
        refuse_old_sqlite(&mut connection).await?;
        migrations::apply(path, &mut connection).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .min_connections(0)
            .idle_timeout(Duration::from_secs(60))
            .acquire_timeout(Duration::from_secs(10))
            .connect_lazy_with(options.read_only(true).create_if_missing(false));
        Ok(Self {
            committer: committer::Committer::start(connection),
            readers,
        })
    }

    /// Runs `work` in a transaction and returns once that is committed and synced.
    ///
    /// The work may share its transaction with others, and may be run again when one of those fails: it
    /// must do nothing but speak to `tx`.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, Error> + Send + 'static,
    {
        self.committer.write(work).await
    }

    /// All rows of a query, from a snapshot of what is committed.
    pub async fn rows(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        let rows = value::bind(sqlx::query(sql), values)
            .fetch_all(&self.readers)
            .await?;
        Ok(rows.into_iter().map(Row::from).collect())
    }

    /// Like [`Db::rows`], for text put together from fixed pieces at run time. User input belongs in `values`.
    pub async fn rows_of(&self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        let rows: Vec<_> = value::bind(sqlx::query(AssertSqlSafe(sql)), values)
            .fetch(&self.readers)
            .try_collect()
            .await?;
        Ok(rows.into_iter().map(Row::from).collect())
    }

    /// The first row, if there is one.
    pub async fn row(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, Error> {
        let row = value::bind(sqlx::query(sql), values)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(Row::from))
    }

    /// Stops taking work, waits for what is under way, and closes the file.
    pub async fn close(&self) {
        self.committer.close().await;
        self.readers.close().await;
    }
}

async fn refuse_old_sqlite(connection: &mut SqliteConnection) -> Result<(), Error> {
    let row = sqlx::query("select sqlite_version() as version")
        .fetch_one(connection)
        .await?;
    let found = Row::from(row).text("version")?;
    let mut parts = found.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < OLDEST_SQLITE {
        return Err(Error::UnsafeSqlite { found });
    }
    Ok(())
}

#[cfg(test)]
mod tests;

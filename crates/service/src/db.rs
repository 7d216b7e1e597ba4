//! One SQLite file with one writer thread.
//!
//! Promises: a `Db::write` that returned `Ok` is committed and synced (`synchronous=FULL`); writes that wait at the
//! same moment share one commit (group commit), and one that fails does not affect the others; reads never wait for
//! writes. Callers use SQL through `Tx` and `Db` only, in a dialect that PostgreSQL accepts too (`$1`, `on conflict`,
//! `returning`); no other module names the engine.

mod clock;
mod committer;
mod compaction;
mod connection;
pub mod foreign;
mod identity;
mod key;
mod migrations;
mod reader;
mod snapshot;
mod source;
mod state;
mod value;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use connection::{Access, Connection};
use futures_util::future::LocalBoxFuture;
pub use identity::{is_absent, remains};
pub use key::Key;
use reader::Readers;
pub use snapshot::{Copied, snapshot};
use source::{Schema, Source};
pub use state::Found;
use state::State;
pub(crate) use value::values;
pub use value::{Row, Value};
use watch::Watch;

/// How often a locked file is tried again.
const RETRY_EVERY: Duration = Duration::from_millis(20);
/// SQLite before 3.51.3 can corrupt a database when the write-ahead log is reset (sqlite.org/wal.html, "WAL-reset
/// bug"), so older versions are refused at start.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Locked, disk full, I/O error or shutting down: retry later.
    #[error("the database cannot commit now")]
    Unavailable(#[source] Option<Arc<rusqlite::Error>>),
    /// The database at its path is not the open one, so a commit would be lost with the process: retry later.
    #[error("the database at {path} is not the open one ({})", found.as_str())]
    Displaced { path: PathBuf, found: Found },
    /// The commit itself failed, or what follows it: the rows may be committed or not. Retry later.
    #[error("whether the database committed is not known")]
    Uncertain(#[source] Box<Error>),
    /// The file was written by a newer midiateca.
    #[error("the database was written by a newer version (migration {version}); use that version")]
    TooNew {
        /// The first unknown migration.
        version: i64,
    },
    /// The file is a database of another program.
    #[error("the file is a database of another program")]
    Foreign,
    /// The bundled SQLite has a known corruption bug.
    #[error("SQLite {found} is too old to be trusted with a write-ahead log")]
    UnsafeSqlite {
        /// The result of `sqlite_version()`.
        found: String,
    },
    /// A column does not contain what its type requires.
    #[error("column {column} has an unexpected value")]
    Malformed { column: String },
    /// It can only be read from a copy, which cannot be made.
    #[error("the database cannot be read in place, and cannot be copied to {folder}")]
    NoCopy {
        folder: PathBuf,
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The query took longer than its limit.
    #[error("the query takes too long")]
    TooSlow,
    /// The write panicked and was rolled back.
    #[error("the work on the database panicked")]
    Panicked,
    /// Any other error of the engine.
    #[error("the database refused a statement")]
    Statement(#[source] Arc<rusqlite::Error>),
}

impl Error {
    /// Whether the same call may succeed later without a change by an operator.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Displaced { .. } | Self::Uncertain(_)
        )
    }

    /// The state of the database's path, if that is the error.
    pub fn displaced(&self) -> Option<Found> {
        match self {
            Self::Displaced { found, .. } => Some(*found),
            Self::Uncertain(cause) => cause.displaced(),
            _ => None,
        }
    }

    /// Whether the rows may be committed although the write failed: files that they name must stay.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::Uncertain(_))
    }

    /// Whether the file is not a database of the engine (SQLITE_NOTADB).
    pub fn is_not_a_database(&self) -> bool {
        let Self::Statement(error) = self else {
            return false;
        };
        let error = error.sqlite_error();
        error.is_some_and(|error| error.code == rusqlite::ErrorCode::NotADatabase)
    }

    /// Whether pages of the file do not match, as while a write-ahead log is only partly written back.
    fn is_inconsistent(&self) -> bool {
        // Primary result codes: 10 IOERR, 11 CORRUPT (sqlite.org/rescode.html).
        let (Self::Unavailable(Some(error)) | Self::Statement(error)) = self else {
            return false;
        };
        let error = error.sqlite_error();
        error.is_some_and(|error| matches!(error.extended_code & 0xff, 10 | 11))
    }

    /// Whether another process has locked the file.
    pub fn is_busy(&self) -> bool {
        // Primary result codes: 5 BUSY, 6 LOCKED (sqlite.org/rescode.html).
        matches!(self, Self::Unavailable(_)) && matches!(self.engine_code(), Some(5 | 6))
    }

    /// The primary result code of the engine (sqlite.org/rescode.html), if it gave one.
    pub fn engine_code(&self) -> Option<i32> {
        let (Self::Unavailable(Some(error)) | Self::Statement(error)) = self else {
            return None;
        };
        error.sqlite_error().map(|error| error.extended_code & 0xff)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        // Primary result codes: 5 BUSY, 6 LOCKED, 8 READONLY, 9 INTERRUPT, 10 IOERR, 13 FULL, 14 CANTOPEN
        // (sqlite.org/rescode.html).
        let code = error
            .sqlite_error()
            .map_or(0, |error| error.extended_code & 0xff);
        match code {
            5 | 6 | 8 | 10 | 13 | 14 => Self::Unavailable(Some(Arc::new(error))),
            9 => Self::TooSlow,
            _ => Self::Statement(Arc::new(error)),
        }
    }
}

type DeferredWork =
    Box<dyn for<'t> FnOnce(&'t mut Tx) -> LocalBoxFuture<'t, Result<(), Error>> + Send>;

/// The open transaction of a write. The committer opens and commits it.
pub struct Tx {
    connection: Connection,
    /// Work for the end of the group.
    deferred: Vec<DeferredWork>,
    /// Whether the group had any.
    has_deferred: bool,
}

impl Tx {
    /// Runs a statement; returns the number of changed rows.
    pub async fn run(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, Error> {
        self.connection.run(sql, &values)
    }

    /// Runs `work` after all writes of the group, in the order of the calls: for rows numbered in commit order. The
    /// write itself does not see its effect. An error of the work fails the write; it must not panic.
    pub fn defer<F>(&mut self, work: F)
    where
        F: AsyncFnOnce(&mut Self) -> Result<(), Error> + Send + 'static,
    {
        let work: DeferredWork = Box::new(|tx| Box::pin(async move { work(tx).await }));
        self.deferred.push(work);
        self.has_deferred = true;
    }

    /// Runs the deferred work now, for a write that changes its rows.
    pub async fn run_deferred(&mut self) -> Result<(), Error> {
        for work in std::mem::take(&mut self.deferred) {
            work(self).await?;
        }
        Ok(())
    }

    /// All rows of a query, or of a statement with `returning`.
    pub async fn rows(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.connection.rows(sql, &values)
    }

    /// Like [`Tx::rows`], for SQL built from fixed pieces at run time. User input belongs in `values`.
    pub async fn rows_of(&mut self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.connection.rows(&sql, &values)
    }

    /// The first row.
    pub async fn row(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    committer: committer::Committer,
    readers: Readers,
    identity: Arc<str>,
    state: State,
}

impl Db {
    /// Opens the database at `path`; creates and migrates it. A write that waits longer than `busy_timeout` for
    /// another process fails as unavailable.
    pub async fn open(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        Self::open_with(path, Access::Create, busy_timeout).await
    }

    /// Like [`Db::open`], for a database that was found: one that is gone by now is not created again.
    pub async fn open_existing(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        Self::open_with(path, Access::Write, busy_timeout).await
    }

    async fn open_with(path: &Path, access: Access, busy_timeout: Duration) -> Result<Self, Error> {
        let file = path.to_owned();
        let opened =
            tokio::task::spawn_blocking(move || open_with_retries(&file, access, busy_timeout));
        let (connection, watch) = opened.await.unwrap_or(Err(Error::Panicked))?;
        let identity: Arc<str> = watch.id().into();
        let state = watch.state();
        let readers = Readers::new(path.to_owned(), busy_timeout, state.clone());
        Ok(Self {
            committer: committer::Committer::start(connection, watch, readers.clone()),
            readers,
            identity,
            state,
        })
    }

    /// Opens an existing database without changes; an older schema stays. Writes fail as unavailable.
    pub async fn open_to_read(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        Self::open_source(path, Schema::AsItIs, busy_timeout).await
    }

    /// Like [`Db::open_to_read`], for this version's statements: an older database is read from a migrated copy.
    pub async fn open_current_to_read(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        Self::open_source(path, Schema::Current, busy_timeout).await
    }

    async fn open_source(
        path: &Path,
        schema: Schema,
        busy_timeout: Duration,
    ) -> Result<Self, Error> {
        let file = path.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            let source = Source::find(&file, schema, busy_timeout)?;
            let identity = identity::read(&source.connect(busy_timeout)?)?;
            Ok((source, identity))
        });
        let (source, identity) = found.await.unwrap_or(Err(Error::Panicked))?;
        let state = State::default();
        Ok(Self {
            committer: committer::Committer::none(),
            readers: Readers::from_source(source, busy_timeout, state.clone()),
            identity: identity.into(),
            state,
        })
    }

    /// Runs `work` in a transaction and returns once it is committed and synced.
    ///
    /// The work may share its transaction with others, and is run again when one of those fails: it must only use
    /// `tx`. No other work with the same `key` runs at the same time.
    pub async fn write<T, F>(&self, _key: Key, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, Error> + Send + 'static,
    {
        self.committer.write(work).await
    }

    /// A handle whose queries end with [`Error::TooSlow`] after this time, those that wait for a connection once they have it.
    #[must_use]
    pub fn with_read_limit(&self, limit: Duration) -> Self {
        Self {
            readers: self.readers.clone().with_limit(limit),
            ..self.clone()
        }
    }

    /// The random id of this database, which its storage has too. Empty for a read-only database of an earlier
    /// version.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The number of groups with changes that were committed; smaller in an older copy.
    pub async fn commits(&self) -> Result<i64, Error> {
        let row = self.row("select commits from identity", Vec::new()).await?;
        row.map_or(Ok(0), |row| row.int("commits"))
    }

    /// The last finding at the path where this database should be.
    pub fn displaced(&self) -> Option<Found> {
        self.state.found()
    }

    /// Changes after each commit with work of [`Tx::defer`].
    pub fn appended(&self) -> tokio::sync::watch::Receiver<u64> {
        self.committer.appended()
    }

    /// Checks that the database at its path is the open one; reopens it if possible.
    pub async fn verify(&self) -> Result<(), Error> {
        self.committer.verify().await
    }

    /// All rows of a query, from a snapshot of the committed state.
    pub async fn rows(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.readers.rows(sql, values).await
    }

    /// Like [`Db::rows`], for SQL built from fixed pieces at run time. User input belongs in `values`.
    pub async fn rows_of(&self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.readers.rows(sql, values).await
    }

    /// Like [`Db::rows`] for each of `sets` of values, in one call.
    pub async fn rows_each(
        &self,
        sql: &'static str,
        sets: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        self.readers.rows_each(sql, sets).await
    }

    /// The first row.
    pub async fn row(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The newest number that a table with increasing numbers ever gave, also when its row was deleted; 0 without any.
    pub async fn last_number(&self, table: &'static str) -> Result<i64, Error> {
        let sql = "select seq from sqlite_sequence where name = $1";
        let row = self.row(sql, values![table]).await?;
        row.map_or(Ok(0), |row| row.int("seq"))
    }

    /// The number of known migrations. Every opened database has them all.
    pub fn migrations() -> usize {
        migrations::FILES.len()
    }

    /// The engine's findings about the file; empty when it is sound. Reads all of it: every index against its table,
    /// and every reference.
    pub async fn problems(&self) -> Result<Vec<String>, Error> {
        let rows = self.rows("pragma integrity_check(20)", Vec::new()).await?;
        let problems = rows.iter().map(|row| row.text("integrity_check"));
        let mut problems = problems.collect::<Result<Vec<_>, _>>()?;
        problems.retain(|problem| problem != "ok");
        let sql = "select \"table\" as child, parent, count(*) as n from pragma_foreign_key_check group by 1, 2";
        for row in self.rows(sql, Vec::new()).await? {
            let (child, parent, count) = (row.text("child")?, row.text("parent")?, row.int("n")?);
            problems.push(format!(
                "{count} rows of {child} refer to no row of {parent}"
            ));
        }
        Ok(problems)
    }

    /// Writes the write-ahead log into the file and empties it, so that it contains no overwritten data. False when a
    /// concurrent reader prevented that.
    pub async fn fold(&self) -> Result<bool, Error> {
        self.committer.fold().await
    }

    /// Rewrites the file, so that no deleted data is left between rows; it takes effect with the next [`Db::fold`].
    /// Needs up to twice the file's size on the disk; other writers wait.
    pub async fn compact(&self) -> Result<(), Error> {
        self.committer.compact().await
    }

    /// Refuses new work, waits for running work, and closes the file. The writer closes last, so that the write-ahead
    /// log is written into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.committer.close().await;
    }
}

/// When two processes open a new file at once, the engine refuses the second access to the write-ahead log and does
/// not wait as it does for other writes.
fn open_with_retries(
    file: &Path,
    access: Access,
    busy_timeout: Duration,
) -> Result<(Connection, Watch), Error> {
    let started = Instant::now();
    loop {
        match open_now(file, access, busy_timeout.saturating_sub(started.elapsed())) {
            Err(error) if error.is_busy() && started.elapsed() < busy_timeout => {
                std::thread::sleep(RETRY_EVERY);
            }
            opened => return opened,
        }
    }
}

fn open_now(
    file: &Path,
    access: Access,
    busy_timeout: Duration,
) -> Result<(Connection, Watch), Error> {
    let missing = || Error::Displaced {
        path: file.to_owned(),
        found: Found::Missing,
    };
    let connection = match Connection::open(file, access, busy_timeout) {
        // A file that may not be looked at is not missing.
        Err(_) if access == Access::Write && file.try_exists().is_ok_and(|it| !it) => {
            return Err(missing());
        }
        opened => opened?,
    };
    refuse_old_sqlite(&connection)?;
    // A database of a newer version is not changed.
    let applied = migrations::applied(&connection)?;
    migrations::refuse_foreign(&connection)?;
    if access == Access::Write && applied == 0 {
        return Err(missing());
    }
    connection.prepare_to_write()?;
    migrations::apply(&connection)?;
    let watch = Watch::new(file, &connection)?;
    Ok((connection, watch))
}

fn refuse_old_sqlite(connection: &Connection) -> Result<(), Error> {
    let rows = connection.rows("select sqlite_version() as version", &[])?;
    let found = rows
        .first()
        .map_or(Ok(String::new()), |row| row.text("version"))?;
    let mut parts = found.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < OLDEST_SQLITE {
        return Err(Error::UnsafeSqlite { found });
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! The database: SQLite in one file with one writer, or PostgreSQL on a server.
//!
//! Promises of both: a `Db::write` that returned `Ok` is committed and synced; writes that wait at the same moment share
//! one commit (group commit), and one that fails does not affect the others; reads never wait for writes. Callers use
//! SQL through `Tx` and `Db` only, in a dialect that both engines accept (`$1`, `on conflict`, `returning`). Where they
//! differ, a statement has both texts: `/*sqlite*/ … /*postgres … */`, of which PostgreSQL reads the second.

mod clock;
mod committer;
mod error;
mod identity;
mod key;
mod place;
mod postgres;
mod sqlite;
#[cfg(test)]
mod testing;
mod value;

use std::borrow::Cow;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use committer::Committer;
pub use error::{EngineError, Error};
use futures_util::future::LocalBoxFuture;
pub use key::Key;
pub use place::Place;
pub use postgres::{Address, AddressError, is_postgres};
pub use sqlite::{Copied, Found, foreign, is_absent, remains, snapshot};
pub(crate) use value::values;
pub use value::{Row, Value};

type DeferredWork =
    Box<dyn for<'t> FnOnce(&'t mut Tx) -> LocalBoxFuture<'t, Result<(), Error>> + Send>;

/// The open transaction of a write. The committer opens and commits it.
pub struct Tx {
    side: Side,
    /// Work for the end of the group.
    deferred: Vec<DeferredWork>,
    /// Whether the group had any.
    has_deferred: bool,
}

enum Side {
    Sqlite(Rc<sqlite::Connection>),
    Postgres(Arc<postgres::Session>),
}

impl Tx {
    fn new(side: Side) -> Self {
        Self {
            side,
            deferred: Vec::new(),
            has_deferred: false,
        }
    }

    /// Runs a statement; returns the number of changed rows.
    pub async fn run(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, Error> {
        match &self.side {
            Side::Sqlite(connection) => connection.run(sql, &values),
            Side::Postgres(session) => session.run(sql, &values).await,
        }
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
        self.read(sql, values).await
    }

    /// Like [`Tx::rows`], for SQL built from fixed pieces at run time. User input belongs in `values`.
    pub async fn rows_of(&mut self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.read(&sql, values).await
    }

    async fn read(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        match &self.side {
            Side::Sqlite(connection) => connection.rows(sql, &values),
            Side::Postgres(session) => session.rows(sql, &values).await,
        }
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
    committer: Committer,
    readers: Readers,
    identity: Arc<str>,
}

/// See [`Db::serve_alone`].
pub struct ServingLock(
    #[expect(dead_code, reason = "ends when it is dropped")] Option<postgres::Session>,
);

#[derive(Clone)]
enum Readers {
    Sqlite(sqlite::Readers),
    Postgres(postgres::Readers),
}

impl Db {
    /// Opens the SQLite database at `path`; creates and migrates it. A write that waits longer than `busy_timeout` for
    /// another process fails as unavailable.
    pub async fn open(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        #[cfg(test)]
        if let Some(opened) = testing::in_place_of(path).await {
            return opened;
        }
        Ok(Self::of_file(sqlite::create(path, busy_timeout).await?))
    }

    /// For tests of what only SQLite has, such as its plans, also where the others run on PostgreSQL.
    #[cfg(test)]
    pub(crate) async fn open_sqlite(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        Ok(Self::of_file(sqlite::create(path, busy_timeout).await?))
    }

    /// Like [`Db::open`], for a database that was found: one that is gone by now is not created again.
    pub async fn open_existing(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        let opened = sqlite::open_existing(path, busy_timeout).await?;
        Ok(Self::of_file(opened))
    }

    fn of_file(opened: sqlite::Opened) -> Self {
        Self {
            committer: opened.committer,
            readers: Readers::Sqlite(opened.readers),
            identity: opened.identity.into(),
        }
    }

    /// Opens an existing SQLite database without changes; an older schema stays. Writes fail as unavailable.
    pub async fn open_to_read(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        let opened = sqlite::open_to_read(path, sqlite::Schema::AsItIs, busy_timeout);
        Ok(Self::of_file(opened.await?))
    }

    /// Like [`Db::open_to_read`], for this version's statements: an older database is read from a migrated copy.
    pub async fn open_current_to_read(path: &Path, busy_timeout: Duration) -> Result<Self, Error> {
        let opened = sqlite::open_to_read(path, sqlite::Schema::Current, busy_timeout);
        Ok(Self::of_file(opened.await?))
    }

    /// Connects to a PostgreSQL database; creates its tables and migrates it.
    pub async fn connect(address: &Address) -> Result<Self, Error> {
        Ok(Self::of_server(postgres::open(address).await?))
    }

    /// Like [`Db::connect`], for a database that was found: tables that are gone by now are not created again.
    pub async fn connect_existing(address: &Address) -> Result<Self, Error> {
        Ok(Self::of_server(postgres::open_existing(address).await?))
    }

    /// Like [`Db::connect_existing`], without changes. Writes fail as unavailable.
    pub async fn connect_to_read(address: &Address) -> Result<Self, Error> {
        Ok(Self::of_server(postgres::open_to_read(address).await?))
    }

    fn of_server(opened: postgres::Opened) -> Self {
        Self {
            committer: opened.committer,
            readers: Readers::Postgres(opened.readers),
            identity: opened.identity.into(),
        }
    }

    /// Excludes other servers with this database until it is dropped. SQLite has a file for that; None when another server
    /// has it.
    pub async fn serve_alone(&self) -> Result<Option<ServingLock>, Error> {
        match &self.readers {
            Readers::Sqlite(_) => Ok(Some(ServingLock(None))),
            Readers::Postgres(readers) => {
                let session = postgres::serve_alone(readers.address(), &self.identity).await?;
                Ok(session.map(|session| ServingLock(Some(session))))
            }
        }
    }

    /// Runs `work` in a transaction and returns once it is committed and synced.
    ///
    /// The work may share its transaction with others, and is run again when one of those fails: it must only use
    /// `tx`. No other work with the same `key` runs at the same time.
    pub async fn write<T, F>(&self, key: Key, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, Error> + Send + 'static,
    {
        self.committer.write(key, work).await
    }

    /// A handle whose queries end with [`Error::TooSlow`] after this time, those that wait for a connection once they have it.
    #[must_use]
    pub fn with_read_limit(&self, limit: Duration) -> Self {
        Self {
            readers: match self.readers.clone() {
                Readers::Sqlite(readers) => Readers::Sqlite(readers.with_limit(limit)),
                Readers::Postgres(readers) => Readers::Postgres(readers.with_limit(limit)),
            },
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
        // Every change of importance has an event.
        let sql = "/*sqlite*/select commits from identity/*postgres select last as commits from event_numbers */";
        let row = self.row(sql, Vec::new()).await?;
        row.map_or(Ok(0), |row| row.int("commits"))
    }

    /// The last finding at the path where this database should be.
    pub fn displaced(&self) -> Option<Found> {
        match &self.readers {
            Readers::Sqlite(readers) => readers.displaced(),
            Readers::Postgres(_) => None,
        }
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
        self.read(Cow::Borrowed(sql), values).await
    }

    async fn read(&self, sql: Cow<'static, str>, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        match &self.readers {
            Readers::Sqlite(readers) => readers.rows(sql, values).await,
            Readers::Postgres(readers) => readers.rows(sql, values).await,
        }
    }

    /// Like [`Db::rows`], for SQL built from fixed pieces at run time. User input belongs in `values`.
    pub async fn rows_of(&self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        self.read(Cow::Owned(sql), values).await
    }

    /// Like [`Db::rows`] for each of `sets` of values, in one call.
    pub async fn rows_each(
        &self,
        sql: &'static str,
        sets: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        match &self.readers {
            Readers::Sqlite(readers) => readers.rows_each(sql, sets).await,
            Readers::Postgres(readers) => readers.rows_each(Cow::Borrowed(sql), sets).await,
        }
    }

    /// The first row.
    pub async fn row(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The newest number that an event ever got, also when it was deleted; 0 without any.
    pub async fn last_event_number(&self) -> Result<i64, Error> {
        let sql = "/*sqlite*/select seq as last from sqlite_sequence where name = 'events'
                   /*postgres select last from event_numbers */";
        let row = self.row(sql, values![]).await?;
        row.map_or(Ok(0), |row| row.int("last"))
    }

    /// Whether the database has a table; a read-only one of an earlier version may not.
    pub async fn has_table(&self, name: &'static str) -> Result<bool, Error> {
        let sql = "/*sqlite*/select 1 as found from sqlite_schema where type = 'table' and name = $1
                   /*postgres select 1 as found from pg_tables where schemaname = current_schema() and tablename = $1 */";
        Ok(self.row(sql, values![name]).await?.is_some())
    }

    /// The number of the newest migration. Every opened database has them all.
    pub fn migrations() -> usize {
        sqlite::MIGRATIONS
    }

    /// The engine's findings about the database; empty when it is sound. SQLite reads all of the file: every index
    /// against its table, and every reference.
    pub async fn problems(&self) -> Result<Vec<String>, Error> {
        match &self.readers {
            Readers::Sqlite(readers) => sqlite::problems(readers).await,
            Readers::Postgres(readers) => postgres::problems(readers).await,
        }
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

    /// Refuses new work, waits for running work, and closes the database. The writer closes last, so that SQLite's
    /// write-ahead log is written into the file.
    pub async fn close(&self) {
        match &self.readers {
            Readers::Sqlite(readers) => readers.close().await,
            Readers::Postgres(readers) => readers.close().await,
        }
        self.committer.close().await;
    }
}

#[cfg(test)]
mod tests;

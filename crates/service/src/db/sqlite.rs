//! One SQLite file with one writer thread.

mod compaction;
mod connection;
pub mod foreign;
mod identity;
mod migrations;
mod reader;
mod snapshot;
mod source;
mod state;
mod watch;
mod writer;

use std::path::Path;
use std::time::{Duration, Instant};

use connection::Access;
pub(super) use connection::Connection;
pub use identity::{is_absent, remains};
pub(super) use reader::Readers;
pub use snapshot::{Copied, snapshot};
pub(super) use source::Schema;
use source::Source;
pub use state::Found;
use state::State;
use watch::Watch;
use writer::Writer;

use super::Error;
use super::committer::Committer;

/// How often a locked file is tried again.
const RETRY_EVERY: Duration = Duration::from_millis(20);
/// SQLite before 3.51.3 can corrupt a database when the write-ahead log is reset (sqlite.org/wal.html, "WAL-reset
/// bug"), so older versions are refused at start.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// The number of migrations.
pub(super) const MIGRATIONS: usize = migrations::FILES.len();

/// An opened database.
pub(super) struct Opened {
    pub committer: Committer,
    pub readers: Readers,
    pub identity: String,
}

pub(super) async fn create(path: &Path, busy_timeout: Duration) -> Result<Opened, Error> {
    open(path, Access::Create, busy_timeout).await
}

pub(super) async fn open_existing(path: &Path, busy_timeout: Duration) -> Result<Opened, Error> {
    open(path, Access::Write, busy_timeout).await
}

async fn open(path: &Path, access: Access, busy_timeout: Duration) -> Result<Opened, Error> {
    let file = path.to_owned();
    let opened =
        tokio::task::spawn_blocking(move || open_with_retries(&file, access, busy_timeout));
    let (connection, watch) = opened.await.unwrap_or(Err(Error::Panicked))?;
    let identity = watch.id().to_owned();
    let readers = Readers::new(path.to_owned(), busy_timeout, watch.state());
    let for_writer = readers.clone();
    let committer = Committer::start(async move |orders, appends| {
        let writer = Writer::new(connection, watch, for_writer, appends);
        writer.commit_groups(orders).await;
    });
    Ok(Opened {
        committer,
        readers,
        identity,
    })
}

pub(super) async fn open_to_read(
    path: &Path,
    schema: Schema,
    busy_timeout: Duration,
) -> Result<Opened, Error> {
    let file = path.to_owned();
    let found = tokio::task::spawn_blocking(move || {
        let source = Source::find(&file, schema, busy_timeout)?;
        let identity = identity::read(&source.connect(busy_timeout)?)?;
        Ok((source, identity))
    });
    let (source, identity) = found.await.unwrap_or(Err(Error::Panicked))?;
    Ok(Opened {
        committer: Committer::none(),
        readers: Readers::from_source(source, busy_timeout, State::default()),
        identity,
    })
}

/// What SQLite finds wrong: every index is compared with its table, and every reference is looked up.
pub(super) async fn problems(readers: &Readers) -> Result<Vec<String>, Error> {
    let rows = readers
        .rows("pragma integrity_check(20)", Vec::new())
        .await?;
    let problems = rows.iter().map(|row| row.text("integrity_check"));
    let mut problems = problems.collect::<Result<Vec<_>, _>>()?;
    problems.retain(|problem| problem != "ok");
    let sql = "select \"table\" as child, parent, count(*) as n from pragma_foreign_key_check group by 1, 2";
    for row in readers.rows(sql, Vec::new()).await? {
        let (child, parent, count) = (row.text("child")?, row.text("parent")?, row.int("n")?);
        problems.push(format!(
            "{count} rows of {child} refer to no row of {parent}"
        ));
    }
    Ok(problems)
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

//! PostgreSQL: a database on a server.

mod address;
mod encryption;
mod error;
mod lanes;
mod migrations;
mod reader;
mod session;
mod text;
mod writer;

pub use address::{Address, AddressError, is_postgres};
pub use error::EngineError;
pub(super) use reader::Readers;
pub(super) use session::Session;
use writer::Writer;

use super::committer::Committer;
use super::{Error, Found};

/// A connected database.
pub(super) struct Opened {
    pub committer: Committer,
    pub readers: Readers,
    pub identity: String,
}

/// Connects to the database, creates what is missing, and migrates it.
pub(super) async fn open(address: &Address) -> Result<Opened, Error> {
    let session = Session::connect(address, session::Use::Write).await?;
    create_schema(&session).await?;
    start(address, session).await
}

/// The schema that `options=-csearch_path=name` names, if it does not exist.
async fn create_schema(session: &Session) -> Result<(), Error> {
    let sql =
        "select trim(both '\" ' from split_part(current_setting('search_path'), ',', 1)) as name
               where current_schema() is null";
    let rows = session.rows(sql, &[]).await?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let name = row.text("name")?.replace('"', "\"\"");
    // Two that create it at once would both find that it is missing.
    let lock = "select pg_advisory_xact_lock(hashtext('midiateca schema'), 0)";
    session.begin(lock).await?;
    let sql = format!("create schema if not exists \"{name}\"");
    match session.batch(&sql).await {
        Ok(()) => session.commit().await,
        Err(error) => {
            // The session may be lost.
            let _ = session.batch("rollback").await;
            Err(error)
        }
    }
}

/// Like [`open`], for a database that was found.
pub(super) async fn open_existing(address: &Address) -> Result<Opened, Error> {
    let session = Session::connect(address, session::Use::Write).await?;
    if migrations::applied(&session).await? == 0 {
        return Err(missing(address));
    }
    start(address, session).await
}

/// Like [`open_existing`], without changes. Writes are refused.
pub(super) async fn open_to_read(address: &Address) -> Result<Opened, Error> {
    let session = Session::connect(address, session::Use::Read).await?;
    if migrations::applied(&session).await? == 0 {
        return Err(missing(address));
    }
    let identity = identity(&session).await?;
    session.close().await;
    Ok(Opened {
        committer: Committer::none(),
        readers: Readers::new(address.clone()),
        identity,
    })
}

async fn start(address: &Address, session: Session) -> Result<Opened, Error> {
    migrations::apply(&session).await?;
    let identity = identity(&session).await?;
    session.close().await;
    let writer = Writer::new(address.clone(), identity.clone());
    Ok(Opened {
        committer: Committer::start(async move |orders, appends| {
            writer.commit_groups(orders, appends).await;
        }),
        readers: Readers::new(address.clone()),
        identity,
    })
}

async fn identity(session: &Session) -> Result<String, Error> {
    let rows = session.rows("select id from identity", &[]).await?;
    rows.first().map_or(Ok(String::new()), |row| row.text("id"))
}

fn missing(address: &Address) -> Error {
    Error::Displaced {
        path: address.to_string().into(),
        found: Found::Missing,
    }
}

impl Address {
    /// Whether the database has no tables.
    pub(super) async fn is_absent(&self) -> Result<bool, Error> {
        let session = Session::connect(self, session::Use::Read).await?;
        let applied = migrations::applied(&session).await?;
        session.close().await;
        Ok(applied == 0)
    }
}

/// A connection whose lock excludes other servers. None when another one has it.
pub(super) async fn serve_alone(
    address: &Address,
    identity: &str,
) -> Result<Option<Session>, Error> {
    let session = Session::connect(address, session::Use::Read).await?;
    let sql = "select pg_try_advisory_lock($1::int, -1) as is_ours";
    let space = i64::from(lanes::space(identity)).into();
    let rows = session.rows(sql, &[space]).await?;
    let is_ours = rows.first().map_or(Ok(false), |row| row.flag("is_ours"))?;
    Ok(is_ours.then_some(session))
}

/// What is wrong with the indexes and constraints of the tables.
pub(super) async fn problems(readers: &Readers) -> Result<Vec<String>, Error> {
    let sql = "select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
               join pg_namespace n on n.oid = c.relnamespace
               where n.nspname = current_schema() and not (i.indisvalid and i.indisready) order by 1";
    let rows = readers.rows(sql.into(), Vec::new()).await?;
    let invalid = |row: &super::Row| Ok(format!("the index {} is not valid", row.text("name")?));
    rows.iter().map(invalid).collect()
}

#[cfg(test)]
mod tests;

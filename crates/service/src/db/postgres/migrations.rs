//! Migrates the database: the same numbers as SQLite's files, in one transaction. The first file has all tables as they
//! were then.

use super::session::Session;
use crate::db::Error;

/// The migrations, with their numbers.
const FILES: &[(i64, &str)] = &[(
    34,
    include_str!("../../../migrations/postgres/0034_baseline.sql"),
)];

/// Applies what is missing. Nodes that start at once do so one after the other.
pub(super) async fn apply(session: &Session) -> Result<(), Error> {
    if applied(session).await? == newest() {
        return Ok(());
    }
    let lock = "set local statement_timeout = 0; set local lock_timeout = 0; select pg_advisory_xact_lock(hashtext('midiateca migrations'), hashtext(current_schema()))";
    session.begin(lock).await?;
    let outcome = apply_missing(session).await;
    if outcome.is_ok() {
        return session.commit().await;
    }
    // The session may be lost.
    let _ = session.batch("rollback").await;
    outcome
}

async fn apply_missing(session: &Session) -> Result<(), Error> {
    let before = applied(session).await?;
    for (number, file) in FILES {
        if *number > before {
            session.batch(file).await?;
        }
    }
    let create = "create table if not exists schema_version (version bigint not null)";
    session.batch(create).await?;
    session.batch("delete from schema_version").await?;
    let sql = "insert into schema_version (version) values ($1)";
    session.run(sql, &[newest().into()]).await.map(drop)
}

fn newest() -> i64 {
    FILES.last().map_or(0, |(number, _)| *number)
}

/// The newest applied migration; 0 for a schema without tables. Refuses one of a newer version or another program.
pub(super) async fn applied(session: &Session) -> Result<i64, Error> {
    let sql = "select count(*) as tables, count(*) filter (where tablename = 'schema_version') as versions,
                 count(*) filter (where tablename in ('clients', 'instances', 'media')) as ours
               from pg_tables where schemaname = current_schema()";
    let rows = session.rows(sql, &[]).await?;
    let Some(row) = rows.first() else {
        return Ok(0);
    };
    match (row.int("tables")?, row.int("versions")?, row.int("ours")?) {
        (0, _, _) => return Ok(0),
        (_, 1, 3) => {}
        _ => return Err(Error::Foreign),
    }
    let rows = session
        .rows("select version from schema_version", &[])
        .await?;
    let version = rows.first().map_or(Ok(0), |row| row.int("version"))?;
    if version > newest() {
        return Err(Error::TooNew { version });
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_have_the_same_newest_migration() {
        assert_eq!(usize::try_from(newest()), Ok(crate::db::Db::migrations()));
    }
}

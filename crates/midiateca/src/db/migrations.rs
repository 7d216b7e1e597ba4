//! Brings the database up to date: numbered SQL files, each applied once, in one transaction.
//! `user_version` says how many a file has seen.

use super::Error;
use super::connection::Connection;

const FILES: &[&str] = &[include_str!("../../migrations/sqlite/0001_first.sql")];

/// Applies what is missing. Two processes that start at once do so one after the other.
pub(super) fn apply(connection: &Connection) -> Result<(), Error> {
    connection.batch("begin immediate")?;
    let outcome = apply_missing(connection);
    connection.batch(if outcome.is_ok() {
        "commit"
    } else {
        "rollback"
    })?;
    outcome
}

fn apply_missing(connection: &Connection) -> Result<(), Error> {
    let rows = connection.rows("pragma user_version", &[])?;
    let version = rows.first().map_or(Ok(0), |row| row.int("user_version"))?;
    let applied = usize::try_from(version).unwrap_or(usize::MAX);
    if applied > FILES.len() {
        return Err(Error::TooNew { version });
    }
    for file in &FILES[applied..] {
        connection.batch(file)?;
    }
    connection.batch(&format!("pragma user_version = {}", FILES.len()))
}

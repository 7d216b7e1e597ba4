//! Brings the database up to date: numbered SQL files, each applied once.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnection;

use super::Error;

const FILES: &[(i64, &str, &str)] = &[(
    1,
    "first",
    include_str!("../../migrations/sqlite/0001_first.sql"),
)];

/// Applies what is missing. A lock file beside the database keeps two processes from doing so at once,
/// since SQLite has no advisory locks.
pub(super) async fn apply(path: &Path, connection: &mut SqliteConnection) -> Result<(), Error> {
    let lock = File::create(path.with_extension("migrate-lock"))
        .and_then(|file| file.lock().map(|()| file))
        .map_err(sqlx::Error::Io)?;
    let list = FILES
        .iter()
        .map(|(version, name, sql)| {
            let sql = sql.into_sql_str();
            let name = Cow::Borrowed(*name);
            Migration::new(*version, name, MigrationType::Simple, sql, false)
        })
        .collect();
    let outcome = Migrator::with_migrations(list)
        .run_direct(None, connection, false)
        .await;
    drop(lock);
    outcome.map_err(|error| match error {
        MigrateError::VersionMissing(version) => Error::TooNew { version },
        MigrateError::Execute(error) => Error::from(error),
        other => Error::Migration(Arc::new(other)),
    })
}

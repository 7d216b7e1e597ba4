//! Notices, between writes, when database or storage are no longer in their place, and when they are back; says so in
//! the log, and to other processes.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Allowed, App, settle_storage};
use crate::coordination::{Coordination, ServerLease};
use crate::{db, storage};

const EVERY: Duration = Duration::from_secs(1);

/// What is not in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Displaced {
    /// What is at the path of the database.
    pub database: Option<db::Found>,
    /// What is at the root of the storage.
    pub storage: Option<storage::Found>,
}

impl Displaced {
    fn json(self, door: SocketAddr) -> Value {
        json!({
            "door": door.to_string(),
            "database": self.database.map(db::Found::as_str),
            "storage": self.storage.map(storage::Found::as_str),
        })
    }

    fn parse(published: &Value) -> Self {
        let code = |name: &str| published[name].as_str();
        Self {
            database: code("database").and_then(db::Found::parse),
            storage: code("storage").and_then(storage::Found::parse),
        }
    }

    /// What the server on this data folder found; nothing when none runs, or all is in its place.
    pub async fn of_server(data: &Path) -> Option<Self> {
        let published = Coordination::of(data).published().await?;
        Some(Self::parse(&published)).filter(|displaced| *displaced != Self::default())
    }
}

/// Where the server on this data folder listens; nothing when none runs, or it has not said so yet.
pub async fn door_of_server(data: &Path) -> Option<SocketAddr> {
    let published = Coordination::of(data).published().await?;
    published["door"].as_str()?.parse().ok()
}

/// Checks until the shutdown begins. `door` is where the server listens.
pub async fn keep_checking(app: Arc<App>, lease: Arc<ServerLease>, door: SocketAddr) {
    let mut known = Displaced::default();
    lease.publish(known.json(door));
    loop {
        let found = tokio::select! {
            () = app.shutdown.begun() => return,
            found = check(&app) => found,
        };
        if found != known {
            log_storage(&app, known.storage, found.storage);
            lease.publish(found.json(door));
            known = found;
        }
        tokio::select! {
            () = app.shutdown.begun() => return,
            () = app.clock.sleep(EVERY) => {}
        }
    }
}

/// The database logs its own changes.
async fn check(app: &App) -> Displaced {
    let database = app.db.verify().await.err();
    let database = database.and_then(|error| error.displaced());
    let storage = app.storage.clone();
    let verifying = tokio::task::spawn_blocking(move || storage.verify());
    let mut storage = match verifying.await {
        Ok(Err(storage::Error::Displaced { found, .. })) => Some(found),
        // What else is wrong with it is seen by whoever writes to it.
        _ => None,
    };
    // Only the marker is gone.
    if storage == Some(storage::Found::Unmarked)
        && database.is_none()
        && settle_storage(
            &app.db,
            &app.config.storage_folder(&app.data),
            Allowed::default(),
        )
        .await
        .is_ok()
    {
        tracing::warn!(
            "the storage had lost its marker, and its files are there: it is marked again"
        );
        storage = None;
    }
    Displaced { database, storage }
}

fn log_storage(app: &App, before: Option<storage::Found>, found: Option<storage::Found>) {
    let root = app.config.storage_folder(&app.data);
    let root = root.display();
    match (before, found) {
        (None, Some(found)) => tracing::error!(
            %root,
            found = found.as_str(),
            "the storage is not the one of this database; nothing is stored until it is back"
        ),
        (Some(_), None) => {
            tracing::info!(%root, "the storage is back");
            app.work.notify_one();
        }
        _ => {}
    }
}

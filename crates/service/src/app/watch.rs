//! Notices, between writes, when database or storage are no longer in their place, and when they are back; says so in
//! the log, and to other processes.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Allowed, Alone, App, settle_storage};
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

    fn parse(text: &str) -> Option<Self> {
        let told: Value = serde_json::from_str(text).ok()?;
        Some(Self {
            database: told["database"].as_str().and_then(db::Found::parse),
            storage: told["storage"].as_str().and_then(storage::Found::parse),
        })
    }

    /// What the server on this data folder found; nothing when none runs, or all is in its place.
    pub fn of_server(data: &Path) -> Option<Self> {
        if App::is_served(data) != Some(true) {
            return None;
        }
        let text = std::fs::read_to_string(data.join(super::SERVER_LOCK)).ok()?;
        Self::parse(&text).filter(|displaced| *displaced != Self::default())
    }
}

/// Where the server on this data folder listens; nothing when none runs, or it has not said so yet.
pub fn door_of_server(data: &Path) -> Option<SocketAddr> {
    if App::is_served(data) != Some(true) {
        return None;
    }
    let text = std::fs::read_to_string(data.join(super::SERVER_LOCK)).ok()?;
    let told: Value = serde_json::from_str(&text).ok()?;
    told["door"].as_str()?.parse().ok()
}

/// Checks until the shutdown begins. `door` is where the server listens.
pub async fn keep_checking(app: Arc<App>, alone: Arc<Alone>, door: SocketAddr) {
    let mut known = Displaced::default();
    alone.note(&known.json(door).to_string());
    loop {
        let found = tokio::select! {
            () = app.shutdown.begun() => return,
            found = check(&app) => found,
        };
        if found != known {
            log_storage(&app, known.storage, found.storage);
            alone.note(&found.json(door).to_string());
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
    let vault = app.vault.clone();
    let verifying = tokio::task::spawn_blocking(move || vault.verify());
    let mut storage = match verifying.await {
        Ok(Err(storage::Error::Displaced { found, .. })) => Some(found),
        // What else is wrong with it is seen by whoever writes to it.
        _ => None,
    };
    // Only the marker is gone.
    if storage == Some(storage::Found::Unmarked)
        && database.is_none()
        && settle_storage(&app.db, app.vault.root(), Allowed::default())
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
    let root = app.vault.root().display();
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

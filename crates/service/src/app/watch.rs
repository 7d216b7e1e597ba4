//! Notices, between writes, when database or storage are no longer in their place, and when they are back; logs and
//! publishes it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Allowed, App, settle_storage};
use crate::coordination::ServerLease;
use crate::ops::probe::Displaced;
use crate::storage;

const EVERY: Duration = Duration::from_secs(1);

/// Checks until the shutdown begins. `address` is where the server listens.
pub async fn keep_checking(app: Arc<App>, lease: Arc<ServerLease>, address: SocketAddr) {
    let mut known = Displaced::default();
    lease.publish(known.published(address));
    loop {
        let found = tokio::select! {
            () = app.shutdown.begun() => return,
            found = check(&app) => found,
        };
        if found != known {
            log_storage(&app, known.storage, found.storage);
            lease.publish(found.published(address));
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
    let verified = tokio::task::spawn_blocking(move || storage.verify()).await;
    let mut storage = match verified {
        Ok(Err(storage::Error::Displaced { found, .. })) => Some(found),
        // The next write reports any other error.
        _ => None,
    };
    // Only the marker is gone.
    if storage == Some(storage::Found::Unmarked)
        && database.is_none()
        && settle_storage(&app.db, &app.storage, Allowed::default())
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
    let root = app.storage.place();
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

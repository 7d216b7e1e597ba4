//! Notices, between writes, when the database is no longer at its path, and when it is back.

use std::sync::Arc;
use std::time::Duration;

use super::App;

const EVERY: Duration = Duration::from_secs(1);

/// Checks until the shutdown begins. A change is logged where it is found.
pub async fn keep_checking(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.shutdown.begun() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let _ = app.db.verify().await;
    }
}

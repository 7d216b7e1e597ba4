//! Whether a delivery could be committed and stored now.
//!
//! A probe writes to the database and to the storage, so requests share it: at most one runs at a time, and its result is
//! reused for [`FRESH`]. A probe that hangs (a network share that does not answer) counts as not ready, and no second one
//! starts while it hangs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::App;
use crate::db::Key;
use crate::telemetry;

/// How long a result is reused. A fault is reported at most this much later.
const FRESH: Duration = Duration::from_secs(1);
/// How long a request waits for a running probe.
const PATIENCE: Duration = Duration::from_secs(5);

/// The latest probe: when it ended, and its result; nothing while it runs.
type Latest = watch::Receiver<Option<(Instant, bool)>>;

#[derive(Default)]
pub(super) struct ReadinessCache(Mutex<Option<Latest>>);

impl ReadinessCache {
    /// Whether the latest probe succeeded; starts one when the latest is older than [`FRESH`].
    pub async fn is_ready(&self, app: &Arc<App>) -> bool {
        let mut latest = self.latest(app);
        let ended = latest.wait_for(Option::is_some);
        match tokio::time::timeout(PATIENCE, ended).await {
            Ok(Ok(result)) => result.is_some_and(|(_, is_ready)| is_ready),
            // It hangs, or it panicked.
            Err(_) | Ok(Err(_)) => false,
        }
    }

    fn latest(&self, app: &Arc<App>) -> Latest {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(latest) = slot.as_ref().filter(|latest| is_usable(latest)) {
            return latest.clone();
        }
        let (result, latest) = watch::channel(None);
        *slot = Some(latest.clone());
        let app = Arc::clone(app);
        // Not part of the request: a client that disconnects must not stop a probe that others wait for.
        app.shutdown.clone().spawn(async move {
            let is_ready = tokio::select! {
                is_ready = probe(&app) => is_ready,
                // A probe that hangs must not block the shutdown.
                () = app.shutdown.http_closing() => false,
            };
            result.send_replace(Some((Instant::now(), is_ready)));
        });
        latest
    }
}

/// Whether the probe still runs, or ended a moment ago.
fn is_usable(latest: &Latest) -> bool {
    match *latest.borrow() {
        Some((ended, _)) => ended.elapsed() < FRESH,
        // The sender is gone without a result when the probe panicked.
        None => latest.has_changed().is_ok(),
    }
}

/// Checks everything that a delivery needs, in order: a commit, then a stored file.
async fn probe(app: &App) -> bool {
    if let Err(error) = app.db.write(Key::Nothing, async |_| Ok(())).await {
        let error = telemetry::chain(&error);
        tracing::error!(error, "not ready: test write failed");
        return false;
    }
    if let Err(error) = app.storage.probe().await {
        let error = telemetry::chain(&error);
        tracing::error!(error, "not ready: test file could not be stored");
        return false;
    }
    true
}

//! Retention rules: deletes what the operator's rules no longer keep.
//!
//! Everything is computed from stored times whenever it is looked, so nothing depends on a timer that a restart loses.
//! A file goes before its row says so: whatever is cut short is found again, and done again without harm.

mod sweep;

use std::sync::Arc;

use crate::app::App;

pub use sweep::{Swept, Told, finish_sweeps, is_on_its_way, sweep};

/// Whether it is done, or only told what would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It is done.
    Now,
    /// It is only looked what would be.
    DryRun,
}

/// Why it could not be done to the end. What was done is recorded; doing it again goes on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Db(#[from] crate::db::Error),
    /// Somebody is putting files right.
    #[error(transparent)]
    App(#[from] crate::app::Error),
    /// A lease.
    #[error(transparent)]
    Coordination(#[from] crate::coordination::Error),
    /// A file could not be removed.
    #[error("a file could not be removed")]
    Storage(#[from] crate::storage::Error),
    /// The machine's clock jumped, so ages mean nothing.
    #[error("the machine's clock is not trusted, so nothing is deleted")]
    ClockNotTrusted,
}

/// Sweeps now and then, until the shutdown begins.
pub async fn keep_sweeping(app: Arc<App>) {
    let every = app.config.retention.every.duration();
    loop {
        // What processes left behind that were killed between a file and its rows.
        if let Err(error) = app.bodies.sweep(&app.db, true).await {
            let error = crate::telemetry::chain(&error);
            tracing::warn!(error, "the texts of deliveries could not be swept");
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = app.shutdown.begun() => return,
        }
        let tell = |_: usize, told: Told<'_>| {
            if let Told::Stuck(file, error) = told {
                let error = crate::telemetry::chain(error);
                tracing::error!(media = %file.id, error, "a file that is no longer to be kept could not be removed");
            }
        };
        match sweep(&app, Doing::Now, tell).await {
            Ok(swept) if swept == Swept::default() => {}
            Ok(swept) => tracing::info!(
                files = swept.files,
                bytes = swept.bytes,
                deliveries = swept.deliveries,
                events = swept.events,
                attempts = swept.attempts,
                stuck = swept.stuck,
                "swept"
            ),
            // That the clock is not trusted is logged where it is seen.
            Err(Error::ClockNotTrusted) => {}
            Err(error) => tracing::warn!(
                error = crate::telemetry::chain(&error),
                "the sweep was cut short; the next one goes on"
            ),
        }
    }
}

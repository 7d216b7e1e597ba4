//! How much came, per instance: counted in memory, written down every other second. These are figures for
//! people; a crash may lose the last two seconds of them, and nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::app::App;
use crate::clock::Millis;
use crate::db::Error;
use crate::delivery::rhythm;
use crate::media::InstanceId;
use crate::registry;

const EVERY: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Default)]
struct Count {
    deliveries: i64,
    ignored: i64,
    last: Millis,
}

/// What was counted since it was last written down.
#[derive(Default)]
pub struct Tally(Mutex<HashMap<InstanceId, Count>>);

impl Tally {
    /// Counts one delivery.
    pub fn add(&self, instance: &InstanceId, ignored: bool, now: Millis) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = match counts.get_mut(instance) {
            Some(count) => count,
            None => counts.entry(instance.clone()).or_default(),
        };
        count.deliveries += 1;
        count.ignored += i64::from(ignored);
        count.last = now;
    }

    fn take(&self) -> HashMap<InstanceId, Count> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes down what was counted.
pub async fn write_down(app: &App) -> Result<(), Error> {
    let counts = app.tally.take();
    if counts.is_empty() {
        return Ok(());
    }
    app.db
        .write(async move |tx| {
            for (id, count) in &counts {
                registry::count(tx, id, count.deliveries, count.ignored, count.last).await?;
                rhythm::count(tx, id, count.deliveries, count.last).await?;
            }
            Ok(())
        })
        .await
}

/// Writes down every other second, and a last time at the end.
pub async fn keep_writing_down(app: Arc<App>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = app.shutdown.begun() => {}
        }
        if let Err(error) = write_down(&app).await {
            tracing::warn!(%error, "the delivery counts could not be written down");
        }
        if app.shutdown.has_begun() {
            return;
        }
    }
}

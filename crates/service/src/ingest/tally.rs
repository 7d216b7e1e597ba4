//! Deliveries and refusals per instance, counted in memory and saved every two seconds. A crash loses at most the
//! last two seconds of these figures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Ingest;
use crate::clock::Millis;
use crate::db::{Db, Error, Key};
use crate::deliveries::{self, rhythm};
use crate::instances::{self, Refusal, RefusalCount};
use crate::model::InstanceId;
use crate::shutdown::Shutdown;
use crate::telemetry::Throttle;

const EVERY: Duration = Duration::from_secs(2);
/// How often refusals of one kind are logged.
const LOG_EVERY: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Default)]
struct Count {
    deliveries: i64,
    ignored: i64,
    last: Millis,
}

/// Counts since the last save.
#[derive(Default)]
pub struct Tally {
    counts: Mutex<HashMap<InstanceId, Count>>,
    refusals: Mutex<HashMap<Refusal, RefusalCount>>,
    /// One for each kind of refusal that was logged.
    logged: Mutex<HashMap<Refusal, Throttle>>,
}

impl Tally {
    pub fn add(&self, instance: &InstanceId, ignored: bool, now: Millis) {
        let mut counts = locked(&self.counts);
        let count = match counts.get_mut(instance) {
            Some(count) => count,
            None => counts.entry(instance.clone()).or_default(),
        };
        count.deliveries += 1;
        count.ignored += i64::from(ignored);
        count.last = now;
    }

    /// Counts a refusal. Returns the number of its kind since the last log line when another line is due.
    pub fn refuse(&self, refusal: Refusal, now: Millis) -> Option<u64> {
        let mut logged = locked(&self.logged);
        let throttle = logged.entry(refusal.clone());
        let times = throttle.or_insert_with(|| Throttle::new(LOG_EVERY)).admit();
        drop(logged);
        self.add_refusals(refusal, RefusalCount::one(now));
        times
    }

    fn add_refusals(&self, refusal: Refusal, more: RefusalCount) {
        locked(&self.refusals)
            .entry(refusal)
            .and_modify(|count| count.add(more))
            .or_insert(more);
    }

    /// Adds back counts that could not be saved.
    fn restore(&self, taken: &TakenCounts) {
        let mut counts = locked(&self.counts);
        for (id, more) in &taken.counts {
            let count = counts.entry(id.clone()).or_default();
            count.deliveries += more.deliveries;
            count.ignored += more.ignored;
            count.last = count.last.max(more.last);
        }
        drop(counts);
        for (refusal, more) in &taken.refusals {
            self.add_refusals(refusal.clone(), *more);
        }
    }

    fn take(&self) -> TakenCounts {
        TakenCounts {
            counts: std::mem::take(&mut locked(&self.counts)),
            refusals: std::mem::take(&mut locked(&self.refusals)),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct TakenCounts {
    counts: HashMap<InstanceId, Count>,
    refusals: HashMap<Refusal, RefusalCount>,
}

/// Saves the counts.
pub async fn write_down(db: &Db, tally: &Tally) -> Result<(), Error> {
    let taken = Arc::new(tally.take());
    if taken.counts.is_empty() && taken.refusals.is_empty() {
        return Ok(());
    }
    let counted = Arc::clone(&taken);
    let written = db.write(Key::Nothing, async move |tx| {
        for (id, count) in &counted.counts {
            instances::count(tx, id, count.deliveries, count.ignored, count.last).await?;
            rhythm::count(tx, id, count.deliveries, count.last).await?;
        }
        let dismissed_at = deliveries::dismissed_in(tx).await?;
        for (refusal, count) in &counted.refusals {
            instances::count_refusals(tx, refusal, *count, dismissed_at).await?;
        }
        Ok(())
    });
    let written = written.await;
    if written.is_err() {
        tally.restore(&taken);
    }
    written
}

/// Saves every two seconds, and a last time at the shutdown.
pub async fn keep_writing_down(ingest: Ingest, shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = ingest.clock.sleep(EVERY) => {}
            () = shutdown.begun() => {}
        }
        if let Err(error) = write_down(&ingest.db, &ingest.tally).await {
            tracing::warn!(%error, "the delivery counts could not be written down");
        }
        if shutdown.has_begun() {
            return;
        }
    }
}

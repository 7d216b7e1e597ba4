//! Live events for many readers: one task reads what is new, and readers take it from a ring in memory.
//!
//! A reader has only a number. One that is behind the ring reads pages from the database, so that a slow reader loses nothing
//! and costs the others nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::{Event, after, newest, visible_after};
use crate::db::{Db, Error};
use crate::model::{EventKind, Scope};
use crate::shutdown::CancellationToken;
use crate::telemetry;

/// Events that are kept in memory.
const RING: usize = 4_096;
const PAGE: u32 = 500;
/// How often the database is asked without a notification: another process may have written.
const POLL: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Feed {
    db: Db,
    ring: Arc<Mutex<VecDeque<Arc<Event>>>>,
    latest: watch::Sender<i64>,
}

impl Feed {
    pub fn new(db: Db) -> Self {
        Self {
            db,
            ring: Arc::default(),
            latest: watch::channel(0).0,
        }
    }

    /// Changes when there are new events.
    pub fn latest(&self) -> watch::Receiver<i64> {
        self.latest.subscribe()
    }

    /// Reads new events until the end begins.
    pub async fn keep_reading(self, cancelled: CancellationToken) {
        let mut appended = self.db.appended();
        let mut last = loop {
            match newest(&self.db).await {
                Ok(seq) => break seq,
                Err(_) if cancelled.is_cancelled() => return,
                Err(_) => tokio::time::sleep(POLL).await,
            }
        };
        self.latest.send_replace(last);
        loop {
            match self.read(last).await {
                Ok(seq) if seq > last => {
                    last = seq;
                    continue;
                }
                Ok(_) => {}
                Err(error) => {
                    let error = telemetry::chain(&error);
                    tracing::debug!(error, "events cannot be read now");
                }
            }
            tokio::select! {
                () = cancelled.cancelled() => return,
                changed = appended.changed() => if changed.is_err() {
                    tokio::time::sleep(POLL).await;
                },
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Returns the number of the last event that was read.
    async fn read(&self, last: i64) -> Result<i64, Error> {
        let found = after(&self.db, last, PAGE).await?;
        let Some(newest) = found.last().map(|event| event.seq) else {
            return Ok(last);
        };
        {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            // Events in it may be of a person who was erased. An erasure by another process is noticed within [`POLL`].
            if found.iter().any(|event| event.is(EventKind::ContactErased)) {
                ring.clear();
            }
            ring.extend(found.into_iter().map(Arc::new));
            let surplus = ring.len().saturating_sub(RING);
            ring.drain(..surplus);
        }
        self.latest.send_replace(newest);
        Ok(newest)
    }

    /// The events of a scope after `seq`, some or all, and the number up to which they were looked at. Empty when there is
    /// nothing new.
    pub async fn after(&self, scope: Scope, seq: i64) -> Result<(Vec<Arc<Event>>, i64), Error> {
        if let Some(found) = self.in_ring(scope, seq) {
            return Ok(found);
        }
        // Numbers are given in the order of commits, so nothing before the newest can appear later.
        let newest = newest(&self.db).await?;
        let found = visible_after(&self.db, scope, seq, PAGE).await?;
        let seen = if found.len() < PAGE as usize {
            found.last().map_or(newest, |event| event.seq.max(newest))
        } else {
            found.last().map_or(seq, |event| event.seq)
        };
        Ok((found.into_iter().map(Arc::new).collect(), seen.max(seq)))
    }

    /// None when the ring does not reach back to `seq`.
    fn in_ring(&self, scope: Scope, seq: i64) -> Option<(Vec<Arc<Event>>, i64)> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if *self.latest.borrow() <= seq {
            return Some((Vec::new(), seq));
        }
        let (first, last) = (ring.front()?.seq, ring.back()?.seq);
        if first > seq + 1 {
            return None;
        }
        let start = ring.partition_point(|event| event.seq <= seq);
        let visible = |event: &&Arc<Event>| match scope {
            Scope::All => true,
            Scope::Client(client) => event.client == Some(client),
        };
        let found = ring.iter().skip(start).filter(visible).cloned().collect();
        Some((found, last))
    }
}

//! The table of open connections: how many there may be, of whom, and which is closed for another one.
//!
//! A service that is full must still answer a good client. A connection that keeps us waiting, or that is idle, is
//! closed before a new one is refused; one whose request is worked on is never closed.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client_address::ClientNetwork;
use super::connection::{Activity, Clocks, Glance, Phase};

/// A peer that keeps us waiting for less than this may simply be far away.
const GRACE: Duration = Duration::from_secs(1);

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub in_all: usize,
    pub per_source: usize,
}

/// Why a connection, or a request through a proxy, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// There are as many as there may be, and none that may be closed for it.
    InAll,
    /// Its source has as many as it may have.
    ClientNetwork,
}

impl Full {
    /// The setting that says how many there may be.
    pub fn setting(self) -> &'static str {
        match self {
            Self::InAll => "http.max_connections",
            Self::ClientNetwork => "http.max_connections_per_address",
        }
    }
}

/// Whom a connection is counted for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub source: ClientNetwork,
    /// A trusted proxy has no limit of its own.
    pub is_trusted: bool,
}

struct Entry {
    peer: Peer,
    activity: Arc<Activity>,
    closing: CancellationToken,
}

#[derive(Default)]
struct Table {
    entries: HashMap<u64, Entry>,
    /// Connections of a source, and requests that trusted proxies send for it.
    by_source: HashMap<ClientNetwork, usize>,
    next: u64,
}

/// All open connections.
pub(super) struct Connections {
    limits: Limits,
    clocks: Clocks,
    table: Mutex<Table>,
}

/// The place of one connection, until it is dropped.
pub(super) struct ConnectionPermit {
    connections: Arc<Connections>,
    id: u64,
    closing: CancellationToken,
}

impl ConnectionPermit {
    /// Waits until the connection is to be closed.
    pub async fn closing(&self) {
        self.closing.cancelled().await;
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.connections.table().remove(self.id);
    }
}

/// The place of one request that a trusted proxy sends for a source.
pub(super) struct ForwardedPermit {
    connections: Arc<Connections>,
    source: ClientNetwork,
}

impl Drop for ForwardedPermit {
    fn drop(&mut self) {
        self.connections.table().discount(self.source);
    }
}

impl Connections {
    pub fn new(limits: Limits, clocks: Clocks) -> Self {
        Self {
            limits,
            clocks,
            table: Mutex::default(),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a new connection, if need be that of another one, which is closed.
    pub fn admit(
        self: &Arc<Self>,
        peer: Peer,
        activity: Arc<Activity>,
        now: Instant,
    ) -> Result<ConnectionPermit, Full> {
        let mut table = self.table();
        let is_limited = !peer.is_trusted;
        if is_limited && table.count_of(peer.source) >= self.limits.per_source {
            let own = |entry: &Entry| entry.peer.source == peer.source;
            if !table
                .close_worst(|entry, glance| own(entry).then(|| rank(entry, glance, now)).flatten())
            {
                return Err(Full::ClientNetwork);
            }
        }
        if table.entries.len() >= self.limits.in_all && !table.make_room(peer.source, now) {
            return Err(Full::InAll);
        }
        let closing = CancellationToken::new();
        let entry = Entry {
            peer,
            activity,
            closing: closing.clone(),
        };
        Ok(ConnectionPermit {
            connections: Arc::clone(self),
            id: table.insert(entry),
            closing,
        })
    }

    /// Takes a place for a request that a trusted proxy sends for `source`.
    pub fn admit_forwarded(
        self: &Arc<Self>,
        source: ClientNetwork,
    ) -> Result<ForwardedPermit, Full> {
        let mut table = self.table();
        if table.count_of(source) >= self.limits.per_source {
            return Err(Full::ClientNetwork);
        }
        *table.by_source.entry(source).or_default() += 1;
        drop(table);
        Ok(ForwardedPermit {
            connections: Arc::clone(self),
            source,
        })
    }

    /// Closes the connections whose peers took longer than they may.
    pub fn close_overdue(&self, now: Instant) {
        let mut table = self.table();
        let overdue = |entry: &Entry| entry.activity.glance().is_overdue(&self.clocks, now);
        let ids: Vec<_> = table
            .entries
            .iter()
            .filter(|(_, entry)| overdue(entry))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            table.close(id);
        }
    }

    /// Closes the connection that can be spared best; false when none can.
    pub fn close_one(&self, now: Instant) -> bool {
        self.table()
            .close_worst(|entry, glance| rank(entry, glance, now))
    }

    /// Closes every connection.
    pub fn close_all(&self) {
        let mut table = self.table();
        let ids: Vec<_> = table.entries.keys().copied().collect();
        for id in ids {
            table.close(id);
        }
    }

    pub fn count(&self) -> usize {
        self.table().entries.len()
    }
}

/// How well a connection can be spared: the least value first. Nothing when it is in use.
type Rank = (u8, bool, Reverse<Duration>);

fn rank(entry: &Entry, glance: &Glance, now: Instant) -> Option<Rank> {
    let waits_since = glance.unread_since.unwrap_or(glance.since);
    let waits = now.duration_since(waits_since);
    let class = match glance.phase {
        _ if glance.unread_since.is_some() && waits >= GRACE => 0,
        Phase::Head if !glance.is_proven && waits >= GRACE => 0,
        Phase::Idle => 1,
        Phase::Head | Phase::Body if waits >= GRACE => 2,
        Phase::Head | Phase::Body | Phase::Working => return None,
    };
    // A proxy sends on a connection that it believes to be idle, and a request that is lost there may not be repeated.
    Some((class, entry.peer.is_trusted, Reverse(waits)))
}

impl Table {
    fn count_of(&self, source: ClientNetwork) -> usize {
        self.by_source.get(&source).copied().unwrap_or(0)
    }

    fn discount(&mut self, source: ClientNetwork) {
        if let Some(count) = self.by_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
    }

    fn insert(&mut self, entry: Entry) -> u64 {
        let id = self.next;
        self.next += 1;
        *self.by_source.entry(entry.peer.source).or_default() += 1;
        self.entries.insert(id, entry);
        id
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.discount(entry.peer.source);
        Some(entry)
    }

    /// Gives the place away at once; the connection's task ends a moment later.
    fn close(&mut self, id: u64) {
        if let Some(entry) = self.remove(id) {
            entry.closing.cancel();
        }
    }

    /// Closes the connection of the least rank; false when none has one.
    fn close_worst<R: Ord>(&mut self, rank: impl Fn(&Entry, &Glance) -> Option<R>) -> bool {
        let ranked = self.entries.iter().filter_map(|(id, entry)| {
            let glance = entry.activity.glance();
            Some((rank(entry, &glance)?, *id))
        });
        let worst = ranked.min_by(|(one, _), (other, _)| one.cmp(other));
        let Some((_, id)) = worst else {
            return false;
        };
        self.close(id);
        true
    }

    /// Closes a connection for one of `source`: one that can be spared, or else one of the source that has most, if
    /// that has more than `source` would have.
    fn make_room(&mut self, source: ClientNetwork, now: Instant) -> bool {
        if self.close_worst(|entry, glance| rank(entry, glance, now)) {
            return true;
        }
        let own = self.count_of(source) + 1;
        let counts = self.by_source.iter();
        let Some((most, count)) = counts.max_by_key(|(_, count)| **count) else {
            return false;
        };
        let (most, count) = (*most, *count);
        count > own
            && self.close_worst(|entry, glance| {
                let is_spared = glance.phase == Phase::Working || entry.peer.is_trusted;
                let is_of_most = entry.peer.source == most;
                (is_of_most && !is_spared).then_some(glance.since)
            })
    }
}

#[cfg(test)]
mod tests;

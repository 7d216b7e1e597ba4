//! The table of open connections: limits in total and per client, and which connection closes for a new one.
//!
//! A full server must still answer well-behaved clients. A connection that keeps the server waiting, or that is idle, is
//! closed before a new one is refused. A connection whose request is being processed is never closed.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client_address::ClientNetwork;
use super::connection::{Activity, ActivitySnapshot, Phase, PhaseLimits};

/// A peer that keeps the server waiting for less than this may only be far away.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub in_all: usize,
    pub per_source: usize,
}

/// Why a connection, or a request through a proxy, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LimitReached {
    /// The limit is reached, and no connection may be closed.
    InAll,
    /// The client network has reached its limit.
    ClientNetwork,
}

impl LimitReached {
    /// The setting that has the limit.
    pub fn setting(self) -> &'static str {
        match self {
            Self::InAll => "http.max_connections",
            Self::ClientNetwork => "http.max_connections_per_address",
        }
    }
}

/// The client that a connection is counted for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub source: ClientNetwork,
    /// A trusted proxy has no limit of its own.
    pub is_trusted: bool,
}

struct OpenConnection {
    peer: Peer,
    activity: Arc<Activity>,
    closing: CancellationToken,
}

#[derive(Default)]
struct ConnectionTable {
    entries: HashMap<u64, OpenConnection>,
    /// Connections per client network, with requests that trusted proxies send for it.
    by_source: HashMap<ClientNetwork, usize>,
    next: u64,
}

pub(super) struct Connections {
    limits: Limits,
    phase_limits: PhaseLimits,
    table: Mutex<ConnectionTable>,
}

/// Counts one connection until it is dropped.
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

/// Counts one request that a trusted proxy sends for a client, until it is dropped.
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
    pub fn new(limits: Limits, phase_limits: PhaseLimits) -> Self {
        Self {
            limits,
            phase_limits,
            table: Mutex::default(),
        }
    }

    fn table(&self) -> MutexGuard<'_, ConnectionTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a new connection. Closes another one for it if needed.
    pub fn admit(
        self: &Arc<Self>,
        peer: Peer,
        activity: Arc<Activity>,
        now: Instant,
    ) -> Result<ConnectionPermit, LimitReached> {
        let mut table = self.table();
        let is_limited = !peer.is_trusted;
        if is_limited && table.count_for(peer.source) >= self.limits.per_source {
            let own = |entry: &OpenConnection| entry.peer.source == peer.source;
            if !table.close_worst(|entry, snapshot| {
                own(entry).then(|| rank(entry, snapshot, now)).flatten()
            }) {
                return Err(LimitReached::ClientNetwork);
            }
        }
        if table.entries.len() >= self.limits.in_all && !table.close_for(peer.source, now) {
            return Err(LimitReached::InAll);
        }
        let closing = CancellationToken::new();
        let entry = OpenConnection {
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

    /// Admits a request that a trusted proxy sends for `source`.
    pub fn admit_forwarded(
        self: &Arc<Self>,
        source: ClientNetwork,
    ) -> Result<ForwardedPermit, LimitReached> {
        let mut table = self.table();
        if table.count_for(source) >= self.limits.per_source {
            return Err(LimitReached::ClientNetwork);
        }
        *table.by_source.entry(source).or_default() += 1;
        drop(table);
        Ok(ForwardedPermit {
            connections: Arc::clone(self),
            source,
        })
    }

    /// Closes the connections whose peers exceeded a limit.
    pub fn close_overdue(&self, now: Instant) {
        let mut table = self.table();
        let overdue = |entry: &OpenConnection| {
            entry
                .activity
                .snapshot()
                .is_overdue(&self.phase_limits, now)
        };
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

    /// Closes the most expendable connection; false when all are in use.
    pub fn close_one(&self, now: Instant) -> bool {
        self.table()
            .close_worst(|entry, snapshot| rank(entry, snapshot, now))
    }

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

/// How expendable a connection is: the lowest value first. `None` when it is in use.
type Rank = (u8, bool, Reverse<Duration>);

fn rank(entry: &OpenConnection, snapshot: &ActivitySnapshot, now: Instant) -> Option<Rank> {
    let waits_since = snapshot.unread_since.unwrap_or(snapshot.since);
    let waits = now.duration_since(waits_since);
    let class = match snapshot.phase {
        _ if snapshot.unread_since.is_some() && waits >= GRACE => 0,
        Phase::Head if !snapshot.is_proven && waits >= GRACE => 0,
        Phase::Idle => 1,
        Phase::Head | Phase::Body if waits >= GRACE => 2,
        Phase::Head | Phase::Body | Phase::Working => return None,
    };
    // A proxy may send on a connection that it believes to be idle, and may not repeat a request that is lost there.
    Some((class, entry.peer.is_trusted, Reverse(waits)))
}

impl ConnectionTable {
    fn count_for(&self, source: ClientNetwork) -> usize {
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

    fn insert(&mut self, entry: OpenConnection) -> u64 {
        let id = self.next;
        self.next += 1;
        *self.by_source.entry(entry.peer.source).or_default() += 1;
        self.entries.insert(id, entry);
        id
    }

    fn remove(&mut self, id: u64) -> Option<OpenConnection> {
        let entry = self.entries.remove(&id)?;
        self.discount(entry.peer.source);
        Some(entry)
    }

    /// Removes the connection from the table at once; its task ends a moment later.
    fn close(&mut self, id: u64) {
        if let Some(entry) = self.remove(id) {
            entry.closing.cancel();
        }
    }

    /// Closes the connection of the lowest rank; false when none has a rank.
    fn close_worst<R: Ord>(
        &mut self,
        rank: impl Fn(&OpenConnection, &ActivitySnapshot) -> Option<R>,
    ) -> bool {
        let ranked = self.entries.iter().filter_map(|(id, entry)| {
            let snapshot = entry.activity.snapshot();
            Some((rank(entry, &snapshot)?, *id))
        });
        let worst = ranked.min_by(|(one, _), (other, _)| one.cmp(other));
        let Some((_, id)) = worst else {
            return false;
        };
        self.close(id);
        true
    }

    /// Closes a connection for a new one of `source`: an expendable one, or else one of the network with the most, if that
    /// has more than `source` would have.
    fn close_for(&mut self, source: ClientNetwork, now: Instant) -> bool {
        if self.close_worst(|entry, snapshot| rank(entry, snapshot, now)) {
            return true;
        }
        let own = self.count_for(source) + 1;
        let counts = self.by_source.iter();
        let Some((most, count)) = counts.max_by_key(|(_, count)| **count) else {
            return false;
        };
        let (most, count) = (*most, *count);
        count > own
            && self.close_worst(|entry, snapshot| {
                let is_spared = snapshot.phase == Phase::Working || entry.peer.is_trusted;
                let is_of_most = entry.peer.source == most;
                (is_of_most && !is_spared).then_some(snapshot.since)
            })
    }
}

#[cfg(test)]
mod tests;

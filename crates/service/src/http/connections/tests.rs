use std::net::{IpAddr, Ipv4Addr};

use super::super::pace::Slowness;
use super::*;

const PHASE_LIMITS: PhaseLimits = PhaseLimits {
    head: Duration::from_secs(10),
    idle: Duration::from_secs(120),
};
const SLOWNESS: Slowness = Slowness {
    patience: Duration::from_secs(30),
    bytes_per_second: 1_000,
};

fn peer(last: u8) -> Peer {
    Peer {
        source: IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)).into(),
        is_trusted: false,
    }
}

struct TestTable {
    connections: Arc<Connections>,
    permits: Vec<ConnectionPermit>,
}

impl TestTable {
    fn new(in_all: usize, per_source: usize) -> Self {
        let limits = Limits { in_all, per_source };
        Self {
            connections: Arc::new(Connections::new(limits, PHASE_LIMITS)),
            permits: Vec::new(),
        }
    }

    /// Admits a connection. Returns its number and its activity.
    fn admit(&mut self, peer: Peer, now: Instant) -> Result<(usize, Arc<Activity>), LimitReached> {
        let activity = Arc::new(Activity::new(SLOWNESS, now));
        let permit = self.connections.admit(peer, Arc::clone(&activity), now)?;
        self.permits.push(permit);
        Ok((self.permits.len() - 1, activity))
    }

    fn closed(&self) -> Vec<usize> {
        let is_closed = |permit: &ConnectionPermit| permit.closing.is_cancelled();
        let numbered = self.permits.iter().enumerate();
        numbered
            .filter(|(_, permit)| is_closed(permit))
            .map(|(number, _)| number)
            .collect()
    }
}

fn later(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

#[test]
fn connections_that_keep_us_waiting_close_before_idle_ones_and_busy_ones_never() {
    let mut stage = TestTable::new(4, 4);
    let (working, activity) = stage.admit(peer(1), Instant::now()).unwrap();
    activity.receive_body();
    let (idle, activity) = stage.admit(peer(2), Instant::now()).unwrap();
    activity.answered(true);
    let (silent, _) = stage.admit(peer(3), Instant::now()).unwrap();
    let (body, activity) = stage.admit(peer(4), Instant::now()).unwrap();
    activity.await_body();
    let mut closed = Vec::new();
    for expected in [silent, idle, body] {
        let (_, activity) = stage.admit(peer(9), later(5)).unwrap();
        activity.receive_body();
        closed.push(expected);
        closed.sort_unstable();
        assert_eq!(stage.closed(), closed);
    }
    assert_eq!(
        stage.admit(peer(9), later(5)).err(),
        Some(LimitReached::InAll)
    );
    assert!(!stage.closed().contains(&working));
}

#[test]
fn the_longest_idle_connection_closes_first_and_those_of_proxies_last() {
    let mut stage = TestTable::new(3, 3);
    let proxy = Peer {
        is_trusted: true,
        ..peer(1)
    };
    for one in [proxy, peer(2), peer(3)] {
        let (_, activity) = stage.admit(one, Instant::now()).unwrap();
        activity.answered(true);
        // Two equal instants would make the order random.
        let noted = Instant::now();
        while Instant::now() == noted {}
    }
    for closed in [&[1][..], &[1, 2], &[0, 1, 2]] {
        let (_, activity) = stage.admit(peer(9), later(5)).unwrap();
        activity.receive_body();
        assert_eq!(stage.closed(), closed);
    }
}

#[test]
fn the_client_with_most_connections_loses_one_to_others_and_not_to_itself() {
    let mut stage = TestTable::new(3, 9);
    let now = Instant::now();
    for _ in 0..3 {
        stage.admit(peer(1), now).unwrap();
    }
    assert_eq!(stage.admit(peer(1), now).err(), Some(LimitReached::InAll));
    let (_, activity) = stage.admit(peer(2), now).unwrap();
    activity.receive_body();
    assert_eq!(stage.closed().len(), 1);
    // Both would have as many.
    assert_eq!(stage.admit(peer(2), now).err(), Some(LimitReached::InAll));
    stage.admit(peer(3), now).unwrap();
    assert_eq!(stage.connections.count(), 3);
}

#[test]
fn a_client_has_a_limit_and_loses_only_its_own_connections_for_it() {
    let mut stage = TestTable::new(9, 2);
    let (_, others) = stage.admit(peer(2), Instant::now()).unwrap();
    others.answered(true);
    let (own, activity) = stage.admit(peer(1), Instant::now()).unwrap();
    activity.receive_body();
    let (_, second) = stage.admit(peer(1), Instant::now()).unwrap();
    second.receive_body();
    assert_eq!(
        stage.admit(peer(1), later(5)).err(),
        Some(LimitReached::ClientNetwork)
    );
    activity.answered(true);
    stage.admit(peer(1), later(5)).unwrap();
    assert_eq!(stage.closed(), [own]);
}

#[test]
fn a_trusted_proxy_has_no_limit_and_its_clients_have_theirs() {
    let mut stage = TestTable::new(9, 2);
    let proxy = Peer {
        is_trusted: true,
        ..peer(1)
    };
    for _ in 0..5 {
        let (_, activity) = stage.admit(proxy, Instant::now()).unwrap();
        activity.receive_body();
    }
    let source = peer(7).source;
    let first = stage.connections.admit_forwarded(source).unwrap();
    let _second = stage.connections.admit_forwarded(source).unwrap();
    assert_eq!(
        stage.connections.admit_forwarded(source).err(),
        Some(LimitReached::ClientNetwork)
    );
    assert!(stage.connections.admit_forwarded(peer(8).source).is_ok());
    drop(first);
    assert!(stage.connections.admit_forwarded(source).is_ok());
}

#[test]
fn permits_are_returned() {
    let mut stage = TestTable::new(9, 1);
    stage.admit(peer(1), Instant::now()).unwrap();
    assert_eq!(stage.connections.count(), 1);
    stage.permits.clear();
    assert_eq!(stage.connections.count(), 0);
    stage.admit(peer(1), Instant::now()).unwrap();
}

#[test]
fn each_phase_has_its_own_limit() {
    let mut stage = TestTable::new(9, 9);
    let (_, head) = stage.admit(peer(1), Instant::now()).unwrap();
    let (_, idle) = stage.admit(peer(2), Instant::now()).unwrap();
    idle.answered(true);
    let (_, unread) = stage.admit(peer(3), Instant::now()).unwrap();
    unread.receive_body();
    unread.is_unread();
    let (_, working) = stage.admit(peer(4), Instant::now()).unwrap();
    working.receive_body();
    let (_, again) = stage.admit(peer(5), Instant::now()).unwrap();
    again.answered(true);
    again.received();
    head.received();
    for (seconds, closed) in [
        (9, &[][..]),
        (11, &[0, 4]),
        (31, &[0, 2, 4]),
        (119, &[0, 2, 4]),
        (121, &[0, 1, 2, 4]),
        (100_000, &[0, 1, 2, 4]),
    ] {
        stage.connections.close_overdue(later(seconds));
        assert_eq!(stage.closed(), closed, "after {seconds} s");
    }
}

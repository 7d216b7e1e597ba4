use std::net::{IpAddr, Ipv4Addr};

use super::super::pace::Slowness;
use super::*;

const CLOCKS: Clocks = Clocks {
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

struct Stage {
    connections: Arc<Connections>,
    places: Vec<ConnectionPermit>,
}

impl Stage {
    fn new(in_all: usize, per_source: usize) -> Self {
        let limits = Limits { in_all, per_source };
        Self {
            connections: Arc::new(Connections::new(limits, CLOCKS)),
            places: Vec::new(),
        }
    }

    /// Admits a connection; its number and what it does.
    fn admit(&mut self, peer: Peer, now: Instant) -> Result<(usize, Arc<Activity>), Full> {
        let activity = Arc::new(Activity::new(SLOWNESS, now));
        let place = self.connections.admit(peer, Arc::clone(&activity), now)?;
        self.places.push(place);
        Ok((self.places.len() - 1, activity))
    }

    fn closed(&self) -> Vec<usize> {
        let is_closed = |place: &ConnectionPermit| place.closing.is_cancelled();
        let numbered = self.places.iter().enumerate();
        numbered
            .filter(|(_, place)| is_closed(place))
            .map(|(number, _)| number)
            .collect()
    }
}

fn later(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

#[test]
fn who_keeps_us_waiting_makes_room_before_who_is_idle_and_nobody_who_is_worked_for() {
    let mut stage = Stage::new(4, 4);
    let (working, activity) = stage.admit(peer(1), Instant::now()).unwrap();
    activity.works();
    let (idle, activity) = stage.admit(peer(2), Instant::now()).unwrap();
    activity.answered(true);
    let (silent, _) = stage.admit(peer(3), Instant::now()).unwrap();
    let (body, activity) = stage.admit(peer(4), Instant::now()).unwrap();
    activity.awaits_body();
    let mut closed = Vec::new();
    for expected in [silent, idle, body] {
        let (_, activity) = stage.admit(peer(9), later(5)).unwrap();
        activity.works();
        closed.push(expected);
        closed.sort_unstable();
        assert_eq!(stage.closed(), closed);
    }
    assert_eq!(stage.admit(peer(9), later(5)).err(), Some(Full::InAll));
    assert!(!stage.closed().contains(&working));
}

#[test]
fn of_idle_connections_the_longest_goes_first_and_those_of_proxies_last() {
    let mut stage = Stage::new(3, 3);
    let proxy = Peer {
        is_trusted: true,
        ..peer(1)
    };
    for one in [proxy, peer(2), peer(3)] {
        let (_, activity) = stage.admit(one, Instant::now()).unwrap();
        activity.answered(true);
        // Two instants that cannot be told apart would make the order a matter of luck.
        let noted = Instant::now();
        while Instant::now() == noted {}
    }
    for closed in [&[1][..], &[1, 2], &[0, 1, 2]] {
        let (_, activity) = stage.admit(peer(9), later(5)).unwrap();
        activity.works();
        assert_eq!(stage.closed(), closed);
    }
}

#[test]
fn a_source_with_most_makes_room_for_others_and_not_for_itself() {
    let mut stage = Stage::new(3, 9);
    let now = Instant::now();
    for _ in 0..3 {
        stage.admit(peer(1), now).unwrap();
    }
    assert_eq!(stage.admit(peer(1), now).err(), Some(Full::InAll));
    let (_, activity) = stage.admit(peer(2), now).unwrap();
    activity.works();
    assert_eq!(stage.closed().len(), 1);
    // Both would have as many.
    assert_eq!(stage.admit(peer(2), now).err(), Some(Full::InAll));
    stage.admit(peer(3), now).unwrap();
    assert_eq!(stage.connections.count(), 3);
}

#[test]
fn a_source_has_a_limit_and_makes_room_within_it_only() {
    let mut stage = Stage::new(9, 2);
    let (_, others) = stage.admit(peer(2), Instant::now()).unwrap();
    others.answered(true);
    let (own, activity) = stage.admit(peer(1), Instant::now()).unwrap();
    activity.works();
    let (_, second) = stage.admit(peer(1), Instant::now()).unwrap();
    second.works();
    assert_eq!(
        stage.admit(peer(1), later(5)).err(),
        Some(Full::ClientNetwork)
    );
    activity.answered(true);
    stage.admit(peer(1), later(5)).unwrap();
    assert_eq!(stage.closed(), [own]);
}

#[test]
fn a_trusted_proxy_has_no_limit_and_those_it_sends_for_have_theirs() {
    let mut stage = Stage::new(9, 2);
    let proxy = Peer {
        is_trusted: true,
        ..peer(1)
    };
    for _ in 0..5 {
        let (_, activity) = stage.admit(proxy, Instant::now()).unwrap();
        activity.works();
    }
    let source = peer(7).source;
    let first = stage.connections.admit_forwarded(source).unwrap();
    let _second = stage.connections.admit_forwarded(source).unwrap();
    assert_eq!(
        stage.connections.admit_forwarded(source).err(),
        Some(Full::ClientNetwork)
    );
    assert!(stage.connections.admit_forwarded(peer(8).source).is_ok());
    drop(first);
    assert!(stage.connections.admit_forwarded(source).is_ok());
}

#[test]
fn places_are_given_back() {
    let mut stage = Stage::new(9, 1);
    stage.admit(peer(1), Instant::now()).unwrap();
    assert_eq!(stage.connections.count(), 1);
    stage.places.clear();
    assert_eq!(stage.connections.count(), 0);
    stage.admit(peer(1), Instant::now()).unwrap();
}

#[test]
fn each_thing_that_is_waited_for_has_its_own_clock() {
    let mut stage = Stage::new(9, 9);
    let (_, head) = stage.admit(peer(1), Instant::now()).unwrap();
    let (_, idle) = stage.admit(peer(2), Instant::now()).unwrap();
    idle.answered(true);
    let (_, unread) = stage.admit(peer(3), Instant::now()).unwrap();
    unread.works();
    unread.is_unread();
    let (_, working) = stage.admit(peer(4), Instant::now()).unwrap();
    working.works();
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

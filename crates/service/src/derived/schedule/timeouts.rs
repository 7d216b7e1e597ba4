//! Programs that time out again and again are paused, for the client whose files these were, or for all.
//!
//! A client's files say little about a program: they may be hostile. So it is paused for all only when files of several clients
//! timed out and none ended in time in between. After the pause one file is tried: when it ends in time, the pause is over; when
//! it times out, the next pause is longer.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::WorkKind;
use crate::clock::{HOUR, MINUTE, Millis};

/// In a row.
const MOST_TIMEOUTS: u32 = 3;
/// For a pause for all.
const CLIENTS: usize = 2;
const LONGEST_PAUSE: Millis = HOUR;
/// So many files in time after a timeout end the suspicion against a client.
const GOOD_BEHAVIOUR: u32 = 10;

/// A program that is not started for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ProgramPause {
    pub kind: WorkKind,
    /// None: for all.
    pub client: Option<i64>,
    /// In a row.
    pub timeouts: u32,
    /// When a file is tried again.
    pub until: Millis,
}

/// Timeouts in a row.
#[derive(Default)]
struct Streak {
    timeouts: u32,
    clients: BTreeSet<i64>,
    /// Of the last pause.
    until: Millis,
    /// Files in time since the last timeout.
    in_time: u32,
}

impl Streak {
    /// `clients` must have had a part in it for a pause.
    fn add(&mut self, client: i64, clients: usize, now: Millis) {
        // What began before the pause adds nothing to it.
        if now < self.until {
            return;
        }
        self.timeouts = self.timeouts.saturating_add(1);
        self.clients.insert(client);
        self.in_time = 0;
        let is_widespread = self.has_pause() || self.clients.len() >= clients;
        if self.timeouts >= MOST_TIMEOUTS && is_widespread {
            self.until = now + pause(self.timeouts);
        }
    }

    fn has_pause(&self) -> bool {
        self.until > 0
    }
}

/// A minute, and each time four times as long.
fn pause(timeouts: u32) -> Millis {
    let exponent = timeouts.saturating_sub(MOST_TIMEOUTS).min(8);
    (MINUTE * 4_i64.pow(exponent)).min(LONGEST_PAUSE)
}

#[derive(Default)]
pub(super) struct Timeouts {
    of_all: HashMap<WorkKind, Streak>,
    of_clients: HashMap<(WorkKind, i64), Streak>,
}

impl Timeouts {
    pub fn timed_out(&mut self, kind: WorkKind, client: i64, now: Millis) {
        let of_all = self.of_all.entry(kind).or_default();
        of_all.add(client, CLIENTS, now);
        let of_client = self.of_clients.entry((kind, client)).or_default();
        of_client.add(client, 1, now);
    }

    pub fn in_time(&mut self, kind: WorkKind, client: i64) {
        self.of_all.remove(&kind);
        if let Some(streak) = self.of_clients.get_mut(&(kind, client)) {
            let in_time = streak.in_time + 1;
            *streak = Streak {
                in_time,
                ..Streak::default()
            };
            if in_time >= GOOD_BEHAVIOUR {
                self.of_clients.remove(&(kind, client));
            }
        }
    }

    /// Takes over the pauses of an earlier server. A clock that was wrong then makes none longer.
    pub fn restore(&mut self, pauses: &[ProgramPause], now: Millis) {
        for pause in pauses {
            let streak = match pause.client {
                None => self.of_all.entry(pause.kind).or_default(),
                Some(client) => self.of_clients.entry((pause.kind, client)).or_default(),
            };
            streak.timeouts = streak.timeouts.max(pause.timeouts);
            streak.until = streak.until.max(pause.until.min(now + LONGEST_PAUSE));
        }
    }

    /// Whether one of the client's last files timed out.
    pub fn suspects(&self, kind: WorkKind, client: i64) -> bool {
        self.of_clients.contains_key(&(kind, client))
    }

    pub fn is_paused_for_all(&self, kind: WorkKind, now: Millis) -> bool {
        self.of_all
            .get(&kind)
            .is_some_and(|streak| now < streak.until)
    }

    pub fn is_paused(&self, kind: WorkKind, client: i64, now: Millis) -> bool {
        let of_client = self.of_clients.get(&(kind, client));
        self.is_paused_for_all(kind, now) || of_client.is_some_and(|streak| now < streak.until)
    }

    /// Whether only one file may be tried, of all and of the client.
    pub fn probes(&self, kind: WorkKind, client: i64) -> (bool, bool) {
        let of_client = self.of_clients.get(&(kind, client));
        let of_all = self.of_all.get(&kind);
        (
            of_all.is_some_and(Streak::has_pause),
            of_client.is_some_and(Streak::has_pause),
        )
    }

    /// Those of a client are left out while its program is paused for all.
    pub fn pauses(&self) -> Vec<ProgramPause> {
        let pause = |kind, client, streak: &Streak| ProgramPause {
            kind,
            client,
            timeouts: streak.timeouts,
            until: streak.until,
        };
        let is_for_all = |kind| self.of_all.get(&kind).is_some_and(Streak::has_pause);
        let mut pauses = Vec::new();
        for kind in WorkKind::ALL {
            if let Some(streak) = self.of_all.get(&kind).filter(|streak| streak.has_pause()) {
                pauses.push(pause(kind, None, streak));
            }
        }
        for ((kind, client), streak) in &self.of_clients {
            if streak.has_pause() && !is_for_all(*kind) {
                pauses.push(pause(*kind, Some(*client), streak));
            }
        }
        pauses.sort_by_key(|pause| (pause.kind.as_str(), pause.client));
        pauses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: WorkKind = WorkKind::Scan;

    #[test]
    fn files_of_one_client_pause_a_program_for_that_client_only() {
        let mut timeouts = Timeouts::default();
        timeouts.timed_out(KIND, 1, 0);
        timeouts.timed_out(KIND, 1, 0);
        timeouts.in_time(KIND, 1);
        for _ in 0..2 {
            timeouts.timed_out(KIND, 1, 0);
            assert!(!timeouts.is_paused(KIND, 1, 0));
        }
        timeouts.timed_out(KIND, 1, 0);
        assert!(timeouts.is_paused(KIND, 1, MINUTE - 1));
        assert!(!timeouts.is_paused(KIND, 1, MINUTE));
        assert!(!timeouts.is_paused(KIND, 2, 0) && !timeouts.is_paused(WorkKind::Frame, 1, 0));
    }

    #[test]
    fn pauses_grow_until_a_file_ends_in_time() {
        let (mut timeouts, mut now) = (Timeouts::default(), 0);
        for minutes in [0, 0, 1, 4, 16, 60, 60] {
            timeouts.timed_out(KIND, 1, now);
            // Ran at the same time.
            if minutes > 0 {
                timeouts.timed_out(KIND, 1, now + 1);
            }
            assert!(!timeouts.is_paused(KIND, 1, now + minutes * MINUTE));
            assert!(minutes == 0 || timeouts.is_paused(KIND, 1, now + minutes * MINUTE - 1));
            now += minutes * MINUTE;
        }
        timeouts.in_time(KIND, 1);
        assert_eq!(timeouts.pauses(), []);
        timeouts.timed_out(KIND, 1, now);
        assert!(!timeouts.is_paused(KIND, 1, now));
    }

    #[test]
    fn files_of_several_clients_pause_a_program_for_all() {
        let mut timeouts = Timeouts::default();
        for client in [1, 2, 1] {
            assert!(!timeouts.is_paused(KIND, 3, 0));
            timeouts.timed_out(KIND, client, 0);
        }
        assert!(timeouts.is_paused(KIND, 3, 0));
        let pause = ProgramPause {
            kind: KIND,
            client: None,
            timeouts: 3,
            until: MINUTE,
        };
        assert_eq!(timeouts.pauses(), [pause]);
        timeouts.in_time(KIND, 3);
        assert!(!timeouts.is_paused(KIND, 3, 0));
        for client in [1, 1, 1] {
            timeouts.timed_out(KIND, client, 0);
        }
        assert!(timeouts.is_paused(KIND, 1, 0) && !timeouts.is_paused(KIND, 3, 0));
    }

    #[test]
    fn pauses_of_an_earlier_server_go_on_and_grow() {
        let mut before = Timeouts::default();
        for client in [1, 2, 1] {
            before.timed_out(KIND, client, 0);
        }
        for _ in 0..3 {
            before.timed_out(WorkKind::Frame, 7, 0);
        }
        let pauses = before.pauses();
        let mut timeouts = Timeouts::default();
        timeouts.restore(&pauses, MINUTE / 2);
        assert_eq!(timeouts.pauses(), pauses);
        assert!(timeouts.is_paused(KIND, 3, MINUTE - 1));
        assert!(!timeouts.is_paused(KIND, 3, MINUTE));
        assert!(timeouts.is_paused(WorkKind::Frame, 7, MINUTE - 1));
        assert!(!timeouts.is_paused(WorkKind::Frame, 8, 0));
        // One file is tried, of one client: the next pause is longer.
        assert_eq!(timeouts.probes(KIND, 3), (true, false));
        timeouts.timed_out(KIND, 3, MINUTE);
        assert!(timeouts.is_paused(KIND, 9, 5 * MINUTE - 1));
        let mut ahead = Timeouts::default();
        for client in [1, 2, 1] {
            ahead.timed_out(KIND, client, 100 * HOUR);
        }
        let mut later = Timeouts::default();
        later.restore(&ahead.pauses(), HOUR);
        assert!(later.is_paused(KIND, 3, 2 * HOUR - 1));
        assert!(!later.is_paused(KIND, 3, 2 * HOUR));
    }

    #[test]
    fn a_client_is_suspect_until_many_files_ended_in_time() {
        let mut timeouts = Timeouts::default();
        timeouts.timed_out(KIND, 1, 0);
        for _ in 0..GOOD_BEHAVIOUR {
            assert!(timeouts.suspects(KIND, 1) && !timeouts.suspects(KIND, 2));
            timeouts.in_time(KIND, 1);
        }
        assert!(!timeouts.suspects(KIND, 1));
    }
}

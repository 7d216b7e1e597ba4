//! The rules of the [`Schedule`](super::Schedule), without time and tasks of their own.

use std::collections::{BTreeMap, HashMap};

use super::timeouts::Timeouts;
use super::{Ended, Work, WorkKind};
use crate::clock::Millis;

/// Of each kind. A page of a gallery asks for fewer.
pub(super) const MOST_WAITING: usize = 64;

/// One work that waits or runs; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ticket(u64);

pub(super) struct Asked {
    pub ticket: Ticket,
    /// Must not wait any longer, so that this one can.
    pub displaced: Option<Ticket>,
}

#[derive(Default)]
pub(super) struct Turns {
    last: u64,
    waiting: BTreeMap<Ticket, Work>,
    running: BTreeMap<Ticket, Work>,
    /// When each client's last work began, in numbers that grow.
    last_turns: HashMap<(WorkKind, i64), u64>,
    pub timeouts: Timeouts,
}

impl Turns {
    fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn running(&self, kind: WorkKind) -> impl Iterator<Item = &Work> {
        self.running.values().filter(move |work| work.kind == kind)
    }

    fn running_of(&self, kind: WorkKind, client: i64) -> usize {
        let of_client = |work: &&Work| work.client == client;
        self.running(kind).filter(of_client).count()
    }

    /// Queues work, whose turn may come at once. None when too many wait, or its program is paused.
    pub fn ask(&mut self, work: Work, now: Millis) -> Option<Asked> {
        if self.timeouts.is_paused(work.kind, work.client, now) {
            return None;
        }
        let displaced = match self.waiting_by_client(work.kind) {
            (MOST_WAITING.., by_client) => Some(self.displace(work, &by_client)?),
            _ => None,
        };
        let ticket = Ticket(self.next_number());
        self.waiting.insert(ticket, work);
        Some(Asked { ticket, displaced })
    }

    fn waiting_by_client(&self, kind: WorkKind) -> (usize, HashMap<i64, usize>) {
        let mut by_client = HashMap::new();
        for work in self.waiting.values().filter(|work| work.kind == kind) {
            *by_client.entry(work.client).or_default() += 1;
        }
        (by_client.values().sum(), by_client)
    }

    /// The newest of the client that has the most waiting gives way to one that has fewer.
    fn displace(&mut self, work: Work, waiting: &HashMap<i64, usize>) -> Option<Ticket> {
        let (client, most) = waiting
            .iter()
            .max_by_key(|(client, count)| (**count, **client))?;
        if waiting
            .get(&work.client)
            .is_some_and(|own| own + 1 >= *most)
        {
            return None;
        }
        let mut newest_first = self.waiting.iter().rev();
        let newest = newest_first
            .find(|(_, other)| other.kind == work.kind && other.client == *client)
            .map(|(ticket, _)| *ticket)?;
        self.waiting.remove(&newest);
        Some(newest)
    }

    pub fn has_place(&self, kind: WorkKind, now: Millis) -> bool {
        self.running(kind).count() < kind.places() && !self.timeouts.is_paused_for_all(kind, now)
    }

    /// Whether it must leave a place to others.
    fn may_be_slow(&self, work: &Work) -> bool {
        work.is_repeat || self.timeouts.suspects(work.kind, work.client)
    }

    fn may_begin(&self, work: &Work, now: Millis) -> bool {
        let (kind, client) = (work.kind, work.client);
        if !self.has_place(kind, now) || self.timeouts.is_paused(kind, client, now) {
            return false;
        }
        let (probes, probes_client) = self.timeouts.probes(kind, client);
        if probes && self.running(kind).next().is_some()
            || probes_client && self.running_of(kind, client) > 0
        {
            return false;
        }
        let slow = self.running(kind).filter(|work| self.may_be_slow(work));
        let most_slow = (kind.places() - 1).max(1);
        if self.may_be_slow(work) && slow.count() >= most_slow {
            return false;
        }
        !self.running.values().any(|other| other.excludes(work))
    }

    /// Least for the client with the fewest running, then for the one whose last turn was the longest ago.
    fn rank(&self, work: &Work) -> (usize, Option<u64>) {
        let last_turn = self.last_turns.get(&(work.kind, work.client));
        (self.running_of(work.kind, work.client), last_turn.copied())
    }

    fn begin(&mut self, ticket: Ticket, work: Work) {
        let number = self.next_number();
        self.last_turns.insert((work.kind, work.client), number);
        self.running.insert(ticket, work);
    }

    /// Begins what may begin, in turn.
    pub fn start(&mut self, now: Millis) -> Vec<Ticket> {
        let mut started = Vec::new();
        loop {
            let eligible = self.waiting.iter();
            let eligible = eligible.filter(|(_, work)| self.may_begin(work, now));
            let Some((ticket, work)) = eligible
                .min_by_key(|(ticket, work)| (self.rank(work), **ticket))
                .map(|(ticket, work)| (*ticket, *work))
            else {
                return started;
            };
            self.waiting.remove(&ticket);
            self.begin(ticket, work);
            started.push(ticket);
        }
    }

    /// Begins the one of these whose turn it is.
    pub fn choose(&mut self, works: &[Work], now: Millis) -> Option<(usize, Ticket)> {
        let eligible = works.iter().enumerate();
        let eligible = eligible.filter(|(_, work)| self.may_begin(work, now));
        let (index, work) = eligible
            .min_by_key(|(index, work)| (self.rank(work), *index))
            .map(|(index, work)| (index, *work))?;
        let ticket = Ticket(self.next_number());
        self.begin(ticket, work);
        Some((index, ticket))
    }

    /// Removes what waits for a program that was paused.
    pub fn refuse_paused(&mut self, now: Millis) -> Vec<Ticket> {
        let timeouts = &self.timeouts;
        let paused = self.waiting.iter();
        let paused = paused.filter(|(_, work)| timeouts.is_paused(work.kind, work.client, now));
        let paused: Vec<_> = paused.map(|(ticket, _)| *ticket).collect();
        self.waiting.retain(|ticket, _| !paused.contains(ticket));
        paused
    }

    /// Of one that waits as well, and of one that was removed already.
    pub fn end(&mut self, ticket: Ticket, ended: Ended, now: Millis) {
        self.waiting.remove(&ticket);
        let Some(work) = self.running.remove(&ticket) else {
            return;
        };
        match ended {
            Ended::InTime => self.timeouts.in_time(work.kind, work.client),
            Ended::TimedOut => self.timeouts.timed_out(work.kind, work.client, now),
            Ended::Unknown => {}
        }
    }
}

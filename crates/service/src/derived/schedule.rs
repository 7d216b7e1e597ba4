//! Who works on stored files when: pictures, sounds, and every run of a program, of requests and of the background.
//!
//! Promises: each kind of work has places of its own, so that none waits for another; clients take turns; work that failed before,
//! or is for a client whose files ran out of time, leaves a place to the others; a file is worked on once at a time; a program that
//! times out again and again is paused. A bounded number waits for a bounded time.

mod timeouts;
mod turns;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::tool;
use crate::clock::Clock;
use crate::model::codes;
pub use timeouts::ProgramPause;
use turns::{Ticket, Turns};

const PATIENCE: Duration = Duration::from_secs(30);

codes! {
    /// Work on stored files that has its own places, and is paused by itself.
    WorkKind {
        /// Decoded in this process.
        Picture "picture",
        /// Voice notes that become MP4; each is in memory as a whole.
        Voice "voice",
        /// Of PDFs.
        Page "page",
        /// Of videos.
        Frame "frame",
        /// Decoded for a waveform, or made into AAC.
        Sound "sound",
        Transcribe "transcribe",
        Scan "scan",
    }
}

impl WorkKind {
    /// How much of it is done at the same time.
    pub(super) fn places(self) -> usize {
        match self {
            Self::Voice => 4,
            Self::Picture | Self::Page | Self::Frame | Self::Sound | Self::Scan => 2,
            Self::Transcribe => 1,
        }
    }
}

/// Work on one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub kind: WorkKind,
    pub client: i64,
    pub sha256: [u8; 32],
    /// It failed before.
    pub is_repeat: bool,
}

impl Work {
    /// Whether only one of both is done at a time. A transcript may take minutes, and the sound is played in between.
    fn excludes(&self, other: &Self) -> bool {
        let is_same_file = self.client == other.client && self.sha256 == other.sha256;
        let either = |kind| self.kind == kind || other.kind == kind;
        is_same_file && (self.kind == other.kind || !either(WorkKind::Transcribe))
    }
}

/// What the end of work says about its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, whatever came of it.
    InTime,
    TimedOut,
    /// Nothing is known: it did not run, or was stopped.
    Unknown,
}

impl Ended {
    pub fn of<T>(ran: &Result<T, tool::Error>) -> Self {
        match ran {
            Ok(_) => Self::InTime,
            Err(tool::Error::TimedOut) => Self::TimedOut,
            Err(error) if error.is_verdict() => Self::InTime,
            Err(_) => Self::Unknown,
        }
    }
}

/// Cheap to clone; clones share their places.
#[derive(Clone)]
pub struct Schedule(Arc<Shared>);

struct Shared {
    clock: Clock,
    state: Mutex<State>,
    pauses: watch::Sender<Vec<ProgramPause>>,
}

#[derive(Default)]
struct State {
    turns: Turns,
    /// Of the work that waits: whether it may begin.
    waiting: HashMap<Ticket, oneshot::Sender<bool>>,
}

impl State {
    fn answer(&mut self, tickets: impl IntoIterator<Item = Ticket>, may_begin: bool) {
        for ticket in tickets {
            if let Some(waiting) = self.waiting.remove(&ticket) {
                // One that has left gives its place back when its ticket is dropped.
                let _ = waiting.send(may_begin);
            }
        }
    }
}

/// A place, or a place in the queue. Given back on drop.
pub struct Place {
    schedule: Schedule,
    ticket: Ticket,
    ended: Ended,
}

impl Place {
    /// Gives it back.
    pub fn end(mut self, ended: Ended) {
        self.ended = ended;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.schedule.give_back(self.ticket, self.ended);
    }
}

impl Schedule {
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Shared {
            clock,
            state: Mutex::default(),
            pauses: watch::Sender::default(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, ticket: Ticket) -> Place {
        Place {
            schedule: self.clone(),
            ticket,
            ended: Ended::Unknown,
        }
    }

    /// Waits for a place. None when too many wait, after waiting for too long, and while its program is paused. Work that goes on
    /// when its caller has left keeps its place.
    pub async fn enter(&self, work: Work) -> Option<Place> {
        let (place, begins) = {
            let (mut state, now) = (self.lock(), self.0.clock.now());
            let asked = state.turns.ask(work, now)?;
            let (answer, begins) = oneshot::channel();
            state.waiting.insert(asked.ticket, answer);
            state.answer(asked.displaced, false);
            let started = state.turns.start(now);
            state.answer(started, true);
            (self.place(asked.ticket), begins)
        };
        let may_begin = tokio::select! {
            biased;
            begins = begins => begins.unwrap_or(false),
            () = self.0.clock.sleep(PATIENCE) => false,
        };
        may_begin.then_some(place)
    }

    /// Whether work of this kind could begin now for some client.
    pub fn has_place(&self, kind: WorkKind) -> bool {
        self.lock().turns.has_place(kind, self.0.clock.now())
    }

    pub fn is_paused(&self, kind: WorkKind, client: i64) -> bool {
        let now = self.0.clock.now();
        self.lock().turns.timeouts.is_paused(kind, client, now)
    }

    /// A place for the one whose turn it is; its index. None when none of them may begin now.
    pub fn choose(&self, works: &[Work]) -> Option<(usize, Place)> {
        let (index, ticket) = self.lock().turns.choose(works, self.0.clock.now())?;
        Some((index, self.place(ticket)))
    }

    /// The paused programs, now and whenever that changes. A pause that is over stays until a file was worked on in time.
    pub fn pauses(&self) -> watch::Receiver<Vec<ProgramPause>> {
        self.0.pauses.subscribe()
    }

    /// Takes over the pauses of an earlier server.
    pub fn restore(&self, pauses: &[ProgramPause]) {
        let (mut state, now) = (self.lock(), self.0.clock.now());
        state.turns.timeouts.restore(pauses, now);
        self.0.pauses.send_replace(state.turns.timeouts.pauses());
        let refused = state.turns.refuse_paused(now);
        state.answer(refused, false);
    }

    fn give_back(&self, ticket: Ticket, ended: Ended) {
        let (mut state, now) = (self.lock(), self.0.clock.now());
        state.waiting.remove(&ticket);
        state.turns.end(ticket, ended, now);
        if ended != Ended::Unknown {
            let pauses = state.turns.timeouts.pauses();
            self.0.pauses.send_if_modified(|known| {
                let is_new = *known != pauses;
                *known = pauses;
                is_new
            });
        }
        let refused = state.turns.refuse_paused(now);
        state.answer(refused, false);
        let started = state.turns.start(now);
        state.answer(started, true);
    }
}

#[cfg(test)]
mod tests;

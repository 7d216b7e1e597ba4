//! What one connection is doing, and since when.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::pace::{SendPace, Slowness};

/// How long what a connection waits for may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    /// From the first byte of a request's head to its last; on a new connection from the moment it was accepted.
    pub head: Duration,
    /// Between an answer and the next request.
    pub idle: Duration,
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing of a first request has come, or only a part of a request's head.
    Head,
    /// The service waits for more of the request's body.
    Body,
    /// The service works on the request.
    Working,
    /// The answer is given; no part of another request has come.
    Idle,
}

/// What one connection is doing; shared by its socket, its service and the table of connections.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// Whether a request on this connection was answered with success.
    is_proven: bool,
    /// Whether a request was answered before all of its body was read.
    has_unread_body: bool,
    answers: SendPace,
}

/// What the table of connections looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance {
    pub phase: Phase,
    pub since: Instant,
    pub is_proven: bool,
    /// Since when an answer is not read.
    pub unread_since: Option<Instant>,
    /// When the patience with an answer that is not read ends.
    pub unread_until: Option<Instant>,
}

impl Activity {
    pub fn new(slowness: Slowness, now: Instant) -> Self {
        Self(Mutex::new(State {
            phase: Phase::Head,
            since: now,
            is_proven: false,
            has_unread_body: false,
            answers: SendPace::new(slowness),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        if state.phase != phase {
            state.phase = phase;
            state.since = Instant::now();
        }
    }

    /// Bytes came from the peer.
    pub fn received(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            state.phase = Phase::Head;
            state.since = Instant::now();
        }
    }

    /// A request's head is complete. Whether the request was sent before the answer to the one before it was read.
    pub fn begins(&self) -> bool {
        let mut state = self.state();
        let is_pipelined = state.phase == Phase::Idle;
        state.phase = Phase::Working;
        state.since = Instant::now();
        is_pipelined
    }

    /// A part of a request's body has come.
    pub fn works(&self) {
        self.enter(Phase::Working);
    }

    /// The service waits for the peer to send more of a body.
    pub fn awaits_body(&self) {
        self.enter(Phase::Body);
    }

    /// The service has answered.
    pub fn answered(&self, is_success: bool) {
        let mut state = self.state();
        state.phase = Phase::Idle;
        state.since = Instant::now();
        state.is_proven |= is_success;
    }

    /// The rest of a request's body is not read.
    pub fn leaves_body(&self) {
        self.state().has_unread_body = true;
    }

    /// Whether the rest of a request's body was not read: nothing else can be read on this connection.
    pub fn has_unread_body(&self) -> bool {
        self.state().has_unread_body
    }

    /// The peer took so many bytes of answers.
    pub fn sent(&self, bytes: usize) {
        self.state().answers.advance(Instant::now(), bytes);
    }

    /// The peer does not take more of an answer now.
    pub fn is_unread(&self) {
        self.state().answers.wait(Instant::now());
    }

    pub fn glance(&self) -> Glance {
        let state = self.state();
        Glance {
            phase: state.phase,
            since: state.since,
            is_proven: state.is_proven,
            unread_since: state.answers.waiting_since(),
            unread_until: state.answers.deadline(),
        }
    }
}

impl Glance {
    /// Whether the peer took longer than it may. A body that comes too slowly is answered by the service.
    pub fn is_overdue(&self, clocks: &Clocks, now: Instant) -> bool {
        if self.unread_until.is_some_and(|until| until <= now) {
            return true;
        }
        let limit = match self.phase {
            Phase::Head => clocks.head,
            Phase::Idle => clocks.idle,
            Phase::Body | Phase::Working => return false,
        };
        now.duration_since(self.since) >= limit
    }
}

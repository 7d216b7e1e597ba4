//! The state of one connection, and since when it lasts.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::pace::{SendPace, Slowness};

/// How long each state of a connection may last.
#[derive(Clone, Copy, Debug)]
pub(super) struct PhaseLimits {
    /// From the first byte of a request's head to its last; on a new connection, from its acceptance.
    pub head: Duration,
    /// Between an answer and the next request.
    pub idle: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing of the first request has arrived, or only a part of a request's head.
    Head,
    /// Waiting for more of the request's body.
    Body,
    /// Processing the request.
    Working,
    /// The answer is given; nothing of another request has arrived.
    Idle,
}

/// The activity of one connection, shared by its socket, its service and the table of connections.
#[derive(Debug)]
pub(super) struct Activity(Mutex<ActivityState>);

#[derive(Debug)]
struct ActivityState {
    phase: Phase,
    since: Instant,
    /// Whether a request on this connection was answered with success.
    is_proven: bool,
    /// Whether a request was answered before all of its body was read.
    has_unread_body: bool,
    answers: SendPace,
}

/// A snapshot for the table of connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct ActivitySnapshot {
    pub phase: Phase,
    pub since: Instant,
    pub is_proven: bool,
    /// Since when the peer does not read an answer.
    pub unread_since: Option<Instant>,
    /// When an answer that is not read times out.
    pub unread_until: Option<Instant>,
}

impl Activity {
    pub fn new(slowness: Slowness, now: Instant) -> Self {
        Self(Mutex::new(ActivityState {
            phase: Phase::Head,
            since: now,
            is_proven: false,
            has_unread_body: false,
            answers: SendPace::new(slowness),
        }))
    }

    fn state(&self) -> MutexGuard<'_, ActivityState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        if state.phase != phase {
            state.phase = phase;
            state.since = Instant::now();
        }
    }

    /// Bytes arrived from the peer.
    pub fn received(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            state.phase = Phase::Head;
            state.since = Instant::now();
        }
    }

    /// A request's head is complete. Returns whether it was sent before the previous answer was read.
    pub fn begin_request(&self) -> bool {
        let mut state = self.state();
        let is_pipelined = state.phase == Phase::Idle;
        state.phase = Phase::Working;
        state.since = Instant::now();
        is_pipelined
    }

    /// A part of a request's body has arrived.
    pub fn receive_body(&self) {
        self.enter(Phase::Working);
    }

    /// The service waits for more of a body.
    pub fn await_body(&self) {
        self.enter(Phase::Body);
    }

    pub fn answered(&self, is_success: bool) {
        let mut state = self.state();
        state.phase = Phase::Idle;
        state.since = Instant::now();
        state.is_proven |= is_success;
    }

    /// The rest of a request's body stays unread.
    pub fn skip_body(&self) {
        self.state().has_unread_body = true;
    }

    /// Whether the rest of a request's body is unread: nothing else can be read on this connection.
    pub fn has_unread_body(&self) -> bool {
        self.state().has_unread_body
    }

    /// The peer read `bytes` of answers.
    pub fn sent(&self, bytes: usize) {
        self.state().answers.advance(Instant::now(), bytes);
    }

    /// The peer does not read more of an answer now.
    pub fn is_unread(&self) {
        self.state().answers.wait(Instant::now());
    }

    pub fn snapshot(&self) -> ActivitySnapshot {
        let state = self.state();
        ActivitySnapshot {
            phase: state.phase,
            since: state.since,
            is_proven: state.is_proven,
            unread_since: state.answers.waiting_since(),
            unread_until: state.answers.deadline(),
        }
    }
}

impl ActivitySnapshot {
    /// Whether the peer exceeded a limit. The service itself answers a body that comes too slowly.
    pub fn is_overdue(&self, limits: &PhaseLimits, now: Instant) -> bool {
        if self.unread_until.is_some_and(|until| until <= now) {
            return true;
        }
        let limit = match self.phase {
            Phase::Head => limits.head,
            Phase::Idle => limits.idle,
            Phase::Body | Phase::Working => return false,
        };
        now.duration_since(self.since) >= limit
    }
}

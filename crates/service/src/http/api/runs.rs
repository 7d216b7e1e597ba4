//! Long actions that a request starts. They are known until the server ends; each step of them may run again.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::access::Grant;
use crate::app::App;
use crate::model::{Scope, codes, fresh_id};
use crate::shutdown::CancellationToken;
use crate::telemetry;

/// Older ones are forgotten.
const MOST_KNOWN: usize = 1_000;
/// At the same time, and for one client or all.
const MOST_RUNNING: usize = 16;
const MOST_RUNNING_EACH: usize = 4;

codes! {
    RunState {
        Running "running",
        Finished "finished",
        /// By request.
        Stopped "stopped",
        Failed "failed",
    }
}

codes! {
    /// The action of a run.
    RunAction {
        Retry "retry",
        Dismiss "dismiss",
        Export "export",
        Recover "recover",
        ReplayMissing "replay_missing",
    }
}

#[derive(Clone, Debug)]
pub struct Outcome {
    pub state: RunState,
    /// The report of the operation.
    pub result: Option<Value>,
}

impl Outcome {
    pub fn of(stopped: bool, result: Value) -> Self {
        let state = if stopped {
            RunState::Stopped
        } else {
            RunState::Finished
        };
        Self {
            state,
            result: Some(result),
        }
    }

    /// Logged here.
    pub fn failed(error: &(dyn std::error::Error + 'static)) -> Self {
        let error = telemetry::chain(error);
        tracing::error!(error, "a run of the API failed");
        Self {
            state: RunState::Failed,
            result: None,
        }
    }
}

pub struct Run {
    pub id: String,
    pub action: RunAction,
    pub scope: Scope,
    pub total: AtomicU64,
    pub done: AtomicU64,
    pub cancelled: CancellationToken,
    outcome: Mutex<Outcome>,
}

impl Run {
    pub fn new(app: &App, action: RunAction, grant: &Grant, total: u64) -> Self {
        Self {
            id: fresh_id(app.clock.now()),
            action,
            scope: grant.scope,
            total: AtomicU64::new(total),
            done: AtomicU64::new(0),
            cancelled: app.shutdown.token(),
            outcome: Mutex::new(Outcome {
                state: RunState::Running,
                result: None,
            }),
        }
    }

    pub fn outcome(&self) -> Outcome {
        let outcome = self.outcome.lock();
        outcome.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn finish(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }
}

#[derive(Default)]
pub struct Runs(Mutex<VecDeque<Arc<Run>>>);

impl Runs {
    pub fn add(&self, run: Arc<Run>) {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.push_back(run);
        let surplus = runs.len().saturating_sub(MOST_KNOWN);
        for _ in 0..surplus {
            // One that is running can still be stopped.
            let mut ended = runs.iter();
            let ended = ended.position(|run| run.outcome().state != RunState::Running);
            runs.remove(ended.unwrap_or(0));
        }
    }

    /// Whether another run may begin: each has a thread of its own.
    pub fn has_room(&self, scope: Scope) -> bool {
        let runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = runs.iter();
        let running = running.filter(|run| run.outcome().state == RunState::Running);
        let (mut all, mut own) = (0, 0);
        for run in running {
            all += 1;
            own += usize::from(run.scope == scope);
        }
        all < MOST_RUNNING && own < MOST_RUNNING_EACH
    }

    pub fn find(&self, id: &str) -> Option<Arc<Run>> {
        let runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.iter().find(|run| run.id == id).cloned()
    }
}

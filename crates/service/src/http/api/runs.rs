//! Long actions that a request starts. Each step of them may run again, so one that a restart interrupted is done by the same
//! request again.

mod saved;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::access::Grant;
use crate::app::App;
use crate::model::{Scope, codes, fresh_id};
use crate::shutdown::CancellationToken;
use crate::telemetry;
pub(in crate::http) use saved::load;
pub(super) use saved::{keep, save};

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
        /// The server ended. The same request does the rest.
        Interrupted "interrupted",
    }
}

codes! {
    /// The action of a run.
    RunAction {
        Retry "retry",
        Dismiss "dismiss",
        Export "export",
        Dossier "dossier",
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

    /// Ends it. One that the end of the server stopped was interrupted.
    pub fn finish(&self, app: &App, mut outcome: Outcome) {
        if outcome.state == RunState::Stopped && app.shutdown.has_begun() {
            outcome.state = RunState::Interrupted;
        }
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }

    pub fn progress(&self) -> (u64, u64) {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (of(&self.done), of(&self.total))
    }

    pub fn is_running(&self) -> bool {
        self.outcome().state == RunState::Running
    }
}

#[derive(Default)]
pub struct Runs(Mutex<VecDeque<Arc<Run>>>);

impl Runs {
    /// Returns those that are known no longer.
    pub fn add(&self, run: Arc<Run>) -> Vec<Arc<Run>> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.push_back(run);
        let surplus = runs.len().saturating_sub(MOST_KNOWN);
        let forget = |_| {
            // One that is running can still be stopped.
            let ended = runs.iter().position(|run| !run.is_running());
            runs.remove(ended.unwrap_or(0))
        };
        (0..surplus).filter_map(forget).collect()
    }

    /// Whether another run may begin: each has a thread of its own.
    pub fn has_room(&self, scope: Scope) -> bool {
        let runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut all, mut own) = (0, 0);
        for run in runs.iter().filter(|run| run.is_running()) {
            all += 1;
            own += usize::from(run.scope == scope);
        }
        all < MOST_RUNNING && own < MOST_RUNNING_EACH
    }

    pub fn find(&self, id: &str) -> Option<Arc<Run>> {
        let runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.iter().find(|run| run.id == id).cloned()
    }

    /// Those that a caller of the scope may see, newest first.
    pub fn visible(&self, scope: Scope) -> Vec<Arc<Run>> {
        let runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = runs.iter().rev();
        let visible = newest.filter(|run| scope == Scope::All || run.scope == scope);
        visible.cloned().collect()
    }
}

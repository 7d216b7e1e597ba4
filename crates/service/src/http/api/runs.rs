//! Long actions that a request starts. They are known until the server ends; each step of them may run again.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::access::Grant;
use crate::app::App;
use crate::model::{Scope, codes, fresh_id};
use crate::shutdown::CancellationToken;

/// Older ones are forgotten.
const MOST_KNOWN: usize = 1_000;

codes! {
    RunState {
        Running "running",
        Finished "finished",
        /// By request.
        Stopped "stopped",
        Failed "failed",
    }
}

#[derive(Clone, Debug)]
pub struct Outcome {
    pub state: RunState,
    /// The report of the operation.
    pub result: Option<Value>,
}

pub struct Run {
    pub id: String,
    pub action: String,
    pub scope: Scope,
    pub total: AtomicU64,
    pub done: AtomicU64,
    pub cancelled: CancellationToken,
    outcome: Mutex<Outcome>,
}

impl Run {
    pub fn new(app: &App, action: &str, grant: &Grant, total: u64) -> Self {
        Self {
            id: fresh_id(app.clock.now()),
            action: action.to_owned(),
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
        runs.drain(..surplus);
    }

    pub fn find(&self, id: &str) -> Option<Arc<Run>> {
        let runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.iter().find(|run| run.id == id).cloned()
    }
}

//! What is saved of runs, so that they are known after a restart: counts only. What was asked for, and the addresses and names in
//! a result, may name a person who is erased later.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Outcome, Run, RunAction, RunState, Runs};
use crate::app::App;
use crate::coordination::checkpoint::Checkpoint;
use crate::db::{self, Key};
use crate::model::Scope;
use crate::telemetry;

/// How often the progress of a run is saved.
const EVERY: Duration = Duration::from_secs(2);

#[derive(Deserialize, Serialize)]
struct SavedRun {
    action: RunAction,
    client: Option<i64>,
    state: RunState,
    total: u64,
    done: u64,
    result: Option<Value>,
}

impl SavedRun {
    fn new(run: &Run) -> Self {
        let (outcome, (done, total)) = (run.outcome(), run.progress());
        Self {
            action: run.action,
            client: run.scope.client(),
            state: outcome.state,
            total,
            done,
            result: outcome.result.map(counts),
        }
    }

    fn into_run(self, id: String, app: &App) -> Run {
        let state = match self.state {
            RunState::Running => RunState::Interrupted,
            state => state,
        };
        Run {
            id,
            action: self.action,
            scope: self.client.map_or(Scope::All, Scope::Client),
            total: AtomicU64::new(self.total),
            done: AtomicU64::new(self.done),
            cancelled: app.shutdown.token(),
            outcome: Mutex::new(Outcome {
                state,
                result: self.result,
            }),
        }
    }
}

/// The numbers and flags of a report, also by code.
fn counts(mut result: Value) -> Value {
    if let Some(fields) = result.as_object_mut() {
        let is_code = |name: &str| name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
        fields.retain(|name, value| {
            *value = counts(value.take());
            is_code(name) && (value.is_number() || value.is_boolean() || value.is_object())
        });
    }
    result
}

/// The runs of earlier servers, the oldest first: ids are in the order of time.
pub(in crate::http) async fn load(app: &App) -> Result<Runs, db::Error> {
    let runs = Runs::default();
    for (id, saved) in Checkpoint::Run.all::<SavedRun>(&app.db).await? {
        runs.add(Arc::new(saved.into_run(id, app)));
    }
    Ok(runs)
}

/// Saves a run, and forgets others.
pub(in crate::http::api) async fn save(
    app: &App,
    run: &Run,
    forgotten: Vec<Arc<Run>>,
) -> Result<(), db::Error> {
    let (id, saved, now) = (run.id.clone(), SavedRun::new(run), app.clock.now());
    let saving = app.db.write(Key::Nothing, async move |tx| {
        for run in &forgotten {
            Checkpoint::Run.delete(tx, &run.id).await?;
        }
        Checkpoint::Run.save(tx, &id, &saved, now).await
    });
    saving.await
}

/// Saves the progress of a run until it ends, and its end.
pub(in crate::http::api) async fn keep(app: &App, run: &Run, performing: impl Future<Output = ()>) {
    let mut performing = std::pin::pin!(performing);
    let mut saved = None;
    loop {
        tokio::select! {
            biased;
            () = &mut performing => break,
            () = tokio::time::sleep(EVERY) => {}
        }
        let progress = run.progress();
        if saved != Some(progress) {
            saved = Some(progress);
            record(app, run).await;
        }
    }
    record(app, run).await;
}

async fn record(app: &App, run: &Run) {
    if let Err(error) = save(app, run, Vec::new()).await {
        let error = telemetry::chain(&error);
        tracing::warn!(run = run.id, error, "the progress of a run cannot be saved");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_counts_are_saved_of_a_result() {
        let result = json!({"files": 3, "stopped": false, "archive": "/api/v1/media.zip?chat=5511", "findings": [{"path": "x"}], "results": {"queued": 2, "+5511": 1}});
        let saved = json!({"files": 3, "stopped": false, "results": {"queued": 2}});
        assert_eq!(counts(result), saved);
        assert_eq!(counts(Value::Null), Value::Null);
    }
}

//! Asks the gateways for messages whose webhook never came, again and again.
//!
//! One server does it, one instance after the other, with a limit on calls and time for each. A run that reaches its limit leaves a
//! backlog: later runs compare newer messages first, and then continue with it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::{DAY, MINUTE, Millis};
use crate::coordination::checkpoint::Checkpoint;
use crate::db::{self, Key};
use crate::instances::{self, Instance};
use crate::model::InstanceId;
use crate::ops::Progress;
use crate::ops::reconcile::{self, Item, Options, Report, Resumed, SETTLED};
use crate::shutdown::CancellationToken;
use crate::telemetry;

/// A server that was down asks soon after its start.
const FIRST_AFTER: Duration = Duration::from_secs(60);
const MOST_CALLS: u32 = 60;
/// The most time for one instance.
const PATIENCE: Millis = 2 * MINUTE;
/// Messages of this time before the last run are compared again.
const OVERLAP: Millis = 10 * MINUTE;
/// After a longer time off, `instance reconcile` is for the rest.
const MOST_BACK: Millis = DAY;

/// Which server does it, and until when it may be believed to live.
#[derive(Deserialize, Serialize)]
struct Lease {
    owner: String,
    until: Millis,
}

/// How far an instance's messages are compared.
#[derive(Default, Deserialize, Serialize)]
struct Compared {
    /// All messages until then, except those of the backlogs.
    until: Option<Millis>,
    /// The oldest first.
    backlogs: Vec<Backlog>,
}

/// The rest of a run that was cut short.
#[derive(Clone, Copy, Deserialize, Serialize)]
struct Backlog {
    since: Millis,
    resumed: Resumed,
}

/// Earlier versions saved only the time.
#[derive(Deserialize)]
#[serde(untagged)]
enum Saved {
    Until(Millis),
    Compared(Compared),
}

impl From<Saved> for Compared {
    fn from(saved: Saved) -> Self {
        match saved {
            Saved::Until(until) => Self {
                until: Some(until),
                backlogs: Vec::new(),
            },
            Saved::Compared(compared) => compared,
        }
    }
}

struct Quiet;

impl Progress<Item> for Quiet {}

/// Runs until the shutdown begins.
pub(super) async fn keep_reconciling(app: Arc<App>, owner: String) {
    let cancelled = app.shutdown.token();
    let every = app.config.worker.reconcile_every;
    let mut failing = HashSet::new();
    let mut wait = every.duration().min(FIRST_AFTER);
    while !every.is_zero() {
        tokio::select! {
            () = app.clock.sleep(wait) => {}
            () = cancelled.cancelled() => return,
        }
        wait = every.duration();
        if let Err(error) = round(&app, &owner, &mut failing, &cancelled).await {
            let error = telemetry::chain(&error);
            tracing::warn!(error, "cannot look for missing webhooks now");
        }
    }
}

async fn round(
    app: &App,
    owner: &str,
    failing: &mut HashSet<InstanceId>,
    cancelled: &CancellationToken,
) -> Result<(), db::Error> {
    for instance in instances::instances(&app.db).await? {
        if cancelled.is_cancelled() || !lease(app, owner).await? {
            return Ok(());
        }
        if instance.token_sealed.is_some() && instance.gateway.has_history() {
            one(app, instance, failing, cancelled).await?;
        }
    }
    Ok(())
}

/// Takes or renews the lease; false while another server has it.
async fn lease(app: &App, owner: &str) -> Result<bool, db::Error> {
    let (owner, now) = (owner.to_owned(), app.clock.now());
    let leasing = app.db.write(Key::Nothing, async move |tx| {
        let lease = Checkpoint::Reconcile.load_in::<Lease>(tx, "").await?;
        if lease.is_some_and(|lease| lease.owner != owner && lease.until > now) {
            return Ok(false);
        }
        let until = now + 2 * PATIENCE;
        let lease = Lease {
            owner: owner.clone(),
            until,
        };
        Checkpoint::Reconcile.save(tx, "", &lease, now).await?;
        Ok(true)
    });
    leasing.await
}

/// One instance: what is new since the last run, then one backlog.
async fn one(
    app: &App,
    instance: Instance,
    failing: &mut HashSet<InstanceId>,
    cancelled: &CancellationToken,
) -> Result<(), db::Error> {
    let (id, now) = (instance.id.clone(), app.clock.now());
    let until = now - SETTLED;
    let saved = Checkpoint::Reconcile.load::<Saved>(&app.db, id.as_str());
    let mut compared = saved.await?.map(Compared::from).unwrap_or_default();
    // No webhook was set for what was sent before the instance was added.
    let earliest = instance.created_at.max(now - MOST_BACK);
    compared.backlogs.retain(|it| it.resumed.until > earliest);
    let last = compared.until;
    let since = last.unwrap_or(until - app.config.worker.reconcile_every.ms());
    let since = (since - OVERLAP).max(earliest);
    let older = compared.backlogs.first().copied();
    let mut succeeded = Vec::new();
    if let Some(report) = run(app, &instance, since, None, failing, cancelled).await? {
        compared.until = Some(until);
        succeeded.push(report);
        compared
            .backlogs
            .extend(report.position.map(|position| Backlog {
                since,
                resumed: Resumed { until, position },
            }));
    }
    if let Some(Backlog { since, resumed }) = older.filter(|_| !succeeded.is_empty()) {
        let since = since.max(earliest);
        let resumed = Some(resumed);
        if let Some(report) = run(app, &instance, since, resumed, failing, cancelled).await? {
            succeeded.push(report);
            match report.position {
                Some(position) => compared.backlogs[0].resumed.position = position,
                None => drop(compared.backlogs.remove(0)),
            }
        }
    }
    if !succeeded.is_empty() {
        save(app, id, compared).await?;
    }
    Ok(())
}

/// None when the gateway does not answer.
async fn run(
    app: &App,
    instance: &Instance,
    since: Millis,
    resumed: Option<Resumed>,
    failing: &mut HashSet<InstanceId>,
    cancelled: &CancellationToken,
) -> Result<Option<Report>, db::Error> {
    let id = &instance.id;
    let options = Options {
        instance: instance.clone(),
        since,
        dry_run: false,
        most_calls: MOST_CALLS,
        resumed,
        actor: None,
    };
    let deps = reconcile::Deps {
        gateway: app.gateway_deps(),
        ingest: &app.ingest,
    };
    let too_long = cancelled.child_token();
    let patience = Duration::from_millis(PATIENCE.unsigned_abs());
    let running = reconcile::run(deps, options, Arc::new(Quiet), too_long.clone());
    tokio::pin!(running);
    let report = tokio::select! {
        report = &mut running => report,
        // It ends after the call that it waits for.
        () = app.clock.sleep(patience) => {
            too_long.cancel();
            running.await
        }
    };
    match report {
        Ok(report) => {
            if failing.remove(id) {
                tracing::info!(instance = %id, "the gateway lists its messages again");
            }
            log(id, report, cancelled);
            Ok(Some(report))
        }
        Err(reconcile::Error::Db(error)) => Err(error),
        Err(error) => {
            if failing.insert(id.clone()) {
                log_failure(id, &error);
            }
            Ok(None)
        }
    }
}

async fn save(app: &App, id: InstanceId, compared: Compared) -> Result<(), db::Error> {
    let now = app.clock.now();
    let saving = app.db.write(Key::instance(id.as_str()), async move |tx| {
        Checkpoint::Reconcile
            .save(tx, id.as_str(), &compared, now)
            .await
    });
    saving.await
}

fn log(id: &InstanceId, report: Report, cancelled: &CancellationToken) {
    if report.stopped && !cancelled.is_cancelled() {
        tracing::warn!(instance = %id, pages = report.pages, "the gateway lists more messages than one run compares; the next run continues");
    }
}

/// Without what the gateway said, which may name people.
fn log_failure(id: &InstanceId, error: &reconcile::Error) {
    use crate::ops::gateway_admin::Error as Admin;
    if error.is_without_list() {
        tracing::info!(instance = %id, "the gateway lists no past messages, so missing webhooks cannot be noticed");
        return;
    }
    let error = match error {
        reconcile::Error::Gateway(Admin::Refused(_)) => "the gateway refuses".to_owned(),
        reconcile::Error::Gateway(Admin::Other(_)) => "another instance answered".to_owned(),
        other => telemetry::chain(other),
    };
    tracing::warn!(instance = %id, error, "the gateway does not list its messages now; not logged again until it does");
}

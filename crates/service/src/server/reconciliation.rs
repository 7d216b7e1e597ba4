//! Asks the gateways for messages whose webhook never came, again and again.
//!
//! One server does it, one instance after the other, with a limit on calls and time for each. A run that reaches its limit begins
//! at the same message next time.

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
use crate::ops::reconcile::{self, Item, Options, Report, SETTLED};
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

/// One instance, from where the last complete run ended.
async fn one(
    app: &App,
    instance: Instance,
    failing: &mut HashSet<InstanceId>,
    cancelled: &CancellationToken,
) -> Result<(), db::Error> {
    let (id, now) = (instance.id.clone(), app.clock.now());
    let until = now - SETTLED;
    let last = Checkpoint::Reconcile.load(&app.db, id.as_str()).await?;
    let since = last.unwrap_or(until - app.config.worker.reconcile_every.ms());
    // No webhook was set for what was sent before the instance was added.
    let earliest = instance.created_at.max(now - MOST_BACK);
    let options = Options {
        instance,
        since: (since - OVERLAP).max(earliest),
        dry_run: false,
        most_calls: MOST_CALLS,
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
            if failing.remove(&id) {
                tracing::info!(instance = %id, "the gateway lists its messages again");
            }
            log(&id, report, cancelled);
            if !report.stopped {
                save(app, id, until).await?;
            }
        }
        Err(reconcile::Error::Db(error)) => return Err(error),
        Err(error) => {
            if failing.insert(id.clone()) {
                log_failure(&id, &error);
            }
        }
    }
    Ok(())
}

async fn save(app: &App, id: InstanceId, until: Millis) -> Result<(), db::Error> {
    let now = app.clock.now();
    let saving = app.db.write(Key::instance(id.as_str()), async move |tx| {
        Checkpoint::Reconcile
            .save(tx, id.as_str(), &until, now)
            .await
    });
    saving.await
}

fn log(id: &InstanceId, report: Report, cancelled: &CancellationToken) {
    if report.stopped && !cancelled.is_cancelled() {
        tracing::warn!(instance = %id, pages = report.pages, "the gateway lists more messages than one run compares; the next run begins at the same one");
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

//! The loop that keeps downloads running: how many at once, under which leases, until when.
//!
//! Claims are shared so that no client and no gateway host takes all permits. Within an instance the media with the earliest
//! deadline goes first. A download whose lease cannot be renewed stops at once.

mod disk_space;
mod outage;
mod permits;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::clock::{Millis, SECOND};
use crate::config::Config;
use crate::db::{Error, Key};
use crate::deliveries::parts;
use crate::download::{self, Downloader, HostClass, RoundResult};
use crate::events::facts::{Fact, MediaEnded, MediaPostponed, MediaStored};
use crate::events::{self, News};
use crate::instances::{self, Directory, Instance};
use crate::media;
use crate::metrics::{AttemptLabels, Metrics};
use crate::model::{Attempt, MediaStatus, Reason, Route};
use crate::queue::{self, Counts, Job, Lease, Settled, Settlement};
use crate::shutdown::Shutdown;
use crate::storage::layout::RelativePath;
use disk_space::{DiskSpace, declared_bytes};
pub use disk_space::{Paused, paused_for_space};
use permits::Permits;

/// How often waiting media and lapsed leases are checked.
const TICK: Duration = Duration::from_millis(500);
/// Downloads that end together are replaced by one claim.
const GATHER: Duration = Duration::from_millis(2);
/// After a claim that found media but no permit for them, new media alone trigger no claim for this long.
const PAUSE_WHEN_CROWDED: Duration = Duration::from_millis(20);
const PATIENCE_WITH_DATABASE: Duration = Duration::from_secs(1);
/// A changed token is known after this time.
const UNTIL_REREAD: Millis = 2 * SECOND;
/// How long a media that does not fit lets others go first.
const WAIT_FOR_SPACE: Millis = 10 * SECOND;

/// The dependencies of the worker; cheap to clone.
#[derive(Clone)]
pub struct Worker {
    pub downloader: Downloader,
    pub directory: Arc<Directory>,
    pub config: Arc<Config>,
    /// Notified when there may be work.
    pub work: Arc<Notify>,
    pub shutdown: Shutdown,
    pub metrics: Arc<Metrics>,
}

/// Runs until the shutdown begins, then drains.
pub async fn run(worker: Worker, owner: String) {
    let mut running = JoinSet::new();
    let mut permits = Permits::new(&worker.config);
    let mut tick = Box::pin(worker.downloader.clock.sleep(Duration::ZERO));
    let (mut look, mut wake) = (true, true);
    // When a claim found media but no permit for them.
    let mut out_of_permits_at: Option<Instant> = None;
    let mut space = DiskSpace::new(&worker.config.storage);
    requeue_own(&worker, &owner).await;
    outage::wake_for_storage(&worker).await;
    // Whatever an earlier run recorded.
    disk_space::note(&worker, false);
    loop {
        if wake || look {
            disk_space::update(&worker, &mut space);
        }
        if wake {
            outage::watch_storage(&worker);
            outage::probe_hosts(&worker).await;
        }
        let can_store = !space.is_paused() && !worker.downloader.outages.is_storage_down();
        if look && can_store && permits.any_free() {
            tokio::time::sleep(GATHER).await;
            collect(&mut running, &mut permits);
            match claim(&worker, &owner, &permits, &space, wake).await {
                Ok((claimed, more)) => {
                    out_of_permits_at = (more && claimed.is_empty()).then(Instant::now);
                    look = more && out_of_permits_at.is_none();
                    wake = false;
                    for Claimed {
                        job,
                        instance,
                        reserved_bytes,
                    } in claimed
                    {
                        let place = permits.take(&instance, job.rounds > 0);
                        let reservation = space.reserve(&job.id, reserved_bytes);
                        let worker = worker.clone();
                        running.spawn(async move {
                            do_job(&worker, &job, &instance).await;
                            drop(reservation);
                            place
                        });
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        error = crate::telemetry::chain(&error),
                        "cannot claim media now"
                    );
                    tokio::time::sleep(PATIENCE_WITH_DATABASE).await;
                }
            }
        }
        let pause = out_of_permits_at.map(|at| at + PAUSE_WHEN_CROWDED);
        let pause = pause.filter(|end| *end > Instant::now());
        tokio::select! {
            biased;
            () = worker.shutdown.begun() => break,
            () = worker.work.notified(), if pause.is_none() => look = true,
            () = sleep_until(pause.unwrap_or_else(Instant::now)), if pause.is_some() => {}
            () = &mut tick => {
                (look, wake) = (true, true);
                tick.set(worker.downloader.clock.sleep(TICK));
            }
            Some(done) = running.join_next(), if !running.is_empty() => {
                permits.free(done.ok());
                look |= out_of_permits_at.is_some();
            }
        }
    }
    drain(&worker, &owner, &mut running).await;
}

/// Requeues the downloads that an earlier server on this data folder left in progress, as soon as the database can. Those
/// of other servers continue, and are requeued when their leases lapse.
async fn requeue_own(worker: &Worker, owner: &str) {
    loop {
        let owner = owner.to_owned();
        let released = worker.downloader.db.write(Key::Nothing, async move |tx| {
            queue::release(tx, &owner).await
        });
        match released.await {
            Ok(resumed) => return tracing::info!(resumed, "requeued interrupted downloads"),
            Err(error) => {
                tracing::warn!(
                    error = crate::telemetry::chain(&error),
                    "cannot requeue interrupted downloads yet"
                );
            }
        }
        tokio::select! {
            () = worker.shutdown.begun() => return,
            () = tokio::time::sleep(PATIENCE_WITH_DATABASE) => {}
        }
    }
}

fn collect(running: &mut JoinSet<permits::Permit>, permits: &mut Permits) {
    while let Some(done) = running.try_join_next() {
        permits.free(done.ok());
    }
}

struct Claimed {
    job: Job,
    instance: Arc<Instance>,
    reserved_bytes: u64,
}

/// Claims media that fit on the disk; returns whether there may be more.
async fn claim(
    worker: &Worker,
    owner: &str,
    permits: &Permits,
    space: &DiskSpace,
    wake: bool,
) -> Result<(Vec<Claimed>, bool), Error> {
    let now = worker.downloader.clock.now();
    let max_bytes = worker.config.fetch.max_file.bytes();
    let available = space.available_bytes(|id| worker.downloader.progress.bytes(id));
    let is_idle = space.is_idle();
    let known = worker.directory.by_id().await?;
    let lease = Lease {
        owner: owner.to_owned(),
        until: now + worker.config.worker.lease.ms(),
    };
    let permits = permits.clone();
    let with_siblings = worker.directory.clients_with_siblings();
    let (fetch, routes) = (
        worker.downloader.fetch.clone(),
        worker.config.fetch.routes.clone(),
    );
    // A claim takes only rows that no other transaction has locked.
    worker
        .downloader
        .db
        .write(Key::Nothing, async move |tx| {
            if wake {
                queue::promote_due(tx, now).await?;
            }
            let ready = queue::instances_with_work(tx).await?;
            let ready: Vec<_> = ready.iter().filter_map(|id| known.get(id)).collect();
            let (mut permits, mut available) = (permits.clone(), available);
            let (mut claimed, mut too_large) = (Vec::<Claimed>::new(), Vec::new());
            let mut more = false;
            for (left, instance) in (1..=ready.len()).rev().zip(permits.in_order(&ready)) {
                let has_siblings = with_siblings.contains(&instance.client);
                let readiness = download::readiness(&fetch, &routes, &instance);
                let quota = permits.quota(&instance, readiness, left, has_siblings);
                if quota.all > 0 {
                    let jobs = queue::claim(tx, &instance.id, quota, &lease, now).await?;
                    more |= i64::try_from(jobs.len()).unwrap_or(i64::MAX) == quota.all;
                    for job in jobs {
                        let reserved_bytes = declared_bytes(&job, max_bytes);
                        if reserved_bytes > available {
                            too_large.push((job, Arc::clone(&instance)));
                            continue;
                        }
                        available -= reserved_bytes;
                        permits.take(&instance, job.rounds > 0);
                        claimed.push(Claimed {
                            job,
                            instance: Arc::clone(&instance),
                            reserved_bytes,
                        });
                    }
                } else {
                    more = true;
                }
            }
            // A declared size can be wrong, so one such file is tried when nothing else runs or waits. It reserves nothing, so
            // that no other media waits for it.
            let is_alone = claimed.is_empty() && is_idle;
            if is_alone && queue::instances_with_work(tx).await?.is_empty() {
                claimed.extend(too_large.pop().map(|(job, instance)| Claimed {
                    job,
                    instance,
                    reserved_bytes: 0,
                }));
            }
            for (job, _) in too_large {
                queue::put_back(tx, &job.id, job.fence, now + WAIT_FOR_SPACE).await?;
            }
            Ok((claimed, more))
        })
        .await
}

/// Runs one job under its lease and settles it.
async fn do_job(worker: &Worker, job: &Job, instance: &Instance) {
    tokio::select! {
        () = round(worker, job, instance) => {}
        () = keep_lease(worker, job) => {}
    }
}

/// Runs one round of one job and settles it.
pub async fn round(worker: &Worker, job: &Job, instance: &Instance) {
    let round = AssertUnwindSafe(download::run_round(&worker.downloader, job, instance))
        .catch_unwind()
        .await;
    let round = round.unwrap_or_else(|_| {
        let until = worker.downloader.clock.now() + queue::wait_after(job.rounds + 1);
        RoundResult {
            settled: Settled::Postponed {
                reason: Reason::Interrupted,
                until,
                counts: Counts::AsFailure,
            },
            attempts: Vec::new(),
            same_bytes: None,
        }
    });
    settle(worker, job, instance, round).await;
}

/// Renews the lease, and stops the download when it is lost. Never ends by itself, because the round does: a published file
/// must be settled or removed.
async fn keep_lease(worker: &Worker, job: &Job) {
    let lease = worker.config.worker.lease;
    loop {
        worker.downloader.clock.sleep(lease.duration() / 3).await;
        let until = worker.downloader.clock.now() + lease.ms();
        let (id, fence) = (job.id.clone(), job.fence);
        let renewed = worker.downloader.db.write(Key::Nothing, async move |tx| {
            queue::renew(tx, &id, fence, until).await
        });
        if let Ok(false) = renewed.await {
            worker.downloader.progress.stop(&job.id, job.fence);
        }
    }
}

/// Records the result of the round, as soon as the database can.
async fn settle(worker: &Worker, job: &Job, instance: &Instance, round: RoundResult) {
    let (settled, attempts) = (Arc::new(round.settled), Arc::new(round.attempts));
    loop {
        let (now, job_copy) = (worker.downloader.clock.now(), job.clone());
        let (s, a) = (Arc::clone(&settled), Arc::clone(&attempts));
        let access = (instance.token_sealed.clone(), instance.api_base.clone());
        let key = Key::message(job.instance.as_str(), &job.message_id);
        let write = worker.downloader.db.write(key, async move |tx| {
            // A new token requeues the media that wait for it, but this one did not wait yet.
            let has_changed = match s.reason() {
                Some(reason) if reason.is_of_access() => {
                    instances::access_of(tx, &job_copy.instance).await? != Some(access.clone())
                }
                _ => false,
            };
            let s = match s.reason() {
                Some(reason) if has_changed => Arc::new(Settled::Postponed {
                    reason,
                    until: now + UNTIL_REREAD,
                    counts: Counts::NotAtAll,
                }),
                _ => Arc::clone(&s),
            };
            let settlement = queue::settle(tx, &job_copy, &s, &a, now).await?;
            let mut files = Vec::new();
            if settlement == Settlement::Done {
                if let Some(news) = news(&job_copy, &s) {
                    events::append(tx, now, news);
                }
                if let Settled::Stored(stored) = &*s {
                    let (id, delivery) = (&job_copy.id, &job_copy.delivery);
                    let sha256 = &stored.sha256;
                    files = parts::release(tx, &job_copy.instance, delivery, id, sha256).await?;
                }
            }
            let of_gateway = [Route::Gateway, Route::Reupload];
            let asked = a.iter().rfind(|it| of_gateway.contains(&it.route));
            if let (Some(asked), false) = (asked, has_changed) {
                let problem = asked.reason.filter(|reason| reason.needs_operator());
                instances::set_problem(tx, &job_copy.instance, problem.map(Reason::as_str)).await?;
            }
            Ok((settlement, files))
        });
        let written = write.await;
        if written.is_ok() {
            outage::note_hosts(worker, job, instance, &attempts).await;
            outage::note_folder(worker, job, &settled).await;
        }
        match written {
            Ok((Settlement::Done, files)) => {
                worker.downloader.bodies.remove(&files);
                count(worker, (job, instance), &settled, &attempts);
                return log_settled(job, &settled, attempts.len());
            }
            Ok((Settlement::Requeued, _)) => {
                worker.work.notify_one();
                return tracing::info!(media = %job.id, "media is retried at once: its message was repeated");
            }
            Ok((Settlement::Lost, _)) => {
                remove_unsettled(worker, job, &settled).await;
                return tracing::warn!(media = %job.id, "already settled by another process");
            }
            Err(error) => {
                tracing::warn!(media = %job.id, error = crate::telemetry::chain(&error), "cannot record the result yet")
            }
        }
        tokio::time::sleep(PATIENCE_WITH_DATABASE).await;
    }
}

/// Removes a file that was published for a row that was erased in that time.
async fn remove_unsettled(worker: &Worker, job: &Job, settled: &Settled) {
    let Settled::Stored(file) = settled else {
        return;
    };
    let found = media::find(&worker.downloader.db, &job.id).await;
    let erased = matches!(found, Ok(Some(media)) if media.is_erased());
    let path = erased
        .then(|| RelativePath::from_row(file.path.clone()))
        .flatten();
    if let Some(path) = path
        && let Err(error) = worker.downloader.storage.remove(path, file.sha256).await
    {
        tracing::error!(media = %job.id, error = crate::telemetry::chain(&error), "cannot delete the file of an erased media; scrub will report it");
    }
}

fn news<'a>(job: &'a Job, settled: &Settled) -> Option<News<'a>> {
    let kind = job.kind.as_str();
    let fact = match settled {
        Settled::Stored(file) => Fact::MediaStored(MediaStored {
            kind,
            path: file.path.clone(),
            size: file.size_bytes,
            verified: file.verified.as_str(),
            mime: file.mime.clone(),
        }),
        Settled::Postponed { reason, until, .. } => Fact::MediaPostponed(MediaPostponed {
            kind,
            reason: *reason,
            next_attempt_at: *until,
        }),
        Settled::Ended { status, reason } => {
            let reason = *reason;
            match status {
                MediaStatus::Expired => Fact::MediaExpired(MediaEnded { kind, reason }),
                _ => Fact::MediaFailed(MediaEnded { kind, reason }),
            }
        }
        Settled::AwaitsTurn { .. } | Settled::Returned => return None,
    };
    Some(News {
        client: Some(job.client),
        instance: Some(job.instance.as_str()),
        media: Some(job.id.as_str()),
        fact,
    })
}

fn count(
    worker: &Worker,
    (job, instance): (&Job, &Instance),
    settled: &Settled,
    attempts: &[Attempt],
) {
    for attempt in attempts {
        let host = HostClass::new(attempt, instance.gateway, &instance.api_base);
        let labels = AttemptLabels {
            route: attempt.route.as_str(),
            host: host.as_str(),
            result: attempt.reason.map_or("stored", Reason::as_str),
            verdict: attempt
                .reason
                .map_or("stored", |reason| reason.verdict().as_str()),
        };
        worker.metrics.count_attempt(&labels, attempt.size_bytes);
    }
    if let Settled::Stored(file) = settled {
        let (kind, verified) = (job.kind.as_str(), file.verified.as_str());
        let (bytes, is_shared) = (file.size_bytes, file.is_shared);
        worker
            .metrics
            .count_stored(kind, verified, bytes, is_shared);
    }
}

fn log_settled(job: &Job, settled: &Settled, attempts: usize) {
    match settled {
        Settled::Stored(file) => {
            tracing::info!(media = %job.id, kind = job.kind.as_str(), size = file.size_bytes, verified = file.verified.as_str(), attempts, "media stored");
        }
        Settled::Postponed { reason, until, .. } => {
            tracing::warn!(media = %job.id, reason = reason.as_str(), next = crate::clock::rfc3339(*until), attempts, "media postponed");
        }
        Settled::Ended { status, reason } => {
            tracing::error!(media = %job.id, status = status.as_str(), reason = reason.as_str(), attempts, "media failed");
        }
        Settled::AwaitsTurn { until, .. } => {
            tracing::debug!(media = %job.id, next = crate::clock::rfc3339(*until), attempts, "media waits for its turn");
        }
        Settled::Returned => tracing::info!(media = %job.id, "media returned"),
    }
}

/// Waits for running downloads, and returns those that do not end in time.
async fn drain(worker: &Worker, owner: &str, running: &mut JoinSet<permits::Permit>) {
    let all = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(worker.config.worker.drain.duration(), all)
        .await
        .is_err()
    {
        running.shutdown().await;
    }
    let owner = owner.to_owned();
    if let Err(error) = worker
        .downloader
        .db
        .write(Key::Nothing, async move |tx| {
            queue::release(tx, &owner).await
        })
        .await
    {
        tracing::warn!(
            error = crate::telemetry::chain(&error),
            "cannot release the leases; they will lapse"
        );
    }
}

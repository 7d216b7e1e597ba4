//! One media from its link to its stored file.
//!
//! A round is a few attempts with short pauses between them. Each attempt tries the candidates in the order of the instance's
//! routes until one delivers the bytes. A round returns a result for the queue and a record of every attempt; nothing here
//! commits.

mod candidates;
mod cdn;
mod gateway;
mod group;
mod host_class;
mod inline;
mod link;
mod outage;
mod pipeline;
pub mod progress;
pub mod publish;
mod reupload;
mod stream;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use wa_media::{Expected, PlainHints, Verified};

use crate::clock::{Clock, DAY, HOUR, Millis, spread};
use crate::config;
use crate::coordination::{ContentLease, Coordination};
use crate::db::Db;
use crate::deliveries::Bodies;
use crate::gateway::Reader;
use crate::instances::Instance;
use crate::model::{Attempt, MediaStatus, Reason, Route, Verdict};
use crate::net::HttpClient;
use crate::queue::{self, Counts, Job, Settled, Stored};
use crate::secrets::Secrets;
use crate::storage::{self, Staging, Storage, layout};
use candidates::{Candidate, Candidates};
pub use outage::{Outages, folder_key, host_for};
pub use pipeline::Lanes;
pub use progress::Progress;
use progress::Running;
pub use reupload::Reuploads;

pub use candidates::readiness;
pub use cdn::ORIGINS as CDN_ORIGINS;
pub use group::Groups;
pub use host_class::HostClass;

/// A `Retry-After` up to this long is waited for within the round.
const SHORT_WAIT: Duration = Duration::from_secs(10);

/// A media waits this long after its deadline for its turn to be asked for.
const LONGEST_LINE: Millis = DAY;
/// Media that wait for the storage are retried after this time even without a wake-up.
const WAIT_FOR_STORAGE: Millis = HOUR;
/// This much more than the file's size must be free before it is retried.
const SPARE_BYTES: u64 = 1 << 20;
/// An unavailable network storage may never answer.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);

/// The dependencies of downloads; cheap to clone.
#[derive(Clone)]
pub struct Downloader {
    pub db: Db,
    pub clock: Clock,
    pub storage: Storage,
    pub bodies: Bodies,
    pub fetch: HttpClient,
    pub settings: config::Fetch,
    pub secrets: Arc<Secrets>,
    pub coordination: Coordination,
    pub reader: Reader,
    pub progress: Arc<Progress>,
    pub outages: Arc<Outages>,
    pub groups: Groups,
    pub lanes: Lanes,
    pub reuploads: Arc<Reuploads>,
}

/// The result of a round.
pub struct RoundResult {
    /// The result for the queue.
    pub settled: Settled,
    /// Every attempt of the round.
    pub attempts: Vec<Attempt>,
    /// Kept until the row is committed, so that equal bytes that arrive at the same time find it.
    pub same_bytes: Option<ContentLease>,
}

/// The observations of one attempt, for its record.
struct Trace<'a> {
    running: &'a Running<'a>,
    host: Option<String>,
    http_status: Option<u16>,
    size_bytes: u64,
    retry_after: Option<Duration>,
    /// The network error, for the log.
    cause: Option<String>,
}

impl<'a> Trace<'a> {
    fn new(running: &'a Running<'a>) -> Self {
        running.set_bytes(0);
        Self {
            running,
            host: None,
            http_status: None,
            size_bytes: 0,
            retry_after: None,
            cause: None,
        }
    }

    /// Records that `bytes` bytes of the file have arrived.
    fn record_bytes(&mut self, bytes: u64) {
        self.size_bytes = bytes;
        self.running.set_bytes(bytes);
    }
}

/// Verified bytes without a final name.
type Proven = (Staging, Verified);

/// A stored file, and the lease that lasts until it is recorded.
type Published = (Stored, ContentLease);

/// Runs one round for a media.
pub async fn run_round(downloader: &Downloader, job: &Job, instance: &Instance) -> RoundResult {
    let mut attempts = Vec::new();
    let mut wait = downloader.settings.retry_wait.duration();
    let mut candidates = Candidates::new(downloader, job, instance);
    let running = downloader.progress.begin(&job.id, job.fence);
    for _ in 0..downloader.settings.attempts {
        let mut pause = Duration::ZERO;
        // Unproven bytes, kept while another candidate may still deliver proven ones.
        let mut unproven = None;
        for candidate in candidates.open.clone() {
            // A gateway proves no more than the bytes at hand.
            let is_useless = unproven.is_some() && candidate.route() != Route::Cdn;
            if is_useless
                || !candidates.is_due(&candidate)
                || candidates.is_cooling_down(downloader, instance, &candidate)
            {
                continue;
            }
            let attempted = tokio::select! {
                biased;
                () = running.stopped() => return stopped(downloader, job, &running, candidates, attempts).await,
                attempted = attempt(downloader, job, instance, &candidate, &running) => attempted,
            };
            let Some((outcome, mut attempt, retry_after)) = attempted else {
                candidates.await_turn();
                continue;
            };
            let outcome = match outcome {
                Ok(proven)
                    if unproven.is_none()
                        && candidates.may_prove_better(job, &proven, &candidate) =>
                {
                    unproven = Some((candidate.route(), proven));
                    candidates.open.retain(|open| *open != candidate);
                    attempts.push(attempt);
                    continue;
                }
                // From here on the round is not stopped, because it would be unknown whether the bytes have their name.
                Ok(_) if running.is_stopped() => Ok(None),
                Ok(proven) => publish_file(downloader, job, candidate.route(), proven).await,
                Err(reason) => Err(reason),
            };
            let Some(outcome) = outcome.transpose() else {
                return stopped(downloader, job, &running, candidates, attempts).await;
            };
            attempt.reason = outcome.as_ref().err().copied();
            attempts.push(attempt);
            match outcome {
                Ok(published) => return stored(published, attempts),
                Err(reason) => {
                    candidates.failed(&candidate, reason, retry_after);
                    pause = pause.max(retry_after.unwrap_or_default());
                }
            }
        }
        if let Some((route, proven)) = unproven {
            let published = if running.is_stopped() {
                Ok(None)
            } else {
                publish_file(downloader, job, route, proven).await
            };
            match published {
                Ok(Some(published)) => return stored(published, attempts),
                Ok(None) => return stopped(downloader, job, &running, candidates, attempts).await,
                Err(reason) => candidates.end(reason),
            }
        }
        if !candidates.any_is_due() {
            break;
        }
        let jittered = wait.mul_f64(0.5 + rand::random::<f64>());
        tokio::select! {
            () = running.stopped() => return stopped(downloader, job, &running, candidates, attempts).await,
            () = downloader.clock.sleep(jittered.max(pause.min(SHORT_WAIT))) => {}
        }
        wait *= 2;
    }
    RoundResult {
        settled: conclude(downloader, job, &candidates, &attempts).await,
        attempts,
        same_bytes: None,
    }
}

/// Discards the downloaded bytes; the round does not count. On an almost full disk the media waits for space.
async fn stopped(
    downloader: &Downloader,
    job: &Job,
    running: &Running<'_>,
    mut candidates: Candidates,
    attempts: Vec<Attempt>,
) -> RoundResult {
    let settled = if running.lacks_space() {
        candidates.end(Reason::StorageFull);
        conclude(downloader, job, &candidates, &attempts).await
    } else {
        Settled::Returned
    };
    RoundResult {
        settled,
        attempts,
        same_bytes: None,
    }
}

fn stored((holding, same_bytes): Published, attempts: Vec<Attempt>) -> RoundResult {
    RoundResult {
        settled: Settled::Stored(holding),
        attempts,
        same_bytes: Some(same_bytes),
    }
}

/// `None` when the media's turn to be asked for did not come.
async fn attempt(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    candidate: &Candidate,
    running: &Running<'_>,
) -> Option<(Result<Proven, Reason>, Attempt, Option<Duration>)> {
    let _turn = match candidate {
        Candidate::Reupload => Some(reupload::turn(downloader, job).await?),
        _ => None,
    };
    let started_at = downloader.clock.now();
    let began = tokio::time::Instant::now();
    let mut trace = Trace::new(running);
    let outcome = match candidate {
        Candidate::Inline => inline::take(downloader, job, instance, &mut trace).await,
        Candidate::Cdn(link) => cdn::fetch(downloader, job, link, &mut trace).await,
        Candidate::Link => link::fetch(downloader, job, instance, &mut trace).await,
        Candidate::Gateway => gateway::fetch(downloader, job, instance, &mut trace).await,
        Candidate::Reupload => reupload::fetch(downloader, job, instance, &mut trace).await,
    };
    if let Some(host) = candidate.host(instance) {
        match outcome.as_ref().err() {
            // A phone that is offline says nothing about its gateway.
            Some(reason) if reason.is_without_answer() && *candidate != Candidate::Reupload => {
                downloader.fetch.timed_out(&host, &job.id)
            }
            // Nothing was requested, or the error is ours.
            Some(_) if trace.http_status.is_none() => {}
            _ => downloader.fetch.answered(&host),
        }
    }
    let attempt = Attempt {
        route: candidate.route(),
        host: trace.host,
        started_at,
        duration_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
        http_status: trace.http_status,
        size_bytes: trace.size_bytes,
        reason: outcome.as_ref().err().copied(),
    };
    if let Some(reason) = attempt.reason {
        tracing::info!(
            media = %job.id,
            route = attempt.route.as_str(),
            host = attempt.host.as_deref().unwrap_or("-"),
            http_status = attempt.http_status,
            bytes = attempt.size_bytes,
            ms = attempt.duration_ms,
            reason = reason.as_str(),
            cause = trace.cause,
            "attempt failed"
        );
    }
    Some((outcome, attempt, trace.retry_after))
}

/// The consequence of a failed round. Nothing expires and no refusal is final while the clock is not trusted.
async fn conclude(
    downloader: &Downloader,
    job: &Job,
    candidates: &Candidates,
    attempts: &[Attempt],
) -> Settled {
    let now = downloader.clock.now();
    let is_trusted = downloader.clock.is_trusted();
    let reason = candidates.reason.unwrap_or(Reason::KeysMissing);
    if Reason::OF_STORAGE.contains(&reason) && waits_for_storage(downloader, job, reason).await {
        return Settled::Postponed {
            reason,
            until: now + WAIT_FOR_STORAGE,
            counts: Counts::NotAtAll,
        };
    }
    let asked = candidates.asked.map_or(0, |asked| {
        i64::try_from(asked.as_millis()).unwrap_or(i64::MAX)
    });
    if let Some(reason) = candidates.awaited()
        && now < job.deadline.saturating_add(LONGEST_LINE)
    {
        let (instance, id) = (&job.instance, &job.id);
        let wait = downloader.reuploads.come_back(instance, id, reason);
        let until = now + spread(wait.max(asked), rand::random());
        return Settled::AwaitsTurn { reason, until };
    }
    downloader.reuploads.forget(&job.instance, &job.id);
    let step = queue::wait_after(job.rounds + 1);
    let (wait, counts) = match verdict::for_reason(reason, attempts) {
        Verdict::GiveUp => return ended(reason),
        Verdict::Confirm if is_trusted && verdict::is_confirmed(job, reason, now) => {
            return ended(reason);
        }
        Verdict::Confirm => (step.max(asked), Counts::AsRefusal),
        Verdict::RetryAfter(least) => (step.max(least), Counts::AsFailure),
        Verdict::Retry => (step.max(asked), Counts::AsFailure),
    };
    if now >= job.deadline && is_trusted {
        return Settled::Ended {
            status: MediaStatus::Expired,
            reason,
        };
    }
    // The last attempt comes at the deadline itself, not after it.
    let last = if now < job.deadline {
        job.deadline
    } else {
        i64::MAX
    };
    let until = (now + spread(wait, rand::random())).min(last);
    Settled::Postponed {
        reason,
        until,
        counts,
    }
}

/// Whether the storage itself fails: as a whole, or without space for this file. Media that wait for it are woken when it
/// recovers. A storage that works and still fails for this one file counts against the file.
async fn waits_for_storage(downloader: &Downloader, job: &Job, reason: Reason) -> bool {
    let probe = tokio::time::timeout(PROBE_PATIENCE, downloader.storage.probe());
    if !matches!(probe.await, Ok(Ok(()))) {
        downloader.outages.storage_failed();
        return true;
    }
    if reason != Reason::StorageFull {
        return false;
    }
    let free = downloader.storage.free_bytes().unwrap_or(0);
    let came = downloader.progress.bytes(&job.id);
    let needed = free.max(came).max(job.declared_length.unwrap_or(0));
    downloader
        .outages
        .record_needed_bytes(needed.saturating_add(SPARE_BYTES));
    true
}

fn ended(reason: Reason) -> Settled {
    let status = match reason {
        Reason::CdnExpired => MediaStatus::Expired,
        _ => MediaStatus::Failed,
    };
    Settled::Ended { status, reason }
}

/// The name of a media's file, once its extension is known.
pub fn name_for<'a>(job: &'a Job, extension: &'a str) -> layout::Name<'a> {
    layout::Name {
        client: job.client,
        instance: &job.instance,
        kind: job.kind,
        gateway: job.gateway.as_str(),
        message_id: &job.message_id,
        slot: job.slot,
        at: job.file_time,
        extension,
    }
}

/// Publishes the verified bytes; None when the claim was lost.
async fn publish_file(
    downloader: &Downloader,
    job: &Job,
    route: Route,
    (mut staging, verified): Proven,
) -> Result<Option<Published>, Reason> {
    let (mime, name) = (job.mime_declared.as_deref(), job.file_name.as_deref());
    let form = staging
        .form(job.kind, mime, name)
        .await
        .map_err(|error| storage_reason(&error))?;
    let path = layout::path(&name_for(job, &form.extension));
    let path = downloader.storage.path_of(path, verified.sha256());
    let same_bytes = downloader
        .coordination
        .content(job.client, verified.sha256())
        .await;
    let ready = group::Ready {
        id: job.id.clone(),
        fence: job.fence,
        client: job.client,
        staging,
        verified: verified.clone(),
        path: path.clone(),
    };
    let grouped = downloader.groups.publish(ready).await;
    let is_shared = false;
    let placed = match grouped.map_err(|error| publish_reason(job, error))? {
        group::Grouped::Published => publish::Placed { path, is_shared },
        group::Grouped::Lost => return Ok(None),
        group::Grouped::Single {
            staging,
            same_bytes,
        } => {
            let target = (&downloader.db, &downloader.storage);
            let bytes = publish::PublishSource::Staged(staging);
            let publishing =
                publish::publish(target, Some(&job.id), bytes, &verified, &path, same_bytes);
            publishing
                .await
                .map_err(|error| publish_reason(job, error))?
        }
    };
    let stored = Stored {
        route,
        mime: form.mime,
        size_bytes: verified.size_bytes(),
        sha256: *verified.sha256(),
        verified: verified.verification(),
        path: placed.path.as_str().to_owned(),
        is_shared: placed.is_shared,
    };
    Ok(Some((stored, same_bytes)))
}

fn publish_reason(job: &Job, error: publish::Error) -> Reason {
    match error {
        publish::Error::Storage(error) => storage_reason(&error),
        publish::Error::Db(error) => {
            let error = crate::telemetry::chain(&error);
            tracing::error!(media = %job.id, error, "cannot read whether another media has the file's name");
            Reason::StorageFailed
        }
    }
}

/// The hashes that the message promised.
fn expected(job: &Job) -> Expected {
    Expected {
        sha256: job.expected_sha256,
        enc_sha256: job.expected_enc_sha256,
    }
}

/// The other declarations of the message.
fn hints(job: &Job) -> PlainHints {
    PlainHints {
        kind: job.kind,
        mime: job.mime_declared.clone(),
        file_name: job.file_name.clone(),
        media_key: job.media_key.clone(),
        key_kind: job.key_kind,
    }
}

pub fn refusal_reason(refusal: &wa_media::Refusal) -> Reason {
    use wa_media::Refusal;
    match refusal {
        Refusal::Empty => Reason::EmptyBody,
        Refusal::Html => Reason::HtmlBody,
        Refusal::Json => Reason::JsonBody,
        Refusal::StillEncrypted => Reason::StillEncrypted,
        Refusal::PlainHashMismatch => Reason::HashMismatch,
    }
}

fn storage_reason(error: &storage::Error) -> Reason {
    // A storage that is not the right one is logged once, where that is detected.
    if !matches!(error, storage::Error::Displaced { .. }) {
        tracing::error!(
            error = crate::telemetry::chain(error),
            "cannot write to the storage"
        );
    }
    match error {
        storage::Error::Full(_) => Reason::StorageFull,
        storage::Error::Io(_)
        | storage::Error::Linked(_)
        | storage::Error::Displaced { .. }
        | storage::Error::Remote(_)
        | storage::Error::NotConnected(_) => Reason::StorageFailed,
    }
}

//! One media from end to end: ask for it, fetch it, prove it, file it. Readable as prose.
//!
//! A round is a few tries with short waits between them; each try goes along the instance's routes, in their
//! order, until one of them gives the bytes. What it leaves behind is a verdict for the queue and a record of
//! every attempt; nothing in here commits.

mod cdn;
mod gateway;

use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use wa_media::{Expected, Verified};

use crate::app::App;
use crate::catalog;
use crate::fetch;
use crate::media::{Attempt, MediaStatus, Reason, Route, Verdict};
use crate::queue::{self, Holding, Job, Settled};
use crate::registry::Instance;
use crate::vault::{self, Staging, layout};

/// A `Retry-After` up to this long is waited for within the round.
const SHORT_WAIT: Duration = Duration::from_secs(10);

/// How a round ended.
pub struct Round {
    /// What the queue is to be told.
    pub settled: Settled,
    /// Every try of the round.
    pub attempts: Vec<Attempt>,
    /// Kept until the row is committed, so that the same bytes arriving meanwhile find it.
    pub same_bytes: Option<OwnedMutexGuard<()>>,
}

/// What one attempt has seen so far, for its record.
#[derive(Default)]
struct Trace {
    host: Option<String>,
    http_status: Option<u16>,
    size_bytes: u64,
    retry_after: Option<Duration>,
}

/// Bytes that are proven and named, and the lock that is held until they are recorded.
type Filed = (Holding, OwnedMutexGuard<()>);

/// Tries to get one media, for one round.
pub async fn archive(app: &App, job: &Job, instance: &Instance) -> Round {
    let mut attempts = Vec::new();
    let mut wait = Duration::from_millis(app.config.fetch.retry_wait_ms);
    let mut open = instance
        .routes
        .clone()
        .unwrap_or_else(|| app.config.fetch.routes.clone());
    // What the routes said so far that will not be tried again in this round.
    let mut last = None;
    if cdn::is_too_late(app, job) {
        open.retain(|route| *route != Route::Cdn);
        last = Some(Reason::CdnExpired);
    }
    for tried in 1.. {
        let mut asked = None;
        for route in open.clone() {
            let (outcome, attempt, retry_after) = attempt(app, job, instance, route).await;
            attempts.push(attempt);
            match outcome {
                Ok((holding, same_bytes)) => {
                    return Round {
                        settled: Settled::Stored(holding),
                        attempts,
                        same_bytes: Some(same_bytes),
                    };
                }
                Err(reason) => {
                    last = Some(more_hopeful(last, reason));
                    asked = asked.max(retry_after);
                    if reason.verdict() != Verdict::Retry
                        || retry_after.is_some_and(|asked| asked > SHORT_WAIT)
                    {
                        open.retain(|open| *open != route);
                    }
                }
            }
        }
        if open.is_empty() || tried >= app.config.fetch.tries {
            let reason = last.unwrap_or(Reason::KeysMissing);
            return Round {
                settled: conclude(app, job, reason, asked.filter(|asked| *asked > SHORT_WAIT)),
                attempts,
                same_bytes: None,
            };
        }
        let jittered = wait.mul_f64(0.5 + rand::random::<f64>());
        tokio::time::sleep(jittered.max(asked.unwrap_or_default().min(SHORT_WAIT))).await;
        wait *= 2;
    }
    unreachable!("the loop ends at the last try")
}

/// Of two reasons the one that leaves more hope, the newer when they are alike: it decides what happens next.
fn more_hopeful(before: Option<Reason>, now: Reason) -> Reason {
    let hope = |reason: Reason| match reason.verdict() {
        Verdict::Retry => 2,
        Verdict::RetryAfter(_) => 1,
        Verdict::GiveUp => 0,
    };
    before
        .filter(|before| hope(*before) > hope(now))
        .unwrap_or(now)
}

async fn attempt(
    app: &App,
    job: &Job,
    instance: &Instance,
    route: Route,
) -> (Result<Filed, Reason>, Attempt, Option<Duration>) {
    let started_at = app.clock.now();
    let began = tokio::time::Instant::now();
    let mut trace = Trace::default();
    let bytes = match route {
        Route::Cdn => cdn::fetch(app, job, instance, &mut trace).await,
        Route::Gateway => gateway::fetch(app, job, instance, &mut trace).await,
    };
    let outcome = match bytes {
        Ok((staging, verified)) => file(app, job, route, staging, &verified).await,
        Err(reason) => Err(reason),
    };
    let attempt = Attempt {
        route,
        host: trace.host,
        started_at,
        duration_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
        http_status: trace.http_status,
        size_bytes: trace.size_bytes,
        reason: outcome.as_ref().err().copied(),
    };
    (outcome, attempt, trace.retry_after)
}

/// What a failed round means for the row.
fn conclude(app: &App, job: &Job, reason: Reason, asked: Option<Duration>) -> Settled {
    let now = app.clock.now();
    let asked = asked.map_or(0, |asked| {
        i64::try_from(asked.as_millis()).unwrap_or(i64::MAX)
    });
    let step = queue::wait_after(job.rounds + 1);
    let wait = match reason.verdict() {
        Verdict::GiveUp => {
            let status = if reason == Reason::CdnExpired {
                MediaStatus::Expired
            } else {
                MediaStatus::Failed
            };
            return Settled::Ended { status, reason };
        }
        Verdict::RetryAfter(least) => step.max(least),
        Verdict::Retry => step.max(asked),
    };
    if now >= job.deadline {
        return Settled::Ended {
            status: MediaStatus::Expired,
            reason,
        };
    }
    let jittered = wait + wait / 10 * i64::from(rand::random::<u8>()) / 255;
    // The last try comes at the deadline itself, not after it.
    let until = (now + jittered).min(job.deadline);
    Settled::Postponed { reason, until }
}

/// Gives the proven bytes their name.
async fn file(
    app: &App,
    job: &Job,
    route: Route,
    staging: Staging,
    verified: &Verified,
) -> Result<Filed, Reason> {
    let form = layout::form(
        verified.head(),
        job.kind,
        job.mime_declared.as_deref(),
        job.file_name.as_deref(),
    );
    let path = layout::path(&layout::Name {
        client: job.client,
        instance: &job.instance,
        kind: job.kind,
        gateway: job.gateway.as_str(),
        message_id: &job.message_id,
        slot: job.slot,
        at: job.named_at,
        extension: form.extension,
    });
    let same_bytes = app.same_bytes(job.client, verified.sha256()).await;
    // Without an answer the bytes are simply stored a second time.
    let same = catalog::same_bytes(&app.db, job.client, verified.sha256())
        .await
        .unwrap_or(None)
        .and_then(layout::RelativePath::from_row);
    app.vault
        .publish(staging, verified, &path, same)
        .await
        .map_err(|error| reason_of_storage(&error))?;
    let holding = Holding {
        route,
        mime: form.mime,
        size_bytes: verified.size_bytes(),
        sha256: *verified.sha256(),
        verified: verified.proof().as_str(),
        path: path.as_str().to_owned(),
    };
    Ok((holding, same_bytes))
}

/// The key and path that every route needs.
fn keys(job: &Job) -> Result<(&wa_media::MediaKey, &str), Reason> {
    match (&job.media_key, job.direct_path.as_deref()) {
        (Some(key), Some(path)) => Ok((key, path)),
        _ if job.media_key_malformed => Err(Reason::BadMediaKey),
        _ => Err(Reason::KeysMissing),
    }
}

fn expected(job: &Job) -> Expected {
    Expected {
        sha256: job.sha256_told,
        enc_sha256: job.enc_sha256_told,
    }
}

fn reason_of_download(error: &fetch::Error, trace: &mut Trace) -> Reason {
    match error {
        fetch::Error::Refused(_) => Reason::LinkRefused,
        fetch::Error::Unreachable(_) => Reason::LinkFailed,
        fetch::Error::TimedOut => Reason::DownloadTimeout,
        fetch::Error::CutShort(_) => Reason::CutShort,
        fetch::Error::TooLarge { .. } => Reason::TooLarge,
        fetch::Error::Status {
            status,
            retry_after,
            ..
        } => {
            trace.http_status = Some(*status);
            trace.retry_after = *retry_after;
            if matches!(status, 403 | 404 | 410) {
                Reason::LinkGone
            } else {
                Reason::LinkFailed
            }
        }
    }
}

fn reason_of_storage(error: &vault::Error) -> Reason {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the vault could not write"
    );
    match error {
        vault::Error::Full(_) => Reason::StorageFull,
        vault::Error::Io(_) => Reason::StorageFailed,
    }
}

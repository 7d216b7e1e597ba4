//! One media from end to end: ask for it, fetch it, prove it, file it. Readable as prose.
//!
//! A round is a few tries with short waits between them. What it leaves behind is a verdict for the queue
//! and a record of every try; nothing in here commits.

use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use url::Url;
use wa_media::{Expected, PlainHints, PlainVerifier, Refusal};

use crate::app::App;
use crate::catalog;
use crate::fetch::guard::Guard;
use crate::fetch::{self, Download};
use crate::gateway::LinkRequest;
use crate::media::{Attempt, MediaStatus, Reason, Route, Verdict};
use crate::queue::{self, Holding, Job, Settled};
use crate::registry::{self, Instance};
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

/// What one try has seen so far, for its record.
#[derive(Default)]
struct Trace {
    host: Option<String>,
    http_status: Option<u16>,
    size_bytes: u64,
    retry_after: Option<Duration>,
}

/// Tries to get one media, for one round.
pub async fn archive(app: &App, job: &Job, instance: &Instance) -> Round {
    let mut attempts = Vec::new();
    let mut wait = Duration::from_millis(app.config.fetch.retry_wait_ms);
    loop {
        let started_at = app.clock.now();
        let began = tokio::time::Instant::now();
        let mut trace = Trace::default();
        let outcome = through_the_gateway(app, job, instance, &mut trace).await;
        attempts.push(Attempt {
            route: Route::Gateway,
            host: trace.host,
            started_at,
            duration_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
            http_status: trace.http_status,
            size_bytes: trace.size_bytes,
            reason: outcome.as_ref().err().copied(),
        });
        let reason = match outcome {
            Ok((holding, same_bytes)) => {
                return Round {
                    settled: Settled::Stored(holding),
                    attempts,
                    same_bytes: Some(same_bytes),
                };
            }
            Err(reason) => reason,
        };
        let tried = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        let asked = trace.retry_after.filter(|asked| *asked > SHORT_WAIT);
        if reason.verdict() != Verdict::Retry || asked.is_some() || tried >= app.config.fetch.tries
        {
            let settled = conclude(app, job, reason, asked);
            return Round {
                settled,
                attempts,
                same_bytes: None,
            };
        }
        tokio::time::sleep(
            wait.mul_f64(0.5 + rand::random::<f64>())
                .max(trace.retry_after.unwrap_or_default()),
        )
        .await;
        wait *= 2;
    }
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
            return Settled::Ended {
                status: MediaStatus::Failed,
                reason,
            };
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

async fn through_the_gateway(
    app: &App,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace,
) -> Result<(Holding, OwnedMutexGuard<()>), Reason> {
    let api_base = Url::parse(&instance.api_base).map_err(|_| Reason::LinkRefused)?;
    let link = ask_for_link(app, job, instance, &api_base, trace).await?;
    trace.host = Url::parse(&link)
        .ok()
        .and_then(|link| link.host_str().map(str::to_owned));
    let guard = Guard::new(
        api_base,
        instance.gateway.known_domains(),
        &app.config.fetch.allowed_hosts,
    );
    let download = app.fetch.download(&guard, &link, job.length_told).await;
    let download = download.map_err(|error| reason_of_download(&error, trace))?;
    let (staging, verified) = prove(app, job, download, trace).await?;
    file(app, job, staging, &verified).await
}

async fn ask_for_link(
    app: &App,
    job: &Job,
    instance: &Instance,
    api_base: &Url,
    trace: &mut Trace,
) -> Result<String, Reason> {
    let (Some(media_key), Some(direct_path)) = (&job.media_key, &job.direct_path) else {
        return Err(if job.media_key_malformed {
            Reason::BadMediaKey
        } else {
            Reason::KeysMissing
        });
    };
    let sealed = instance
        .token_sealed
        .as_deref()
        .ok_or(Reason::TokenMissing)?;
    let context = registry::token_context(&instance.id);
    let token = app
        .secrets
        .unseal(&context, sealed)
        .map_err(|_| Reason::TokenMissing)?;
    let (path, body) = instance.gateway.link_call(&LinkRequest {
        media_key,
        direct_path,
        kind: job.kind,
        key_kind: job.key_kind,
        mime: job.mime_declared.as_deref(),
    });
    let mut url = api_base.clone();
    url.set_path(&format!("{}/{path}", api_base.path().trim_end_matches('/')));
    url.query_pairs_mut()
        .append_pair("instanceId", instance.id.as_str());
    trace.host = url.host_str().map(str::to_owned);
    let answer = app
        .fetch
        .call(url, &token, &body)
        .await
        .map_err(|error| match error {
            fetch::Error::TimedOut => Reason::GatewayTimeout,
            fetch::Error::TooLarge { .. } => Reason::GatewayBadAnswer,
            _ => Reason::GatewayUnreachable,
        })?;
    trace.http_status = Some(answer.status);
    trace.retry_after = answer.retry_after;
    Ok(instance.gateway.read_link(answer.status, &answer.body)?.url)
}

/// Streams the bytes into a staged file and judges them at the end.
async fn prove(
    app: &App,
    job: &Job,
    mut download: Download,
    trace: &mut Trace,
) -> Result<(Staging, wa_media::Verified), Reason> {
    trace.http_status = Some(download.status);
    trace.host = download.host().map(str::to_owned);
    let expected = Expected {
        sha256: job.sha256_told,
        enc_sha256: job.enc_sha256_told,
    };
    let hints = PlainHints {
        kind: job.kind,
        mime: job.mime_declared.clone(),
        file_name: job.file_name.clone(),
        media_key: job.media_key.clone(),
        key_kind: job.key_kind,
    };
    let mut verifier = PlainVerifier::new(expected, hints);
    let mut staging = app.vault.stage();
    loop {
        let chunk = download.next().await;
        trace.size_bytes = download.received_bytes();
        let Some(chunk) = chunk.map_err(|error| reason_of_download(&error, trace))? else {
            break;
        };
        verifier.update(&chunk);
        staging
            .write(&chunk)
            .await
            .map_err(|error| reason_of_storage(&error))?;
    }
    let verified = verifier.finish().map_err(|refusal| match refusal {
        Refusal::Empty => Reason::EmptyBody,
        Refusal::Html => Reason::HtmlBody,
        Refusal::Json => Reason::JsonBody,
        Refusal::StillEncrypted => Reason::StillEncrypted,
        Refusal::PlainHashMismatch => Reason::HashMismatch,
    })?;
    Ok((staging, verified))
}

/// Gives the proven bytes their name.
async fn file(
    app: &App,
    job: &Job,
    staging: Staging,
    verified: &wa_media::Verified,
) -> Result<(Holding, OwnedMutexGuard<()>), Reason> {
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
        route: Route::Gateway,
        mime: form.mime,
        size_bytes: verified.size_bytes(),
        sha256: *verified.sha256(),
        verified: verified.proof().as_str(),
        path: path.as_str().to_owned(),
    };
    Ok((holding, same_bytes))
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

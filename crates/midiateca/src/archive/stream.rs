//! One file from the network into a staged one: every chunk passes through whoever proves it.

use std::time::Duration;

use wa_media::PlainVerifier;

use super::{Proven, Trace, expected, hints, reason_of_refusal, reason_of_storage};
use crate::app::App;
use crate::fetch::guard::Guard;
use crate::fetch::{self, Pace, Wanted};
use crate::media::Reason;
use crate::queue::Job;
use crate::telemetry;
use crate::vault::Staging;

/// A connection that brings less than this, and less than a sixteenth of the file, counts as one that brought nothing.
const LEAST_PROGRESS_BYTES: u64 = 64 << 10;
/// A host that has just dropped a connection is given a moment.
const BETWEEN_RESUMES: Duration = Duration::from_millis(100);

/// Where the bytes come from, and what its failures mean.
pub(super) struct Source<'a> {
    pub guard: &'a Guard,
    pub wanted: Wanted<'a>,
    /// How long the file should be, which decides how long it may take.
    pub expected_bytes: Option<u64>,
    /// How often in a row a download that broke off is resumed without real progress.
    pub most_resumes: u32,
    /// Names a failure, and notes what it told.
    pub explain: fn(&fetch::Error, &mut Trace<'_>) -> Reason,
}

/// Takes the whole file. `take` gets each chunk, and appends what of it is to be kept.
pub(super) async fn stream(
    app: &App,
    source: &Source<'_>,
    staging: &mut Staging,
    trace: &mut Trace<'_>,
    mut take: impl FnMut(&[u8], &mut Vec<u8>),
) -> Result<(), Reason> {
    let mut whole_bytes: Option<u64> = None;
    let mut received = 0;
    let mut pace = app.fetch.pace(source.expected_bytes);
    // Resumes in a row without progress: a server that drops often but goes on sends the whole file in the end.
    let mut in_vain = 0;
    loop {
        let before = received;
        let broken = match receive(
            app,
            source,
            staging,
            trace,
            &mut pace,
            (received, whole_bytes),
            &mut take,
        )
        .await?
        {
            Received { error: None, .. } => return Ok(()),
            Received {
                error: Some(error),
                bytes,
                whole,
            } => {
                received = bytes;
                whole_bytes = whole;
                error
            }
        };
        let progress = whole_bytes.map_or(LEAST_PROGRESS_BYTES, |whole| {
            (whole / 16).clamp(1, LEAST_PROGRESS_BYTES)
        });
        in_vain = match received - before >= progress {
            true => 0,
            false => in_vain + 1,
        };
        if received == 0
            || pace.is_over(tokio::time::Instant::now())
            || source.most_resumes == 0
            || in_vain > source.most_resumes
            || !may_go_on(&broken)
        {
            return Err((source.explain)(&broken, trace));
        }
        tokio::time::sleep(BETWEEN_RESUMES).await;
    }
}

/// How far one connection came.
struct Received {
    bytes: u64,
    whole: Option<u64>,
    /// Why it did not come to the end.
    error: Option<fetch::Error>,
}

/// Takes what one connection gives, from byte `from` on.
async fn receive(
    app: &App,
    source: &Source<'_>,
    staging: &mut Staging,
    trace: &mut Trace<'_>,
    pace: &mut Pace,
    (from, whole): (u64, Option<u64>),
    take: &mut impl FnMut(&[u8], &mut Vec<u8>),
) -> Result<Received, Reason> {
    let wanted = Wanted {
        from,
        ..source.wanted
    };
    let stopped = |bytes, whole, error| {
        Ok(Received {
            bytes,
            whole,
            error,
        })
    };
    let mut download = match app.fetch.download(source.guard, &wanted, pace).await {
        Ok(download) => download,
        // It will not go on from the middle; the next attempt begins anew.
        Err(fetch::Error::Status {
            status: status @ (200 | 416),
            ..
        }) if from > 0 => {
            trace.http_status = Some(status);
            return Err(Reason::CutShort);
        }
        Err(error) => return stopped(from, whole, Some(error)),
    };
    trace.http_status = Some(download.status);
    trace.host = Some(download.host().to_owned());
    if whole.is_some() && download.whole_bytes != whole {
        return Err(Reason::CutShort);
    }
    let whole = whole.or(download.whole_bytes);
    let mut bytes = from;
    loop {
        let chunk = match download.next(pace).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) if whole.is_some_and(|whole| bytes < whole) => {
                return stopped(bytes, whole, Some(fetch::Error::EndedEarly));
            }
            Ok(None) => return stopped(bytes, whole, None),
            Err(error) => return stopped(bytes, whole, Some(error)),
        };
        bytes += chunk.len() as u64;
        trace.came(bytes);
        staging
            .append(|kept| take(&chunk, kept))
            .await
            .map_err(|error| reason_of_storage(&error))?;
    }
}

fn may_go_on(error: &fetch::Error) -> bool {
    match error {
        fetch::Error::CutShort(_)
        | fetch::Error::EndedEarly
        | fetch::Error::TimedOut
        | fetch::Error::Unreachable(_) => true,
        fetch::Error::Status { status, .. } => matches!(status, 500..=506 | 508..=599),
        fetch::Error::Refused(_) | fetch::Error::TooLarge { .. } => false,
    }
}

/// Takes the whole file, which came decrypted, and proves it.
pub(super) async fn stream_plain(
    app: &App,
    job: &Job,
    source: &Source<'_>,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let mut verifier = PlainVerifier::new(expected(job), hints(job));
    let mut staging = app.vault.stage_for(&job.id);
    stream(app, source, &mut staging, trace, |chunk, kept| {
        verifier.update(chunk);
        kept.extend_from_slice(chunk);
    })
    .await?;
    let verified = verifier
        .finish()
        .map_err(|refusal| reason_of_refusal(&refusal))?;
    Ok((staging, verified))
}

/// Names what failures mean wherever they happen; what no answer and a status mean is the caller's to say.
pub(super) fn explain(
    error: &fetch::Error,
    trace: &mut Trace<'_>,
    unreachable: Reason,
    of_status: impl FnOnce(u16, &str) -> Reason,
) -> Reason {
    trace.cause = Some(telemetry::chain(error));
    match error {
        fetch::Error::Refused(_) => Reason::LinkRefused,
        fetch::Error::Unreachable(_) => unreachable,
        fetch::Error::TimedOut => Reason::DownloadTimeout,
        fetch::Error::CutShort(_) | fetch::Error::EndedEarly => Reason::CutShort,
        fetch::Error::TooLarge { .. } => Reason::TooLarge,
        fetch::Error::Status {
            status,
            retry_after,
            excerpt,
        } => {
            trace.http_status = Some(*status);
            trace.retry_after = *retry_after;
            of_status(*status, excerpt)
        }
    }
}

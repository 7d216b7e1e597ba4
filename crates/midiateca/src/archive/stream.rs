//! One file from the network into a staged one: every chunk passes through whoever proves it.

use wa_media::PlainVerifier;

use super::{Proven, Trace, expected, hints, reason_of_refusal, reason_of_storage};
use crate::app::App;
use crate::fetch::guard::Guard;
use crate::fetch::{self, Wanted};
use crate::media::Reason;
use crate::queue::Job;
use crate::telemetry;
use crate::vault::Staging;

/// Where the bytes come from, and what its failures mean.
pub(super) struct Source<'a> {
    pub guard: &'a Guard,
    pub wanted: Wanted<'a>,
    /// How often a download that broke off is taken up where it ended.
    pub most_resumes: u32,
    /// Names a failure, and notes what it told.
    pub explain: fn(&fetch::Error, &mut Trace) -> Reason,
}

/// Takes the whole file. `take` gets each chunk, and appends what of it is to be kept.
pub(super) async fn stream(
    app: &App,
    source: &Source<'_>,
    staging: &mut Staging,
    trace: &mut Trace,
    mut take: impl FnMut(&[u8], &mut Vec<u8>),
) -> Result<(), Reason> {
    let mut whole_bytes = None;
    let mut received = 0;
    for resumes in 0.. {
        let wanted = Wanted {
            from: received,
            ..source.wanted
        };
        let mut download = app
            .fetch
            .download(source.guard, &wanted)
            .await
            .map_err(|error| match error {
                // It will not go on from the middle; the next attempt begins anew.
                fetch::Error::Status {
                    status: status @ (200 | 416),
                    ..
                } if received > 0 => {
                    trace.http_status = Some(status);
                    Reason::CutShort
                }
                error => (source.explain)(&error, trace),
            })?;
        trace.http_status = Some(download.status);
        trace.host = Some(download.host().to_owned());
        if received > 0 && download.whole_bytes != whole_bytes && whole_bytes.is_some() {
            return Err(Reason::CutShort);
        }
        whole_bytes = whole_bytes.or(download.whole_bytes);
        let broken = loop {
            let chunk = match download.next().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Ok(()),
                Err(error) => break error,
            };
            received += chunk.len() as u64;
            trace.size_bytes = received;
            staging
                .append(|kept| take(&chunk, kept))
                .await
                .map_err(|error| reason_of_storage(&error))?;
        };
        let may_go_on = matches!(broken, fetch::Error::CutShort(_) | fetch::Error::TimedOut)
            && received > 0
            && resumes < source.most_resumes;
        if !may_go_on {
            return Err((source.explain)(&broken, trace));
        }
    }
    unreachable!("the loop ends when it may not go on")
}

/// Takes the whole file, which came decrypted, and proves it.
pub(super) async fn stream_plain(
    app: &App,
    job: &Job,
    source: &Source<'_>,
    trace: &mut Trace,
) -> Result<Proven, Reason> {
    let mut verifier = PlainVerifier::new(expected(job), hints(job));
    let mut staging = app.vault.stage();
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
    trace: &mut Trace,
    unreachable: Reason,
    of_status: impl FnOnce(u16, &str) -> Reason,
) -> Reason {
    trace.cause = Some(telemetry::chain(error));
    match error {
        fetch::Error::Refused(_) => Reason::LinkRefused,
        fetch::Error::Unreachable(_) => unreachable,
        fetch::Error::TimedOut => Reason::DownloadTimeout,
        fetch::Error::CutShort(_) => Reason::CutShort,
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

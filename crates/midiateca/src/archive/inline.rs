//! The bytes that the delivery itself brought: nothing is asked of anybody.

use wa_media::{FoundMedia, PlainVerifier};

use super::{Proven, Trace, expected, hints, reason_of_refusal, reason_of_storage};
use crate::app::App;
use crate::delivery;
use crate::media::Reason;
use crate::queue::Job;
use crate::registry::Instance;

/// Proven and staged in such pieces.
const PIECE_BYTES: usize = 64 << 10;

/// Reads the delivery again, and takes the file out of it.
pub(super) async fn take(
    app: &App,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let body = delivery::body(&app.db, &job.delivery).await;
    let body = body.ok().flatten().ok_or(Reason::InlineGone)?;
    let reading = instance
        .gateway
        .read(&body)
        .map_err(|_| Reason::InlineGone)?;
    drop(body);
    let found = of_job(reading.media, job).ok_or(Reason::InlineGone)?;
    let bytes = found.inline.and_then(|inline| inline.decode());
    let bytes = bytes.ok_or(Reason::InlineMalformed)?;
    trace.came(bytes.len() as u64);
    let mut verifier = PlainVerifier::new(expected(job), hints(job));
    let mut staging = app.vault.stage_for(&job.id);
    for piece in bytes.chunks(PIECE_BYTES) {
        verifier.update(piece);
        staging
            .write(piece)
            .await
            .map_err(|error| reason_of_storage(&error))?;
    }
    let verified = verifier
        .finish()
        .map_err(|refusal| match reason_of_refusal(&refusal) {
            // The same bytes will be no better next time.
            Reason::HashMismatch => Reason::SenderHashWrong,
            _ => Reason::InlineMalformed,
        })?;
    Ok((staging, verified))
}

/// The job's media among those of its delivery: the one of its key, else the only one of its kind.
fn of_job(media: Vec<FoundMedia>, job: &Job) -> Option<FoundMedia> {
    let mut brought: Vec<_> = media
        .into_iter()
        .filter(|found| found.inline.is_some() && found.kind == job.kind)
        .collect();
    let by_key = brought
        .iter()
        .position(|found| found.media_key.is_some() && found.media_key == job.media_key);
    match by_key {
        Some(at) => Some(brought.swap_remove(at)),
        None if brought.len() == 1 => brought.pop(),
        None => None,
    }
}

//! Decides when the failure of a media is final.

use crate::clock::{DAY, HOUR, Millis};
use crate::model::{Attempt, Reason, Verdict};
use crate::queue::Job;

/// This many rounds in a row must agree that the media is unavailable,
const AGREEING_ROUNDS: i64 = 3;
/// over at least this time. A proxy with wrong answers, or a name that does not resolve, has recovered by then.
const AGREEING_FOR: Millis = HOUR;
/// A clock may be hours off: a link has certainly expired when its end is this long ago.
const OVER_AFTER: Millis = DAY;

/// The verdict on a round that failed for this reason, after these attempts.
pub(super) fn for_reason(reason: Reason, attempts: &[Attempt]) -> Verdict {
    // That there is no key is known without a request; that one is needed is known from a server's bytes.
    let is_answer = reason == Reason::KeysMissing
        && attempts
            .iter()
            .any(|attempt| attempt.reason == Some(reason));
    if is_answer {
        Verdict::Confirm
    } else {
        reason.verdict()
    }
}

/// Whether a failure is final now: it was repeated in several rounds over some time, or the link itself has expired.
pub(super) fn is_confirmed(job: &Job, reason: Reason, now: Millis) -> bool {
    let link = job.direct_path.as_deref().or(job.static_url.as_deref());
    let ends_at = link
        .and_then(wa_media::expiry_of)
        .map(|at| at.saturating_mul(1_000));
    let is_over = matches!(reason, Reason::CdnExpired | Reason::CdnGone)
        && ends_at.is_some_and(|ends_at| ends_at <= now - OVER_AFTER);
    let since = job.refused_since.unwrap_or(now);
    is_over || (job.refused_rounds + 1 >= AGREEING_ROUNDS && now - since >= AGREEING_FOR)
}

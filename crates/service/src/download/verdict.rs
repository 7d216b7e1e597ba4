//! When the answers that a media cannot be had are final.

use crate::clock::{DAY, HOUR, Millis};
use crate::model::{Attempt, Reason, Verdict};
use crate::queue::Job;

/// So many rounds in a row must agree that the media cannot be had,
const AGREEING_ROUNDS: i64 = 3;
/// over at least this time. A front that answers wrongly for a moment, or a name that leads nowhere, has passed by then.
const AGREEING_FOR: Millis = HOUR;
/// A clock may be hours off: a link is over for sure when its end is this long ago.
const OVER_AFTER: Millis = DAY;

/// What a round that failed for this reason calls for, after these attempts.
pub(super) fn of(reason: Reason, attempts: &[Attempt]) -> Verdict {
    // That there is no key is known without asking; that one is needed is what a server's bytes look like.
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

/// Whether an answer of this kind ends the media now: it was given in several rounds over some time, or the link itself
/// says that it is over.
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

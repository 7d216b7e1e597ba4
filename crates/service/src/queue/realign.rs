//! Corrects times that were written with a wrong clock.

use super::put::MOST_PATIENCE;
use super::wait_after;
use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::db::{Error, Tx};
use crate::media::requeue;
use crate::model::{Reason, Verdict};

/// The numbers of changed media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Realigned {
    /// Next attempt later than any backoff; ready now.
    pub due: u64,
    /// Deadline later than any media may have.
    pub shortened: u64,
    /// Expired before their deadline.
    pub requeued: u64,
}

/// The longest wait after failed round `rounds` (from 1) with this reason: the backoff with jitter, or the host's own
/// wait.
fn longest_wait(rounds: i64, reason: Option<Reason>) -> Millis {
    let step = wait_after(rounds.max(1));
    let longest = match reason.map(Reason::verdict) {
        Some(Verdict::RetryAfter(least)) => step.max(least),
        _ if reason.is_some_and(Reason::is_asked_for) => DAY,
        _ if reason.is_some_and(|reason| Reason::OF_STORAGE.contains(&reason)) => step.max(HOUR),
        _ => step,
    };
    longest + longest / 10 + MINUTE
}

/// Corrects what a wrong clock postponed or expired.
pub async fn realign(tx: &mut Tx, now: Millis) -> Result<Realigned, Error> {
    let mut due = 0;
    for media in requeue::postponed_past(tx, now + longest_wait(1, None)).await? {
        let longest = longest_wait(media.rounds, media.reason);
        if media.next_attempt_at.is_some_and(|at| at > now + longest) {
            due += requeue::make_ready(tx, &media.id).await?;
        }
    }
    let limit = now + MOST_PATIENCE;
    let shortened = requeue::shorten_deadlines(tx, limit, limit + DAY).await?;
    // A link that its server reported as expired stays expired; one that only our clock expired is requested.
    let requeued = requeue::requeue_unexpired(tx, now).await?;
    Ok(Realigned {
        due,
        shortened,
        requeued,
    })
}

/// Before the clock is set forward: keeps leases and deadlines from lapsing because of the jump.
pub async fn allow_for_jump(tx: &mut Tx, now: Millis, by: Millis) -> Result<(), Error> {
    requeue::extend_leases(tx, by.max(0)).await?;
    requeue::extend_deadlines(tx, now + DAY).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    #[test]
    fn a_wait_is_as_long_as_the_backoff_allows_and_no_longer() {
        for (rounds, reason, longest) in [
            (0, None, 5 * SECOND),
            (1, Some(Reason::CdnFailed), 5 * SECOND),
            (6, Some(Reason::GatewayFailed), 6 * HOUR),
            (60, Some(Reason::GatewayFailed), DAY),
            (1, Some(Reason::TokenMissing), HOUR),
            (1, Some(Reason::CdnThrottled), DAY),
        ] {
            let found = longest_wait(rounds, reason);
            assert_eq!(
                found,
                longest + longest / 10 + MINUTE,
                "{rounds} {reason:?}"
            );
        }
    }
}

//! Corrects times that were written with a wrong clock.

use super::put::MOST_PATIENCE;
use super::wait_after;
use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::db::{Db, Error, Key, Tx};
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

/// The most media in one write: others wait for it.
const AT_ONCE: usize = 200;

/// Corrects what a wrong clock postponed or expired. Media are looked for outside of writes: millions may have expired.
pub async fn realign(db: &Db, now: Millis) -> Result<Realigned, Error> {
    let mut realigned = Realigned::default();
    let postponed = requeue::postponed_past(db, now + longest_wait(1, None)).await?;
    let too_late = postponed.into_iter().filter_map(|media| {
        let latest = now + longest_wait(media.rounds, media.reason);
        (media.next_attempt_at > latest).then_some((media.id, latest))
    });
    let too_late: Vec<_> = too_late.collect();
    for group in too_late.chunks(AT_ONCE) {
        realigned.due += write(db, group, async |tx, (id, latest)| {
            requeue::make_ready(tx, &id, latest).await
        })
        .await?;
    }
    let limit = now + MOST_PATIENCE;
    let overlong = requeue::with_deadline_past(db, limit + DAY).await?;
    for group in overlong.chunks(AT_ONCE) {
        realigned.shortened += write(db, group, async move |tx, id| {
            requeue::shorten_deadline(tx, &id, limit, limit + DAY).await
        })
        .await?;
    }
    // A link that its server reported as expired stays expired; one that only our clock expired is requested.
    let unexpired = requeue::unexpired(db, now).await?;
    for group in unexpired.chunks(AT_ONCE) {
        realigned.requeued += write(db, group, async move |tx, id| {
            requeue::requeue_unexpired(tx, &id, now).await
        })
        .await?;
    }
    Ok(realigned)
}

/// Changes a group of media in one write; returns the number of changed rows.
async fn write<T, F>(db: &Db, group: &[T], change: F) -> Result<u64, Error>
where
    T: Clone + Send + 'static,
    F: AsyncFn(&mut Tx, T) -> Result<u64, Error> + Send + 'static,
{
    let group = group.to_vec();
    let write = db.write(Key::Everything, async move |tx| {
        let mut changed = 0;
        for item in &group {
            changed += change(tx, item.clone()).await?;
        }
        Ok(changed)
    });
    write.await
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

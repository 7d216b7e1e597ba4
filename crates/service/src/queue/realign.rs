//! Times that were written under a wrong clock, put right once the clock can be relied on.

use super::put::MOST_PATIENCE;
use super::wait_after;
use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::db::{Error, Tx, values};
use crate::model::{Reason, Verdict};

/// What was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Realigned {
    /// Waited for a time that no backoff reaches, and are ready now.
    pub due: u64,
    /// Were to be tried for longer than any media is.
    pub shortened: u64,
    /// Had expired, although their deadline is still ahead.
    pub requeued: u64,
}

/// The longest time that a media may wait after its round number `rounds` (from 1) failed for this reason: the backoff
/// with its jitter, or what the host asked for.
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

/// Puts right what a wrong clock has postponed or expired.
pub async fn realign(tx: &mut Tx, now: Millis) -> Result<Realigned, Error> {
    let sql = "select id, rounds, reason, next_attempt_at from media
               where status = 'pending' and next_attempt_at > $1";
    let mut due = 0;
    for row in tx.rows(sql, values![now + longest_wait(1, None)]).await? {
        let reason = row.text_or_none("reason")?;
        let longest = longest_wait(
            row.int("rounds")?,
            reason.as_deref().and_then(Reason::parse),
        );
        if row.int("next_attempt_at")? > now + longest {
            let sql =
                "update media set next_attempt_at = null where id = $1 and status = 'pending'";
            due += tx.run(sql, values![row.text("id")?]).await?;
        }
    }
    let sql = "update media set deadline = $1 where status in ('pending', 'downloading') and deadline > $2";
    let shortened = tx
        .run(sql, values![now + MOST_PATIENCE, now + MOST_PATIENCE + DAY])
        .await?;
    // A link that its server called expired stays so; one that only our clock called expired is asked.
    let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null
               where status = 'expired' and deadline > $1
                 and (coalesce(reason, '') <> 'cdn_expired' or (expires_at > $1
                   and not exists (select 1 from attempts where attempts.media = media.id and attempts.reason = 'cdn_expired')))";
    let requeued = tx.run(sql, values![now]).await?;
    Ok(Realigned {
        due,
        shortened,
        requeued,
    })
}

/// Before the clock is set forward: no lease lapses because of it, and nothing expires that had no time to be tried.
pub async fn allow_for_jump(tx: &mut Tx, now: Millis, by: Millis) -> Result<(), Error> {
    let sql = "update media set lease_until = lease_until + $1 where status = 'downloading'";
    tx.run(sql, values![by.max(0)]).await?;
    let sql = "update media set deadline = $1 where status in ('pending', 'downloading') and deadline < $1";
    tx.run(sql, values![now + DAY]).await.map(drop)
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

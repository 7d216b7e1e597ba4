//! The media table as a queue: claiming, the end of a round, the backoff.
//!
//! The SQL is in `media`: at most one owner claims a row, each claim increments `fence`, and only the newest claim
//! may settle the row.

mod adopt;
pub mod captions;
pub mod deletions;
mod erased;
mod put;
mod realign;

use std::ops::Deref;

use crate::clock::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::db::{Db, Error, Tx};
use crate::media::{
    self, Media,
    claim::Ready,
    settle::{self, Round},
};
use crate::model::{Attempt, InstanceId, MediaId, MediaStatus, Reason};

pub use crate::media::claim::{
    Lease, ReceivedBytes, claims, instances_with_work, promote_due, put_back, record_progress,
    release, renew,
};
pub use crate::media::message::{AdoptedFile, NewMessage};
pub use crate::media::requeue::{
    dismiss, requeue, requeue_lost, restore, retry_now, wake_all, wake_in_turn, wake_one,
};
pub use crate::media::settle::{Counts, Stored};
pub use adopt::{AddedFile, Adopted, add_file, adopt, is_of, is_other, refuses};
pub use erased::is_erased;
pub use put::{NewMedia, Put, add_link, put};
pub use realign::{Realigned, allow_for_jump, realign};

/// The waits between rounds; then daily until the deadline.
const BACKOFF: [Millis; 6] = [
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    HOUR,
    6 * HOUR,
];

/// The wait after failed round `rounds` (from 1).
pub fn wait_after(rounds: i64) -> Millis {
    let step = usize::try_from(rounds - 1).unwrap_or(0);
    BACKOFF.get(step).copied().unwrap_or(DAY)
}

/// A claimed media. Only its fence settles it.
#[derive(Clone, Debug)]
pub struct Job(Media);

impl Deref for Job {
    type Target = Media;

    fn deref(&self) -> &Media {
        &self.0
    }
}

/// How many media of an instance to claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub all: i64,
    /// Of these, media with a failed round.
    pub repeats: i64,
    /// Only media whose delivery has the bytes, because no host may be asked.
    pub only_inline: bool,
}

/// Media that expire within this time go first.
const SOON: Millis = HOUR;

/// Claims ready media of an instance: first those that expire soon, then media without a failed round, then by
/// deadline.
pub async fn claim(
    tx: &mut Tx,
    instance: &InstanceId,
    quota: Quota,
    lease: &Lease,
    now: Millis,
) -> Result<Vec<Job>, Error> {
    let mut claimed = Vec::new();
    let mut repeats = 0;
    for until in [now + SOON, Millis::MAX] {
        for has_failed in [false, true] {
            let left = quota.all - i64::try_from(claimed.len()).unwrap_or(i64::MAX);
            let limit = if has_failed {
                left.min(quota.repeats - repeats)
            } else {
                left
            };
            if limit <= 0 {
                continue;
            }
            let ready = Ready {
                has_failed,
                deadline: until,
                only_inline: quota.only_inline,
            };
            let media = media::claim::claim(tx, instance, ready, limit, lease).await?;
            if has_failed {
                repeats += i64::try_from(media.len()).unwrap_or(i64::MAX);
            }
            claimed.extend(media.into_iter().map(Job));
        }
    }
    Ok(claimed)
}

/// Claims one media by id, ready or waiting.
pub async fn claim_one(tx: &mut Tx, id: &MediaId, lease: &Lease) -> Result<Option<Job>, Error> {
    Ok(media::claim::claim_one(tx, id, lease).await?.map(Job))
}

/// All claimed media.
pub async fn claimed(db: &Db) -> Result<Vec<Job>, Error> {
    let media = media::claim::claimed(db).await?;
    Ok(media.into_iter().map(Job).collect())
}

/// Like [`claimed`], within a transaction.
pub async fn claimed_in(tx: &mut Tx) -> Result<Vec<Job>, Error> {
    let media = media::claim::claimed_in(tx).await?;
    Ok(media.into_iter().map(Job).collect())
}

/// The result of a round.
#[derive(Clone, Debug)]
pub enum Settled {
    Stored(Stored),
    /// A later round follows.
    Postponed {
        reason: Reason,
        until: Millis,
        /// The effect on the backoff.
        counts: Counts,
    },
    /// Comes back until its phone was asked for it. Its round does not count.
    AwaitsTurn {
        /// Why the CDN does not have it.
        reason: Reason,
        until: Millis,
    },
    /// Final: `failed` or `expired`.
    Ended {
        status: MediaStatus,
        reason: Reason,
    },
    /// Ready again without a result, because the server or the download was stopped.
    Returned,
}

impl Settled {
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Postponed { reason, .. } | Self::Ended { reason, .. } => Some(*reason),
            Self::Stored(_) | Self::AwaitsTurn { .. } | Self::Returned => None,
        }
    }
}

/// The result of settling a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Settled.
    Done,
    /// The round failed, but the message was repeated, so the media is ready again.
    Requeued,
    /// The claim was lost; nothing changed.
    Lost,
}

/// Settles a claim and records its round's attempts.
pub async fn settle(
    tx: &mut Tx,
    job: &Job,
    settled: &Settled,
    attempts: &[Attempt],
    now: Millis,
) -> Result<Settlement, Error> {
    let round = Round {
        id: &job.id,
        fence: job.fence,
        attempts: i64::try_from(attempts.len()).unwrap_or(i64::MAX),
    };
    let is_settled = match settled {
        Settled::Stored(stored) => settle::settle_stored(tx, round, stored, now).await?,
        Settled::Postponed {
            reason,
            until,
            counts,
        } => settle::settle_postponed(tx, round, *reason, *until, *counts, now).await?,
        Settled::AwaitsTurn { reason, until } => {
            settle::settle_postponed(tx, round, *reason, *until, Counts::NotAtAll, now).await?
        }
        Settled::Ended { status, reason } => {
            settle::settle_ended(tx, round, *status, *reason).await?
        }
        Settled::Returned => settle::settle_returned(tx, round).await?,
    };
    if !is_settled {
        return Ok(Settlement::Lost);
    }
    media::record_attempts(tx, job, attempts).await?;
    Ok(if settle::requeue_repeated(tx, &job.id).await? {
        Settlement::Requeued
    } else {
        Settlement::Done
    })
}

/// The consequence of a lost file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Requeued, because it has a key or a link. Only the server knows whether a link still works.
    Requeued,
    /// Failed: nothing can download it again.
    Final,
}

/// Marks a stored media as lost: requeues it if it can be downloaded, else fails it as `file_lost`. The row keeps the
/// path, because quarantine may have the file. `delivery_has_bytes`: the delivery still contains the bytes.
pub async fn mark_lost(
    tx: &mut Tx,
    media: &Media,
    delivery_has_bytes: bool,
    now: Millis,
) -> Result<Loss, Error> {
    let has_link = [&media.static_url, &media.link, &media.media_id]
        .into_iter()
        .any(Option::is_some)
        || media.direct_path.is_some() && media.media_key.is_some();
    if has_link || media.inline && delivery_has_bytes {
        media::requeue::requeue_as_lost(tx, &media.id, now).await?;
        return Ok(Loss::Requeued);
    }
    media::requeue::fail_as_lost(tx, &media.id).await?;
    Ok(Loss::Final)
}

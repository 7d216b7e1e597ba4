//! The media table as a queue: put in, claim by deadline under a lease, renew, finish, postpone, bury, requeue.
//!
//! A row is claimed by at most one owner at a time. `fence` grows with every claim, and only the claim
//! that holds the newest fence may settle the row, so a worker that lost its lease changes nothing.

mod adopt;
mod attempts;
pub mod captions;
mod dismiss;
mod erased;
mod lost;
mod origin;
mod outage;
mod progress;
mod put;
mod realign;

use crate::clock::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::db::{Db, Error, Row, Tx, values};
use crate::gateway::Gateway;
use crate::model::{
    Attempt, DeliveryId, InstanceId, KeyKind, MediaId, MediaKey, MediaKind, MediaStatus, Reason,
};

pub use adopt::{Adopted, Standing, absorb, adopt, is_stored_at, of_message, put_beside};
pub use attempts::{attempts_older_than, prune_attempts};
pub use dismiss::dismiss;
pub use erased::{has_lost_its_delivery, is_erased};
pub use lost::{Loss, find_again, lose, requeue_lost};
pub use outage::{wake_all, wake_in_turn, wake_one};
pub use progress::{Fetched, InFlight, claims, in_flight, is_claimed, note_fetched, put_back};
pub use put::{NewMedia, NewMessage, Put, put};
pub use realign::{Realigned, allow_for_jump, realign};

/// The waits between rounds; after the last of them, daily until the deadline.
const LADDER: [Millis; 6] = [
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    HOUR,
    6 * HOUR,
];

/// How long to wait after round number `rounds` (from 1) failed.
pub fn wait_after(rounds: i64) -> Millis {
    let step = usize::try_from(rounds - 1).unwrap_or(0);
    LADDER.get(step).copied().unwrap_or(DAY)
}

/// A claimed media: everything that is needed to fetch and file it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which media.
    pub id: MediaId,
    /// Which instance.
    pub instance: InstanceId,
    /// Whose.
    pub client: i64,
    /// From which gateway.
    pub gateway: Gateway,
    /// The delivery that told of it, or that brought its bytes.
    pub delivery: DeliveryId,
    /// Whether that delivery holds the bytes themselves.
    pub inline: bool,
    /// The message's id.
    pub message_id: String,
    /// Which of the message's files.
    pub slot: i64,
    /// The folder it belongs to.
    pub kind: MediaKind,
    /// The label of its key.
    pub key_kind: KeyKind,
    /// The declared type.
    pub mime_declared: Option<String>,
    /// The declared name.
    pub file_name: Option<String>,
    /// The time in its file's name.
    pub file_time: Millis,
    /// The key.
    pub media_key: Option<MediaKey>,
    /// The message brought a key, but not one of 32 bytes.
    pub media_key_malformed: bool,
    /// The path on the CDN.
    pub direct_path: Option<String>,
    /// A full link that needs no key.
    pub static_url: Option<String>,
    /// SHA-256 of the plaintext, as told.
    pub expected_sha256: Option<[u8; 32]>,
    /// SHA-256 of the encrypted file, as told.
    pub expected_enc_sha256: Option<[u8; 32]>,
    /// Length of the plaintext, as told. It lies.
    pub declared_length: Option<u64>,
    /// Failed rounds before this one.
    pub rounds: i64,
    /// How many rounds in a row before this one ended with the answer that it cannot be had.
    pub refused_rounds: i64,
    /// When the first of them ended.
    pub refused_since: Option<Millis>,
    /// Attempts recorded before this round.
    pub attempts: i64,
    /// When to give up.
    pub deadline: Millis,
    /// What the claim is proven by.
    pub fence: i64,
}

/// The columns of a [`Job`], for `returning`.
macro_rules! claimed {
    () => {
        "id, instance, client, gateway, delivery, inline, message_id, slot, kind, key_kind, mime_declared, file_name, file_time, media_key, media_key_malformed, direct_path, static_url, expected_sha256, expected_enc_sha256, declared_length, rounds, refused_rounds, refused_since, attempts, deadline, fence"
    };
}

fn job_of(row: &Row) -> Result<Job, Error> {
    Ok(Job {
        id: MediaId(row.text("id")?),
        instance: InstanceId(row.text("instance")?),
        client: row.int("client")?,
        gateway: row.parsed("gateway", Gateway::parse)?,
        delivery: DeliveryId(row.text("delivery")?),
        inline: row.flag("inline")?,
        message_id: row.text("message_id")?,
        slot: row.int("slot")?,
        kind: row.parsed("kind", MediaKind::parse)?,
        key_kind: row.parsed("key_kind", KeyKind::from_wire_type)?,
        mime_declared: row.text_or_none("mime_declared")?,
        file_name: row.text_or_none("file_name")?,
        file_time: row.int("file_time")?,
        media_key: row.bytes32_or_none("media_key")?.map(MediaKey::new),
        media_key_malformed: row.flag("media_key_malformed")?,
        direct_path: row.text_or_none("direct_path")?,
        static_url: row.text_or_none("static_url")?,
        expected_sha256: row.bytes32_or_none("expected_sha256")?,
        expected_enc_sha256: row.bytes32_or_none("expected_enc_sha256")?,
        declared_length: row
            .int_or_none("declared_length")?
            .and_then(|length| u64::try_from(length).ok()),
        rounds: row.int("rounds")?,
        refused_rounds: row.int("refused_rounds")?,
        refused_since: row.int_or_none("refused_since")?,
        attempts: row.int("attempts")?,
        deadline: row.int("deadline")?,
        fence: row.int("fence")?,
    })
}

/// Makes ready what has waited long enough, and what a lease let go. Returns how many rows moved.
pub async fn wake(tx: &mut Tx, now: Millis) -> Result<u64, Error> {
    let due = "update media set next_attempt_at = null where status = 'pending' and next_attempt_at <= $1";
    let lapsed = "update media set status = 'pending', next_attempt_at = null, lease_owner = null, lease_until = null
                  where status = 'downloading' and lease_until < $1";
    Ok(tx.run(due, values![now]).await? + tx.run(lapsed, values![now]).await?)
}

/// Requeues what one owner has claimed: for a process that ends, or that takes the place of one that was killed.
pub async fn release(tx: &mut Tx, owner: &str) -> Result<u64, Error> {
    let sql = "update media set status = 'pending', next_attempt_at = null, lease_owner = null, lease_until = null
               where status = 'downloading' and lease_owner = $1";
    tx.run(sql, values![owner]).await
}

/// The instances that have something ready, each once. Walks the index from one instance to the next, so
/// the cost grows with the number of instances and not with their backlogs.
pub async fn instances_with_work(tx: &mut Tx) -> Result<Vec<InstanceId>, Error> {
    let sql = "with recursive found (id) as (
                 select min(instance) from media where status = 'pending' and next_attempt_at is null
                 union all
                 select (select min(instance) from media
                         where status = 'pending' and next_attempt_at is null and instance > found.id)
                 from found where found.id is not null)
               select id from found where id is not null";
    let rows = tx.rows(sql, values![]).await?;
    rows.iter()
        .map(|row| row.text("id").map(InstanceId))
        .collect()
}

/// Under whose name, and until when, a claim holds.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The claiming process.
    pub owner: String,
    /// When the claim lapses unless renewed.
    pub until: Millis,
}

/// How many media of one instance may be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// In all.
    pub all: i64,
    /// Of them, those that have failed a round already.
    pub repeats: i64,
    /// Whether only those whose delivery holds the bytes, for no host may be asked.
    pub only_inline: bool,
}

/// What expires within this time goes before everything that lives longer.
const SOON: Millis = HOUR;

/// Claims ready media of one instance. Those that expire soon go first; among those, and among the others, new ones go
/// before those that have failed already, and then the earliest deadline counts.
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
            let limit = match has_failed {
                true => left.min(quota.repeats - repeats),
                false => left,
            };
            if limit <= 0 {
                continue;
            }
            let jobs = claim_some(
                tx,
                instance,
                (has_failed, until, quota.only_inline),
                limit,
                lease,
            )
            .await?;
            repeats += match has_failed {
                true => i64::try_from(jobs.len()).unwrap_or(i64::MAX),
                false => 0,
            };
            claimed.extend(jobs);
        }
    }
    Ok(claimed)
}

async fn claim_some(
    tx: &mut Tx,
    instance: &InstanceId,
    (has_failed, deadline, only_inline): (bool, Millis, bool),
    limit: i64,
    lease: &Lease,
) -> Result<Vec<Job>, Error> {
    // The expression is the one of the index media_ready_new_first.
    let sql = concat!(
        "update media set status = 'downloading', lease_owner = $1, lease_until = $2, fence = fence + 1, repeated = 0, fetched_bytes = null
         where id in (select id from media where instance = $3 and status = 'pending' and next_attempt_at is null
                        and (rounds > 0) = $4 and deadline < $5 and ($6 = 0 or inline = 1)
                      order by deadline limit $7)
         returning ",
        claimed!(),
    );
    let values = values![
        &lease.owner,
        lease.until,
        instance.as_str(),
        has_failed,
        deadline,
        only_inline,
        limit
    ];
    tx.rows(sql, values).await?.iter().map(job_of).collect()
}

/// Claims one media by name, ready or waiting.
pub async fn claim_one(tx: &mut Tx, id: &MediaId, lease: &Lease) -> Result<Option<Job>, Error> {
    let sql = concat!(
        "update media set status = 'downloading', next_attempt_at = null, lease_owner = $1, lease_until = $2, fence = fence + 1, repeated = 0, fetched_bytes = null
         where id = $3 and status = 'pending' returning ",
        claimed!(),
    );
    let row = tx
        .row(sql, values![&lease.owner, lease.until, id.as_str()])
        .await?;
    row.as_ref().map(job_of).transpose()
}

/// Holds on to a claim for longer; false when it was lost.
pub async fn renew(tx: &mut Tx, id: &MediaId, fence: i64, until: Millis) -> Result<bool, Error> {
    let sql =
        "update media set lease_until = $3 where id = $1 and fence = $2 and status = 'downloading'";
    Ok(tx.run(sql, values![id.as_str(), fence, until]).await? == 1)
}

/// What is held once a media is stored.
#[derive(Clone, Debug)]
pub struct Holding {
    /// How it was got.
    pub route: crate::model::Route,
    /// The type that the bytes have.
    pub mime: String,
    /// How many bytes.
    pub size_bytes: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// How far they are proven: `full`, `mac` or `unproven`.
    pub verified: &'static str,
    /// Where they are, below the storage root.
    pub path: String,
}

/// What a failed round changes in the backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// One round more.
    AsFailure,
    /// One round more, and one more in a row in which a server said that the media cannot be had.
    AsRefusal,
    /// Nothing: it was not for anything of this media.
    NotAtAll,
}

/// How a round ended.
#[derive(Clone, Debug)]
pub enum Settled {
    /// Stored.
    Stored(Holding),
    /// Not yet: try again at that time.
    Postponed {
        /// Why.
        reason: Reason,
        /// When to try again.
        until: Millis,
        /// How the round counts.
        counts: Counts,
    },
    /// No more, as `failed` or `expired`.
    Ended {
        /// `Failed` or `Expired`.
        status: MediaStatus,
        /// Why.
        reason: Reason,
    },
    /// Given back untried, because the program stops, or the download was stopped.
    Returned,
}

impl Settled {
    /// Why it is not stored.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Postponed { reason, .. } | Self::Ended { reason, .. } => Some(*reason),
            Self::Stored(_) | Self::Returned => None,
        }
    }
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is settled as told.
    AsTold,
    /// It failed, but a repeat came meanwhile, so it is ready again.
    Rearmed,
    /// It was lost, and nothing changed.
    Lost,
}

/// Settles a claim and records the attempts of its round.
pub async fn settle(
    tx: &mut Tx,
    job: &Job,
    settled: &Settled,
    attempts: &[Attempt],
    now: Millis,
) -> Result<Settlement, Error> {
    let tried = i64::try_from(attempts.len()).unwrap_or(i64::MAX);
    let changed = match settled {
        Settled::Stored(held) => {
            let sql = "update media set status = 'stored', reason = null, next_attempt_at = null, lease_owner = null, lease_until = null,
                         attempts = attempts + $3, stored_at = $4, route = $5, mime = $6, size_bytes = $7, sha256 = $8, verified = $9, path = $10
                       where id = $1 and fence = $2 and status = 'downloading'";
            let values = values![
                job.id.as_str(),
                job.fence,
                tried,
                now,
                held.route.as_str(),
                &held.mime,
                held.size_bytes,
                held.sha256,
                held.verified,
                &held.path
            ];
            tx.run(sql, values).await?
        }
        Settled::Postponed {
            reason,
            until,
            counts,
        } => postpone(tx, job, *reason, *until, *counts, (tried, now)).await?,
        Settled::Ended { status, reason } => {
            let sql = "update media set status = $3, reason = $4, next_attempt_at = null, lease_owner = null, lease_until = null,
                         rounds = rounds + 1, attempts = attempts + $5
                       where id = $1 and fence = $2 and status = 'downloading'";
            tx.run(
                sql,
                values![
                    job.id.as_str(),
                    job.fence,
                    status.as_str(),
                    reason.as_str(),
                    tried
                ],
            )
            .await?
        }
        Settled::Returned => {
            let sql = "update media set status = 'pending', next_attempt_at = null, lease_owner = null, lease_until = null, attempts = attempts + $3
                       where id = $1 and fence = $2 and status = 'downloading'";
            tx.run(sql, values![job.id.as_str(), job.fence, tried])
                .await?
        }
    };
    if changed == 0 {
        return Ok(Settlement::Lost);
    }
    attempts::record(tx, job, attempts).await?;
    let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null, repeated = 0
               where id = $1 and repeated = 1 and status in ('pending', 'failed', 'expired', 'dismissed')";
    Ok(match tx.run(sql, values![job.id.as_str()]).await? {
        0 => Settlement::AsTold,
        _ => Settlement::Rearmed,
    })
}

async fn postpone(
    tx: &mut Tx,
    job: &Job,
    reason: Reason,
    until: Millis,
    counts: Counts,
    (tried, now): (i64, Millis),
) -> Result<u64, Error> {
    let sql = "update media set status = 'pending', reason = $3, next_attempt_at = $4, lease_owner = null, lease_until = null,
                 rounds = rounds + $5, attempts = attempts + $6,
                 refused_rounds = case when $7 = 1 then refused_rounds + 1 when $5 = 1 then 0 else refused_rounds end,
                 refused_since = case when $7 = 1 then coalesce(refused_since, $8) when $5 = 1 then null else refused_since end
               where id = $1 and fence = $2 and status = 'downloading'";
    let values = values![
        job.id.as_str(),
        job.fence,
        reason.as_str(),
        until,
        counts != Counts::NotAtAll,
        tried,
        counts == Counts::AsRefusal,
        now
    ];
    tx.run(sql, values).await
}

/// Puts a media back in the queue from the start of the ladder, unless it is stored, being fetched or erased.
pub async fn requeue(tx: &mut Tx, id: &MediaId, now: Millis) -> Result<bool, Error> {
    let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null,
                 deadline = case when deadline < $2 then $2 else deadline end
               where id = $1 and status in ('pending', 'failed', 'expired', 'skipped', 'dismissed') and coalesce(reason, '') <> 'erased'";
    Ok(tx.run(sql, values![id.as_str(), now + DAY]).await? == 1)
}

/// Makes ready at once what waits for one of these reasons, for somebody has mended it.
pub async fn hurry(tx: &mut Tx, instance: &InstanceId, reasons: &[Reason]) -> Result<(), Error> {
    let sql = "update media set next_attempt_at = null where instance = $1 and status = 'pending' and reason = $2";
    for reason in reasons {
        tx.run(sql, values![instance.as_str(), reason.as_str()])
            .await?;
    }
    Ok(())
}

const CLAIMED: &str = concat!(
    "select ",
    claimed!(),
    " from media where status = 'downloading'"
);

/// Everything that somebody is fetching now.
pub async fn claimed(db: &Db) -> Result<Vec<Job>, Error> {
    db.rows(CLAIMED, values![])
        .await?
        .iter()
        .map(job_of)
        .collect()
}

/// Like [`claimed`], as the transaction sees it.
pub async fn claimed_in(tx: &mut Tx) -> Result<Vec<Job>, Error> {
    tx.rows(CLAIMED, values![])
        .await?
        .iter()
        .map(job_of)
        .collect()
}

/// How many media stand in each status.
pub async fn depth(db: &Db) -> Result<Vec<(MediaStatus, i64)>, Error> {
    let rows = db
        .rows(
            "select status, count(*) as n from media group by status",
            values![],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.parsed("status", MediaStatus::parse)?, row.int("n")?)))
        .collect()
}

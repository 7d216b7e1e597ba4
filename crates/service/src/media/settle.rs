//! The end of a claim. Each statement checks the fence and changes nothing when the claim was lost.

use crate::clock::Millis;
use crate::db::{Error, Tx, values};
use crate::model::{MediaId, MediaStatus, Reason, Route, Verification};

/// A verified and published file.
#[derive(Clone, Debug)]
pub struct Stored {
    pub route: Route,
    pub mime: String,
    pub size_bytes: u64,
    pub sha256: [u8; 32],
    pub verified: Verification,
    /// Below the storage root.
    pub path: String,
    /// Whether the path is a further name of a file that the client had.
    pub is_shared: bool,
}

/// A claim and the result of its round.
#[derive(Clone, Copy)]
pub struct Round<'a> {
    pub id: &'a MediaId,
    pub fence: i64,
    /// The attempts in the round.
    pub attempts: i64,
}

/// The effect of a failed round on the backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// One more round.
    AsFailure,
    /// One more round, and one more in a row in which a server said that the file is unavailable.
    AsRefusal,
    /// None: the cause is an outage, or it was not asked for.
    NotAtAll,
}

/// Settles a claim as stored.
pub async fn settle_stored(
    tx: &mut Tx,
    round: Round<'_>,
    stored: &Stored,
    now: Millis,
) -> Result<bool, Error> {
    let sql = "update media set status = 'stored', reason = null, next_attempt_at = null, lease_owner = null, lease_until = null,
                 attempts = attempts + $3, stored_at = $4, route = $5, mime = $6, size_bytes = $7, sha256 = $8, verified = $9, path = $10
               where id = $1 and fence = $2 and status = 'downloading'";
    let values = values![
        round.id.as_str(),
        round.fence,
        round.attempts,
        now,
        stored.route.as_str(),
        &stored.mime,
        stored.size_bytes,
        stored.sha256,
        stored.verified.as_str(),
        &stored.path
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// Settles a claim as pending until a later round.
pub async fn settle_postponed(
    tx: &mut Tx,
    round: Round<'_>,
    reason: Reason,
    until: Millis,
    counts: Counts,
    now: Millis,
) -> Result<bool, Error> {
    let sql = "update media set status = 'pending', reason = $3, next_attempt_at = $4, lease_owner = null, lease_until = null,
                 rounds = rounds + $5, attempts = attempts + $6,
                 refused_rounds = case when $7 = 1 then refused_rounds + 1 when $5 = 1 then 0 else refused_rounds end,
                 refused_since = case when $7 = 1 then coalesce(refused_since, $8) when $5 = 1 then null else refused_since end
               where id = $1 and fence = $2 and status = 'downloading'";
    let values = values![
        round.id.as_str(),
        round.fence,
        reason.as_str(),
        until,
        counts != Counts::NotAtAll,
        round.attempts,
        counts == Counts::AsRefusal,
        now
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// Settles a claim as failed or expired.
pub async fn settle_ended(
    tx: &mut Tx,
    round: Round<'_>,
    status: MediaStatus,
    reason: Reason,
) -> Result<bool, Error> {
    let sql = "update media set status = $3, reason = $4, next_attempt_at = null, lease_owner = null, lease_until = null,
                 rounds = rounds + 1, attempts = attempts + $5
               where id = $1 and fence = $2 and status = 'downloading'";
    let values = values![
        round.id.as_str(),
        round.fence,
        status.as_str(),
        reason.as_str(),
        round.attempts
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// Settles a claim as pending and ready, without a result.
pub async fn settle_returned(tx: &mut Tx, round: Round<'_>) -> Result<bool, Error> {
    let sql = "update media set status = 'pending', next_attempt_at = null, lease_owner = null, lease_until = null, attempts = attempts + $3
               where id = $1 and fence = $2 and status = 'downloading'";
    let values = values![round.id.as_str(), round.fence, round.attempts];
    Ok(tx.run(sql, values).await? == 1)
}

/// Makes a media ready whose round failed while its message was repeated; returns whether it did.
pub async fn requeue_repeated(tx: &mut Tx, id: &MediaId) -> Result<bool, Error> {
    let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null, repeated = 0
               where id = $1 and repeated = 1 and status in ('pending', 'failed', 'expired', 'dismissed')";
    Ok(tx.run(sql, values![id.as_str()]).await? == 1)
}

//! Claims: one owner at a time, under a lease. Each claim increments `fence`, and a statement with an older fence
//! changes nothing.

use std::collections::HashMap;

use super::row::{Media, columns};
use crate::clock::Millis;
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{InstanceId, MediaId, MediaKind};

/// The owner and end of a claim.
#[derive(Clone, Debug)]
pub struct Lease {
    pub owner: String,
    /// The claim lapses then unless it is renewed.
    pub until: Millis,
}

/// The order of ready media: by the death of a short-lived link until the first round, then by deadline.
macro_rules! urgency {
    () => {
        "(case when rounds > 0 then deadline else coalesce(link_dies_at, deadline) end)"
    };
}

/// Which ready media of an instance to claim.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// Media with a failed round, or media without.
    pub has_failed: bool,
    /// With an earlier deadline, or a link that dies earlier.
    pub deadline: Millis,
    /// Only media whose delivery has the bytes.
    pub only_inline: bool,
}

/// The instances with pending media. Jumps from instance to instance in the index, so the cost does not depend on their
/// backlogs.
macro_rules! pending_instances {
    () => {
        "(with recursive found (id) as (
            select min(instance) from media where status = 'pending'
            union all
            select (select min(instance) from media where status = 'pending' and instance > found.id)
            from found where found.id is not null)
          select id from found where id is not null)"
    };
}

pub(super) const DUE: &str = concat!(
    "update media set next_attempt_at = null where status = 'pending' and instance in ",
    pending_instances!(),
    " and next_attempt_at <= $1"
);
/// Here and below, the second condition on the status is that of the index media_unstored: few media are downloading.
pub(super) const LAPSED: &str = "update media set status = 'pending', next_attempt_at = null, lease_owner = null, lease_until = null
                  where status = 'downloading' and status <> 'stored' and lease_until < $1";

/// Makes media ready whose next attempt is due or whose lease lapsed; returns the number.
pub async fn promote_due(tx: &mut Tx, now: Millis) -> Result<u64, Error> {
    Ok(tx.run(DUE, values![now]).await? + tx.run(LAPSED, values![now]).await?)
}

/// Releases all claims of an owner: of a process that ends, or of a killed one that this process replaces.
pub async fn release(tx: &mut Tx, owner: &str) -> Result<u64, Error> {
    let sql = "update media set status = 'pending', next_attempt_at = null, lease_owner = null, lease_until = null
               where status = 'downloading' and status <> 'stored' and lease_owner = $1";
    tx.run(sql, values![owner]).await
}

pub(super) const WITH_WORK: &str = concat!(
    "select id from ",
    pending_instances!(),
    " as found where exists (select 1 from media where status = 'pending' and instance = found.id and next_attempt_at is null)"
);

/// The instances with ready media.
pub async fn instances_with_work(tx: &mut Tx) -> Result<Vec<InstanceId>, Error> {
    let rows = tx.rows(WITH_WORK, values![]).await?;
    rows.iter()
        .map(|row| row.text("id").map(InstanceId))
        .collect()
}

/// Claims up to `limit` ready media of an instance, the most urgent first.
pub async fn claim(
    tx: &mut Tx,
    instance: &InstanceId,
    ready: Ready,
    limit: i64,
    lease: &Lease,
) -> Result<Vec<Media>, Error> {
    // These expressions are those of the index media_pending. In PostgreSQL a list that is locked must not be read twice, so it is
    // an array.
    let sql = concat!(
        "update media set status = 'downloading', lease_owner = $1, lease_until = $2, fence = fence + 1, repeated = 0, fetched_bytes = null
         where id /*sqlite*/in (/*postgres = any (array( */ select id from media where instance = $3 and status = 'pending' and next_attempt_at is null
                        and (rounds > 0) = ($4 <> 0) and ",
        urgency!(),
        " < $5 and ($6 = 0 or inline = 1)
                      order by ",
        urgency!(),
        " limit $7 /*sqlite*/)/*postgres for update skip locked)) and status = 'pending' */
         returning ",
        columns!(),
    );
    let values = values![
        &lease.owner,
        lease.until,
        instance.as_str(),
        ready.has_failed,
        ready.deadline,
        ready.only_inline,
        limit
    ];
    tx.rows(sql, values)
        .await?
        .iter()
        .map(Media::from_row)
        .collect()
}

/// Claims one media by id, ready or waiting.
pub async fn claim_one(tx: &mut Tx, id: &MediaId, lease: &Lease) -> Result<Option<Media>, Error> {
    let sql = concat!(
        "update media set status = 'downloading', next_attempt_at = null, lease_owner = $1, lease_until = $2, fence = fence + 1,
           repeated = 0, fetched_bytes = null
         where id = $3 and status = 'pending' returning ",
        columns!(),
    );
    let row = tx
        .row(sql, values![&lease.owner, lease.until, id.as_str()])
        .await?;
    row.as_ref().map(Media::from_row).transpose()
}

/// Extends a claim; false when it was lost.
pub async fn renew(tx: &mut Tx, id: &MediaId, fence: i64, until: Millis) -> Result<bool, Error> {
    let sql =
        "update media set lease_until = $3 where id = $1 and fence = $2 and status = 'downloading'";
    Ok(tx.run(sql, values![id.as_str(), fence, until]).await? == 1)
}

/// Undoes a claim and postpones the media until then; no effect if the claim was lost.
pub async fn put_back(tx: &mut Tx, id: &MediaId, fence: i64, until: Millis) -> Result<(), Error> {
    let sql = "update media set status = 'pending', next_attempt_at = $3, lease_owner = null, lease_until = null
               where id = $1 and fence = $2 and status = 'downloading'";
    tx.run(sql, values![id.as_str(), fence, until])
        .await
        .map(drop)
}

const CLAIMED: &str = concat!(
    "select ",
    columns!(),
    " from media where status = 'downloading' and status <> 'stored'"
);

/// All claimed media.
pub async fn claimed(db: &Db) -> Result<Vec<Media>, Error> {
    let rows = db.rows(CLAIMED, values![]).await?;
    rows.iter().map(Media::from_row).collect()
}

/// Like [`claimed`], within a transaction.
pub async fn claimed_in(tx: &mut Tx) -> Result<Vec<Media>, Error> {
    let rows = tx.rows(CLAIMED, values![]).await?;
    rows.iter().map(Media::from_row).collect()
}

/// The fence of each claim, by media.
pub async fn claims(db: &Db) -> Result<HashMap<MediaId, i64>, Error> {
    let sql = "select id, fence from media where status = 'downloading' and status <> 'stored'";
    let rows = db.rows(sql, values![]).await?;
    let claim = |row: &Row| Ok((MediaId(row.text("id")?), row.int("fence")?));
    rows.iter().map(claim).collect()
}

/// The progress of a claimed media.
#[derive(Clone, Debug)]
pub struct ReceivedBytes {
    pub id: MediaId,
    pub fence: i64,
    /// As received, encrypted or not.
    pub bytes: u64,
}

/// Records the progress of downloads; no effect for lost claims.
pub async fn record_progress(tx: &mut Tx, progress: &[ReceivedBytes]) -> Result<(), Error> {
    let sql = "update media set fetched_bytes = $3 where id = $1 and fence = $2 and status = 'downloading'";
    for one in progress {
        tx.run(sql, values![one.id.as_str(), one.fence, one.bytes])
            .await?;
    }
    Ok(())
}

/// Up to `limit` running downloads, the longest first.
pub async fn downloading(
    db: &Db,
    instance: Option<&str>,
    kind: Option<MediaKind>,
    limit: u32,
) -> Result<Vec<Media>, Error> {
    let sql = concat!(
        "select ",
        columns!(),
        " from media where status = 'downloading' and status <> 'stored' and ($1 is null or instance = $1) and ($2 is null or kind = $2)
          order by case when fetched_bytes is null then 1 else 0 end, id limit $3"
    );
    let values = values![instance, kind.map(MediaKind::as_str), limit];
    db.rows(sql, values)
        .await?
        .iter()
        .map(Media::from_row)
        .collect()
}

#[cfg(test)]
mod tests;

//! Transitions of media that need no claim.

use super::row::{Media, columns};
use super::sql::waiting_ids;
use super::statement::placeholders;
use crate::clock::{DAY, Millis};
use crate::db::{Db, Error, Tx, Value, values};
use crate::model::{InstanceId, MediaId, Reason};

/// Restarts the backoff of a media, unless it is stored, downloading or erased.
pub async fn requeue(tx: &mut Tx, id: &MediaId, now: Millis) -> Result<bool, Error> {
    let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null,
                 deadline = case when deadline < $2 then $2 else deadline end
               where id = $1 and status in ('pending', 'failed', 'expired', 'skipped', 'dismissed') and coalesce(reason, '') <> 'erased'";
    Ok(tx.run(sql, values![id.as_str(), now + DAY]).await? == 1)
}

/// Like [`requeue`], for a stored media whose file is missing.
pub async fn requeue_lost(tx: &mut Tx, id: &MediaId, now: Millis) -> Result<bool, Error> {
    let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null,
                 deadline = case when deadline < $2 then $2 else deadline end
               where id = $1 and status = 'stored'";
    Ok(tx.run(sql, values![id.as_str(), now + DAY]).await? == 1)
}

/// Dismisses a failed or expired media, which keeps its reason; false for another status. A repeat of its message or
/// [`requeue`] puts it back in the queue.
pub async fn dismiss(tx: &mut Tx, id: &MediaId) -> Result<bool, Error> {
    let sql =
        "update media set status = 'dismissed' where id = $1 and status in ('failed', 'expired')";
    Ok(tx.run(sql, values![id.as_str()]).await? == 1)
}

/// Makes ready what waits at an instance for one of these reasons, whose cause is fixed.
pub async fn retry_now(
    tx: &mut Tx,
    instance: &InstanceId,
    reasons: &[Reason],
) -> Result<(), Error> {
    let sql = "update media set next_attempt_at = null where instance = $1 and status = 'pending' and reason = $2";
    for reason in reasons {
        tx.run(sql, values![instance.as_str(), reason.as_str()])
            .await?;
    }
    Ok(())
}

/// The media if it is stored, within a transaction.
pub async fn find_stored(tx: &mut Tx, id: &MediaId) -> Result<Option<Media>, Error> {
    let sql = concat!(
        "select ",
        columns!(),
        " from media where id = $1 and status = 'stored'"
    );
    let row = tx.row(sql, values![id.as_str()]).await?;
    row.as_ref().map(Media::from_row).transpose()
}

/// Marks a stored media as lost and requeues it. Its row keeps the path, because quarantine may have its file.
pub async fn requeue_as_lost(tx: &mut Tx, id: &MediaId, now: Millis) -> Result<(), Error> {
    let sql = "update media set status = 'pending', reason = 'file_lost', next_attempt_at = null, rounds = 0, refused_rounds = 0,
                 refused_since = null, deadline = case when deadline < $2 then $2 else deadline end
               where id = $1 and status = 'stored'";
    tx.run(sql, values![id.as_str(), now + DAY]).await.map(drop)
}

/// Marks a stored media as permanently lost.
pub async fn fail_as_lost(tx: &mut Tx, id: &MediaId) -> Result<(), Error> {
    let sql = "update media set status = 'failed', reason = 'file_lost' where id = $1 and status = 'stored'";
    tx.run(sql, values![id.as_str()]).await.map(drop)
}

const RESTORE: &str = "update media set status = 'stored', reason = null, next_attempt_at = null, lease_owner = null, lease_until = null,
                         fence = fence + 1
                       where id = (select id from media where path = $1 and sha256 = $2 and status <> 'stored'
                                     and coalesce(reason, '') not in ('erased', 'retention') limit 1)
                       returning id";

/// Sets the media with this path and hash back to stored. A running download loses its claim. Erased media and media
/// removed by a rule stay so. Returns the media's id.
pub async fn restore(tx: &mut Tx, path: &str, sha256: &[u8; 32]) -> Result<Option<MediaId>, Error> {
    let row = tx.row(RESTORE, values![path, sha256]).await?;
    row.map(|row| row.text("id").map(MediaId)).transpose()
}

/// After a host's outage, media become due this far apart, to limit the load on the host and let new media go first.
const APART: Millis = 20;

/// Makes ready everything that waits for one of these reasons; returns the number.
pub async fn wake_all(tx: &mut Tx, reasons: &[Reason]) -> Result<usize, Error> {
    let sql = format!(
        "update media set next_attempt_at = null where status = 'pending' and next_attempt_at is not null and reason in ({})
         returning 1 as woken",
        placeholders(1, reasons.len())
    );
    let values = reasons.iter().map(|reason| reason.as_str().into());
    Ok(tx.rows_of(sql, values.collect()).await?.len())
}

/// Makes due what waits at these instances for one of these reasons, earliest deadline first and one shortly after
/// the other; returns the number.
pub async fn wake_in_turn(
    tx: &mut Tx,
    instances: &[InstanceId],
    reasons: &[Reason],
    now: Millis,
) -> Result<usize, Error> {
    let sql = format!(
        "update media set next_attempt_at = turn.at from
           (select id, $1 + (row_number() over (order by deadline) - 1) * $2 as at from media
            where status = 'pending' and next_attempt_at is not null and {}) as turn
         where media.id = turn.id and media.next_attempt_at > turn.at returning 1 as woken",
        waits_for(3, instances, reasons)
    );
    let mut values = values![now, APART];
    values.extend(names(instances, reasons));
    Ok(tx.rows_of(sql, values).await?.len())
}

/// Makes ready the media with the earliest deadline that waits at these instances for one of these reasons.
pub async fn wake_one(
    tx: &mut Tx,
    instances: &[InstanceId],
    reasons: &[Reason],
) -> Result<usize, Error> {
    let sql = format!(
        "update media set next_attempt_at = null where id = (select id from media
           where status = 'pending' and next_attempt_at is not null and {} order by deadline limit 1) returning 1 as woken",
        waits_for(1, instances, reasons)
    );
    Ok(tx.rows_of(sql, names(instances, reasons)).await?.len())
}

fn waits_for(first: usize, instances: &[InstanceId], reasons: &[Reason]) -> String {
    format!(
        "instance in ({}) and reason in ({})",
        placeholders(first, instances.len()),
        placeholders(first + instances.len(), reasons.len())
    )
}

fn names(instances: &[InstanceId], reasons: &[Reason]) -> Vec<Value> {
    let instances = instances.iter().map(|id| Value::from(id.as_str()));
    let reasons = reasons.iter().map(|reason| Value::from(reason.as_str()));
    instances.chain(reasons).collect()
}

/// A pending media that waits for its next attempt.
#[derive(Clone, Debug)]
pub struct Postponed {
    pub id: MediaId,
    pub rounds: i64,
    pub reason: Option<Reason>,
    pub next_attempt_at: Millis,
}

/// Pending media with a later next attempt.
pub async fn postponed_past(db: &Db, time: Millis) -> Result<Vec<Postponed>, Error> {
    let sql = "select id, rounds, reason, next_attempt_at from media where status = 'pending' and next_attempt_at > $1";
    let rows = db.rows(sql, values![time]).await?;
    let postponed = rows.iter().map(|row| {
        Ok(Postponed {
            id: MediaId(row.text("id")?),
            rounds: row.int("rounds")?,
            reason: row.parsed_or_none("reason", Reason::parse)?,
            next_attempt_at: row.int("next_attempt_at")?,
        })
    });
    postponed.collect()
}

/// Makes a media ready that waits beyond `past`.
pub async fn make_ready(tx: &mut Tx, id: &MediaId, past: Millis) -> Result<u64, Error> {
    let sql = "update media set next_attempt_at = null where id = $1 and status = 'pending' and next_attempt_at > $2";
    tx.run(sql, values![id.as_str(), past]).await
}

pub(super) const LATE_DEADLINES: &str = concat!(
    "select id from media where deadline > $1 and id in ",
    waiting_ids!()
);
pub(super) const EXTEND: &str = concat!(
    "update media set deadline = $1 where deadline < $1 and id in ",
    waiting_ids!()
);
/// The second condition on the status is that of the index media_unstored.
macro_rules! is_unexpired {
    () => {
        "status = 'expired' and status <> 'stored' and deadline > $1
           and (coalesce(reason, '') <> 'cdn_expired' or (expires_at > $1
             and not exists (select 1 from attempts where attempts.media = media.id and attempts.reason = 'cdn_expired')))"
    };
}
pub(super) const UNEXPIRED: &str = concat!("select id from media where ", is_unexpired!());

/// Waiting media with a deadline after `limit`.
pub async fn with_deadline_past(db: &Db, limit: Millis) -> Result<Vec<MediaId>, Error> {
    ids(db, LATE_DEADLINES, limit).await
}

/// Sets the deadline of a waiting media to `deadline`, if it is after `limit`.
pub async fn shorten_deadline(
    tx: &mut Tx,
    id: &MediaId,
    deadline: Millis,
    limit: Millis,
) -> Result<u64, Error> {
    let sql = "update media set deadline = $2 where id = $1 and deadline > $3 and status in ('pending', 'downloading')";
    tx.run(sql, values![id.as_str(), deadline, limit]).await
}

/// Expired media whose deadline has not passed, unless their server reported an expired link.
pub async fn unexpired(db: &Db, now: Millis) -> Result<Vec<MediaId>, Error> {
    ids(db, UNEXPIRED, now).await
}

/// Requeues a media that [`unexpired`] found.
pub async fn requeue_unexpired(tx: &mut Tx, id: &MediaId, now: Millis) -> Result<u64, Error> {
    let sql = concat!(
        "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null
         where id = $2 and ",
        is_unexpired!()
    );
    tx.run(sql, values![now, id.as_str()]).await
}

async fn ids(db: &Db, sql: &'static str, time: Millis) -> Result<Vec<MediaId>, Error> {
    let rows = db.rows(sql, values![time]).await?;
    rows.iter().map(|row| row.text("id").map(MediaId)).collect()
}

/// Raises earlier deadlines of waiting media to `deadline`.
pub async fn extend_deadlines(tx: &mut Tx, deadline: Millis) -> Result<(), Error> {
    tx.run(EXTEND, values![deadline]).await.map(drop)
}

/// Extends all leases.
pub async fn extend_leases(tx: &mut Tx, by: Millis) -> Result<(), Error> {
    let sql = "update media set lease_until = lease_until + $1 where status = 'downloading' and status <> 'stored'";
    tx.run(sql, values![by]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_lost_file_is_found_again_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("t.db"), Duration::from_secs(1))
            .await
            .unwrap();
        let plan = db.rows_of(format!("explain query plan {RESTORE}"), values![]);
        let plan = plan.await.unwrap();
        let steps: Vec<_> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
        assert!(
            steps.iter().any(|step| step.contains("media_path")),
            "{steps:?}"
        );
        db.close().await;
    }
}

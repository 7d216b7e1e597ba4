//! Every try to get a media: written down with its round, and pruned when it is old.

use super::Job;
use crate::clock::Millis;
use crate::db::{Db, Error, Tx, values};
use crate::model::{Attempt, Reason};

/// Writes down the tries of a round.
pub(super) async fn record(tx: &mut Tx, job: &Job, attempts: &[Attempt]) -> Result<(), Error> {
    let sql = "insert into attempts (media, n, route, host, started_at, duration_ms, http_status, size_bytes, reason)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    for (attempt, n) in attempts.iter().zip(job.attempts + 1..) {
        let values = values![
            job.id.as_str(),
            n,
            attempt.route.as_str(),
            attempt.host.clone(),
            attempt.started_at,
            attempt.duration_ms,
            attempt.http_status.map(u32::from),
            attempt.size_bytes,
            attempt.reason.map(Reason::as_str)
        ];
        tx.run(sql, values).await?;
    }
    Ok(())
}

/// How many tries are older than that, of media that do not wait any more.
pub async fn attempts_older_than(db: &Db, before: Millis) -> Result<u64, Error> {
    let sql = "select count(*) as n from attempts where started_at < $1
                 and media not in (select id from media where status in ('pending', 'downloading'))";
    let row = db.row(sql, values![before]).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

/// Deletes up to `limit` of them; says how many.
pub async fn prune_attempts(tx: &mut Tx, before: Millis, limit: u32) -> Result<u64, Error> {
    let sql = "delete from attempts where (media, n) in (select media, n from attempts where started_at < $1
                 and media not in (select id from media where status in ('pending', 'downloading')) limit $2)";
    tx.run(sql, values![before, limit]).await
}

//! The attempts of each media: recorded with their round, pruned when they are old.

use serde::{Serialize, Serializer};

use super::Media;
use crate::clock::{Millis, rfc3339};
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{Attempt, MediaId, Reason, Route};

/// An attempt with its number, as the public JSON document has it.
#[derive(Clone, Debug, Serialize)]
pub struct RecordedAttempt {
    /// The number among the attempts of its media, from 1.
    pub n: i64,
    /// The candidate that was tried.
    pub route: Route,
    /// The host that answered last, without port or path.
    pub host: Option<String>,
    /// When it began.
    #[serde(serialize_with = "as_rfc3339")]
    pub started_at: Millis,
    /// How long it took.
    pub duration_ms: i64,
    /// The last HTTP status.
    pub http_status: Option<i64>,
    /// Bytes of the file that came.
    pub size: u64,
    /// Why it failed; none when it succeeded.
    pub reason: Option<Reason>,
}

fn as_rfc3339<S: Serializer>(time: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

/// The attempts of one media, in order.
pub async fn attempts(db: &Db, id: &MediaId) -> Result<Vec<RecordedAttempt>, Error> {
    let sql = "select n, route, host, started_at, duration_ms, http_status, size_bytes, reason
               from attempts where media = $1 order by n";
    let rows = db.rows(sql, values![id.as_str()]).await?;
    rows.iter().map(attempt_of).collect()
}

fn attempt_of(row: &Row) -> Result<RecordedAttempt, Error> {
    Ok(RecordedAttempt {
        n: row.int("n")?,
        route: row.parsed("route", Route::parse)?,
        host: row.text_or_none("host")?,
        started_at: row.int("started_at")?,
        duration_ms: row.int("duration_ms")?,
        http_status: row.int_or_none("http_status")?,
        size: row.count("size_bytes")?,
        reason: row.parsed_or_none("reason", Reason::parse)?,
    })
}

/// Records the attempts of a round of `media`, as it was when it was claimed.
pub async fn record_attempts(
    tx: &mut Tx,
    media: &Media,
    attempts: &[Attempt],
) -> Result<(), Error> {
    let sql = "insert into attempts (media, n, route, host, started_at, duration_ms, http_status, size_bytes, reason)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    for (attempt, n) in attempts.iter().zip(media.attempts + 1..) {
        let values = values![
            media.id.as_str(),
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

/// How many attempts began before that time, of media that are neither pending nor downloading.
pub async fn count_attempts_before(db: &Db, before: Millis) -> Result<u64, Error> {
    let sql = "select count(*) as n from attempts where started_at < $1
                 and media not in (select id from media where status in ('pending', 'downloading'))";
    let row = db.row(sql, values![before]).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

/// Deletes up to `limit` of them. Returns how many.
pub async fn prune_attempts(tx: &mut Tx, before: Millis, limit: u32) -> Result<u64, Error> {
    let sql = "delete from attempts where (media, n) in (select media, n from attempts where started_at < $1
                 and media not in (select id from media where status in ('pending', 'downloading')) limit $2)";
    tx.run(sql, values![before, limit]).await
}

//! The attempts of media: recorded with their round, pruned by age.

use serde::Serialize;

use super::Media;
use super::sql::{is_on_hold, waiting_ids};
use crate::clock::{Millis, as_rfc3339};
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{Attempt, MediaId, Reason, Route};

/// An attempt with its number, as in the JSON document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RecordedAttempt {
    /// From 1 within its media.
    pub n: i64,
    pub route: Route,
    /// The host of the last response, without port and path.
    pub host: Option<String>,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Millis,
    pub duration_ms: i64,
    pub http_status: Option<i64>,
    /// Received bytes of the file.
    pub size: u64,
    /// None when it succeeded.
    pub reason: Option<Reason>,
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

/// Records a round's attempts; `media` is the row at its claim.
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

macro_rules! is_attempt_on_hold {
    () => {
        concat!(
            "exists (select 1 from media where media.id = attempts.media and ",
            is_on_hold!(),
            ")"
        )
    };
}

pub(super) const COUNT_BEFORE: &str = concat!(
    "select count(*) as n from attempts where started_at < $1 and media not in ",
    waiting_ids!(),
    " and not ",
    is_attempt_on_hold!()
);
pub(super) const PRUNE: &str = concat!(
    "delete from attempts where (media, n) in (select media, n from attempts where started_at < $1
       and media not in ",
    waiting_ids!(),
    " and not ",
    is_attempt_on_hold!(),
    " limit $2)"
);

/// The number of older attempts of media that are neither pending nor downloading nor on hold.
pub async fn count_attempts_before(db: &Db, before: Millis) -> Result<u64, Error> {
    let row = db.row(COUNT_BEFORE, values![before]).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

/// Deletes up to `limit` of these; returns the number.
pub async fn prune_attempts(tx: &mut Tx, before: Millis, limit: u32) -> Result<u64, Error> {
    tx.run(PRUNE, values![before, limit]).await
}

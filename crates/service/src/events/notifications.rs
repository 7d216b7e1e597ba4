//! The outbox: a notification for each event and endpoint, written in the transaction of the event, and its attempts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::endpoints::Endpoint;
use super::{Event, endpoints, event_of};
use crate::clock::{HOUR, MINUTE, Millis, SECOND, as_rfc3339, as_rfc3339_or_null, spread};
use crate::db::{Db, Error, Row, Tx, values};
use crate::media::claim::Lease;
pub use crate::model::Cursor as NotificationCursor;
use crate::model::{Listed, codes};

/// How long after an attempt the next one is made; before the first, and after the last there is none.
pub const WAITS: [Millis; 10] = [
    0,
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

/// The longest `Retry-After` that is followed.
const LONGEST_ASKED: Millis = 24 * HOUR;

codes! {
    NotificationStatus {
        Pending "pending",
        Delivered "delivered",
        /// After the last attempt; it can be sent again.
        Failed "failed",
    }
}

codes! {
    AttemptReason {
        /// No connection, or it broke.
        Unreachable "unreachable",
        TimedOut "timed_out",
        /// The address guard refused the address.
        AddressRefused "address_refused",
        /// Another status than 2xx.
        Status "status",
        /// The secret cannot be unsealed.
        SecretUnreadable "secret_unreadable",
    }
}

/// One outgoing webhook.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Notification {
    /// The `webhook-id`, the same in every attempt.
    pub id: String,
    pub endpoint: String,
    /// The number of its event.
    pub event: i64,
    pub r#type: String,
    pub status: NotificationStatus,
    pub attempts: i64,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Millis,
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Millis>,
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Millis>,
}

impl Listed for Notification {
    fn listed_at(&self) -> Millis {
        self.created_at
    }

    fn listed_id(&self) -> &str {
        &self.id
    }
}

/// One attempt to send a notification.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NotificationAttempt {
    pub n: i64,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Millis,
    pub duration_ms: i64,
    pub http_status: Option<i64>,
    /// Null when it was accepted.
    pub reason: Option<AttemptReason>,
    /// The beginning of the answer.
    pub answer: Option<String>,
}

const COLUMNS: &str =
    "id, endpoint, event, type, status, attempts, created_at, next_attempt_at, ended_at";

fn notification_of(row: &Row) -> Result<Notification, Error> {
    Ok(Notification {
        id: row.text("id")?,
        endpoint: row.text("endpoint")?,
        event: row.int("event")?,
        r#type: row.text("type")?,
        status: row.parsed("status", NotificationStatus::parse)?,
        attempts: row.int("attempts")?,
        created_at: row.int("created_at")?,
        next_attempt_at: row.int_or_none("next_attempt_at")?,
        ended_at: row.int_or_none("ended_at")?,
    })
}

/// Adds a notification of an event for each enabled endpoint that wants it.
pub(super) async fn enqueue(
    tx: &mut Tx,
    event: i64,
    kind: &str,
    client: Option<i64>,
    now: Millis,
) -> Result<(), Error> {
    for subscription in endpoints::enabled(tx).await? {
        if subscription.wants(kind, client) {
            insert(tx, &subscription.endpoint, event, kind, client, now).await?;
        }
    }
    Ok(())
}

/// The number of added rows: none when the endpoint has a notification of this event.
async fn insert(
    tx: &mut Tx,
    endpoint: &str,
    event: i64,
    kind: &str,
    client: Option<i64>,
    now: Millis,
) -> Result<u64, Error> {
    let sql = "insert into notifications (id, endpoint, event, type, client, status, created_at, next_attempt_at)
               values ($1, $2, $3, $4, $5, 'pending', $6, $6) on conflict (id) do nothing";
    let id = format!("msg_{endpoint}_{event}");
    tx.run(sql, values![id, endpoint, event, kind, client, now])
        .await
}

/// A claimed notification with its event.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub notification: Notification,
    pub event: Event,
}

/// The endpoints that have notifications to send now.
pub async fn due_endpoints(db: &Db, now: Millis) -> Result<Vec<String>, Error> {
    let sql = "select distinct n.endpoint from notifications n join endpoints e on e.id = n.endpoint
               where n.status = 'pending' and n.next_attempt_at <= $1 and coalesce(n.lease_until, 0) <= $1 and e.disabled_at is null";
    let rows = db.rows(sql, values![now]).await?;
    rows.iter().map(|row| row.text("endpoint")).collect()
}

/// Claims up to `limit` notifications of an endpoint, the oldest first.
pub async fn claim(
    tx: &mut Tx,
    endpoint: &str,
    now: Millis,
    lease: &Lease,
    limit: u32,
) -> Result<Vec<Claimed>, Error> {
    let sql = "select n.id from notifications n join endpoints e on e.id = n.endpoint
               where n.endpoint = $1 and n.status = 'pending' and n.next_attempt_at <= $2 and coalesce(n.lease_until, 0) <= $2
                 and e.disabled_at is null
               order by n.created_at, n.event limit $3";
    let rows = tx.rows(sql, values![endpoint, now, limit]).await?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.text("id")?;
        let sql = "update notifications set lease_owner = $2, lease_until = $3 where id = $1";
        tx.run(sql, values![&id, &lease.owner, lease.until]).await?;
        let sql = "select n.id, n.endpoint, n.event, n.type, n.status, n.attempts, n.created_at, n.next_attempt_at, n.ended_at,
                     v.seq, v.at, v.kind, v.client, v.instance, v.media, v.data
                   from notifications n left join events v on v.seq = n.event where n.id = $1";
        let Some(row) = tx.row(sql, values![&id]).await? else {
            continue;
        };
        let notification = notification_of(&row)?;
        // Retention may have deleted the event.
        let event = if row.int_or_none("seq")?.is_some() {
            event_of(&row)?
        } else {
            Event {
                seq: notification.event,
                at: notification.created_at,
                kind: notification.r#type.clone(),
                client: None,
                instance: None,
                media: None,
                data: serde_json::Value::Null,
            }
        };
        claimed.push(Claimed {
            notification,
            event,
        });
    }
    Ok(claimed)
}

/// Releases all claims of an owner: of a killed process that this one replaces.
pub async fn release(tx: &mut Tx, owner: &str) -> Result<u64, Error> {
    let sql = "update notifications set lease_owner = null, lease_until = null where status = 'pending' and lease_owner = $1";
    tx.run(sql, values![owner]).await
}

/// The result of an attempt.
#[derive(Clone, Debug)]
pub struct Attempted {
    pub started_at: Millis,
    pub duration_ms: i64,
    pub http_status: Option<u16>,
    /// None when it was accepted.
    pub reason: Option<AttemptReason>,
    pub answer: Option<String>,
    /// The endpoint asked for at least this wait.
    pub retry_after: Option<Millis>,
}

/// Records an attempt, and when the next one is made. `jitter` is for [`spread`].
pub async fn settle(
    tx: &mut Tx,
    id: &str,
    attempted: &Attempted,
    jitter: u8,
    now: Millis,
) -> Result<NotificationStatus, Error> {
    let sql = "select attempts from notifications where id = $1 and status = 'pending'";
    let Some(row) = tx.row(sql, values![id]).await? else {
        return Ok(NotificationStatus::Delivered);
    };
    let n = row.int("attempts")? + 1;
    // The schedule may have begun again; the log goes on.
    let sql = "insert into notification_attempts (notification, n, started_at, duration_ms, http_status, reason, answer)
               values ($1, (select 1 + coalesce(max(n), 0) from notification_attempts where notification = $1), $2, $3, $4, $5, $6)";
    let values = values![
        id,
        attempted.started_at,
        attempted.duration_ms,
        attempted.http_status.map(i64::from),
        attempted.reason.map(AttemptReason::as_str),
        attempted.answer.as_deref(),
    ];
    tx.run(sql, values).await?;
    let (status, next) = match attempted.reason {
        None => (NotificationStatus::Delivered, None),
        Some(_) => match wait_after(n, jitter) {
            None => (NotificationStatus::Failed, None),
            Some(wait) => {
                // An endpoint may ask for more time, but not for ever.
                let asked = attempted.retry_after.unwrap_or(0).min(LONGEST_ASKED);
                let wait = wait.max(asked);
                (NotificationStatus::Pending, Some(now + wait))
            }
        },
    };
    let ended = (status != NotificationStatus::Pending).then_some(now);
    let sql = "update notifications set attempts = $2, status = $3, next_attempt_at = $4, ended_at = $5, lease_owner = null, lease_until = null where id = $1";
    tx.run(sql, values![id, n, status.as_str(), next, ended])
        .await?;
    Ok(status)
}

/// The wait after attempt `n`; none after the last.
fn wait_after(n: i64, jitter: u8) -> Option<Millis> {
    let wait = *WAITS.get(usize::try_from(n).ok()?)?;
    Some(spread(wait, jitter))
}

/// Up to `limit` notifications of an endpoint, newest first.
pub async fn of_endpoint(
    db: &Db,
    endpoint: &str,
    status: Option<NotificationStatus>,
    after: Option<NotificationCursor>,
    limit: u32,
) -> Result<Vec<Notification>, Error> {
    let sql = format!(
        "select {COLUMNS} from notifications where endpoint = $1 and ($2 is null or status = $2)
           and ($3 is null or (created_at, id) < ($3, $4))
         order by created_at desc, id desc limit $5"
    );
    let (created_at, id) = after.map(|after| (after.at, after.id)).unzip();
    let values = values![
        endpoint,
        status.map(NotificationStatus::as_str),
        created_at,
        id,
        limit
    ];
    let rows = db.rows_of(sql, values).await?;
    rows.iter().map(notification_of).collect()
}

pub async fn find(db: &Db, endpoint: &str, id: &str) -> Result<Option<Notification>, Error> {
    let sql = format!("select {COLUMNS} from notifications where id = $1 and endpoint = $2");
    let rows = db.rows_of(sql, values![id, endpoint]).await?;
    rows.first().map(notification_of).transpose()
}

/// The attempts of a notification, in order.
pub async fn attempts(db: &Db, id: &str) -> Result<Vec<NotificationAttempt>, Error> {
    let sql = "select n, started_at, duration_ms, http_status, reason, answer from notification_attempts where notification = $1 order by n";
    let rows = db.rows(sql, values![id]).await?;
    rows.iter()
        .map(|row| {
            Ok(NotificationAttempt {
                n: row.int("n")?,
                started_at: row.int("started_at")?,
                duration_ms: row.int("duration_ms")?,
                http_status: row.int_or_none("http_status")?,
                reason: row.parsed_or_none("reason", AttemptReason::parse)?,
                answer: row.text_or_none("answer")?,
            })
        })
        .collect()
}

/// Sends one again, with all attempts before it. False when there is none.
pub async fn resend(tx: &mut Tx, endpoint: &str, id: &str, now: Millis) -> Result<bool, Error> {
    let sql = "update notifications set status = 'pending', next_attempt_at = $3, ended_at = null, lease_owner = null, lease_until = null
               where id = $1 and endpoint = $2";
    Ok(tx.run(sql, values![id, endpoint, now]).await? == 1)
}

/// A time and one after it, which is not part of it.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    pub since: Millis,
    pub before: Millis,
}

/// How many failed in a period, by client.
pub async fn failed_by_client(
    db: &Db,
    endpoint: &str,
    period: Period,
) -> Result<Vec<(Option<i64>, u64)>, Error> {
    let sql = "select client, count(*) as n from notifications
               where endpoint = $1 and status = 'failed' and coalesce(ended_at, created_at) >= $2 and coalesce(ended_at, created_at) < $3
               group by client order by client";
    let rows = db.rows(sql, values![endpoint, period.since, period.before]);
    let rows = rows.await?;
    rows.iter()
        .map(|row| Ok((row.int_or_none("client")?, row.count("n")?)))
        .collect()
}

/// Sends up to `limit` of those again that failed in a period; returns how many.
pub async fn recover(
    tx: &mut Tx,
    endpoint: &str,
    period: Period,
    now: Millis,
    limit: u32,
) -> Result<u64, Error> {
    let sql = "update notifications set status = 'pending', next_attempt_at = $4, ended_at = null, lease_owner = null, lease_until = null, attempts = 0
               where id in (select id from notifications where endpoint = $1 and status = 'failed'
                 and coalesce(ended_at, created_at) >= $2 and coalesce(ended_at, created_at) < $3 limit $5)";
    let Period { since, before } = period;
    tx.run(sql, values![endpoint, since, before, now, limit])
        .await
}

/// How many events of a period never had a notification at this endpoint and are of a type that it wants, by client.
pub async fn missing_by_client(
    db: &Db,
    endpoint: &Endpoint,
    period: Period,
) -> Result<Vec<(Option<i64>, u64)>, Error> {
    let sql = "select client, kind, count(*) as n from events
               where at >= $2 and at < $3 and kind <> 'erased'
                 and not exists (select 1 from notifications where endpoint = $1 and event = events.seq)
               group by client, kind order by client, kind";
    let rows = db.rows(sql, values![&endpoint.id, period.since, period.before]);
    let subscription = endpoints::Subscription::of(endpoint);
    let mut counts: BTreeMap<Option<i64>, u64> = BTreeMap::new();
    for row in rows.await? {
        let (kind, client) = (row.text("kind")?, row.int_or_none("client")?);
        if subscription.wants(&kind, client) {
            *counts.entry(client).or_insert(0) += row.count("n")?;
        }
    }
    Ok(counts.into_iter().collect())
}

/// Adds notifications for the events of a period with a number after `after` and up to `until` that never had one at this
/// endpoint; returns how many.
pub async fn replay_missing(
    tx: &mut Tx,
    endpoint: &str,
    period: Period,
    after: i64,
    until: i64,
    now: Millis,
) -> Result<u64, Error> {
    let Some(subscription) = endpoints::subscription(tx, endpoint).await? else {
        return Ok(0);
    };
    let sql = "select seq, kind, client from events
               where at >= $1 and at < $2 and seq > $3 and seq <= $4 and kind <> 'erased' order by seq";
    let Period { since, before } = period;
    let mut added = 0;
    for row in tx.rows(sql, values![since, before, after, until]).await? {
        let (kind, client) = (row.text("kind")?, row.int_or_none("client")?);
        if subscription.wants(&kind, client) {
            added += insert(tx, endpoint, row.int("seq")?, &kind, client, now).await?;
        }
    }
    Ok(added)
}

/// The type of a notification without an event.
pub const TEST: &str = "endpoint.test";

/// Adds a notification that belongs to no event; returns its id.
pub async fn enqueue_test(tx: &mut Tx, endpoint: &str, now: Millis) -> Result<String, Error> {
    let id = format!("msg_{}", crate::model::fresh_id(now));
    let sql =
        "insert into notifications (id, endpoint, event, type, status, created_at, next_attempt_at)
               values ($1, $2, 0, $3, 'pending', $4, $4)";
    tx.run(sql, values![&id, endpoint, TEST, now]).await?;
    Ok(id)
}

/// Waiting and failed notifications.
pub async fn counts(db: &Db) -> Result<Vec<(NotificationStatus, u64)>, Error> {
    let sql = "select status, count(*) as n from notifications where status <> 'delivered' group by status";
    let rows = db.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.parsed("status", NotificationStatus::parse)?,
                row.count("n")?,
            ))
        })
        .collect()
}

/// When the oldest notification was created that waits for an enabled endpoint.
pub async fn oldest_waiting(db: &Db) -> Result<Option<Millis>, Error> {
    let sql = "select min(n.created_at) as oldest from notifications n join endpoints e on e.id = n.endpoint
               where n.status = 'pending' and e.disabled_at is null";
    let row = db.row(sql, vec![]).await?;
    row.map_or(Ok(None), |row| row.int_or_none("oldest"))
}

/// Created before `$1`, and ended; or waiting for an endpoint that is disabled.
macro_rules! old {
    () => {
        "created_at < $1 and (status <> 'pending' or endpoint in (select id from endpoints where disabled_at is not null))"
    };
}

/// The number of notifications created before then that are sent no more.
pub async fn ended_before(db: &Db, before: Millis) -> Result<u64, Error> {
    let sql = concat!("select count(*) as n from notifications where ", old!());
    let row = db.row(sql, values![before]).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

/// Deletes what endpoints answered to events that were erased: it may repeat them.
pub(super) async fn erase_answers(tx: &mut Tx, client: i64) -> Result<(), Error> {
    let sql = "update notification_attempts set answer = null where answer is not null and notification in
                 (select n.id from notifications n join events v on v.seq = n.event where v.kind = 'erased' and v.client = $1)";
    tx.run(sql, values![client]).await.map(drop)
}

/// Deletes up to `limit` of them; returns how many.
pub async fn prune(tx: &mut Tx, before: Millis, limit: u32) -> Result<u64, Error> {
    let sql = concat!(
        "delete from notification_attempts where notification in (select id from notifications where ",
        old!(),
        " order by id limit $2)"
    );
    tx.run(sql, values![before, limit]).await?;
    let sql = concat!(
        "delete from notifications where id in (select id from notifications where ",
        old!(),
        " order by id limit $2)"
    );
    tx.run(sql, values![before, limit]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_are_spread_over_three_days() {
        let waits: Vec<_> = (1..=10).map(|n| wait_after(n, 0)).collect();
        assert_eq!(waits[0], Some(5 * SECOND));
        assert_eq!(waits[8], Some(24 * HOUR));
        assert_eq!(waits[9], None);
        assert_eq!(wait_after(2, u8::MAX), Some(5 * MINUTE + 30 * SECOND));
    }
}

//! Counts of media. Those of the live view read an index only, so that they are cheap with a million rows; a test
//! checks the engine's plans.

mod queue;

use serde::Serialize;

use super::sql::waiting_ids;
use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::db::{Db, Error, Row, Tx, Value, values};
use crate::model::{InstanceId, MediaKind, MediaStatus, Reason, Scope};
pub use queue::{QueueAge, QueueAges, QueueStatus, ages};

/// A count and a sum of sizes.
#[derive(Clone, Debug, Serialize)]
pub struct Count {
    pub name: String,
    pub count: i64,
    /// Bytes of the stored ones.
    pub size: i64,
}

async fn count_by(db: &Db, sql: &'static str, values: Vec<Value>) -> Result<Vec<Count>, Error> {
    let rows = db.rows(sql, values).await?;
    rows.iter()
        .map(|row| {
            Ok(Count {
                name: row.text("name")?,
                count: row.int("n")?,
                size: row.int("size")?,
            })
        })
        .collect()
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCount {
    pub instance: String,
    pub kind: MediaKind,
    pub status: MediaStatus,
    pub count: i64,
}

/// A span of time in which a deadline falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Within an hour, or in the past.
    Hour,
    /// Within a day.
    Day,
    /// Within seven days.
    Week,
    /// Later.
    Later,
}

impl Due {
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Later];
}

/// Pending media of one instance with deadlines in the same span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingCount {
    pub instance: String,
    /// Ready, or waiting for their next attempt.
    pub is_ready: bool,
    /// The span of their deadlines.
    pub due: Due,
    pub count: i64,
}

/// Media of a client, in any status. What is left of an erased one is not counted.
pub async fn of_client(tx: &mut Tx, client: i64) -> Result<u64, Error> {
    let sql =
        "select count(*) as n from media where client = $1 and reason is distinct from 'erased'";
    let row = tx.row(sql, values![client]).await?;
    row.map_or(Ok(0), |row| Ok(row.int("n")?.unsigned_abs()))
}

/// Whether media of the instance were ever erased: a cheap question before that for one message.
pub async fn has_erased(tx: &mut Tx, instance: &InstanceId) -> Result<bool, Error> {
    let sql =
        "select 1 as found from media_counts where instance = $1 and reason = 'erased' limit 1";
    Ok(tx.row(sql, values![instance.as_str()]).await?.is_some())
}

const ENDED: &str = "select instance, kind, status, cast(sum(count) as bigint) as n from media_counts where count > 0 group by instance, kind, status";
/// The second condition on the status is that of the index media_unstored.
const CLAIMED: &str = "select instance, kind, status, count(*) as n from media where status = 'downloading' and status <> 'stored' group by instance, kind, status";

/// All media in groups: those that have ended as they are counted, the others one by one.
macro_rules! counted {
    () => {
        "(select client, instance, kind, status, reason, count, size from media_counts where count > 0
          union all select client, instance, kind, status, coalesce(reason, ''), 1, 0 from media where status = 'pending' and instance >= ''
          union all select client, instance, kind, status, coalesce(reason, ''), 1, 0 from media where status = 'downloading' and status <> 'stored')"
    };
}

/// Media that have ended or are downloading, by instance, kind and status.
pub async fn by_instance(db: &Db) -> Result<Vec<StatusCount>, Error> {
    let mut rows = db.rows(ENDED, values![]).await?;
    rows.extend(db.rows(CLAIMED, values![]).await?);
    rows.iter()
        .map(|row| {
            Ok(StatusCount {
                instance: row.text("instance")?,
                kind: row.parsed("kind", MediaKind::parse)?,
                status: row.parsed("status", MediaStatus::parse)?,
                count: row.int("n")?,
            })
        })
        .collect()
}

/// The SQL of [`pending`]. No index has the kind, so the condition is added only when needed.
fn pending_sql(is_ready: bool, of_kind: bool) -> String {
    let which = if is_ready {
        "next_attempt_at is null"
    } else {
        "next_attempt_at >= 0"
    };
    let kind = if of_kind { " and kind = $4" } else { "" };
    format!(
        "select instance, case when deadline < $1 then 0 when deadline < $2 then 1 when deadline < $3 then 2 else 3 end as due, count(*) as n
         from media where status = 'pending' and {which}{kind} group by 1, 2"
    )
}

/// Pending media by instance and deadline.
pub async fn pending(
    db: &Db,
    kind: Option<MediaKind>,
    now: Millis,
) -> Result<Vec<WaitingCount>, Error> {
    let mut found = Vec::new();
    for is_ready in [true, false] {
        let values = values![
            now + HOUR,
            now + DAY,
            now + 7 * DAY,
            kind.map(MediaKind::as_str)
        ];
        let rows = db.rows_of(pending_sql(is_ready, kind.is_some()), values);
        for row in rows.await? {
            let due = usize::try_from(row.int("due")?).ok();
            found.push(WaitingCount {
                instance: row.text("instance")?,
                is_ready,
                due: due
                    .and_then(|due| Due::ALL.get(due).copied())
                    .unwrap_or(Due::Later),
                count: row.int("n")?,
            });
        }
    }
    Ok(found)
}

const RECEIVED: &str = "select received_at / 60000 as minute, count(*) as n from media where received_at >= $1 group by 1";
/// With `is null or`, the instance condition lets the engine use the index of the time.
const RECEIVED_OF: &str = "select received_at / 60000 as minute, count(*) as n from media
    where received_at >= $1 and ($2 is null or instance = $2) and ($3 is null or kind = $3) group by 1";

/// Media received per minute since then, by minute of the Unix epoch; only minutes with media.
pub async fn received_per_minute(
    db: &Db,
    instance: Option<&str>,
    kind: Option<MediaKind>,
    since: Millis,
) -> Result<Vec<(i64, u64)>, Error> {
    let sql = if instance.is_none() && kind.is_none() {
        RECEIVED
    } else {
        RECEIVED_OF
    };
    let values: Vec<Value> = values![
        since / MINUTE * MINUTE,
        instance,
        kind.map(MediaKind::as_str)
    ];
    let of = |row: &Row| Ok((row.int("minute")?, row.count("n")?));
    db.rows(sql, values).await?.iter().map(of).collect()
}

const BY_KIND: &str = concat!(
    "select kind as name, cast(sum(count) as bigint) as n, cast(sum(case when status = 'stored' then size else 0 end) as bigint) as size from ",
    counted!(),
    " as counted group by kind order by kind"
);

/// All media by kind.
pub async fn by_kind(db: &Db) -> Result<Vec<Count>, Error> {
    count_by(db, BY_KIND, values![]).await
}

const BY_STATUS: &str = concat!(
    "select status as name, cast(sum(count) as bigint) as n, cast(sum(case when status = 'stored' then size else 0 end) as bigint) as size from ",
    counted!(),
    " as counted group by status order by status"
);

/// All media by status.
pub async fn by_status(db: &Db) -> Result<Vec<Count>, Error> {
    count_by(db, BY_STATUS, values![]).await
}

/// The media of some statuses, among those counted by status.
pub fn of_statuses(by_status: &[Count], statuses: &[MediaStatus]) -> i64 {
    let is_one = |count: &&Count| statuses.iter().any(|it| it.as_str() == count.name);
    by_status.iter().filter(is_one).map(|it| it.count).sum()
}

/// Media received since then, by status.
pub async fn by_status_since(db: &Db, since: Millis) -> Result<Vec<Count>, Error> {
    let sql =
        "select status as name, count(*) as n, cast(coalesce(sum(case when status = 'stored' then size_bytes end), 0) as bigint) as size
               from media where received_at >= $1 group by status order by status";
    count_by(db, sql, values![since]).await
}

const BY_REASON: &str = concat!(
    "select reason as name, cast(sum(count) as bigint) as n, cast(0 as bigint) as size from ",
    counted!(),
    " as counted where status not in ('stored', 'dismissed') and reason <> '' group by reason order by n desc"
);

/// Media that are not stored and not dismissed, by reason.
pub async fn by_reason(db: &Db) -> Result<Vec<Count>, Error> {
    count_by(db, BY_REASON, values![]).await
}

const WAITING_BY_REASON: &str = "select reason as name, count(*) as n, cast(0 as bigint) as size
               from media where status = 'pending' and instance >= '' and reason is not null group by reason order by n desc";

/// Pending media by the reason of their last round.
pub async fn waiting_by_reason(db: &Db) -> Result<Vec<Count>, Error> {
    count_by(db, WAITING_BY_REASON, values![]).await
}

pub(super) const WAITING_AGAIN: &str = "select count(*) as n from media where status = 'pending' and instance >= '' and path is not null and sha256 is not null";

/// Pending media that were stored and lost their file.
pub async fn waiting_again(db: &Db) -> Result<i64, Error> {
    let row = db.row(WAITING_AGAIN, values![]).await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

/// Bytes of the stored files of media received since then.
pub async fn grown_bytes(db: &Db, since: Millis) -> Result<u64, Error> {
    let sql = "select cast(coalesce(sum(size_bytes), 0) as bigint) as size from media where received_at >= $1 and status = 'stored'";
    let row = db.row(sql, values![since]).await?;
    row.map_or(Ok(0), |row| row.count("size"))
}

/// Bytes of the stored files of one delivery.
pub async fn bytes_of_delivery(db: &Db, delivery: &str) -> Result<u64, Error> {
    let sql = "select cast(coalesce(sum(size_bytes), 0) as bigint) as size from media where delivery = $1 and status = 'stored'";
    let row = db.row(sql, values![delivery]).await?;
    row.map_or(Ok(0), |row| row.count("size"))
}

/// The next deadline of rows of `media`: the first that is ahead of the time `$1`, else the last that has passed.
macro_rules! next_deadline {
    () => {
        "coalesce(min(case when deadline > $1 then deadline end), max(deadline))"
    };
}
use next_deadline;

const WAITING: &str = concat!(
    "select min(received_at) as oldest, ",
    next_deadline!(),
    " as next from media where ($2 is null or client = $2) and id in ",
    waiting_ids!()
);

/// When the oldest media in the queue of a scope was received, and the next deadline: the first that is ahead, or when all
/// have passed, the last of them.
pub async fn waiting(
    db: &Db,
    scope: Scope,
    now: Millis,
) -> Result<(Option<Millis>, Option<Millis>), Error> {
    match db.row(WAITING, values![now, scope.client()]).await? {
        Some(row) => Ok((row.int_or_none("oldest")?, row.int_or_none("next")?)),
        None => Ok((None, None)),
    }
}

/// Media of one instance with one kind and status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceCount {
    pub kind: MediaKind,
    pub status: MediaStatus,
    pub count: i64,
    /// Bytes of the stored ones.
    pub size_bytes: u64,
}

const OF_INSTANCE: &str = concat!(
    "select kind, status, cast(sum(count) as bigint) as n, cast(sum(size) as bigint) as size from ",
    counted!(),
    " as counted where instance = $1 group by kind, status order by kind, status"
);

/// An instance's media by kind and status.
pub async fn of_instance(db: &Db, id: &InstanceId) -> Result<Vec<InstanceCount>, Error> {
    let rows = db.rows(OF_INSTANCE, values![id.as_str()]).await?;
    rows.iter()
        .map(|row| {
            Ok(InstanceCount {
                kind: row.parsed("kind", MediaKind::parse)?,
                status: row.parsed("status", MediaStatus::parse)?,
                count: row.int("n")?,
                size_bytes: row.count("size")?,
            })
        })
        .collect()
}

/// Media of one instance that may still be downloaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Their number.
    pub count: i64,
    pub oldest: Option<Millis>,
    /// Their next deadline, as in [`waiting`].
    pub deadline: Option<Millis>,
}

/// The index that has the instance is not used: it reads all of its media, of which few wait.
const BACKLOG: &str = concat!(
    "select count(*) as n, min(received_at) as oldest, ",
    next_deadline!(),
    " as next from media where /*sqlite*/+/*postgres */instance = $2 and id in ",
    waiting_ids!()
);

/// The backlog of an instance.
pub async fn backlog(db: &Db, id: &InstanceId, now: Millis) -> Result<Backlog, Error> {
    let Some(row) = db.row(BACKLOG, values![now, id.as_str()]).await? else {
        return Ok(Backlog::default());
    };
    Ok(Backlog {
        count: row.int("n")?,
        oldest: row.int_or_none("oldest")?,
        deadline: row.int_or_none("next")?,
    })
}

pub async fn last_received(db: &Db) -> Result<Option<Millis>, Error> {
    let sql = "select max(received_at) as last from media";
    let row = db.row(sql, vec![]).await?;
    row.map_or(Ok(None), |row| row.int_or_none("last"))
}

pub async fn first_received(db: &Db) -> Result<Option<Millis>, Error> {
    let sql = "select min(received_at) as first from media";
    let row = db.row(sql, vec![]).await?;
    row.map_or(Ok(None), |row| row.int_or_none("first"))
}

/// Client and instance of all stored files.
pub async fn holders(db: &Db) -> Result<Vec<(i64, InstanceId)>, Error> {
    let sql = "select distinct client, instance from media_counts where status = 'stored' and count > 0 order by client, instance";
    let holder = |row: &Row| Ok((row.int("client")?, InstanceId(row.text("instance")?)));
    db.rows(sql, values![]).await?.iter().map(holder).collect()
}

/// Client and instance of all media, whatever their status.
pub async fn owners(db: &Db) -> Result<Vec<(i64, InstanceId)>, Error> {
    let sql = "select distinct client, instance from media_counts where count > 0 order by client, instance";
    let owner = |row: &Row| Ok((row.int("client")?, InstanceId(row.text("instance")?)));
    db.rows(sql, values![]).await?.iter().map(owner).collect()
}

/// Media of a scope.
#[derive(Default)]
pub struct ScopeCounts {
    pub by_status: Vec<Count>,
    pub by_kind: Vec<Count>,
}

const OF_SCOPE: &str = concat!(
    "select status, kind, cast(sum(count) as bigint) as n, cast(sum(case when status = 'stored' then size else 0 end) as bigint) as size from ",
    counted!(),
    " as counted where $1 is null or client = $1 group by status, kind"
);

pub async fn of_scope(db: &Db, scope: Scope) -> Result<ScopeCounts, Error> {
    let (mut by_status, mut by_kind) = (Vec::<Count>::new(), Vec::<Count>::new());
    for row in db.rows(OF_SCOPE, values![scope.client()]).await? {
        let (count, size) = (row.int("n")?, row.int("size")?);
        for (column, counts) in [("status", &mut by_status), ("kind", &mut by_kind)] {
            let name = row.text(column)?;
            match counts.iter_mut().find(|known| known.name == name) {
                Some(known) => (known.count, known.size) = (known.count + count, known.size + size),
                None => counts.push(Count { name, count, size }),
            }
        }
    }
    Ok(ScopeCounts { by_status, by_kind })
}

/// Media in one status for one reason.
#[derive(Clone, Copy, Debug)]
pub struct ReasonCount {
    pub status: MediaStatus,
    pub reason: Reason,
    pub count: i64,
}

const REASONS_OF_SCOPE: &str = concat!(
    "select status, reason, cast(sum(count) as bigint) as n from ",
    counted!(),
    " as counted where status <> 'stored' and reason <> '' and ($1 is null or client = $1)
      group by status, reason order by n desc"
);

/// The media of a scope that are not stored, by status and reason, the most first.
pub async fn reasons_of_scope(db: &Db, scope: Scope) -> Result<Vec<ReasonCount>, Error> {
    let rows = db.rows(REASONS_OF_SCOPE, values![scope.client()]).await?;
    rows.iter()
        .map(|row| {
            Ok(ReasonCount {
                status: row.parsed("status", MediaStatus::parse)?,
                reason: row.parsed("reason", Reason::parse)?,
                count: row.int("n")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{attempts, claim, examinations, requeue};
    use super::*;
    use crate::db::Key;

    #[tokio::test]
    async fn counting_never_walks_the_whole_table() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("t.db"), Duration::from_secs(1))
            .await
            .unwrap();
        let texts = [
            (ENDED.to_owned(), "media_counts"),
            (CLAIMED.to_owned(), "media_unstored (status=?)"),
            (pending_sql(true, false), "COVERING INDEX media_pending"),
            (pending_sql(true, true), "media_pending"),
            (pending_sql(false, false), "COVERING INDEX media_pending"),
            (pending_sql(false, true), "media_pending"),
            (RECEIVED.to_owned(), "media_by_time"),
            (RECEIVED_OF.to_owned(), "media_by_time"),
        ];
        for (sql, index) in texts {
            let plan = db.rows_of(format!("explain query plan {sql}"), values![]);
            let plan = plan.await.unwrap()[0].text("detail").unwrap();
            assert!(plan.contains(index), "{sql}: {plan}");
        }
        db.close().await;
    }

    /// After every change of a row, whichever statement makes it.
    #[tokio::test]
    async fn the_counts_are_those_of_the_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let db = Db::open(&path, Duration::from_secs(1)).await.unwrap();
        let write = async |sql: &'static str| {
            let writing = db.write(Key::Everything, async move |tx| tx.run(sql, vec![]).await);
            writing.await.unwrap()
        };
        write("insert into clients (id, name, created_at) values (1, 'A', 0), (2, 'B', 0)").await;
        write("insert into instances (id, client, gateway, hook_hash, api_base, created_at) values ('I', 1, 'wapi', cast('00' as /*sqlite*/blob/*postgres bytea */), '', 0), ('J', 2, 'wapi', cast('01' as /*sqlite*/blob/*postgres bytea */), '', 0)").await;
        let equal = "select (select count(*) from (
                       select client, instance, kind, status, coalesce(reason, ''), count(*), coalesce(sum(size_bytes), 0) from media
                       where status not in ('pending', 'downloading') group by 1, 2, 3, 4, 5
                       except select client, instance, kind, status, reason, count, size from media_counts) as a) as missing,
                     (select count(*) from (
                       select client, instance, kind, status, reason, count, size from media_counts where count <> 0
                       except select client, instance, kind, status, coalesce(reason, ''), count(*), coalesce(sum(size_bytes), 0) from media
                         where status not in ('pending', 'downloading') group by 1, 2, 3, 4, 5) as b) as stale,
                     (select count(*) from media_counts where count < 0 or size < 0 or (count = 0 and size <> 0)) as wrong,
                     (select count(*) from (select delivery, id from media where inline = 1 except select delivery, media from inline_media) as c) as not_inline,
                     (select count(*) from inline_media) - (select count(*) from media where inline = 1) as too_many";
        let mut total = 0;
        for sql in [
            "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 60)
             insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, from_me, is_group, voice_note, received_at,
               file_time, media_key_malformed, inline, status, reason, deadline, size_bytes)
             select 'M' || n, case n % 2 when 0 then 'I' else 'J' end, 1 + n % 2, 'wapi', 'M' || n, 0, 'D' || n, case n % 3 when 0 then 'image' else 'audio' end,
               'image', 0, 0, 0, n, n, 0, case when n % 4 = 0 then 1 else 0 end, case n % 5 when 0 then 'skipped' else 'pending' end, case n % 5 when 0 then 'policy_kind' end, 9, null from numbers",
            "update media set status = 'downloading' where status = 'pending' and received_at < 30",
            "update media set status = 'stored', reason = null, size_bytes = received_at, sha256 = cast('01234567890123456789012345678901' as /*sqlite*/blob/*postgres bytea */), path = id where status = 'downloading' and received_at < 20",
            "update media set status = 'failed', reason = 'cdn_gone' where status = 'downloading'",
            "update media set reason = 'cdn_expired' where status = 'failed' and received_at % 2 = 0",
            "update media set size_bytes = 7 where status = 'stored' and received_at % 3 = 0",
            "update media set status = 'dismissed' where status = 'failed' and received_at % 3 = 0",
            "update media set status = 'pending', reason = 'file_lost' where status = 'stored' and received_at % 5 = 1",
            "update media set inline = 0 where received_at % 8 = 0",
            "update media set delivery = 'E', inline = 1 where received_at % 7 = 0",
            "update media set delivery = delivery, inline = inline where received_at % 2 = 1",
            "update media set client = 2, instance = 'J' where received_at % 11 = 0",
            "delete from media where received_at % 6 = 0",
            "delete from media where status = 'stored'",
        ] {
            total += write(sql).await;
            let row = db.row(equal, vec![]).await.unwrap().unwrap();
            let found = ["missing", "stale", "wrong", "not_inline", "too_many"].map(|name| row.int(name).unwrap());
            assert_eq!(found, [0; 5], "{sql}");
        }
        assert!(total > 150, "{total}");
        db.close().await;
    }

    #[tokio::test]
    async fn neither_start_nor_sweep_walks_the_whole_table() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("t.db"), Duration::from_secs(1))
            .await
            .unwrap();
        let waiting = ["media_pending", "media_unstored (status=?)"];
        let texts = [
            (WAITING, &waiting[..]),
            (BACKLOG, &waiting),
            (queue::AGES, &waiting),
            (requeue::LATE_DEADLINES, &waiting),
            (requeue::EXTEND, &waiting),
            (attempts::COUNT_BEFORE, &waiting),
            (attempts::PRUNE, &waiting),
            (requeue::UNEXPIRED, &["media_unstored (status=?)"]),
            (
                claim::DUE,
                &["media_pending (instance=? AND next_attempt_at<?)"],
            ),
            (claim::LAPSED, &["media_unstored (status=?)"]),
            (
                claim::WITH_WORK,
                &["media_pending (instance=? AND next_attempt_at=?)"],
            ),
            (BY_STATUS, &waiting),
            (BY_KIND, &waiting),
            (BY_REASON, &waiting),
            (OF_INSTANCE, &waiting),
            (OF_SCOPE, &waiting),
            (WAITING_BY_REASON, &["media_pending"]),
            (WAITING_AGAIN, &["media_pending"]),
            (
                examinations::INFECTED,
                &[
                    "verdicts_infected",
                    "media_by_content (client=? AND sha256=?)",
                ],
            ),
        ];
        for (sql, indexes) in texts {
            let plan = db.rows_of(format!("explain query plan {sql}"), values![]);
            let plan = plan.await.unwrap();
            let steps: Vec<_> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
            assert!(
                !steps.iter().any(|step| step == "SCAN media"
                    || step.starts_with("SCAN media ")
                    || step.ends_with("media_by_time")),
                "{sql}: {steps:?}"
            );
            for index in indexes {
                let uses = |step: &String| step.contains(index);
                assert!(steps.iter().any(uses), "{sql}: {index}: {steps:?}");
            }
        }
        db.close().await;
    }
}

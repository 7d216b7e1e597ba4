//! Media by the time of their receipt: the hours of a day, and the months of a bill.

use serde::Serialize;

use crate::clock::{HOUR, Millis, rfc3339};
use crate::db::{Db, Error, Row, values};
use crate::model::{MediaStatus, Scope};

/// Media that were received in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HourCount {
    pub stored: i64,
    /// Failed or expired.
    pub failed: i64,
    /// In every status.
    pub all: i64,
}

/// With the kinds named, the index of client, kind and time is read without its rows.
const HOURS_OF_CLIENT: &str = "select (received_at - $2) / $3 as hour, count(*) as n from media
    where client = $1 and kind in ('image', 'video', 'audio', 'document', 'sticker') and received_at >= $2 group by hour";
const HOURS: &str = "select (received_at - $2) / $3 as hour, count(*) as n from media where $1 is null and received_at >= $2 group by hour";
/// Few media are not stored, so that what is stored is the rest.
const UNSTORED_HOURS_OF_CLIENT: &str = "select (received_at - $2) / $3 as hour, status, count(*) as n from media
    where /*sqlite*/+/*postgres */client = $1 and status <> 'stored' and status in ('pending', 'downloading', 'skipped', 'failed', 'expired', 'dismissed')
      and received_at >= $2 group by hour, status";
const UNSTORED_HOURS: &str = "select (received_at - $2) / $3 as hour, status, count(*) as n from media
    where $1 is null and status <> 'stored' and status in ('pending', 'downloading', 'skipped', 'failed', 'expired', 'dismissed')
      and received_at >= $2 group by hour, status";

/// The hours since then, the oldest first; each lasts an hour from `since` on.
pub async fn by_hour(
    db: &Db,
    scope: Scope,
    since: Millis,
    hours: usize,
) -> Result<Vec<HourCount>, Error> {
    let (all, unstored) = match scope {
        Scope::All => (HOURS, UNSTORED_HOURS),
        Scope::Client(_) => (HOURS_OF_CLIENT, UNSTORED_HOURS_OF_CLIENT),
    };
    let values = || values![scope.client(), since, HOUR];
    let mut found = vec![HourCount::default(); hours];
    let place = |row: &Row| Ok::<_, Error>(usize::try_from(row.int("hour")?).unwrap_or(hours));
    for row in db.rows(all, values()).await? {
        if let Some(hour) = found.get_mut(place(&row)?) {
            hour.all = row.int("n")?;
            hour.stored = hour.all;
        }
    }
    for row in db.rows(unstored, values()).await? {
        if let Some(hour) = found.get_mut(place(&row)?) {
            let count = row.int("n")?;
            // A media that came in between is counted here only.
            hour.stored = (hour.stored - count).max(0);
            let status = row.parsed("status", MediaStatus::parse)?;
            if matches!(status, MediaStatus::Failed | MediaStatus::Expired) {
                hour.failed += count;
            }
        }
    }
    Ok(found)
}

/// What a client stored in a month.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct MonthlyUsage {
    pub client: i64,
    /// `2026-11`, in UTC.
    pub month: String,
    /// Media that were stored, also those that were deleted later.
    pub media: u64,
    /// Their bytes; equal files count each time.
    pub size: u64,
}

/// What was stored, by client and month of receipt, the newest month first. Of the month in which `from` is, all counts.
pub async fn monthly_usage(
    db: &Db,
    scope: Scope,
    from: Millis,
) -> Result<Vec<MonthlyUsage>, Error> {
    let sql = "select client, month, media, size from monthly_usage
               where ($1 is null or client = $1) and month >= $2 and media > 0 order by month desc, client";
    let first = rfc3339(from);
    let first = first.get(..7).unwrap_or_default();
    let rows = db.rows(sql, values![scope.client(), first]).await?;
    rows.iter()
        .map(|row| {
            Ok(MonthlyUsage {
                client: row.int("client")?,
                month: row.text("month")?,
                media: row.count("media")?,
                size: row.count("size")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::db::Key;
    use crate::model::MediaKind;

    /// A media of each kind and status per minute, of two clients in turn.
    const FILL: &str = "with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n < 419)
        insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, from_me, is_group, voice_note,
          received_at, file_time, media_key_malformed, inline, status, deadline)
        select $1 || $2 || n, 'I', 1 + n % 2, 'wapi', $1 || $2 || n, 0, 'D', $1, 'image', 0, 0, 0, n * 60000, 0, 0, 0, $2, 0 from numbers";

    #[tokio::test]
    async fn hours_are_counted_from_indexes_and_count_every_kind_and_status() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let db = Db::open_sqlite(&path, Duration::from_secs(1))
            .await
            .unwrap();
        let fill = async |kind: MediaKind, status: MediaStatus| {
            let values = values![kind.as_str(), status.as_str()];
            let writing = db.write(Key::Everything, async move |tx| {
                tx.run(FILL, values.clone()).await
            });
            writing.await.unwrap();
        };
        let set_up = [
            "insert into clients (id, name, created_at) values (1, 'A', 0), (2, 'B', 0)",
            "insert into instances (id, client, gateway, hook_hash, api_base, created_at) values ('I', 1, 'wapi', cast('00' as /*sqlite*/blob/*postgres bytea */), '', 0)",
        ];
        for sql in set_up {
            let writing = db.write(Key::Everything, async move |tx| tx.run(sql, vec![]).await);
            writing.await.unwrap();
        }
        for kind in MediaKind::ALL {
            for status in MediaStatus::ALL {
                fill(kind, status).await;
            }
        }
        // A stored media is counted when it is stored, once, and stays.
        let counted = async || {
            let usage = monthly_usage(&db, Scope::Client(1), 0).await.unwrap();
            usage.iter().map(|month| month.media).sum::<u64>()
        };
        let before = counted().await;
        assert_eq!(before, 210 * 5);
        for (sql, more) in [
            (
                "update media set status = 'stored', stored_at = 1 where id = 'imagepending0'",
                1,
            ),
            (
                "update media set status = 'pending' where id = 'imagepending0'",
                1,
            ),
            (
                "update media set status = 'stored', stored_at = 2 where id = 'imagepending0'",
                1,
            ),
            (
                "update media set status = 'pending' where id = 'imagepending0'",
                1,
            ),
        ] {
            let writing = db.write(Key::Everything, async move |tx| tx.run(sql, vec![]).await);
            assert_eq!(writing.await.unwrap(), 1, "{sql}");
            assert_eq!(counted().await, before + more, "{sql}");
        }
        // 420 minutes from the epoch on; the first of the seven hours is left out, the last two are empty.
        for (scope, part) in [(Scope::All, 1), (Scope::Client(2), 2)] {
            let found = by_hour(&db, scope, HOUR, 8).await.unwrap();
            let full = HourCount {
                stored: 60 * 5 / part,
                failed: 2 * 60 * 5 / part,
                all: 7 * 60 * 5 / part,
            };
            let mut wanted = vec![full; 6];
            wanted.extend([HourCount::default(); 2]);
            assert_eq!(found, wanted);
        }
        let plans = [
            (HOURS, "COVERING INDEX media_by_time"),
            (HOURS_OF_CLIENT, "COVERING INDEX media_by_client"),
            (UNSTORED_HOURS, "COVERING INDEX media_unstored"),
            (UNSTORED_HOURS_OF_CLIENT, "INDEX media_unstored"),
        ];
        for (sql, index) in plans {
            let plan = db.rows_of(
                format!("explain query plan {sql}"),
                values![None::<i64>, 0_i64, HOUR],
            );
            let plan = plan.await.unwrap();
            let steps: Vec<_> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
            assert!(
                steps.iter().any(|step| step.contains(index)),
                "{sql}: {steps:?}"
            );
        }
        db.close().await;
    }
}

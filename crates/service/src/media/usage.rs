//! Media by the time of their receipt: the hours of a day, and the months of a bill.

use serde::Serialize;

use crate::clock::{DAY, HOUR, Millis, rfc3339};
use crate::db::{Db, Error, values};
use crate::model::Scope;

/// Media that were received in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HourCount {
    pub stored: i64,
    /// Failed or expired.
    pub failed: i64,
    /// In every status.
    pub all: i64,
}

/// The hours since then, the oldest first; each lasts an hour from `since` on.
pub async fn by_hour(
    db: &Db,
    scope: Scope,
    since: Millis,
    hours: usize,
) -> Result<Vec<HourCount>, Error> {
    let sql = "select (received_at - $2) / $3 as hour, count(*) as n,
                 sum(case when status = 'stored' then 1 else 0 end) as stored,
                 sum(case when status in ('failed', 'expired') then 1 else 0 end) as failed
               from media where ($1 is null or client = $1) and received_at >= $2 group by hour";
    let mut found = vec![HourCount::default(); hours];
    for row in db.rows(sql, values![scope.client(), since, HOUR]).await? {
        let hour = usize::try_from(row.int("hour")?).ok();
        if let Some(hour) = hour.and_then(|hour| found.get_mut(hour)) {
            *hour = HourCount {
                stored: row.int("stored")?,
                failed: row.int("failed")?,
                all: row.int("n")?,
            };
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
    /// Stored media.
    pub media: u64,
    /// Their bytes; equal files count each time.
    pub size: u64,
}

/// Stored media by client and month of receipt, the newest month first.
pub async fn monthly_usage(
    db: &Db,
    scope: Scope,
    from: Millis,
) -> Result<Vec<MonthlyUsage>, Error> {
    let sql = "select client, received_at / $3 as day, count(*) as n, coalesce(sum(size_bytes), 0) as size
               from media where status = 'stored' and ($1 is null or client = $1) and received_at >= $2
               group by client, day order by day desc, client";
    let mut months: Vec<MonthlyUsage> = Vec::new();
    for row in db.rows(sql, values![scope.client(), from, DAY]).await? {
        let (client, day) = (row.int("client")?, rfc3339(row.int("day")? * DAY));
        let (media, size) = (row.count("n")?, row.count("size")?);
        let month = day.get(..7).unwrap_or_default();
        let mut known = months.iter_mut().rev();
        match known.find(|known| known.client == client && known.month == month) {
            Some(known) => {
                known.media += media;
                known.size += size;
            }
            None => months.push(MonthlyUsage {
                client,
                month: month.to_owned(),
                media,
                size,
            }),
        }
    }
    months.sort_by(|a, b| b.month.cmp(&a.month).then(a.client.cmp(&b.client)));
    Ok(months)
}

//! Counts for whoever watches: cheap enough to be asked every few seconds of a table with a million rows, because
//! each walks an index that holds little more than what is counted. A test reads the engine's plans and holds this.

use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::db::{Db, Error, Row, Value, values};
use crate::model::MediaStatus;

/// How many media of one instance and kind stand so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Of which instance.
    pub instance: String,
    /// Of which kind.
    pub kind: String,
    /// How they stand.
    pub status: MediaStatus,
    /// How many.
    pub count: i64,
}

/// How soon the deadline of something that waits comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Within the hour, or passed already.
    Hour,
    /// Within a day.
    Day,
    /// Within seven days.
    Week,
    /// Later.
    Later,
}

impl Due {
    /// All of them, the nearest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Later];
}

/// How many media of one instance wait, and for how long they still may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Of which instance.
    pub instance: String,
    /// Whether they may be fetched now, or wait for their next try.
    pub is_ready: bool,
    /// How soon they die.
    pub due: Due,
    /// How many.
    pub count: i64,
}

const ENDED: &str = "select instance, kind, status, count(*) as n from media where status not in ('pending', 'downloading') group by status, instance, kind";
/// The bound on the lease is true of every claim, and leads to its index.
const CLAIMED: &str = "select instance, kind, status, count(*) as n from media where status = 'downloading' and lease_until >= 0 group by instance, kind, status";

/// Media that came to an end or are being fetched, by instance, kind and status.
pub async fn standing(db: &Db) -> Result<Vec<Standing>, Error> {
    let mut rows = db.rows(ENDED, values![]).await?;
    rows.extend(db.rows(CLAIMED, values![]).await?);
    rows.iter()
        .map(|row| {
            Ok(Standing {
                instance: row.text("instance")?,
                kind: row.text("kind")?,
                status: row.parsed("status", MediaStatus::parse)?,
                count: row.int("n")?,
            })
        })
        .collect()
}

/// The text of [`waiting`]: the kind is in no index, so it is looked at only when it matters.
fn waiting_sql(is_ready: bool, of_kind: bool) -> String {
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

/// Media that wait, by instance and deadline.
pub async fn waiting(db: &Db, kind: Option<&str>, now: Millis) -> Result<Vec<Waiting>, Error> {
    let mut found = Vec::new();
    for is_ready in [true, false] {
        let values = values![now + HOUR, now + DAY, now + 7 * DAY, kind];
        let rows = db.rows_of(waiting_sql(is_ready, kind.is_some()), values);
        for row in rows.await? {
            let due = usize::try_from(row.int("due")?).ok();
            found.push(Waiting {
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
/// Told this way, the instance does not lure the engine away from the index of the time.
const RECEIVED_OF: &str = "select received_at / 60000 as minute, count(*) as n from media
    where received_at >= $1 and ($2 is null or instance = $2) and ($3 is null or kind = $3) group by 1";

/// How many media came in each minute since then: minutes of the Unix epoch, those without any left out.
pub async fn received_per_minute(
    db: &Db,
    instance: Option<&str>,
    kind: Option<&str>,
    since: Millis,
) -> Result<Vec<(i64, u64)>, Error> {
    let sql = if instance.is_none() && kind.is_none() {
        RECEIVED
    } else {
        RECEIVED_OF
    };
    let values: Vec<Value> = values![since / MINUTE * MINUTE, instance, kind];
    let of = |row: &Row| Ok((row.int("minute")?, row.count("n")?));
    db.rows(sql, values).await?.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn counting_never_walks_the_whole_table() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("t.db"), Duration::from_secs(1))
            .await
            .unwrap();
        let texts = [
            (ENDED.to_owned(), "media_ended"),
            (CLAIMED.to_owned(), "media_leased"),
            (waiting_sql(true, false), "media_ready"),
            (waiting_sql(true, true), "media_ready"),
            (waiting_sql(false, false), "media_postponed"),
            (waiting_sql(false, true), "media_postponed"),
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
}

//! The queue by status and age, in one pass over the media in it.

use super::{next_deadline, waiting_ids};
use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::db::{Db, Error, values};
use crate::model::codes;

codes! {
    /// The state of a media in the queue.
    QueueStatus {
        /// Next when there is a permit.
        Ready "ready",
        /// For the time of its next attempt.
        Waiting "waiting",
        Downloading "downloading",
    }
}

codes! {
    /// The time since a media was received.
    QueueAge {
        Under1m "under_1m",
        Under10m "under_10m",
        Under1h "under_1h",
        Under1d "under_1d",
        Under7d "under_7d",
        Older "older",
    }
}

/// The queue of all clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueAges {
    /// Every status with every age.
    pub counts: Vec<(QueueStatus, QueueAge, i64)>,
    /// When the oldest media was received.
    pub oldest: Option<Millis>,
    /// As in [`super::waiting`].
    pub next_deadline: Option<Millis>,
}

pub(super) const AGES: &str = concat!(
    "select case when status = 'downloading' then 'downloading' when next_attempt_at is null then 'ready' else 'waiting' end as state,
       case when received_at > $2 then 'under_1m' when received_at > $3 then 'under_10m' when received_at > $4 then 'under_1h'
         when received_at > $5 then 'under_1d' when received_at > $6 then 'under_7d' else 'older' end as age,
       count(*) as n, min(received_at) as oldest, ",
    next_deadline!(),
    " as next from media where id in ",
    waiting_ids!(),
    " group by 1, 2"
);

/// The queue by status and age.
pub async fn ages(db: &Db, now: Millis) -> Result<QueueAges, Error> {
    let values = values![
        now,
        now - MINUTE,
        now - 10 * MINUTE,
        now - HOUR,
        now - DAY,
        now - 7 * DAY
    ];
    let every = QueueStatus::ALL
        .into_iter()
        .flat_map(|status| QueueAge::ALL.map(|age| (status, age, 0)));
    let mut ages = QueueAges {
        counts: every.collect(),
        oldest: None,
        next_deadline: None,
    };
    for row in db.rows(AGES, values).await? {
        let status = row.parsed("state", QueueStatus::parse)?;
        let age = row.parsed("age", QueueAge::parse)?;
        let mut counts = ages.counts.iter_mut();
        if let Some(known) = counts.find(|known| (known.0, known.1) == (status, age)) {
            known.2 = row.int("n")?;
        }
        let oldest = row.int_or_none("oldest")?;
        ages.oldest = [ages.oldest, oldest].into_iter().flatten().min();
        let deadlines = [ages.next_deadline, row.int_or_none("next")?];
        // The first that is ahead, else the last that has passed.
        let of = |at: &Millis| (*at <= now, (*at - now).abs());
        ages.next_deadline = deadlines.into_iter().flatten().min_by_key(of);
    }
    Ok(ages)
}

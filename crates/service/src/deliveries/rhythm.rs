//! The usual interval between an instance's deliveries: counts deliveries of any kind per hour, and decides which silence is
//! unusual. Texts count like media, and the counts outlive the raw deliveries.

use std::collections::BTreeMap;

use crate::clock::{DAY, HOUR, Millis};
use crate::db::{Db, Error, Tx, values};
use crate::model::InstanceId;

/// How many hours before the last delivery count: enough for nights, weekends and a holiday.
const WINDOW: i64 = 28 * 24;
/// With fewer gaps there is no usual interval.
const FEWEST_GAPS: i64 = 10;
/// This many of the longest gaps may be outages, one for each known week.
const RARE_GAPS: i64 = 2;
const WEEK: i64 = 7 * 24;
/// A silence that is unusual where no usual gaps are known.
pub const LONG_SILENCE: Millis = DAY;

/// The usual gaps between deliveries to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryRhythm {
    /// The median gap.
    pub usual: Millis,
    /// The longest gap that is not rare: nights and weekends count, an outage does not. Precise to the hour.
    pub longest: Millis,
}

impl DeliveryRhythm {
    /// Whether a silence is longer than a usual gap.
    pub fn is_broken_by(self, silence: Millis) -> bool {
        silence > HOUR + self.longest + self.longest / 2
    }

    /// From the number of deliveries per hour, oldest first; `None` when there are too few.
    fn from_hours(hours: &[(i64, i64)]) -> Option<Self> {
        let within = hours.iter().filter(|(_, count)| *count > 1);
        let within = within.map(|(_, count)| (HOUR / count, count - 1));
        let between = hours.windows(2).map(|pair| {
            let [(before, first), (after, second)] = [pair[0], pair[1]];
            match after - before {
                1 => (2 * HOUR / (first + second).max(1), 1),
                apart => (apart * HOUR, 1),
            }
        });
        let mut gaps: Vec<_> = within.chain(between).collect();
        gaps.sort_unstable();
        let all: i64 = gaps.iter().map(|(_, times)| times).sum();
        if all < FEWEST_GAPS {
            return None;
        }
        let known = hours.last()?.0 - hours.first()?.0;
        let rare = (known / WEEK).min(RARE_GAPS);
        Some(Self {
            usual: nth(gaps.iter(), all / 2)?,
            longest: nth(gaps.iter().rev(), rare)?,
        })
    }
}

/// The gap at this position; each gap counts as often as it occurred.
fn nth<'a>(gaps: impl Iterator<Item = &'a (Millis, i64)>, place: i64) -> Option<Millis> {
    let mut before = 0;
    for (gap, times) in gaps {
        before += times;
        if place < before {
            return Some(*gap);
        }
    }
    None
}

/// Counts deliveries of any kind up to that time, and deletes counts that are too old.
pub async fn count(
    tx: &mut Tx,
    instance: &InstanceId,
    deliveries: i64,
    at: Millis,
) -> Result<(), Error> {
    let hour = at / HOUR;
    let sql = "insert into hours as h (instance, hour, deliveries) values ($1, $2, $3)
               on conflict (instance, hour) do update set deliveries = h.deliveries + excluded.deliveries";
    tx.run(sql, values![instance.as_str(), hour, deliveries])
        .await?;
    let sql = "delete from hours where instance = $1 and hour < $2";
    tx.run(sql, values![instance.as_str(), hour - WINDOW])
        .await
        .map(drop)
}

/// The usual gaps in the weeks before the last delivery; `None` when there are too few.
pub async fn rhythm(
    db: &Db,
    instance: &InstanceId,
    last: Millis,
) -> Result<Option<DeliveryRhythm>, Error> {
    let sql = "select hour, deliveries from hours where instance = $1 and hour >= $2 order by hour";
    let rows = db
        .rows(sql, values![instance.as_str(), last / HOUR - WINDOW])
        .await?;
    let hours: Vec<_> = rows
        .iter()
        .map(|row| Ok((row.int("hour")?, row.int("deliveries")?)))
        .collect::<Result<_, Error>>()?;
    Ok(DeliveryRhythm::from_hours(&hours))
}

/// Whether a silence is unusual.
pub fn is_unusual(rhythm: Option<DeliveryRhythm>, silence: Millis) -> bool {
    match rhythm {
        Some(rhythm) => rhythm.is_broken_by(silence),
        None => silence > LONG_SILENCE,
    }
}

/// The usual gaps of many instances, by the time of the last delivery of each.
pub async fn rhythms(
    db: &Db,
    last: &BTreeMap<String, Millis>,
) -> Result<BTreeMap<String, DeliveryRhythm>, Error> {
    let Some(oldest) = last.values().min() else {
        return Ok(BTreeMap::new());
    };
    let sql =
        "select instance, hour, deliveries from hours where hour >= $1 order by instance, hour";
    let rows = db.rows(sql, values![oldest / HOUR - WINDOW]).await?;
    let mut hours: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for row in &rows {
        let (instance, hour) = (row.text("instance")?, row.int("hour")?);
        if last
            .get(&instance)
            .is_some_and(|last| hour >= last / HOUR - WINDOW)
        {
            let counted = (hour, row.int("deliveries")?);
            hours.entry(instance).or_default().push(counted);
        }
    }
    let rhythms = hours
        .into_iter()
        .filter_map(|(instance, hours)| Some((instance, DeliveryRhythm::from_hours(&hours)?)));
    Ok(rhythms.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_a_usual_gap_and_a_day_of_nothing_is_not() {
        // Three weeks of office hours, 8 to 18, a message a minute; one day was an outage.
        let hours: Vec<_> = (0..21 * 24)
            .filter(|hour| (8..18).contains(&(hour % 24)) && hour / 24 != 11)
            .map(|hour| (hour, 60))
            .collect();
        let rhythm = DeliveryRhythm::from_hours(&hours).unwrap();
        assert_eq!(rhythm.usual, HOUR / 60);
        assert_eq!(rhythm.longest, 15 * HOUR);
        assert!(!rhythm.is_broken_by(14 * HOUR) && rhythm.is_broken_by(30 * HOUR));
    }

    #[test]
    fn in_the_first_days_the_longest_gap_counts_as_usual() {
        let hours = [(8, 30), (9, 30), (20, 30), (21, 30)];
        let rhythm = DeliveryRhythm::from_hours(&hours).unwrap();
        assert_eq!(rhythm.longest, 11 * HOUR);
    }

    #[test]
    fn too_few_deliveries_give_no_rhythm() {
        assert_eq!(DeliveryRhythm::from_hours(&[]), None);
        assert_eq!(DeliveryRhythm::from_hours(&[(5, 10)]), None);
        assert_eq!(
            DeliveryRhythm::from_hours(&[(5, 11)]).map(|rhythm| rhythm.longest),
            Some(HOUR / 11)
        );
    }
}

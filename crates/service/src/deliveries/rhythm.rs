//! How an instance usually sounds: how many deliveries of any kind came in each hour, and which silence is no longer
//! usual. Texts count like media, and the figures outlive the raw deliveries.

use crate::clock::{HOUR, Millis};
use crate::db::{Db, Error, Tx, values};
use crate::model::InstanceId;

/// How many hours before the last delivery tell a rhythm: nights, weekends and a holiday are in them.
const WINDOW: i64 = 28 * 24;
/// With fewer gaps there is no rhythm.
const FEWEST_GAPS: i64 = 10;
/// So many of the longest gaps may be outages, one for each week that is known.
const RARE_GAPS: i64 = 2;
const WEEK: i64 = 7 * 24;

/// How deliveries to an instance usually follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryRhythm {
    /// Half of the gaps are shorter.
    pub usual: Millis,
    /// The longest gap that is not rare: nights and weekends are, an outage is not. Told to the hour.
    pub longest: Millis,
}

impl DeliveryRhythm {
    /// Whether nothing came for so long that it is no usual gap any more.
    pub fn is_broken_by(self, silence: Millis) -> bool {
        silence > HOUR + self.longest + self.longest / 2
    }

    /// By how many deliveries came in which hours, oldest first; nothing when there are too few to tell.
    fn of(hours: &[(i64, i64)]) -> Option<Self> {
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

/// The gap at that place, each standing as often as it was.
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

/// Counts deliveries of any kind that came by then; what is too old to tell a rhythm goes.
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

/// The rhythm of what came in the weeks before the last delivery; nothing when it was too little to tell.
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
    Ok(DeliveryRhythm::of(&hours))
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
        let rhythm = DeliveryRhythm::of(&hours).unwrap();
        assert_eq!(rhythm.usual, HOUR / 60);
        assert_eq!(rhythm.longest, 15 * HOUR);
        assert!(!rhythm.is_broken_by(14 * HOUR) && rhythm.is_broken_by(30 * HOUR));
    }

    #[test]
    fn in_the_first_days_the_longest_gap_is_taken_for_usual() {
        let hours = [(8, 30), (9, 30), (20, 30), (21, 30)];
        let rhythm = DeliveryRhythm::of(&hours).unwrap();
        assert_eq!(rhythm.longest, 11 * HOUR);
    }

    #[test]
    fn too_little_tells_nothing() {
        assert_eq!(DeliveryRhythm::of(&[]), None);
        assert_eq!(DeliveryRhythm::of(&[(5, 10)]), None);
        assert_eq!(
            DeliveryRhythm::of(&[(5, 11)]).map(|told| told.longest),
            Some(HOUR / 11)
        );
    }
}

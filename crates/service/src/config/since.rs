//! Points in time as operators write them: a day (`2026-11-24`, its beginning) or a time without a zone, both in
//! `http.time_zone`; a time with a zone (`2026-11-24T12:00:00Z`); or so long ago: `30s`, `90m`, `24h`, `7d`, `2w`.

use std::str::FromStr;

use super::Span;
use crate::clock::{Civil, Millis, Zone, millis_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    At(Millis),
    /// In the zone of the settings.
    Local(Civil),
    /// A whole day in the zone of the settings.
    Day(Civil),
    Ago(Span),
}

#[derive(Debug, thiserror::Error)]
#[error("{text} is not a time; write it like 2026-11-24, 2026-11-24T12:00:00Z, 90m, 24h or 7d")]
pub struct NotATime {
    pub text: String,
}

impl Since {
    /// The point in time, seen from `now`.
    pub fn at(self, now: Millis, zone: &Zone) -> Millis {
        match self {
            Self::At(at) => at,
            // Only times at the ends of the calendar are in no zone.
            Self::Local(civil) | Self::Day(civil) => zone.millis_of(civil).unwrap_or(now),
            Self::Ago(ago) => now.saturating_sub(ago.ms()),
        }
    }

    /// Like [`Since::at`], but a day means its end, which begins the next one.
    pub fn end(self, now: Millis, zone: &Zone) -> Millis {
        match self {
            Self::Day(day) => {
                let next = day.next_day().and_then(|next| zone.millis_of(next));
                next.unwrap_or(now)
            }
            other => other.at(now, zone),
        }
    }
}

impl Since {
    /// Like [`Since::from_str`], and also a day that is written first, as people type it into forms: `24/11/2026`.
    pub fn typed(text: &str) -> Result<Self, NotATime> {
        let day_first = day_first(text.trim());
        let known = day_first.and_then(|text| text.parse().ok());
        known.map_or_else(|| text.parse(), Ok)
    }
}

impl FromStr for Since {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let text = text.trim();
        let ago = || text.parse().ok().map(Self::Ago);
        let at = || millis_of(text).map(Self::At);
        let local = || {
            let is_day = !text.contains([':', 'T', 't', ' ']);
            let kind = if is_day { Self::Day } else { Self::Local };
            text.parse().ok().map(kind)
        };
        let since = ago().or_else(at).or_else(local);
        since.ok_or_else(|| NotATime {
            text: text.to_owned(),
        })
    }
}

/// `24/11/2026 12:30` → `2026-11-24 12:30`. The day comes before the month in every language: one text means one day.
fn day_first(text: &str) -> Option<String> {
    let (day, rest) = text.split_once('/')?;
    let (month, rest) = rest.split_once('/')?;
    let (year, time) = rest.split_at_checked(4)?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = matches!((day.len(), month.len()), (1..=2, 1..=2))
        && [day, month, year].into_iter().all(is_number);
    is_date.then(|| format!("{year}-{month:0>2}-{day:0>2}{time}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{DAY, HOUR, MINUTE, SECOND};

    #[test]
    fn times_and_spans_are_read_and_nonsense_is_not() {
        let now = 1_795_521_600_000;
        assert_eq!(
            "90m".parse::<Since>().unwrap().at(now, &Zone::system()),
            now - 90 * MINUTE
        );
        assert_eq!(
            "2d".parse::<Since>().unwrap().at(now, &Zone::system()),
            now - 2 * DAY
        );
        assert_eq!(
            "2026-11-24T12:00:00Z"
                .parse::<Since>()
                .unwrap()
                .at(0, &Zone::system()),
            now
        );
        assert_eq!(
            "2w".parse::<Since>().unwrap().at(now, &Zone::system()),
            now - 14 * DAY
        );
        assert_eq!(
            "30s".parse::<Since>().unwrap().at(now, &Zone::system()),
            now - 30 * SECOND
        );
        assert_eq!(
            "1h 30m".parse::<Since>().unwrap().at(now, &Zone::system()),
            now - 90 * MINUTE
        );
        let at = |text: &str| text.parse::<Since>().unwrap().at(0, &Zone::system());
        assert_eq!(at("2026-11-25") - at("2026-11-24"), DAY);
        assert_eq!(
            at("2026-11-24T12:30") - at("2026-11-24"),
            12 * HOUR + 30 * MINUTE
        );
        assert_eq!(at("2026-11-24 12:30:00"), at("2026-11-24T12:30"));
        let typed = |text: &str| Since::typed(text).unwrap().at(0, &Zone::system());
        assert_eq!(typed("24/11/2026"), at("2026-11-24"));
        assert_eq!(typed(" 1/2/2026"), at("2026-02-01"));
        assert_eq!(typed("24/11/2026 12:30"), at("2026-11-24T12:30"));
        assert_eq!(typed("2026-11-24"), at("2026-11-24"));
        // New York's clocks are set back on this day, so it has 25 hours.
        let zone = Zone::named("America/New_York").unwrap();
        let day = "2026-11-01".parse::<Since>().unwrap();
        assert_eq!(day.end(0, &zone) - day.at(0, &zone), 25 * HOUR);
        let day_first = Since::typed("01/11/2026").unwrap();
        assert_eq!(day_first.end(0, &zone), day.end(0, &zone));
        for exact in ["2026-11-24T12:30", "2026-11-24T12:00:00Z", "2h"] {
            let exact = exact.parse::<Since>().unwrap();
            assert_eq!(exact.end(now, &zone), exact.at(now, &zone));
        }
        assert!("24/11/2026".parse::<Since>().is_err());
        for text in [
            "2026-11-31",
            "11/24/2026",
            "31/11/2026",
            "24/11/26",
            "24/11/2026x",
            "2026/11/24",
            "+1/+2/2026",
            "",
            "d",
            "-1h",
            "yesterday",
            "5 moons",
            "1 month",
            "2026-13-01T00:00:00Z",
        ] {
            assert!(text.parse::<Since>().is_err(), "{text}");
            assert!(Since::typed(text).is_err(), "{text}");
        }
    }
}

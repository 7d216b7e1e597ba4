//! Points in time as operators write them: a day (`2026-11-24`, its beginning) or a time without a zone in the time zone
//! of this machine, a time with one (`2026-11-24T12:00:00Z`), or so long ago: `30s`, `90m`, `24h`, `7d`, `2w`.

use std::str::FromStr;

use midiateca_service::clock::{DAY, HOUR, MINUTE, Millis, SECOND, millis_of, millis_of_local};

/// Since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    At(Millis),
    Ago(Millis),
}

/// Why a text was not understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// In none of the forms.
    #[error("{text} is no time; write it like 2026-11-24, 2026-11-24T12:00:00Z, 90m, 24h or 7d")]
    NoTime {
        /// What was written.
        text: String,
    },
}

impl Since {
    /// The point in time, seen from `now`.
    pub fn at(self, now: Millis) -> Millis {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.saturating_sub(ago),
        }
    }
}

impl FromStr for Since {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let units = [
            ("s", SECOND),
            ("m", MINUTE),
            ("h", HOUR),
            ("d", DAY),
            ("w", 7 * DAY),
        ];
        let ago = units.iter().find_map(|(unit, length)| {
            let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
            (count >= 0).then(|| Self::Ago(count.saturating_mul(*length)))
        });
        let at = || millis_of(text).or_else(|| millis_of_local(text));
        let since = ago.or_else(|| at().map(Self::At));
        since.ok_or_else(|| Error::NoTime {
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_spans_are_read_and_nonsense_is_not() {
        let now = 1_795_521_600_000;
        assert_eq!("90m".parse::<Since>().unwrap().at(now), now - 90 * MINUTE);
        assert_eq!("2d".parse::<Since>().unwrap().at(now), now - 2 * DAY);
        assert_eq!("2026-11-24T12:00:00Z".parse::<Since>().unwrap().at(0), now);
        assert_eq!("2w".parse::<Since>().unwrap().at(now), now - 14 * DAY);
        assert_eq!("30s".parse::<Since>().unwrap().at(now), now - 30 * SECOND);
        let at = |text: &str| text.parse::<Since>().unwrap().at(0);
        assert_eq!(at("2026-11-25") - at("2026-11-24"), DAY);
        assert_eq!(
            at("2026-11-24T12:30") - at("2026-11-24"),
            12 * HOUR + 30 * MINUTE
        );
        assert_eq!(at("2026-11-24 12:30:00"), at("2026-11-24T12:30"));
        for text in [
            "2026-11-31",
            "24/11/2026",
            "",
            "d",
            "-1h",
            "yesterday",
            "5 weeks",
            "2026-13-01T00:00:00Z",
        ] {
            assert!(text.parse::<Since>().is_err(), "{text}");
        }
    }
}

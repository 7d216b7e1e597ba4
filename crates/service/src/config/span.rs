//! Durations in settings: `300ms`, `30s`, `10m`, `7d`, as jiff reads them (`2h 30m` too). A day has 24 hours.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SpanRelativeTo;
use serde::{Deserialize, Serialize};

use crate::clock::{DAY, HOUR, MINUTE, Millis, SECOND};

/// A duration in milliseconds. Zero is written `0s`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(Millis);

/// A text that is not a duration.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not a duration such as 30s, 10m or 7d")]
pub struct NotASpan {
    text: String,
}

impl Span {
    pub const fn from_ms(ms: Millis) -> Self {
        Self(ms)
    }

    pub const fn seconds(count: i64) -> Self {
        Self(count * SECOND)
    }

    pub const fn days(count: i64) -> Self {
        Self(count * DAY)
    }

    pub const fn ms(self) -> Millis {
        self.0
    }

    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0.unsigned_abs())
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let span = || {
            let span: jiff::Span = text.trim().parse().ok()?;
            let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
            let ms = Millis::try_from(length.as_millis()).ok()?;
            // Less than a millisecond would become zero.
            (ms > 0 || (ms == 0 && length.is_zero())).then_some(Self(ms))
        };
        span().ok_or_else(|| NotASpan {
            text: text.to_owned(),
        })
    }
}

/// In the largest unit without a fraction.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")];
        let fits = |length: Millis| self.0 >= length && self.0 % length == 0;
        match units.into_iter().find(|(length, _)| fits(*length)) {
            Some((length, unit)) => write!(f, "{}{unit}", self.0 / length),
            None if self.0 == 0 => f.write_str("0s"),
            None => write!(f, "{}ms", self.0),
        }
    }
}

impl TryFrom<String> for Span {
    type Error = NotASpan;

    fn try_from(text: String) -> Result<Self, NotASpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_the_units_of_people() {
        for (text, ms) in [
            ("300ms", 300),
            ("30s", 30 * SECOND),
            ("10m", 10 * MINUTE),
            ("10min", 10 * MINUTE),
            ("2h", 2 * HOUR),
            ("2h 30m", 2 * HOUR + 30 * MINUTE),
            ("7d", 7 * DAY),
            ("2w", 14 * DAY),
            ("0s", 0),
            ("1.5s", 1_500),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().ms(), ms, "{text}");
        }
        for text in ["", "30", "-5s", "1mo", "1y", "soon", "5us", "2h ago"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_written_duration_is_read_as_the_same_one() {
        for (ms, text) in [
            (0, "0s"),
            (300, "300ms"),
            (1_500, "1500ms"),
            (90 * SECOND, "90s"),
            (10 * MINUTE, "10m"),
            (36 * HOUR, "36h"),
            (365 * DAY, "365d"),
        ] {
            assert_eq!(Span::from_ms(ms).to_string(), text);
            assert_eq!(text.parse::<Span>().unwrap(), Span::from_ms(ms));
        }
    }
}

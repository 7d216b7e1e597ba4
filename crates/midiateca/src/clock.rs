//! Time, as a value that is handed down: the system's, or one that a test moves by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A point in time: unix milliseconds, UTC.
pub type Millis = i64;

/// One second in [`Millis`].
pub const SECOND: Millis = 1_000;
/// One minute in [`Millis`].
pub const MINUTE: Millis = 60 * SECOND;
/// One hour in [`Millis`].
pub const HOUR: Millis = 60 * MINUTE;
/// One day in [`Millis`].
pub const DAY: Millis = 24 * HOUR;

/// Tells the time of day. Cheap to clone; clones of a fixed clock move together.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now` until it is moved.
    pub fn fixed(now: Millis) -> Self {
        Self(Source::Fixed(Arc::new(AtomicI64::new(now))))
    }

    /// Unix milliseconds, UTC.
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => system_now(),
            Source::Fixed(at) => at.load(Ordering::SeqCst),
        }
    }

    /// Moves a fixed clock forward; the system's clock cannot be moved and stays as it is.
    pub fn advance(&self, by: Millis) {
        if let Source::Fixed(at) = &self.0 {
            at.fetch_add(by, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where time enters")]
fn system_now() -> Millis {
    jiff::Timestamp::now().as_millisecond()
}

/// RFC 3339 in UTC, to the second, or to the millisecond where there is one.
pub fn rfc3339(at: Millis) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(timestamp) => timestamp.to_string(),
        Err(_) => at.to_string(),
    }
}

/// The point in time that an RFC 3339 text names.
pub fn millis_of(text: &str) -> Option<Millis> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Some(timestamp.as_millisecond())
}

/// The point in time that a text names which may lack its zone, and is in UTC then, such as `2025-07-19 02:41:33.5`.
pub fn millis_of_utc(text: &str) -> Option<Millis> {
    let without_zone = || {
        let civil: jiff::civil::DateTime = text.trim().parse().ok()?;
        let timestamp = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
        Some(timestamp.as_millisecond())
    };
    millis_of(text.trim()).or_else(without_zone)
}

/// The point in time that an HTTP `Date` header names (RFC 9110, section 5.6.7).
pub fn millis_of_http_date(text: &str) -> Option<Millis> {
    let parsed = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(parsed.timestamp().as_millisecond())
}

/// `YYYYMMDD_HHMMSS` in UTC, as file names carry it.
pub fn compact(at: Millis) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(timestamp) => timestamp.strftime("%Y%m%d_%H%M%S").to_string(),
        Err(_) => "00000000_000000".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_by_hand() {
        let clock = Clock::fixed(5);
        let same = clock.clone();
        assert_eq!(clock.now(), 5);
        clock.advance(10);
        assert_eq!(same.now(), 15);
    }

    #[test]
    fn a_time_without_a_zone_is_in_utc() {
        for text in [
            "2025-09-05 20:04:56",
            "2025-09-05T20:04:56Z",
            "2025-09-05 17:04:56-03:00",
            " 2025-09-05 20:04:56.000 ",
        ] {
            assert_eq!(millis_of_utc(text), Some(1_757_102_696_000), "{text}");
        }
        assert_eq!(millis_of_utc("yesterday"), None);
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(rfc3339(1_757_102_696_000), "2025-09-05T20:04:56Z");
        assert_eq!(compact(1_757_102_696_000), "20250905_200456");
        assert_eq!(
            millis_of_http_date("Fri, 05 Sep 2025 20:04:56 GMT"),
            Some(1_757_102_696_000)
        );
    }
}

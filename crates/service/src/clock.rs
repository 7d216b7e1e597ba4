//! Time as a value that callers pass on: the system's, or one that tests move.

mod boot;
mod steady;
mod zone;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use steady::Steady;
pub use steady::{Reading, TOLERANCE, Trust};
use tokio::sync::Notify;
pub use zone::{Civil, Zone};

/// Unix milliseconds, UTC.
pub type Millis = i64;

pub const SECOND: Millis = 1_000;
pub const MINUTE: Millis = 60 * SECOND;
pub const HOUR: Millis = 60 * MINUTE;
pub const DAY: Millis = 24 * HOUR;

/// A wait that is longer by up to a tenth, so that what began together does not come again together. `jitter` is random.
pub fn spread(wait: Millis, jitter: u8) -> Millis {
    wait + wait / 10 * i64::from(jitter) / i64::from(u8::MAX)
}

/// The time of day. Cheap to clone; clones share their state.
///
/// Follows the system's wall clock while that runs evenly. When the wall clock jumps by more than [`TOLERANCE`],
/// [`Clock::now`] continues from the last trusted reading with the time since boot, and [`Clock::trust`] reports it
/// until an operator confirms the new time ([`Clock::accept`]) or the wall clock returns.
#[derive(Clone, Debug)]
pub struct Clock {
    source: TimeSource,
    steady: Arc<Mutex<Steady>>,
}

#[derive(Clone, Debug)]
enum TimeSource {
    System,
    Fixed(Arc<Fixed>),
}

#[derive(Debug)]
struct Fixed {
    wall: AtomicI64,
    uptime: AtomicI64,
    moved: Notify,
}

impl Clock {
    pub fn system() -> Self {
        Self::from_source(TimeSource::System)
    }

    /// A clock that stays at `now` until a test moves it.
    pub fn fixed(now: Millis) -> Self {
        Self::from_source(TimeSource::Fixed(Arc::new(Fixed {
            wall: AtomicI64::new(now),
            uptime: AtomicI64::new(0),
            moved: Notify::new(),
        })))
    }

    fn from_source(source: TimeSource) -> Self {
        let steady = Arc::new(Mutex::new(Steady::starting_at(&source.read())));
        Self { source, steady }
    }

    /// Unix milliseconds, UTC.
    pub fn now(&self) -> Millis {
        let reading = self.source.read();
        self.steady().now(&reading)
    }

    /// The system's wall clock, even after a jump.
    pub fn wall(&self) -> Millis {
        self.source.read().wall
    }

    /// The wall clock and the time since boot.
    pub fn read(&self) -> Reading {
        self.source.read()
    }

    pub fn trust(&self) -> Trust {
        let reading = self.source.read();
        self.steady().trust(&reading)
    }

    pub fn is_trusted(&self) -> bool {
        self.trust() == Trust::Trusted
    }

    /// Continues from a reading that an earlier process trusted.
    pub fn resume(&self, saved: &Reading) {
        let reading = self.source.read();
        *self.steady() = Steady::resumed(saved, &reading);
    }

    /// Whether the wall clock agrees with a saved reading.
    pub fn would_trust(&self, saved: &Reading) -> bool {
        let reading = self.source.read();
        Steady::resumed(saved, &reading).trust(&reading) == Trust::Trusted
    }

    /// Uses the wall clock without trusting it until it is confirmed.
    pub fn doubt(&self) {
        self.steady().doubt();
    }

    /// Trusts the current wall clock, and returns its reading.
    pub fn accept(&self) -> Reading {
        let reading = self.source.read();
        *self.steady() = Steady::starting_at(&reading);
        reading
    }

    /// Moves a fixed clock. No effect on the system's clock.
    pub fn advance(&self, by: Millis) {
        if let TimeSource::Fixed(fixed) = &self.source {
            fixed.uptime.fetch_add(by, Ordering::SeqCst);
            fixed.wall.fetch_add(by, Ordering::SeqCst);
            fixed.moved.notify_waiters();
        }
    }

    /// A fixed clock ends the wait as soon as it is advanced by the duration.
    pub async fn sleep(&self, duration: Duration) {
        let ends = tokio::time::sleep(duration);
        let TimeSource::Fixed(fixed) = &self.source else {
            return ends.await;
        };
        let now = || fixed.uptime.load(Ordering::SeqCst);
        let until = now().saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
        let advanced = async {
            loop {
                let moved = fixed.moved.notified();
                if now() >= until {
                    return;
                }
                moved.await;
            }
        };
        tokio::select! {
            () = ends => {}
            () = advanced => {}
        }
    }

    /// Sets the wall clock of a fixed clock forward or back; the time since boot stays.
    pub fn jump(&self, by: Millis) {
        if let TimeSource::Fixed(fixed) = &self.source {
            fixed.wall.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// Whether readings are comparable with those of other processes.
    pub fn is_system(&self) -> bool {
        matches!(self.source, TimeSource::System)
    }

    fn steady(&self) -> MutexGuard<'_, Steady> {
        self.steady.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TimeSource {
    fn read(&self) -> Reading {
        match self {
            Self::System => boot::read(),
            Self::Fixed(fixed) => Reading {
                wall: fixed.wall.load(Ordering::SeqCst),
                uptime: fixed.uptime.load(Ordering::SeqCst),
                boot: Some("fixed".to_owned()),
            },
        }
    }
}

/// RFC 3339 in UTC with three fractional digits, so that texts sort by time.
pub fn rfc3339(at: Millis) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(timestamp) => timestamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        Err(_) => at.to_string(),
    }
}

/// [`rfc3339`] for `serialize_with`.
pub fn as_rfc3339<S: serde::Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

/// For `serialize_with`: RFC 3339, or null.
pub fn as_rfc3339_or_null<S: serde::Serializer>(
    at: &Option<Millis>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => as_rfc3339(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// Parses RFC 3339.
pub fn millis_of(text: &str) -> Option<Millis> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Some(timestamp.as_millisecond())
}

/// Parses a time whose zone may be missing and then is UTC, such as `2025-07-19 02:41:33.5`.
pub fn millis_of_utc(text: &str) -> Option<Millis> {
    let without_zone = || {
        let civil: jiff::civil::DateTime = text.trim().parse().ok()?;
        let timestamp = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
        Some(timestamp.as_millisecond())
    };
    millis_of(text.trim()).or_else(without_zone)
}

/// Parses an HTTP `Date` header (RFC 9110, section 5.6.7).
pub fn millis_of_http_date(text: &str) -> Option<Millis> {
    let parsed = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(parsed.timestamp().as_millisecond())
}

/// `YYYYMMDD_HHMMSS` in UTC, for file names.
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
        assert_eq!(rfc3339(1_757_102_696_000), "2025-09-05T20:04:56.000Z");
        assert_eq!(rfc3339(1_757_102_696_012), "2025-09-05T20:04:56.012Z");
        assert_eq!(compact(1_757_102_696_000), "20250905_200456");
        assert_eq!(
            millis_of_http_date("Fri, 05 Sep 2025 20:04:56 GMT"),
            Some(1_757_102_696_000)
        );
    }
}

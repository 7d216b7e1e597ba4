//! Time zones for input and output. Rows, JSON and file names use UTC.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::Millis;

#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

/// A date and a time without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil(DateTime);

impl Zone {
    /// The machine's time zone.
    pub fn system() -> Self {
        Self(TimeZone::system())
    }

    /// By name in the IANA database.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// Its name in the IANA database, such as `America/Sao_Paulo`; for one without a name its offset then, such as `-03:00`.
    pub fn name(&self, at: Millis) -> String {
        let name = self.0.iana_name().map(str::to_owned);
        name.unwrap_or_else(|| self.written(at, "%:z"))
    }

    /// `2026-11-24 09:00:00 -03:00`
    pub fn local(&self, at: Millis) -> String {
        self.written(at, "%Y-%m-%d %H:%M:%S %:z")
    }

    /// `09:00:00`
    pub fn time_of_day(&self, at: Millis) -> String {
        self.written(at, "%H:%M:%S")
    }

    fn written(&self, at: Millis, format: &str) -> String {
        match Timestamp::from_millisecond(at) {
            Ok(timestamp) => {
                let zoned = timestamp.to_zoned_datetime(self.0.clone());
                zoned.strftime(format).to_string()
            }
            Err(_) => at.to_string(),
        }
    }

    /// The instant of a local time. The first of two when clocks are set back.
    pub fn millis_of(&self, civil: Civil) -> Option<Millis> {
        let timestamp = self.0.to_timestamp(civil.0).ok()?;
        Some(timestamp.as_millisecond())
    }
}

impl Civil {
    /// The start of the day after.
    pub fn next_day(self) -> Option<Self> {
        let day = self.0.date().checked_add(1.day()).ok()?;
        Some(Self(day.to_datetime(jiff::civil::Time::midnight())))
    }
}

impl FromStr for Civil {
    type Err = jiff::Error;

    /// A date means its start.
    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_and_read_in_the_zone() {
        let zone = Zone::named("America/Sao_Paulo").unwrap();
        let noon = 1_795_521_600_000;
        assert_eq!(zone.local(noon), "2026-11-24 09:00:00 -03:00");
        assert_eq!(zone.time_of_day(noon), "09:00:00");
        let civil = "2026-11-24 09:00".parse().unwrap();
        assert_eq!(zone.millis_of(civil), Some(noon));
        let day = "2026-11-24".parse().unwrap();
        assert_eq!(zone.millis_of(day), Some(noon - 9 * crate::clock::HOUR));
        assert!(Zone::named("America/Sao_Polo").is_none());
    }
}

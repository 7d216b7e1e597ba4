//! Times for people: in `http.time_zone`, or else in the system's zone. JSON has RFC 3339 in UTC instead.

use std::sync::OnceLock;

use midiateca_service::clock::{Millis, Zone, millis_of};
use midiateca_service::config::Config;

static ZONE: OnceLock<Zone> = OnceLock::new();

pub(crate) fn set(config: &Config) {
    if let Some(zone) = Zone::named(&config.http.time_zone) {
        // A run reads its settings once.
        let _ = ZONE.set(zone);
    }
}

pub(crate) fn zone() -> &'static Zone {
    // Unit tests show the same times on every machine.
    let test = || Zone::named("America/Sao_Paulo").filter(|_| cfg!(test));
    ZONE.get_or_init(|| test().unwrap_or_else(Zone::system))
}

/// A point in time with its zone: `2026-11-24 09:00:00 -03:00`.
pub(crate) fn local(at: Millis) -> String {
    zone().local(at)
}

pub(crate) fn or_dash(at: Option<Millis>) -> String {
    at.map_or_else(|| "-".to_owned(), local)
}

/// The same for a point in time that is written as in JSON.
pub(crate) fn local_of(text: &str) -> String {
    millis_of(text).map_or_else(|| text.to_owned(), local)
}

pub(crate) fn time_of_day(at: Millis) -> String {
    zone().time_of_day(at)
}

//! The seeds of tests with random schedules. `MIDIATECA_SEED` sets the first, `MIDIATECA_SCHEDULES` how many.

use std::ops::Range;

pub(crate) fn range(count: u64) -> Range<u64> {
    let first = from_environment("MIDIATECA_SEED").unwrap_or(1);
    first..first + from_environment("MIDIATECA_SCHEDULES").unwrap_or(count)
}

fn from_environment(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().expect("a number"))
}

//! Time without jumps: the last trusted wall clock reading plus the time since.

use super::{DAY, MINUTE, Millis};

/// A larger difference between two readings is a jump. Time servers correct less at once.
pub const TOLERANCE: Millis = MINUTE;
/// How often the trusted reading is renewed. A wall clock that drifts by less than [`TOLERANCE`] in this time is
/// followed.
const RENEWED_EVERY: Millis = 10 * MINUTE;
/// A restart hides how long the machine was off. A longer gap needs a confirmation.
const UNCONFIRMED_AFTER: Millis = DAY;

/// Both of the system's clocks at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Unix milliseconds, UTC.
    pub wall: Millis,
    /// Milliseconds since boot, suspended time included.
    pub uptime: Millis,
    /// None where the system has no boot id.
    pub boot: Option<String>,
}

/// Whether the time is reliable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    Trusted,
    /// The wall clock is off by this many milliseconds; positive when ahead.
    Jumped(Millis),
    /// Milliseconds from the last trusted reading, which was in another boot, to the wall clock; negative when before
    /// it.
    Unconfirmed(Millis),
}

#[derive(Clone, Debug)]
pub(super) struct Steady {
    anchor: Reading,
    /// The distance of the anchor from the last trusted reading; None when it is trusted.
    doubt: Option<Millis>,
}

impl Steady {
    pub fn starting_at(reading: &Reading) -> Self {
        Self {
            anchor: reading.clone(),
            doubt: None,
        }
    }

    /// Continues from a saved reading; exact if the machine was not restarted since.
    pub fn resumed(saved: &Reading, reading: &Reading) -> Self {
        let same_boot = saved.boot.is_some() && saved.boot == reading.boot;
        if same_boot && reading.uptime >= saved.uptime {
            return Self::starting_at(saved);
        }
        let off = reading.wall.saturating_sub(saved.wall);
        if (-TOLERANCE..=UNCONFIRMED_AFTER).contains(&off) {
            return Self::starting_at(reading);
        }
        // Never earlier than a time that was trusted.
        let wall = reading.wall.max(saved.wall);
        Self {
            anchor: Reading {
                wall,
                ..reading.clone()
            },
            doubt: Some(off),
        }
    }

    pub fn doubt(&mut self) {
        self.doubt = self.doubt.or(Some(0));
    }

    pub fn now(&mut self, reading: &Reading) -> Millis {
        let expected = self.expected(reading);
        if (reading.wall.saturating_sub(expected)).abs() > TOLERANCE {
            return expected;
        }
        if reading.uptime - self.anchor.uptime >= RENEWED_EVERY {
            self.anchor = reading.clone();
        }
        reading.wall
    }

    pub fn trust(&self, reading: &Reading) -> Trust {
        let off = reading.wall.saturating_sub(self.expected(reading));
        match self.doubt {
            Some(off) => Trust::Unconfirmed(off),
            None if off.abs() > TOLERANCE => Trust::Jumped(off),
            None => Trust::Trusted,
        }
    }

    fn expected(&self, reading: &Reading) -> Millis {
        self.anchor.wall + (reading.uptime - self.anchor.uptime)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Clock, HOUR};
    use super::*;

    const NOW: Millis = 1_800_000_000_000;

    fn reading(wall: Millis, uptime: Millis, boot: &str) -> Reading {
        Reading {
            wall,
            uptime,
            boot: Some(boot.to_owned()),
        }
    }

    #[test]
    fn time_does_not_jump_with_the_wall_clock() {
        for by in [HOUR, -HOUR, 400 * DAY, -400 * DAY, TOLERANCE + 1] {
            let clock = Clock::fixed(NOW);
            clock.jump(by);
            assert_eq!((clock.now(), clock.trust()), (NOW, Trust::Jumped(by)));
            clock.advance(5 * HOUR);
            assert_eq!(clock.now(), NOW + 5 * HOUR);
            assert_eq!(clock.wall(), NOW + 5 * HOUR + by);
            clock.jump(-by);
            assert_eq!(
                (clock.now(), clock.trust()),
                (NOW + 5 * HOUR, Trust::Trusted)
            );
        }
    }

    #[test]
    fn small_corrections_are_followed_and_a_confirmed_jump_too() {
        let clock = Clock::fixed(NOW);
        for _ in 0..10 {
            clock.advance(RENEWED_EVERY);
            clock.jump(MINUTE / 2);
            assert_eq!(clock.now(), clock.wall());
            assert!(clock.is_trusted());
        }
        clock.jump(-DAY);
        assert!(!clock.is_trusted());
        clock.accept();
        assert_eq!((clock.now(), clock.is_trusted()), (clock.wall(), true));
    }

    #[test]
    fn suspended_time_is_no_jump() {
        let clock = Clock::fixed(NOW);
        clock.advance(30 * DAY);
        assert_eq!((clock.now(), clock.is_trusted()), (NOW + 30 * DAY, true));
    }

    #[test]
    fn a_new_process_of_the_same_boot_knows_the_time_exactly() {
        let saved = reading(NOW, 1_000, "a");
        for off in [0, 400 * DAY, -400 * DAY] {
            let now = reading(NOW + HOUR + off, 1_000 + HOUR, "a");
            let mut steady = Steady::resumed(&saved, &now);
            assert_eq!(steady.now(&now), NOW + HOUR);
            let trust = match off {
                0 => Trust::Trusted,
                off => Trust::Jumped(off),
            };
            assert_eq!(steady.trust(&now), trust);
        }
    }

    #[test]
    fn after_a_restart_of_the_machine_a_long_gap_or_an_earlier_time_is_to_be_confirmed() {
        let saved = reading(NOW, 1_000, "a");
        for (off, expected, trust) in [
            (HOUR, HOUR, Trust::Trusted),
            (-TOLERANCE, -TOLERANCE, Trust::Trusted),
            (400 * DAY, 400 * DAY, Trust::Unconfirmed(400 * DAY)),
            (-DAY, 0, Trust::Unconfirmed(-DAY)),
        ] {
            let now = reading(NOW + off, 10, "b");
            let mut steady = Steady::resumed(&saved, &now);
            assert_eq!(
                (steady.now(&now), steady.trust(&now)),
                (NOW + expected, trust)
            );
        }
        // Without a boot id, a new process is like one after a restart.
        let saved = Reading {
            boot: None,
            ..saved
        };
        let now = Reading {
            boot: None,
            ..reading(NOW + DAY / 2, 0, "")
        };
        assert_eq!(Steady::resumed(&saved, &now).trust(&now), Trust::Trusted);
    }
}

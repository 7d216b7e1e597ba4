//! From which files nothing could be made: for good, or for a while when that says nothing of their bytes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::{DAY, MINUTE, Millis};

/// So many are remembered.
const MOST: usize = 10_000;

struct Failure {
    attempts: u32,
    /// None: until a restart.
    until: Option<Millis>,
}

pub(super) struct Failures<K>(Mutex<HashMap<K, Failure>>);

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Failures<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Failure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is not worth trying now.
    pub fn has(&self, key: &K, now: Millis) -> bool {
        let known = self.lock();
        let failure = known.get(key);
        failure.is_some_and(|failure| failure.until.is_none_or(|until| now < until))
    }

    /// Nothing can be made from these bytes.
    pub fn add_verdict(&self, key: K) {
        self.add(key, |_| None);
    }

    /// Trying again later may help: after a minute, and each time four times as long, up to a day.
    pub fn add_attempt(&self, key: K, now: Millis) {
        self.add(key, |attempts| Some(now + pause(attempts)));
    }

    fn add(&self, key: K, until: impl FnOnce(u32) -> Option<Millis>) {
        let mut known = self.lock();
        let attempts = known.get(&key).map_or(1, |failure| failure.attempts + 1);
        if known.len() >= MOST {
            known.clear();
        }
        let until = until(attempts);
        known.insert(key, Failure { attempts, until });
    }

    pub fn forget(&self, key: &K) {
        self.lock().remove(key);
    }
}

fn pause(attempts: u32) -> Millis {
    (MINUTE * 4_i64.pow(attempts.saturating_sub(1).min(8))).min(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_stay_and_other_failures_pass() {
        let failures = Failures::default();
        failures.add_verdict("bytes");
        for (attempts, minutes) in [(1, 1), (2, 4), (3, 16)] {
            failures.add_attempt("machine", 0);
            let end = minutes * MINUTE;
            assert!(failures.has(&"machine", end - 1), "{attempts}");
            assert!(!failures.has(&"machine", end), "{attempts}");
        }
        assert!(failures.has(&"bytes", 1_000 * DAY) && !failures.has(&"other", 0));
        failures.forget(&"machine");
        failures.add_attempt("machine", 0);
        assert!(!failures.has(&"machine", MINUTE));
        assert_eq!(pause(u32::MAX), DAY);
    }
}

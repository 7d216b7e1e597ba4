//! How fast deliveries come, from counters that only grow.

use std::collections::{HashMap, VecDeque};

use midiateca_service::clock::{MINUTE, Millis, SECOND};
use midiateca_service::instances::Instance;

/// The counters are written down every other second: over less than this, a rate would be made of chance.
const LEAST: Millis = 5 * SECOND;

/// The counters of the last minute.
#[derive(Default)]
pub(super) struct Rate(VecDeque<(Millis, HashMap<String, i64>)>);

impl Rate {
    /// Takes the counters as they stand at `at`.
    pub fn note(&mut self, at: Millis, instances: &[Instance]) {
        if self.0.back().is_some_and(|(last, _)| at - last < SECOND) {
            return;
        }
        let counts = instances
            .iter()
            .map(|instance| (instance.id.0.clone(), instance.delivery_count));
        self.0.push_back((at, counts.collect()));
        while self.0.front().is_some_and(|(first, _)| at - first > MINUTE) {
            self.0.pop_front();
        }
    }

    /// Deliveries in a minute of the instances that are wanted.
    pub fn per_minute(&self, wanted: impl Fn(&str) -> bool) -> Option<f64> {
        let ((first, before), (last, after)) = (self.0.front()?, self.0.back()?);
        let elapsed = last - first;
        let grown = |(instance, count): (&String, &i64)| {
            // An instance that was added meanwhile began at nothing.
            let before = before.get(instance).copied().unwrap_or(0);
            wanted(instance).then_some((count - before).max(0))
        };
        let came: i64 = after.iter().filter_map(grown).sum();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        (elapsed >= LEAST).then(|| came as f64 * MINUTE as f64 / elapsed as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::monitor::state::tests::instance;

    #[test]
    fn the_rate_is_that_of_the_last_minute_and_of_the_instances_that_are_wanted() {
        let mut rate = Rate::default();
        let at = |a, b| [instance("A", a), instance("B", b)];
        rate.note(0, &at(100, 0));
        assert_eq!(rate.per_minute(|_| true), None);
        rate.note(30_000, &at(160, 5));
        assert_eq!(rate.per_minute(|_| true), Some(130.0));
        rate.note(90_000, &at(220, 5));
        assert_eq!(rate.per_minute(|_| true), Some(60.0));
        assert_eq!(rate.per_minute(|instance| instance == "B"), Some(0.0));
    }
}

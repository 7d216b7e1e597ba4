//! Deliveries per minute, from counters that only grow.

use std::collections::{HashMap, VecDeque};

use super::LiveInstance;
use crate::clock::{MINUTE, Millis, SECOND};

/// The counters are written every other second: over less than this, a rate would be random.
const LEAST: Millis = 5 * SECOND;

/// The counters of the last minute, by instance.
#[derive(Default)]
pub(super) struct DeliveryRate(VecDeque<(Millis, HashMap<String, i64>)>);

impl DeliveryRate {
    pub fn add(&mut self, at: Millis, instances: &[LiveInstance]) {
        if self.0.back().is_some_and(|(last, _)| at - last < SECOND) {
            return;
        }
        let counts = instances
            .iter()
            .map(|instance| (instance.id.clone(), instance.delivery_count));
        self.0.push_back((at, counts.collect()));
        while self.0.front().is_some_and(|(first, _)| at - first > MINUTE) {
            self.0.pop_front();
        }
    }

    pub fn per_minute(&self, wanted: impl Fn(&str) -> bool) -> Option<f64> {
        let ((first, before), (last, after)) = (self.0.front()?, self.0.back()?);
        let elapsed = last - first;
        let grown = |(instance, count): (&String, &i64)| {
            // A new instance began at zero.
            let before = before.get(instance).copied().unwrap_or(0);
            wanted(instance).then_some((count - before).max(0))
        };
        let received: i64 = after.iter().filter_map(grown).sum();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        (elapsed >= LEAST).then(|| received as f64 * MINUTE as f64 / elapsed as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InstanceState;

    fn instance(id: &str, delivery_count: i64) -> LiveInstance {
        LiveInstance {
            id: id.to_owned(),
            state: InstanceState::Connected,
            problem: None,
            last_delivery_at: None,
            delivery_count,
        }
    }

    #[test]
    fn the_rate_is_that_of_the_last_minute_and_of_the_instances_that_are_wanted() {
        let mut rate = DeliveryRate::default();
        let at = |a, b| [instance("A", a), instance("B", b)];
        rate.add(0, &at(100, 0));
        assert_eq!(rate.per_minute(|_| true), None);
        rate.add(30_000, &at(160, 5));
        assert_eq!(rate.per_minute(|_| true), Some(130.0));
        rate.add(90_000, &at(220, 5));
        assert_eq!(rate.per_minute(|_| true), Some(60.0));
        assert_eq!(rate.per_minute(|instance| instance == "B"), Some(0.0));
    }
}

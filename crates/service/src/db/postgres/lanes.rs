//! Which writes of a group may overlap, and what the group locks.
//!
//! Writes with the same key run one after the other, in a lane. Lanes overlap on one connection, so that a group costs the
//! round trips of its longest lane, and not of all its writes. Keys are hashed to stripes, because the server has places
//! for some thousand locks only; two keys of one stripe exclude each other without need.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::db::Key;

/// The number of stripes; 0 is everything.
const STRIPES: u64 = 4_096;

/// What a write must be alone with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Alone {
    Everything,
    Stripes(BTreeSet<i32>),
}

impl Alone {
    pub fn with(key: &Key) -> Self {
        let stripes = match key {
            Key::Everything => return Self::Everything,
            Key::Nothing => BTreeSet::new(),
            Key::Messages { instance, messages } => {
                let stripes = messages.iter();
                stripes
                    .map(|it| stripe(&("message", instance, it)))
                    .collect()
            }
            Key::Instance(id) => [stripe(&("instance", id))].into(),
            Key::Media(id) => [stripe(&("media", id))].into(),
            Key::Endpoint(id) => [stripe(&("endpoint", id))].into(),
            Key::Users => [stripe(&"users")].into(),
        };
        Self::Stripes(stripes)
    }
}

/// The same on every node of one version; `DefaultHasher::new` has no random state.
fn stripe(key: &impl std::hash::Hash) -> i32 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let stripe = hasher.finish() % (STRIPES - 1) + 1;
    i32::try_from(stripe).unwrap_or(1)
}

/// The positions of the writes of a group, lane by lane. The writes of a lane are in the order in which they came.
pub(super) fn lanes(group: &[Alone]) -> Vec<Vec<usize>> {
    let (mut lanes, mut by_stripe) = (Vec::<Vec<usize>>::new(), HashMap::<i32, usize>::new());
    for (at, alone) in group.iter().enumerate() {
        let Alone::Stripes(stripes) = alone else {
            // It is alone in its group.
            return vec![(0..group.len()).collect()];
        };
        let known: BTreeSet<usize> = stripes
            .iter()
            .filter_map(|it| by_stripe.get(it).copied())
            .collect();
        let mut known = known.into_iter();
        let lane = known.next().unwrap_or_else(|| {
            lanes.push(Vec::new());
            lanes.len() - 1
        });
        // The write joins lanes that were apart.
        for other in known {
            let joined = std::mem::take(&mut lanes[other]);
            lanes[lane].extend(joined);
            for of_stripe in by_stripe.values_mut() {
                if *of_stripe == other {
                    *of_stripe = lane;
                }
            }
        }
        lanes[lane].push(at);
        for stripe in stripes {
            by_stripe.insert(*stripe, lane);
        }
    }
    lanes.retain(|lane| !lane.is_empty());
    for lane in &mut lanes {
        lane.sort_unstable();
    }
    lanes
}

/// The statements that lock what a group must be alone with, in the order of stripes, so that no two groups wait for each
/// other. All other groups have the lock of everything shared.
pub(super) fn locks(space: i32, group: &[Alone]) -> String {
    let mut stripes = BTreeSet::new();
    for alone in group {
        match alone {
            Alone::Everything => return format!("select pg_advisory_xact_lock({space}, 0)"),
            Alone::Stripes(of_write) => stripes.extend(of_write),
        }
    }
    let mut sql = format!("select pg_advisory_xact_lock_shared({space}, 0)");
    if !stripes.is_empty() {
        let listed = stripes.iter().map(i32::to_string).collect::<Vec<_>>();
        sql.push_str(&format!(
            "; select pg_advisory_xact_lock({space}, stripe) from unnest(array[{}]) as stripe",
            listed.join(",")
        ));
    }
    sql
}

/// The first number of all locks of a database: databases of one server, or schemas of one database, do not wait for each
/// other.
pub(super) fn space(identity: &str) -> i32 {
    let mut hasher = DefaultHasher::new();
    identity.hash(&mut hasher);
    let [a, b, c, d, ..] = hasher.finish().to_be_bytes();
    i32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> Alone {
        Alone::with(&Key::message("I", id))
    }

    #[test]
    fn writes_of_one_key_share_a_lane() {
        let both = Key::Messages {
            instance: "I".to_owned(),
            messages: vec!["a".to_owned(), "c".to_owned()],
        };
        let group = [
            message("a"),
            message("b"),
            message("a"),
            message("c"),
            Alone::with(&Key::Nothing),
            Alone::with(&both),
            message("c"),
        ];
        let lanes = lanes(&group);
        assert_eq!(lanes, [vec![0, 2, 3, 5, 6], vec![1], vec![4]]);
    }

    /// Random groups: every write has one place, and no two lanes share a stripe.
    #[test]
    fn lanes_share_no_stripe() {
        for seed in crate::seeds::range(500) {
            let mut random = fastrand::Rng::with_seed(seed);
            let group: Vec<_> = (0..random.usize(1..40))
                .map(|_| {
                    let stripes = (0..random.usize(0..4)).map(|_| random.i32(1..30));
                    Alone::Stripes(stripes.collect())
                })
                .collect();
            let lanes = lanes(&group);
            let mut places: Vec<_> = lanes.iter().flatten().copied().collect();
            places.sort_unstable();
            assert_eq!(places, (0..group.len()).collect::<Vec<_>>(), "seed {seed}");
            let mut owner = HashMap::new();
            for (lane, writes) in lanes.iter().enumerate() {
                assert!(writes.is_sorted(), "seed {seed}");
                for write in writes {
                    let Alone::Stripes(stripes) = &group[*write] else {
                        continue;
                    };
                    for stripe in stripes {
                        assert_eq!(*owner.entry(*stripe).or_insert(lane), lane, "seed {seed}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_group_locks_its_stripes_in_order() {
        let group = [Alone::Stripes([7, 3].into()), Alone::Stripes([5].into())];
        let sql = locks(9, &group);
        assert!(sql.ends_with("array[3,5,7]) as stripe"), "{sql}");
        assert_eq!(
            locks(9, &[Alone::Everything]),
            "select pg_advisory_xact_lock(9, 0)"
        );
    }
}

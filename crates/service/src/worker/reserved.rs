//! How much of the disk the downloads that are under way will take, and which of them are broken off when it is too
//! little for all of them. Lengths are the senders' word: what turns out longer than it said, or said that it is longer
//! than there is room, is on trial, and goes before anybody else is kept waiting because of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::MediaId;
use crate::queue::Job;

/// What is reckoned with where a message does not tell its length: most that come are smaller.
const USUAL_BYTES: u64 = 16 << 20;

/// What is reckoned with, shared with those who hold a part of it.
#[derive(Clone, Default)]
pub(super) struct Reserved(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    under_way: HashMap<MediaId, UnderWay>,
    /// How much had come of what was broken off, until it ends otherwise: it is no shorter than that, whatever its
    /// message says.
    at_least: HashMap<MediaId, u64>,
}

struct UnderWay {
    bytes: u64,
    /// Whether it was begun although there was not so much room.
    is_trial: bool,
    /// Whether it is broken off, and what it wrote is about to go.
    is_ending: bool,
}

impl UnderWay {
    /// How much was written that nothing was held for, or that is about to go.
    fn unforeseen(&self, fetched: u64) -> u64 {
        match self.is_trial || self.is_ending {
            true => fetched,
            false => fetched.saturating_sub(self.bytes),
        }
    }

    fn to_come(&self, fetched: u64) -> u64 {
        match self.is_trial || self.is_ending {
            true => 0,
            false => self.bytes.saturating_sub(fetched),
        }
    }
}

/// Held while a download is under way.
pub(super) struct Reservation {
    reserved: Reserved,
    id: MediaId,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut held = self.reserved.lock();
        let ended = held.under_way.remove(&self.id);
        if ended.is_some_and(|ended| !ended.is_ending) {
            held.at_least.remove(&self.id);
        }
    }
}

/// Which downloads are broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Those that are longer than was reckoned with.
    Unforeseen,
    /// Any.
    All,
}

impl Reserved {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes a media will take: what its message tells, or what came of it before if that was more, but never
    /// more than is taken of any.
    pub fn expected(&self, job: &Job, most: u64) -> u64 {
        let at_least = self.at_least(&job.id);
        job.declared_length
            .unwrap_or(USUAL_BYTES)
            .max(at_least)
            .min(most)
    }

    fn at_least(&self, id: &MediaId) -> u64 {
        self.lock().at_least.get(id).copied().unwrap_or(0)
    }

    /// What is held for a download from now on.
    pub fn hold(&self, id: &MediaId, bytes: u64, is_trial: bool) -> Reservation {
        let under_way = UnderWay {
            bytes,
            is_trial,
            is_ending: false,
        };
        self.lock().under_way.insert(id.clone(), under_way);
        Reservation {
            reserved: self.clone(),
            id: id.clone(),
        }
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.lock().under_way.is_empty()
    }

    fn sum(&self, of: impl Fn(&MediaId, &UnderWay) -> u64) -> u64 {
        let held = self.lock();
        let each = held.under_way.iter().map(|(id, one)| of(id, one));
        each.fold(0, u64::saturating_add)
    }

    /// How much is still to be written of what was reckoned with.
    pub fn to_come(&self, fetched: impl Fn(&MediaId) -> u64) -> u64 {
        self.sum(|id, one| one.to_come(fetched(id)))
    }

    /// How much was written that was not, and is there again once that is broken off.
    pub fn unforeseen(&self, fetched: impl Fn(&MediaId) -> u64) -> u64 {
        self.sum(|id, one| one.unforeseen(fetched(id)))
    }

    /// Breaks off the largest first, until what they wrote is as much as is needed, together with what is about to go
    /// already; says how many. `stop` says whether a download could be stopped.
    pub fn break_off(
        &self,
        whose: Whose,
        needed: u64,
        fetched: impl Fn(&MediaId) -> u64,
        stop: impl Fn(&MediaId) -> bool,
    ) -> usize {
        let mut held = self.lock();
        let Held {
            under_way,
            at_least,
        } = &mut *held;
        let mut freed = 0_u64;
        let mut open = Vec::new();
        for (id, one) in under_way {
            let came = fetched(id);
            if one.is_ending {
                freed = freed.saturating_add(came);
            } else if whose == Whose::All || one.is_trial || one.unforeseen(came) > 0 {
                open.push((one.bytes.max(came), came, id, one));
            }
        }
        open.sort_by(|one, other| (other.0, other.2.as_str()).cmp(&(one.0, one.2.as_str())));
        let mut count = 0;
        for (_, came, id, one) in open {
            if freed >= needed {
                break;
            }
            if stop(id) {
                one.is_ending = true;
                freed = freed.saturating_add(came);
                let known = at_least.entry(id.clone()).or_default();
                *known = came.max(*known);
                count += 1;
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> MediaId {
        MediaId(name.to_owned())
    }

    #[test]
    fn the_largest_is_broken_off_first_and_no_more_than_is_needed() {
        let reserved = Reserved::default();
        let fetched = |one: &MediaId| match one.as_str() {
            "liar" => 90,
            "long" => 50,
            _ => 5,
        };
        let stopped = Mutex::new(Vec::new());
        let stop = |one: &MediaId| {
            stopped.lock().unwrap().push(one.0.clone());
            true
        };
        let liar = reserved.hold(&id("liar"), 1, false);
        let _long = reserved.hold(&id("long"), 60, false);
        let _small = reserved.hold(&id("small"), 10, false);
        assert_eq!(reserved.unforeseen(fetched), 89);
        assert_eq!(reserved.to_come(fetched), 15);
        // It goes alone, and until it is gone nobody else goes because of it.
        assert_eq!(reserved.break_off(Whose::All, 80, fetched, stop), 1);
        assert_eq!(reserved.break_off(Whose::All, 80, fetched, stop), 0);
        assert_eq!(reserved.break_off(Whose::Unforeseen, 95, fetched, stop), 0);
        assert_eq!(reserved.break_off(Whose::All, 95, fetched, stop), 1);
        assert_eq!(*stopped.lock().unwrap(), ["liar", "long"]);
        // It is known for what it is from now on, until it ends by itself.
        drop(liar);
        assert_eq!(reserved.at_least(&id("liar")), 90);
        drop(reserved.hold(&id("liar"), 90, true));
        assert_eq!(reserved.at_least(&id("liar")), 0);
    }

    #[test]
    fn what_cannot_be_stopped_is_not_taken_for_gone() {
        let reserved = Reserved::default();
        let _one = reserved.hold(&id("one"), 10, false);
        let (fetched, stop) = (|_: &MediaId| 10, |_: &MediaId| false);
        assert_eq!(reserved.break_off(Whose::All, 5, fetched, stop), 0);
        assert_eq!(reserved.unforeseen(fetched), 0);
    }
}

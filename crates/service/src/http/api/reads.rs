//! Who read which file a moment ago: a player asks for one file in many ranges, which the audit log has as one download.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::{MINUTE, Millis};
use crate::model::MediaId;

/// For so long, the ranges of a file belong to one download.
const TOGETHER: Millis = 10 * MINUTE;
/// With more, the oldest are forgotten early, and their files counted again.
const MOST: usize = 10_000;

#[derive(Default)]
pub struct RecentReads(Mutex<HashMap<(String, MediaId), Millis>>);

impl RecentReads {
    /// Whether it is the first read of the file by this caller for a while.
    pub fn is_first(&self, actor: String, media: &MediaId, now: Millis) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (actor, media.clone());
        // A clock that went back does not hide a read.
        let is_recent = |at: Millis| (0..TOGETHER).contains(&(now - at));
        if known.get(&key).is_some_and(|at| is_recent(*at)) {
            return false;
        }
        if known.len() >= MOST {
            known.retain(|_, at| is_recent(*at));
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_a_file_are_one_download_for_a_while() {
        let reads = RecentReads::default();
        let [one, other] = ["a", "b"].map(|id| MediaId(id.to_owned()));
        let first = |actor: &str, media, now| reads.is_first(actor.to_owned(), media, now);
        assert!(first("x", &one, 0));
        assert!(!first("x", &one, TOGETHER - 1));
        assert!(first("y", &one, 1) && first("x", &other, 1));
        assert!(first("x", &one, TOGETHER));
        assert!(first("x", &one, 5), "the clock went back");
        for n in 0..2 * MOST {
            assert!(first(&n.to_string(), &one, 5));
        }
        assert!(reads.0.lock().unwrap().len() <= MOST);
    }
}

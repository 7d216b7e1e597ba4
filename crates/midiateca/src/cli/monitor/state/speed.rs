//! How fast downloads run, from how far they were before. The figure is written about once a second, so it is the
//! time between two changes that counts.

use std::collections::HashMap;

use crate::cli::monitor::sample::Download;
use midiateca_service::clock::{Millis, SECOND};
use midiateca_service::model::MediaId;

/// Without a byte for so long a download stands still.
const STANDS_STILL: Millis = 5 * SECOND;
/// How much the newest figure weighs against those before.
const WEIGHT: f64 = 0.5;

#[derive(Default)]
pub(super) struct Speeds(HashMap<MediaId, Track>);

struct Track {
    at: Millis,
    bytes: u64,
    per_second: Option<f64>,
}

impl Speeds {
    /// Takes how far downloads are at `at`; those that are not listed have ended.
    pub fn note(&mut self, at: Millis, downloads: &[Download]) {
        let mut before = std::mem::take(&mut self.0);
        for download in downloads {
            let Some(bytes) = download.fetched_bytes else {
                continue;
            };
            let track = match before.remove(&download.id) {
                Some(track) => track.moved(at, bytes),
                None => Track {
                    at,
                    bytes,
                    per_second: None,
                },
            };
            self.0.insert(download.id.clone(), track);
        }
    }

    /// Bytes in a second, once that can be told.
    pub fn of(&self, id: &MediaId) -> Option<f64> {
        self.0.get(id)?.per_second
    }
}

impl Track {
    fn moved(self, at: Millis, bytes: u64) -> Self {
        let elapsed = at - self.at;
        if bytes == self.bytes && elapsed < STANDS_STILL || elapsed <= 0 {
            return self;
        }
        // Fewer bytes than before are those of a new attempt.
        let came = bytes.checked_sub(self.bytes).unwrap_or(bytes);
        #[expect(clippy::cast_precision_loss, reason = "a speed for people")]
        let now = came as f64 * SECOND as f64 / elapsed as f64;
        let per_second = match self.per_second {
            Some(before) if now > 0.0 => before + (now - before) * WEIGHT,
            _ => now,
        };
        Self {
            at,
            bytes,
            per_second: Some(per_second),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::monitor::state::tests::download;

    #[test]
    fn a_speed_is_that_between_two_changes() {
        let mut speeds = Speeds::default();
        let id = MediaId("A".to_owned());
        let mut at = |at, bytes| {
            speeds.note(at, &[download("A", bytes)]);
            speeds.of(&id)
        };
        assert_eq!(at(0, 1_000), None);
        assert_eq!(at(500, 1_000), None);
        assert_eq!(at(1_000, 3_000), Some(2_000.0));
        assert_eq!(at(1_500, 3_000), Some(2_000.0));
        assert_eq!(at(2_000, 7_000), Some(3_000.0));
        assert_eq!(at(7_000, 7_000), Some(0.0));
        speeds.note(7_500, &[]);
        assert_eq!(speeds.of(&id), None);
    }
}

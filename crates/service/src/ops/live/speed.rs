//! Bytes per second of downloads. Their progress is written about once a second, so the time between two changes counts.

use std::collections::HashMap;

use super::Download;
use crate::clock::{Millis, SECOND};
use crate::model::MediaId;

/// A download without progress for this long has speed zero.
const STALLED_AFTER: Millis = 5 * SECOND;
/// The weight of the newest value in the moving average.
const WEIGHT: f64 = 0.5;

#[derive(Default)]
pub(super) struct DownloadSpeeds(HashMap<MediaId, Track>);

struct Track {
    at: Millis,
    bytes: u64,
    per_second: Option<f64>,
}

impl DownloadSpeeds {
    /// Downloads that are not listed have ended.
    pub fn add(&mut self, at: Millis, downloads: &[Download]) {
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

    pub fn per_second(&self, id: &MediaId) -> Option<f64> {
        self.0.get(id)?.per_second
    }
}

impl Track {
    fn moved(self, at: Millis, bytes: u64) -> Self {
        let elapsed = at - self.at;
        if bytes == self.bytes && elapsed < STALLED_AFTER || elapsed <= 0 {
            return self;
        }
        // Fewer bytes than before belong to a new attempt.
        let received = bytes.checked_sub(self.bytes).unwrap_or(bytes);
        #[expect(clippy::cast_precision_loss, reason = "a speed for people")]
        let now = received as f64 * SECOND as f64 / elapsed as f64;
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

    fn download(id: &str, bytes: u64) -> Download {
        Download {
            id: MediaId(id.to_owned()),
            instance: "A".to_owned(),
            kind: crate::model::MediaKind::Video,
            file_name: None,
            fetched_bytes: Some(bytes),
            declared_length: Some(8 << 20),
        }
    }

    #[test]
    fn a_speed_is_that_between_two_changes() {
        let mut speeds = DownloadSpeeds::default();
        let id = MediaId("A".to_owned());
        let mut at = |at, bytes| {
            speeds.add(at, &[download("A", bytes)]);
            speeds.per_second(&id)
        };
        assert_eq!(at(0, 1_000), None);
        assert_eq!(at(500, 1_000), None);
        assert_eq!(at(1_000, 3_000), Some(2_000.0));
        assert_eq!(at(1_500, 3_000), Some(2_000.0));
        assert_eq!(at(2_000, 7_000), Some(3_000.0));
        assert_eq!(at(7_000, 7_000), Some(0.0));
        speeds.add(7_500, &[]);
        assert_eq!(speeds.per_second(&id), None);
    }
}

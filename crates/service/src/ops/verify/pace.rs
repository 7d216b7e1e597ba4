//! How fast files are read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::shutdown::CancellationToken;

/// A longer sleep would delay the reaction to a cancellation.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);
const MICROS: u128 = 1_000_000;

/// A limit on bytes per second, and the token that ends the reading.
pub(super) struct Pace {
    bytes_per_second: Option<u64>,
    began: Instant,
    bytes: AtomicU64,
    cancelled: CancellationToken,
}

impl Pace {
    /// Without a rate, or with 0, there is no limit.
    pub fn new(bytes_per_second: Option<u64>, cancelled: CancellationToken) -> Self {
        Self {
            bytes_per_second: bytes_per_second.filter(|rate| *rate > 0),
            began: Instant::now(),
            bytes: AtomicU64::new(0),
            cancelled,
        }
    }

    pub fn is_stopped(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Counts what was read and sleeps as long as the rate asks for; false once it was cancelled. Blocking.
    pub fn take(&self, bytes: u64) -> bool {
        let total = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let due_micros = self
            .bytes_per_second
            .map_or(0, |rate| u128::from(total) * MICROS / u128::from(rate));
        let due = Duration::from_micros(u64::try_from(due_micros).unwrap_or(u64::MAX));
        while let Some(early) = due.checked_sub(self.began.elapsed()) {
            if early.is_zero() || self.is_stopped() {
                break;
            }
            std::thread::sleep(early.min(LONGEST_SLEEP));
        }
        !self.is_stopped()
    }
}

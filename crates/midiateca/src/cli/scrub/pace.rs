//! How fast files are read, and whether any more are.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A sleep longer than this would make Ctrl-C wait.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

pub(super) struct Pace {
    /// The same figure as megabytes a second; 0 is without bound.
    bytes_per_micro: u64,
    began: Instant,
    bytes: AtomicU64,
    stopped: AtomicBool,
}

impl Pace {
    pub fn new(megabytes_per_second: u64) -> Self {
        Self {
            bytes_per_micro: megabytes_per_second,
            began: Instant::now(),
            bytes: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// No more is to be read.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Counts what was read and sleeps as long as the rate asks for; false once it is to stop. Blocking.
    pub fn take(&self, bytes: u64) -> bool {
        let so_far = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let due = so_far.checked_div(self.bytes_per_micro);
        let due = Duration::from_micros(due.unwrap_or(0));
        while let Some(early) = due.checked_sub(self.began.elapsed()) {
            if early.is_zero() || self.is_stopped() {
                break;
            }
            std::thread::sleep(early.min(LONGEST_SLEEP));
        }
        !self.is_stopped()
    }
}

//! A lower bound for the speed of a transfer. A total timeout would cut off large transfers; an idle timeout would allow one
//! byte at a time for ever.

use std::time::Duration;

use tokio::time::Instant;

/// How slow a transfer may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slowness {
    /// How long the peer may keep the server waiting before the first byte, and at most at any time.
    pub patience: Duration,
    /// Each byte restores one second divided by this of the patience.
    pub bytes_per_second: u64,
}

/// The remaining patience. Only time in which the server waits for the peer counts.
#[derive(Debug)]
pub(super) struct SendPace {
    slowness: Slowness,
    left: Duration,
    waiting_since: Option<Instant>,
}

impl SendPace {
    pub fn new(slowness: Slowness) -> Self {
        Self {
            slowness,
            left: slowness.patience,
            waiting_since: None,
        }
    }

    /// The transfer waits for the peer.
    pub fn wait(&mut self, now: Instant) {
        self.waiting_since.get_or_insert(now);
    }

    /// The peer sent or read `bytes`.
    pub fn advance(&mut self, now: Instant, bytes: usize) {
        if let Some(since) = self.waiting_since.take() {
            self.left = self.left.saturating_sub(now.duration_since(since));
        }
        let rate = self.slowness.bytes_per_second.max(1);
        let nanos = (bytes as u64).saturating_mul(1_000_000_000) / rate;
        let restored = self.left.saturating_add(Duration::from_nanos(nanos));
        self.left = restored.min(self.slowness.patience);
    }

    /// When the patience ends, while the server waits for the peer.
    pub fn deadline(&self) -> Option<Instant> {
        Some(self.waiting_since? + self.left)
    }

    /// Since when the server waits for the peer.
    pub fn waiting_since(&self) -> Option<Instant> {
        self.waiting_since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOWNESS: Slowness = Slowness {
        patience: Duration::from_secs(10),
        bytes_per_second: 100,
    };

    /// Waits for `seconds` before each piece of `bytes`. Returns when the patience ended, if it did.
    fn ends_after(seconds: u64, bytes: usize, pieces: usize) -> Option<Duration> {
        let began = Instant::now();
        let (mut pace, mut now) = (SendPace::new(SLOWNESS), began);
        for _ in 0..pieces {
            pace.wait(now);
            now += Duration::from_secs(seconds);
            let deadline = pace.deadline().unwrap();
            if deadline <= now {
                return Some(deadline - began);
            }
            pace.advance(now, bytes);
        }
        None
    }

    #[test]
    fn a_transfer_at_the_lowest_speed_may_take_any_time() {
        assert_eq!(ends_after(5, 500, 10_000), None);
        assert_eq!(ends_after(9, 100_000, 10_000), None);
    }

    #[test]
    fn single_bytes_and_a_stall_after_fast_bytes_end_the_transfer() {
        let drops = ends_after(1, 1, 10_000).unwrap();
        assert!(drops < Duration::from_secs(11), "{drops:?}");
        let slower = ends_after(5, 400, 10_000).unwrap();
        assert!(slower < Duration::from_secs(60), "{slower:?}");
        let mut pace = SendPace::new(SLOWNESS);
        let now = Instant::now();
        pace.advance(now, 1 << 30);
        pace.wait(now);
        assert_eq!(pace.deadline(), Some(now + SLOWNESS.patience));
    }

    #[test]
    fn time_without_waiting_for_the_peer_does_not_count() {
        let mut pace = SendPace::new(SLOWNESS);
        let now = Instant::now();
        pace.wait(now);
        pace.advance(now + Duration::from_secs(1), 0);
        assert_eq!(pace.deadline(), None);
        let later = now + Duration::from_secs(3_600);
        pace.wait(later);
        assert_eq!(pace.deadline(), Some(later + Duration::from_secs(9)));
    }
}

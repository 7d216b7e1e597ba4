//! The time limit of a download: total and per minute. It spans all connections, so that a host gains no time by
//! dropping them.

use std::time::Duration;

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);

pub struct TransferPace {
    began: Instant,
    until: Instant,
    bytes_per_second: u64,
    /// Whether the server has stated the size of the file.
    is_length_known: bool,
    /// The end of the current minute, and how many bytes must have arrived by then.
    minute: (Instant, u64),
    is_over: bool,
}

impl TransferPace {
    /// `likely_bytes` is the expected size until the server states it.
    pub(super) fn new(bytes_per_second: u64, likely_bytes: u64, began: Instant) -> Self {
        let mut pace = Self {
            began,
            until: began,
            bytes_per_second,
            is_length_known: false,
            minute: (began + MINUTE, 0),
            is_over: false,
        };
        pace.minute.1 = pace.bytes_per_minute();
        pace.allow(likely_bytes);
        pace
    }

    /// The server states the size of the file. Only the first statement counts.
    pub(super) fn expect(&mut self, bytes: u64) {
        if !self.is_length_known {
            self.is_length_known = true;
            self.allow(bytes);
        }
    }

    /// Until when to wait for the next bytes, when no more than `idle` may pass without any.
    pub(super) fn patience(&self, idle: Duration) -> Instant {
        (Instant::now() + idle).min(self.until)
    }

    /// Whether enough has arrived in time; `received` counts from the beginning of the file.
    pub(super) fn keeps_up(&mut self, received: u64, now: Instant) -> bool {
        let (ends, least) = self.minute;
        if now >= ends {
            self.is_over |= received < least;
            let next = received.saturating_add(self.bytes_per_minute());
            self.minute = (now + MINUTE, next);
        }
        !self.is_over(now)
    }

    /// Whether the download has used up its time.
    pub fn is_over(&self, now: Instant) -> bool {
        self.is_over || now >= self.until
    }

    fn allow(&mut self, bytes: u64) {
        self.until = self.began + MINUTE + Duration::from_secs(bytes / self.bytes_per_second);
    }

    fn bytes_per_minute(&self) -> u64 {
        self.bytes_per_second.saturating_mul(MINUTE.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_now_and_then_is_not_enough_however_many_connections_bring_it() {
        let began = Instant::now();
        let mut pace = TransferPace::new(1_000, 10_000_000, began);
        for n in 0..60 {
            // Each connection states the size again.
            pace.expect(10_000_000);
            assert!(pace.keeps_up(n, began + Duration::from_secs(n)));
        }
        assert!(!pace.keeps_up(60, began + MINUTE));
        assert!(pace.is_over(began + MINUTE));
        assert!(!pace.keeps_up(10_000_000, began + MINUTE));
    }

    #[test]
    fn a_slow_file_has_the_time_that_its_length_buys() {
        let mut now = Instant::now();
        let mut pace = TransferPace::new(1_000, 1 << 40, now);
        pace.expect(600_000);
        for minute in 1..=10 {
            now += MINUTE;
            assert!(pace.keeps_up(minute * 60_000, now));
        }
        pace.expect(u64::MAX);
        now += MINUTE;
        assert!(!pace.keeps_up(u64::MAX, now), "a later claim bought time");
    }
}

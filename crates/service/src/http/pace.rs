//! A lower bound for the speed of a transfer. A total timeout would cut off large transfers; an idle timeout would allow one
//! byte at a time for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::connection::Activity;

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

/// A request body did not come fast enough.
#[derive(Debug, thiserror::Error)]
#[error("the body comes too slowly")]
pub(super) struct TooSlow;

/// A request body that fails with [`TooSlow`] when it comes too slowly.
pub(super) struct PacedBody<B> {
    body: B,
    pace: SendPace,
    activity: Arc<Activity>,
    timer: Option<Pin<Box<Sleep>>>,
    is_cut: bool,
    /// Whether the body has ended.
    is_read: bool,
}

impl<B> Drop for PacedBody<B> {
    fn drop(&mut self) {
        if !self.is_read {
            self.activity.skip_body();
        }
    }
}

impl<B: Body> PacedBody<B> {
    pub fn new(body: B, slowness: Slowness, activity: Arc<Activity>) -> Self {
        Self {
            is_read: body.is_end_stream(),
            body,
            pace: SendPace::new(slowness),
            activity,
            timer: None,
            is_cut: false,
        }
    }

    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.pace.deadline() else {
            return Poll::Pending;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

impl<B> Body for PacedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        if this.is_cut {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                let bytes = match &frame {
                    Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                    _ => 0,
                };
                // Nothing follows after an error either.
                this.is_read = !matches!(frame, Some(Ok(_))) || this.body.is_end_stream();
                this.pace.advance(Instant::now(), bytes);
                this.activity.receive_body();
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                this.pace.wait(Instant::now());
                this.activity.await_body();
                match this.poll_patience(cx) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(()) => {
                        this.is_cut = true;
                        this.activity.receive_body();
                        Poll::Ready(Some(Err(TooSlow.into())))
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_cut || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_cut {
            SizeHint::with_exact(0)
        } else {
            self.body.size_hint()
        }
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

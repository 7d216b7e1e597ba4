//! Work of which some is done at a time, and of which a bounded number waits for a bounded time: one hostile file costs its own
//! time, and many of them do not pile up.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A page of a gallery asks for fewer.
pub(super) const MOST_WAITING: usize = 64;
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Lane {
    places: Arc<Semaphore>,
    waiting: Semaphore,
    patience: Duration,
}

impl Lane {
    pub fn new(at_once: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(at_once)),
            waiting: Semaphore::new(MOST_WAITING),
            patience: PATIENCE,
        }
    }

    /// None when too many wait, or after waiting for too long. Work that goes on when its caller has left keeps its place.
    pub async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        let places = || Arc::clone(&self.places);
        if let Ok(place) = places().try_acquire_owned() {
            return Some(place);
        }
        let _waiting = self.waiting.try_acquire().ok()?;
        let entered = tokio::time::timeout(self.patience, places().acquire_owned());
        entered.await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_bounded_number_waits() {
        let lane = Lane::new(1);
        let place = lane.enter().await.unwrap();
        let mut waiting: Vec<_> = (0..MOST_WAITING).map(|_| Box::pin(lane.enter())).collect();
        for one in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none());
        }
        assert!(matches!(lane.enter().now_or_never(), Some(None)));
        drop(place);
        assert!(waiting.swap_remove(0).await.is_some());
        drop(waiting);
        assert!(matches!(lane.enter().now_or_never(), Some(Some(_))));
    }

    #[tokio::test]
    async fn who_waits_for_too_long_is_sent_away() {
        let lane = Lane {
            patience: Duration::from_millis(1),
            ..Lane::new(1)
        };
        let _place = lane.enter().await.unwrap();
        assert!(lane.enter().await.is_none());
    }
}

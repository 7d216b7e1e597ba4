//! One computation at a time for each result: who asks while it runs waits for the same one. It ends when all of them have left.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};

type Flight<T> = WeakShared<BoxFuture<'static, T>>;

pub(super) struct Flights<K, T: Clone>(Mutex<HashMap<K, Flight<T>>>);

impl<K, T: Clone> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, T: Clone> Flights<K, T> {
    /// Starts `work`, or waits for what runs for the same key.
    pub async fn join(&self, key: K, work: impl Future<Output = T> + Send + 'static) -> T {
        self.flight(key, work).await
    }

    fn flight(
        &self,
        key: K,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Shared<BoxFuture<'static, T>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // As many as there are requests.
        flights.retain(|_, flight| flight.upgrade().is_some());
        let running = flights.get(&key).and_then(WeakShared::upgrade);
        // One that has ended may be about to be dropped.
        if let Some(running) = running.filter(|running| running.peek().is_none()) {
            return running;
        }
        let flight = work.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(key, weak);
        }
        flight
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn many_callers_wait_for_one_computation_also_when_its_first_caller_leaves() {
        let flights = Flights::default();
        let (began, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let join = |key: u8| {
            let (began, gate) = (Arc::clone(&began), Arc::clone(&gate));
            flights.join(key, async move {
                let n = began.fetch_add(1, Ordering::SeqCst);
                gate.notified().await;
                n
            })
        };
        {
            let mut first = Box::pin(join(1));
            assert!(first.as_mut().now_or_never().is_none());
            let mut others: Vec<_> = (0..9).map(|_| Box::pin(join(1))).collect();
            for other in &mut others {
                assert!(other.as_mut().now_or_never().is_none());
            }
            drop(first);
            gate.notify_one();
            assert_eq!(futures_util::future::join_all(others).await, [0; 9]);
        }
        assert_eq!(began.load(Ordering::SeqCst), 1);
        // Left by all, it ends; another one begins.
        let mut left = Box::pin(join(1));
        assert!(left.as_mut().now_or_never().is_none());
        drop(left);
        let (same, different) = (join(1), join(2));
        gate.notify_one();
        let same = same.await;
        gate.notify_one();
        assert_eq!((same, different.await), (2, 3));
    }
}

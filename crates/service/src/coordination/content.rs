//! Leases on bytes, by client and hash.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Hashes share a bounded number of locks.
const STRIPES: usize = 1_024;

#[derive(Debug)]
pub struct ContentLease(
    #[expect(dead_code, reason = "ends when it is dropped")] OwnedMutexGuard<()>,
);

pub(super) struct Contents(Vec<Arc<Mutex<()>>>);

impl Default for Contents {
    fn default() -> Self {
        Self(std::iter::repeat_with(Arc::default).take(STRIPES).collect())
    }
}

impl Contents {
    pub(super) async fn lease(&self, client: i64, sha256: &[u8; 32]) -> ContentLease {
        let mixed = u64::from(u16::from_le_bytes([sha256[0], sha256[1]]))
            .wrapping_add(client.cast_unsigned());
        let stripe = usize::try_from(mixed % STRIPES as u64).unwrap_or(0);
        ContentLease(Arc::clone(&self.0[stripe]).lock_owned().await)
    }
}

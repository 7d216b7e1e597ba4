//! Hosts that asked for rest: nobody of this process speaks to them until it is over.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A host cannot silence itself for longer at once.
const LONGEST: Duration = Duration::from_secs(3_600);

#[derive(Default)]
pub(super) struct Brakes(Mutex<HashMap<String, Instant>>);

impl Brakes {
    pub fn set(&self, host: &str, asked: Duration) {
        let until = Instant::now() + asked.min(LONGEST);
        let mut brakes = self.lock();
        brakes.retain(|_, until| *until > Instant::now());
        brakes.insert(host.to_owned(), until);
    }

    pub fn left(&self, host: &str) -> Option<Duration> {
        let until = self.lock().get(host).copied()?;
        until
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

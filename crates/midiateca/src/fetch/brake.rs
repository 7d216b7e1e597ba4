//! Hosts that asked for rest: nobody of this process speaks to them until it is over.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const USUAL: Duration = Duration::from_secs(30);
/// A host cannot silence itself for longer at once.
const LONGEST: Duration = Duration::from_secs(3_600);

#[derive(Default)]
pub(super) struct Brakes(Mutex<HashMap<String, Instant>>);

impl Brakes {
    pub fn set(&self, host: &str, asked: Option<Duration>) {
        let until = Instant::now() + asked.unwrap_or(USUAL).min(LONGEST);
        let mut brakes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        brakes.retain(|_, until| *until > Instant::now());
        brakes.insert(host.to_owned(), until);
    }

    pub fn is_set(&self, host: &str) -> bool {
        let brakes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        brakes
            .get(host)
            .is_some_and(|until| *until > Instant::now())
    }
}

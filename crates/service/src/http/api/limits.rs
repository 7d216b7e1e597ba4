//! How often a key may call, and an address may guess.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{StatusCode, header};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::error::{ApiError, Result};
use crate::http::client_address::ClientNetwork;
use crate::i18n::keys as texts;

/// Wrong keys of one network in a minute.
const FAILURES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// Attempts to sign in of one network in a minute.
const SIGN_INS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// Ids of instances of other clients that one client's administrators may try in an hour: that one is taken says that it exists.
const GUESSES_PER_HOUR: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Limiters forget networks and keys that were quiet when they know more than this many.
const MOST_KNOWN: usize = 10_000;

pub struct RateLimits {
    requests: DefaultKeyedRateLimiter<String>,
    failures: DefaultKeyedRateLimiter<ClientNetwork>,
    sign_ins: DefaultKeyedRateLimiter<ClientNetwork>,
    guesses: DefaultKeyedRateLimiter<i64>,
    clock: DefaultClock,
}

impl RateLimits {
    /// `per_second` with bursts of ten seconds' worth.
    pub fn new(per_second: u32) -> Self {
        let per_second = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
        let burst = per_second.saturating_mul(NonZeroU32::new(10).unwrap_or(NonZeroU32::MIN));
        let requests = Quota::per_second(per_second).allow_burst(burst);
        Self {
            sign_ins: RateLimiter::keyed(Quota::per_minute(SIGN_INS_PER_MINUTE)),
            guesses: RateLimiter::keyed(Quota::per_hour(GUESSES_PER_HOUR)),
            requests: RateLimiter::keyed(requests),
            failures: RateLimiter::keyed(Quota::per_minute(FAILURES_PER_MINUTE)),
            clock: DefaultClock::default(),
        }
    }

    pub fn check_requests(&self, key: &str) -> Result<()> {
        self.count(&self.requests, &key.to_owned())
    }

    /// Counts a wrong key; an error when its network has made too many.
    pub(in crate::http) fn count_failure(&self, network: ClientNetwork) -> Result<()> {
        self.count(&self.failures, &network)
    }

    /// Counts an attempt to sign in, apart from wrong keys: a program behind the same address must not keep people out.
    pub(in crate::http) fn count_sign_in(&self, network: ClientNetwork) -> Result<()> {
        self.count(&self.sign_ins, &network)
    }

    /// Counts an id that another client's instance has.
    pub fn count_guess(&self, client: i64) -> Result<()> {
        self.count(&self.guesses, &client)
    }

    fn count<K: Clone + Eq + Hash>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<()> {
        if limiter.len() > MOST_KNOWN {
            limiter.retain_recent();
        }
        let checked = limiter.check_key(key);
        checked.map_err(|until| self.error(until.wait_time_from(self.clock.now())))
    }

    fn error(&self, wait: Duration) -> ApiError {
        let seconds = wait.as_secs() + 1;
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, texts::api::TOO_MANY_REQUESTS);
        error.header(header::RETRY_AFTER, seconds)
    }
}

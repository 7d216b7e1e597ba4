//! Outages of the storage, of the CDN and of gateways, in memory. Media that wait for them are woken when the outage ends,
//! not when their backoff ends.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::{HOUR, MINUTE, Millis};
use crate::instances::Instance;
use crate::model::{MediaId, Route};

/// How often a failed storage is probed.
const PROBE_EVERY: Duration = Duration::from_secs(2);
/// An outage of a host that lasted this long is a real one: its end wakes waiting media at once.
const REAL_AFTER: Millis = 10 * MINUTE;
/// The growing pause between two wake-ups for the same host. Otherwise a media that always fails would be retried with
/// each success of others.
const WAKES_APART: (Millis, Millis) = (MINUTE, HOUR);
/// The growing pause between two retries for a failed host, while no new media arrives.
const TRIALS_APART: (Millis, Millis) = (MINUTE, 15 * MINUTE);
/// This many media must have failed before it counts as the host's outage.
const FEWEST_MEDIA: usize = 2;

/// The current outages.
#[derive(Default)]
pub struct Outages(Mutex<OutageState>);

#[derive(Default)]
struct OutageState {
    storage_probe_at: Option<Instant>,
    /// The free bytes that the smallest file needs that found the disk full.
    needed_bytes: Option<u64>,
    /// What was needed when media were last woken.
    awaited_bytes: Option<u64>,
    hosts: HashMap<String, HostOutage>,
}

#[derive(Default)]
struct HostOutage {
    outage: Option<Outage>,
    woken_at: Option<Millis>,
    wakes_apart: Millis,
}

struct Outage {
    since: Millis,
    /// The media that failed, at most [`FEWEST_MEDIA`].
    media: HashSet<MediaId>,
    trial_at: Millis,
    trials_apart: Millis,
}

/// The host that an attempt asked, as outages count it.
pub fn host_for(route: Route, instance: &Instance) -> Option<String> {
    match route {
        Route::Inline => None,
        Route::Cdn => Some(format!(
            "cdn {}",
            instance.cdn_base.as_deref().unwrap_or("")
        )),
        // Links of one gateway may lead to many hosts.
        // A phone that is offline is no outage.
        Route::Link | Route::Reupload => None,
        Route::Gateway => Some(format!("gateway {}", instance.api_base)),
    }
}

/// The key of a client's folder in the storage. It may fail while the storage works as a whole; its outages are counted
/// like those of a host.
pub fn folder_key(client: i64) -> String {
    format!("folder {client}")
}

impl Outages {
    /// The storage failed, and a probe of it too.
    pub fn storage_failed(&self) {
        self.lock()
            .storage_probe_at
            .get_or_insert_with(Instant::now);
    }

    /// Whether the storage is down, so that no download should start.
    pub fn is_storage_down(&self) -> bool {
        self.lock().storage_probe_at.is_some()
    }

    /// Whether the caller must probe the storage now.
    pub fn claim_storage_probe(&self) -> bool {
        let mut state = self.lock();
        let is_due = state
            .storage_probe_at
            .is_some_and(|at| at <= Instant::now());
        if is_due {
            state.storage_probe_at = Some(Instant::now() + PROBE_EVERY);
        }
        is_due
    }

    pub fn storage_recovered(&self) {
        self.lock().storage_probe_at = None;
    }

    /// A file found the disk full, and needs this many free bytes.
    pub fn record_needed_bytes(&self, bytes: u64) {
        let mut state = self.lock();
        state.needed_bytes = Some(state.needed_bytes.map_or(bytes, |needed| needed.min(bytes)));
    }

    /// Whether a file that found the disk full has space now. Returns true once.
    pub fn has_space_again(&self, free_bytes: u64) -> bool {
        let mut state = self.lock();
        let fits = state
            .needed_bytes
            .is_some_and(|needed| free_bytes >= needed);
        if fits {
            state.awaited_bytes = state.needed_bytes.take();
        }
        fits
    }

    /// A media was recorded as waiting for space, or could not be woken: it may have missed [`Self::has_space_again`].
    pub fn waits_for_space(&self) {
        let mut state = self.lock();
        state.needed_bytes = state.needed_bytes.or(state.awaited_bytes);
    }

    /// A host failed for a media, as in an outage.
    pub fn host_failed(&self, host: &str, media: &MediaId, now: Millis) {
        let mut state = self.lock();
        let host = state.hosts.entry(host.to_owned()).or_default();
        let outage = host.outage.get_or_insert_with(|| Outage {
            since: now,
            media: HashSet::new(),
            trial_at: now + TRIALS_APART.0,
            trials_apart: TRIALS_APART.0,
        });
        if outage.media.len() < FEWEST_MEDIA {
            outage.media.insert(media.clone());
        }
    }

    /// A host delivered a file. Returns whether to wake the media that wait for it.
    pub fn host_served(&self, host: &str, now: Millis) -> bool {
        let mut state = self.lock();
        let Some(host) = state.hosts.get_mut(host) else {
            return false;
        };
        let Some(outage) = &mut host.outage else {
            return false;
        };
        if now - outage.since >= REAL_AFTER {
            host.wakes_apart = 0;
        }
        let last = host.woken_at;
        if last.is_some_and(|last| now - last < host.wakes_apart) {
            // It delivers, so this is no outage; a later file wakes the waiting media.
            outage.since = now;
            outage.media.clear();
            return false;
        }
        host.outage = None;
        host.woken_at = Some(now);
        host.wakes_apart = (host.wakes_apart * 2).clamp(WAKES_APART.0, WAKES_APART.1);
        true
    }

    /// The hosts for which one waiting media should be retried now.
    pub fn hosts_to_probe(&self, now: Millis) -> Vec<String> {
        let mut state = self.lock();
        let mut due = Vec::new();
        for (name, host) in &mut state.hosts {
            if let Some(outage) = &mut host.outage
                && outage.media.len() >= FEWEST_MEDIA
                && now >= outage.trial_at
            {
                outage.trial_at = now + outage.trials_apart;
                outage.trials_apart = (outage.trials_apart * 2).min(TRIALS_APART.1);
                due.push(name.clone());
            }
        }
        due
    }

    fn lock(&self) -> MutexGuard<'_, OutageState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(id: usize) -> MediaId {
        MediaId(id.to_string())
    }

    #[test]
    fn the_first_success_after_an_outage_wakes_and_a_media_that_always_fails_does_not() {
        let outages = Outages::default();
        assert!(!outages.host_served("a", 0), "nothing failed");
        for n in 0..3 {
            outages.host_failed("a", &media(n), 0);
        }
        assert!(!outages.host_served("b", 1), "another host");
        assert!(outages.host_served("a", 1) && !outages.host_served("a", 2));
        // One that fails repeatedly between successes of others: in the end at most every hour.
        let mut wakes = 0;
        for minute in 1..=600 {
            outages.host_failed("a", &media(0), minute * MINUTE);
            wakes += i64::from(outages.host_served("a", minute * MINUTE + 1));
        }
        assert!((1..=20).contains(&wakes), "{wakes}");
        // Hours without a success are a real outage.
        let night = 700 * MINUTE;
        outages.host_failed("a", &media(1), night);
        assert!(outages.host_served("a", night + REAL_AFTER));
    }

    #[test]
    fn a_failed_host_is_probed_now_and_then() {
        let outages = Outages::default();
        outages.host_failed("a", &media(1), 0);
        assert!(
            outages.hosts_to_probe(HOUR).is_empty(),
            "only one media failed"
        );
        outages.host_failed("a", &media(2), HOUR);
        let mut trials = 0;
        for minute in 60..60 + 24 * 60 {
            trials += outages.hosts_to_probe(minute * MINUTE).len();
        }
        assert!((90..110).contains(&trials), "{trials}");
        assert!(outages.host_served("a", 30 * HOUR));
        assert!(outages.hosts_to_probe(40 * HOUR).is_empty());
    }

    #[test]
    fn free_space_wakes_what_fits_once() {
        let outages = Outages::default();
        outages.record_needed_bytes(100);
        outages.record_needed_bytes(70);
        assert!(!outages.has_space_again(69));
        assert!(outages.has_space_again(70) && !outages.has_space_again(100));
        // The end of its round was written after the others were woken.
        outages.waits_for_space();
        assert!(!outages.has_space_again(69));
        assert!(outages.has_space_again(70) && !outages.has_space_again(100));
    }
}

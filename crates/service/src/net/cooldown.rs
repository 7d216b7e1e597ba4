//! Cooldowns of hosts: for those that asked for one (429, 507), and those that keep timing out.
//!
//! One timeout says little about a host: the file may be slow. So a cooldown starts only when downloads of several media
//! have timed out and none was answered in between. After the cooldown a single download probes the host: an answer ends
//! the cooldown, a timeout doubles it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::MediaId;

/// The longest cooldown, whatever the host asked for.
const LONGEST: Duration = Duration::from_secs(3_600);
/// This many media must have timed out in a row.
const TIMEOUTS: usize = 3;
/// With more hosts than this, those without a cooldown are forgotten.
const MOST_HOSTS: usize = 4_096;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long a probe may run without a result before another may start.
const PROBE: Duration = Duration::from_secs(120);

/// Why a host gets no requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It asked for fewer requests.
    Throttled,
    /// Several downloads in a row timed out.
    TimedOut,
}

/// A pause in the requests to one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooldown {
    pub cause: Cause,
    /// The remaining time.
    pub left: Duration,
}

/// How many downloads a host may get now, the readiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostReadiness {
    /// As many as there are permits.
    Ready,
    /// One, to detect whether it answers again.
    Probe,
    CoolingDown,
}

#[derive(Default)]
struct HostCooldown {
    /// The end of the pause that it asked for.
    throttled_until: Option<Instant>,
    /// The media whose downloads timed out since it last answered.
    timed_out: Vec<MediaId>,
    /// The pause after several timeouts.
    pause: Option<Pause>,
}

struct Pause {
    until: Instant,
    length: Duration,
    /// Until when a probe runs.
    probe: Option<Instant>,
}

/// The cooldowns of all hosts, in this process.
#[derive(Default)]
pub(super) struct Cooldowns(Mutex<HashMap<String, HostCooldown>>);

impl Cooldowns {
    /// The host asked for a pause of that length.
    pub fn throttle(&self, host: &str, asked: Duration, now: Instant) {
        let mut hosts = self.lock();
        hosts.retain(|_, host| !host.is_forgettable(now));
        hosts.entry(host.to_owned()).or_default().throttled_until = Some(now + asked.min(LONGEST));
    }

    /// A download from the host timed out. True when that starts or extends a cooldown.
    pub fn timed_out(&self, host: &str, media: &MediaId, now: Instant) -> bool {
        let mut hosts = self.lock();
        if hosts.len() >= MOST_HOSTS {
            hosts.retain(|_, host| host.cooldown(now).is_some());
        }
        let host = hosts.entry(host.to_owned()).or_default();
        if !host.timed_out.contains(media) && host.timed_out.len() < TIMEOUTS {
            host.timed_out.push(media.clone());
        }
        let length = match &host.pause {
            // It started before the cooldown and adds nothing.
            Some(pause) if pause.until > now => return false,
            Some(pause) => (pause.length * 2).min(LONGEST_PAUSE),
            None if host.timed_out.len() < TIMEOUTS => return false,
            None => FIRST_PAUSE,
        };
        let until = now + length;
        host.pause = Some(Pause {
            until,
            length,
            probe: None,
        });
        true
    }

    /// The host answered, with any status. True when that ends a cooldown after timeouts.
    pub fn answered(&self, host: &str) -> bool {
        let mut hosts = self.lock();
        let Some(host) = hosts.get_mut(host) else {
            return false;
        };
        host.timed_out.clear();
        host.pause.take().is_some()
    }

    /// Whether the host may be asked now: `None` when it may. After a cooldown the caller is then the probe.
    pub fn enter(&self, host: &str, now: Instant) -> Option<Cooldown> {
        let mut hosts = self.lock();
        let host = hosts.get_mut(host)?;
        let cooldown = host.cooldown(now);
        if let (None, Some(pause)) = (cooldown, &mut host.pause) {
            pause.probe = Some(now + PROBE);
        }
        cooldown
    }

    /// How many downloads the host may get, without starting one. A host that asked for a pause counts as ready: each of its
    /// media is postponed for that long, with that reason.
    pub fn readiness(&self, host: &str, now: Instant) -> HostReadiness {
        let hosts = self.lock();
        match hosts.get(host).and_then(|host| host.pause.as_ref()) {
            None => HostReadiness::Ready,
            Some(pause) if pause.left(now).is_some() => HostReadiness::CoolingDown,
            Some(_) => HostReadiness::Probe,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, HostCooldown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pause {
    /// How long no other download may start.
    fn left(&self, now: Instant) -> Option<Duration> {
        left(Some(self.until), now).or_else(|| left(self.probe, now))
    }
}

fn left(until: Option<Instant>, now: Instant) -> Option<Duration> {
    let left = until?.checked_duration_since(now)?;
    (!left.is_zero()).then_some(left)
}

impl HostCooldown {
    fn cooldown(&self, now: Instant) -> Option<Cooldown> {
        let of = |cause| move |left| Cooldown { cause, left };
        let throttled = left(self.throttled_until, now).map(of(Cause::Throttled));
        let timed_out = self.pause.as_ref().and_then(|pause| pause.left(now));
        throttled.or_else(|| timed_out.map(of(Cause::TimedOut)))
    }

    fn is_forgettable(&self, now: Instant) -> bool {
        self.timed_out.is_empty() && self.pause.is_none() && self.cooldown(now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(n: u8) -> MediaId {
        MediaId(n.to_string())
    }

    fn cooling_down(now: Instant) -> Cooldowns {
        let cooldowns = Cooldowns::default();
        for n in 1..=3 {
            cooldowns.timed_out("a", &media(n), now);
        }
        cooldowns
    }

    #[test]
    fn a_host_cools_down_after_several_media_timed_out_in_a_row() {
        let (cooldowns, now) = (Cooldowns::default(), Instant::now());
        for _ in 0..5 {
            assert!(!cooldowns.timed_out("a", &media(1), now), "one slow file");
        }
        assert!(!cooldowns.timed_out("a", &media(2), now));
        assert!(!cooldowns.answered("a"));
        for n in [3, 4] {
            assert!(!cooldowns.timed_out("a", &media(n), now));
        }
        assert_eq!(cooldowns.readiness("a", now), HostReadiness::Ready);
        assert!(cooldowns.timed_out("a", &media(5), now));
        assert_eq!(cooldowns.readiness("a", now), HostReadiness::CoolingDown);
        let cooldown = cooldowns.enter("a", now).unwrap();
        assert_eq!(
            (cooldown.cause, cooldown.left),
            (Cause::TimedOut, FIRST_PAUSE)
        );
        assert_eq!(cooldowns.readiness("b", now), HostReadiness::Ready);
    }

    #[test]
    fn one_probe_at_a_time_decides_whether_the_cooldown_ends() {
        let mut now = Instant::now();
        let cooldowns = cooling_down(now);
        let is_longer = cooldowns.timed_out("a", &media(4), now);
        assert!(!is_longer, "it started before the cooldown");
        now += FIRST_PAUSE;
        assert_eq!(cooldowns.readiness("a", now), HostReadiness::Probe);
        assert_eq!(cooldowns.enter("a", now), None);
        assert_eq!(cooldowns.readiness("a", now), HostReadiness::CoolingDown);
        assert!(cooldowns.enter("a", now).is_some(), "a second probe");
        assert!(cooldowns.timed_out("a", &media(1), now));
        now += FIRST_PAUSE;
        assert_eq!(cooldowns.readiness("a", now), HostReadiness::CoolingDown);
        now += FIRST_PAUSE;
        assert_eq!(cooldowns.enter("a", now), None);
        assert!(cooldowns.answered("a"));
        assert_eq!(cooldowns.readiness("a", now), HostReadiness::Ready);
        assert!(
            !cooldowns.timed_out("a", &media(1), now),
            "counted from zero"
        );
    }

    #[test]
    fn a_pause_is_never_longer_than_five_minutes() {
        let mut now = Instant::now();
        let cooldowns = cooling_down(now);
        for _ in 0..20 {
            now += LONGEST_PAUSE;
            assert_eq!(cooldowns.enter("a", now), None);
            assert!(cooldowns.timed_out("a", &media(1), now));
        }
    }

    #[test]
    fn a_probe_without_a_result_is_replaced_by_another() {
        let mut now = Instant::now();
        let cooldowns = cooling_down(now);
        now += FIRST_PAUSE;
        assert_eq!(cooldowns.enter("a", now), None);
        now += PROBE;
        assert_eq!(cooldowns.enter("a", now), None);
    }

    #[test]
    fn a_host_that_asks_for_a_pause_gets_it_up_to_an_hour() {
        let (cooldowns, now) = (Cooldowns::default(), Instant::now());
        cooldowns.throttle("a", Duration::from_secs(86_400), now);
        let cooldown = cooldowns.enter("a", now).unwrap();
        assert_eq!((cooldown.cause, cooldown.left), (Cause::Throttled, LONGEST));
        assert_eq!(cooldowns.enter("a", now + LONGEST), None);
    }
}

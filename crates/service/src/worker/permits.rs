//! Distributes download permits: fewest running first, and none more than its share. Clients share all permits, the
//! instances of a client share the client's, and within an instance new media go before those that have failed before.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::Config;
use crate::instances::Instance;
use crate::model::{InstanceId, Route};
use crate::net::cooldown::HostReadiness;
use crate::queue::Quota;

/// Permission for one download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    client: i64,
    instance: InstanceId,
    host: String,
    is_repeat: bool,
}

/// WhatsApp's own hosts count as one.
const CDN: &str = "whatsapp.net";

/// The host of the first route.
fn host_for(instance: &Instance, usual: &[Route]) -> String {
    let routes = instance.routes.as_deref().unwrap_or(usual);
    let asked = routes.iter().find(|route| **route != Route::Inline);
    let base = match asked {
        Some(Route::Cdn) => instance.cdn_base.as_deref().unwrap_or(CDN),
        _ => &instance.api_base,
    };
    let authority = base.split("://").nth(1).unwrap_or(base);
    authority
        .split(['/', ','])
        .next()
        .unwrap_or(authority)
        .to_owned()
}

/// The running downloads of one instance.
#[derive(Clone, Copy, Debug, Default)]
struct RunningCounts {
    all: i64,
    /// Those that have failed a round before.
    repeats: i64,
}

/// All permits, and their owners.
#[derive(Clone, Debug)]
pub struct Permits {
    in_all: i64,
    per_client: i64,
    per_host: i64,
    taken: i64,
    by_client: HashMap<i64, i64>,
    by_instance: HashMap<InstanceId, RunningCounts>,
    by_host: HashMap<String, i64>,
    usual_routes: Arc<[Route]>,
}

impl Permits {
    pub fn new(config: &Config) -> Self {
        let limits = &config.worker;
        let count = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
        Self {
            in_all: count(limits.concurrency),
            per_client: count(limits.per_client),
            per_host: count(limits.per_host),
            taken: 0,
            by_client: HashMap::new(),
            by_instance: HashMap::new(),
            by_host: HashMap::new(),
            usual_routes: config.fetch.routes.as_slice().into(),
        }
    }

    /// Whether any permit is free.
    pub fn any_free(&self) -> bool {
        self.taken < self.in_all
    }

    /// Takes a permit for a download of this instance; `is_repeat` when a round of it has failed before.
    pub fn take(&mut self, instance: &Instance, is_repeat: bool) -> Permit {
        let permit = Permit {
            client: instance.client,
            instance: instance.id.clone(),
            host: host_for(instance, &self.usual_routes),
            is_repeat,
        };
        self.taken += 1;
        *self.by_client.entry(permit.client).or_default() += 1;
        let running = self.by_instance.entry(permit.instance.clone()).or_default();
        running.all += 1;
        running.repeats += i64::from(is_repeat);
        *self.by_host.entry(permit.host.clone()).or_default() += 1;
        permit
    }

    /// Returns a permit. A task that ended without returning its permit keeps its share taken.
    pub fn free(&mut self, permit: Option<Permit>) {
        let Some(permit) = permit else {
            return;
        };
        self.taken -= 1;
        if let Some(n) = self.by_client.get_mut(&permit.client) {
            *n -= 1;
        }
        if let Some(running) = self.by_instance.get_mut(&permit.instance) {
            running.all -= 1;
            running.repeats -= i64::from(permit.is_repeat);
        }
        if let Some(n) = self.by_host.get_mut(&permit.host) {
            *n -= 1;
        }
        self.by_client.retain(|_, n| *n > 0);
        self.by_instance.retain(|_, running| running.all > 0);
        self.by_host.retain(|_, n| *n > 0);
    }

    /// The clients with the fewest running downloads first, and in a client the instances with the fewest.
    pub fn in_order(&self, ready: &[&Arc<Instance>]) -> Vec<Arc<Instance>> {
        let mut order: Vec<_> = ready.iter().map(|instance| Arc::clone(instance)).collect();
        order.sort_by_key(|instance| (self.of_client(instance), self.of_instance(instance).all));
        order
    }

    /// How many permits an instance may take now, when `left` instances (itself included) still want some.
    ///
    /// The last quarter of all permits, and of a host's, is reserved for clients that have none, and the last quarter of a
    /// client's for its instances that have none: each of them may take one, so that slow downloads of others cannot block it.
    /// Downloads that have failed before get at most half of an instance's share.
    pub fn quota(
        &self,
        instance: &Instance,
        readiness: HostReadiness,
        left: usize,
        has_siblings: bool,
    ) -> Quota {
        let left = i64::try_from(left.max(1)).unwrap_or(i64::MAX);
        let host = host_for(instance, &self.usual_routes);
        let by_host = self.by_host.get(&host).copied().unwrap_or(0);
        let (by_client, running) = (self.of_client(instance), self.of_instance(instance));
        let unreserved = |limit: i64| limit - limit / 4;
        let free = unreserved(self.in_all) - self.taken;
        let fair = free.max(0) / left + i64::from(free > 0 && free % left > 0);
        let share = if has_siblings {
            unreserved(self.per_client)
        } else {
            self.per_client
        };
        let quota = fair
            .min(share - by_client)
            .min(unreserved(self.per_host) - by_host)
            .max(0);
        let any_left = self.taken < self.in_all && by_host < self.per_host;
        let first_of_client = by_client == 0 && any_left;
        let first_of_instance = running.all == 0
            && by_client < self.per_client + self.per_client / 4
            && any_left
            && free > 0;
        let all = quota.max(i64::from(first_of_client || first_of_instance));
        let most_repeats = (share / 2).max(1);
        let quota = Quota {
            all,
            repeats: all.min(most_repeats - running.repeats).max(0),
            only_inline: false,
        };
        match readiness {
            HostReadiness::Ready => quota,
            HostReadiness::Probe => Quota {
                all: all.min(1),
                repeats: all.min(1),
                ..quota
            },
            HostReadiness::CoolingDown => Quota {
                only_inline: true,
                ..quota
            },
        }
    }

    fn of_client(&self, instance: &Instance) -> i64 {
        self.by_client.get(&instance.client).copied().unwrap_or(0)
    }

    fn of_instance(&self, instance: &Instance) -> RunningCounts {
        let running = self.by_instance.get(&instance.id).copied();
        running.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Gateway;
    use crate::model::InstanceState;

    fn instance(client: i64) -> Instance {
        sibling(client, 0)
    }

    fn sibling(client: i64, n: i64) -> Instance {
        Instance {
            id: InstanceId(format!("I{client}-{n}")),
            client,
            gateway: Gateway::Wapi,
            api_base: "https://api.w-api.app/v1".to_owned(),
            cdn_base: None,
            routes: None,
            token_sealed: None,
            secret_sealed: None,
            session: None,
            hook_hash: Vec::new(),
            hooks_before: Vec::new(),
            state: InstanceState::Unknown,
            state_at: None,
            problem: None,
            last_delivery_at: None,
            delivery_count: 0,
            ignored_count: 0,
            undelivered_count: 0,
            undelivered_at: None,
            created_at: 0,
            removed: false,
        }
    }

    fn fill(permits: &mut Permits, instance: &Instance, has_siblings: bool) -> i64 {
        let mut taken = 0;
        loop {
            let quota = permits
                .quota(instance, HostReadiness::Ready, 1, has_siblings)
                .all;
            if quota == 0 {
                return taken;
            }
            for _ in 0..quota {
                permits.take(instance, false);
                taken += 1;
            }
        }
    }

    #[test]
    fn slow_downloads_of_one_client_keep_no_other_client_out() {
        let mut permits = Permits::new(&Config::default());
        let limits = Config::default().worker;
        assert_eq!(
            fill(&mut permits, &instance(1), false),
            i64::try_from(limits.per_client).unwrap()
        );
        assert!(fill(&mut permits, &instance(2), false) > 0);
        assert!(fill(&mut permits, &instance(3), false) > 0);
        let host = i64::try_from(limits.per_host).unwrap();
        for client in 4..4 + host / 4 {
            let taken = fill(&mut permits, &instance(client), false);
            assert!(taken >= 1, "client {client} waits");
        }
        assert!(permits.taken <= host);
    }

    #[test]
    fn slow_downloads_of_one_instance_keep_no_sibling_out() {
        let mut permits = Permits::new(&Config::default());
        let per_client = i64::try_from(Config::default().worker.per_client).unwrap();
        let taken = fill(&mut permits, &sibling(1, 0), true);
        assert_eq!(taken, per_client - per_client / 4);
        for n in 1..=per_client / 2 {
            assert!(
                fill(&mut permits, &sibling(1, n), true) >= 1,
                "sibling {n} waits"
            );
        }
        let alone = fill(&mut Permits::new(&Config::default()), &instance(1), false);
        assert_eq!(
            alone, per_client,
            "no permit is kept for siblings that are not there"
        );
    }

    #[test]
    fn half_of_the_permits_are_for_media_that_never_failed() {
        let mut permits = Permits::new(&Config::default());
        let one = instance(1);
        let quota = |permits: &Permits| permits.quota(&one, HostReadiness::Ready, 1, false);
        let repeats = quota(&permits).repeats;
        assert_eq!(repeats, quota(&permits).all / 2);
        for _ in 0..repeats {
            permits.take(&one, true);
        }
        assert_eq!(quota(&permits).repeats, 0);
        assert_eq!(quota(&permits).all, repeats);
    }

    #[test]
    fn a_host_on_a_cooldown_gets_nothing_and_then_one_probe() {
        let permits = Permits::new(&Config::default());
        let quota = |readiness| permits.quota(&instance(1), readiness, 1, false);
        assert!(quota(HostReadiness::CoolingDown).only_inline);
        let probe = quota(HostReadiness::Probe);
        assert_eq!((probe.all, probe.only_inline), (1, false));
    }

    #[test]
    fn a_single_permit_goes_to_the_first_that_comes() {
        let mut config = Config::default();
        (config.worker.concurrency, config.worker.per_host) = (1, 1);
        let mut permits = Permits::new(&config);
        let permit = permits.take(&instance(1), false);
        assert_eq!(fill(&mut permits, &instance(2), false), 0);
        permits.free(Some(permit));
        assert_eq!(fill(&mut permits, &instance(2), false), 1);
    }
}

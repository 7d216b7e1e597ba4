//! Who gets the free places: fewest running first, and nobody more than their part.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::Config;
use crate::media::Route;
use crate::registry::Instance;

/// One place that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    client: i64,
    host: String,
}

/// WhatsApp's own hosts count as one.
const CDN: &str = "whatsapp.net";

/// The host that is asked first.
fn host_of(instance: &Instance, usual: &[Route]) -> String {
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

/// All places, and who takes them.
#[derive(Clone, Debug)]
pub struct Places {
    in_all: i64,
    per_client: i64,
    per_host: i64,
    taken: i64,
    by_client: HashMap<i64, i64>,
    by_host: HashMap<String, i64>,
    usual_routes: Arc<[Route]>,
}

impl Places {
    /// All free.
    pub fn new(config: &Config) -> Self {
        let limits = &config.worker;
        let count = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
        Self {
            in_all: count(limits.concurrency),
            per_client: count(limits.per_client),
            per_host: count(limits.per_host),
            taken: 0,
            by_client: HashMap::new(),
            by_host: HashMap::new(),
            usual_routes: config.fetch.routes.as_slice().into(),
        }
    }

    /// Whether there is a place at all.
    pub fn any_free(&self) -> bool {
        self.taken < self.in_all
    }

    /// Takes one, for a download of this instance.
    pub fn take(&mut self, instance: &Instance) -> Place {
        let place = Place {
            client: instance.client,
            host: host_of(instance, &self.usual_routes),
        };
        self.taken += 1;
        *self.by_client.entry(place.client).or_default() += 1;
        *self.by_host.entry(place.host.clone()).or_default() += 1;
        place
    }

    /// Frees one; of a task that ended without saying which, nothing is known and its share stays taken.
    pub fn free(&mut self, place: Option<Place>) {
        let Some(place) = place else {
            return;
        };
        self.taken -= 1;
        if let Some(n) = self.by_client.get_mut(&place.client) {
            *n -= 1;
        }
        if let Some(n) = self.by_host.get_mut(&place.host) {
            *n -= 1;
        }
        self.by_client.retain(|_, n| *n > 0);
        self.by_host.retain(|_, n| *n > 0);
    }

    /// Those with the fewest running downloads first.
    pub fn in_order(&self, ready: &[&Arc<Instance>]) -> Vec<Arc<Instance>> {
        let mut order: Vec<_> = ready.iter().map(|instance| Arc::clone(instance)).collect();
        order.sort_by_key(|instance| self.by_client.get(&instance.client).copied().unwrap_or(0));
        order
    }

    /// How many places an instance may take now, when `left` instances (itself included) still want some.
    ///
    /// The last quarter of all places, and of a host's, is kept for clients that have none: each of them may take
    /// one of it, so that whoever holds many places for long keeps nobody out.
    pub fn quota(&self, instance: &Instance, left: usize) -> i64 {
        let left = i64::try_from(left.max(1)).unwrap_or(i64::MAX);
        let host = host_of(instance, &self.usual_routes);
        let by_host = self.by_host.get(&host).copied().unwrap_or(0);
        let by_client = self.by_client.get(&instance.client).copied().unwrap_or(0);
        let most = |limit: i64| limit - limit / 4;
        let free = most(self.in_all) - self.taken;
        let fair = free.max(0) / left + i64::from(free > 0 && free % left > 0);
        let quota = fair
            .min(self.per_client - by_client)
            .min(most(self.per_host) - by_host)
            .max(0);
        let any_left = self.taken < self.in_all && by_host < self.per_host;
        quota.max(i64::from(by_client == 0 && any_left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Gateway;
    use crate::media::InstanceId;

    fn instance(client: i64) -> Instance {
        Instance {
            id: InstanceId(format!("I{client}")),
            client,
            gateway: Gateway::Wapi,
            api_base: "https://api.w-api.app/v1".to_owned(),
            cdn_base: None,
            routes: None,
            token_sealed: None,
            hook_hash: Vec::new(),
            hooks_before: Vec::new(),
            state: "unknown".to_owned(),
            state_at: None,
            problem: None,
            last_delivery_at: None,
            delivery_count: 0,
            ignored_count: 0,
            removed: false,
        }
    }

    fn fill(places: &mut Places, client: i64) -> i64 {
        let mut taken = 0;
        loop {
            let quota = places.quota(&instance(client), 1);
            if quota == 0 {
                return taken;
            }
            for _ in 0..quota {
                places.take(&instance(client));
                taken += 1;
            }
        }
    }

    #[test]
    fn who_holds_many_places_for_long_keeps_nobody_out() {
        let mut places = Places::new(&Config::default());
        let limits = Config::default().worker;
        assert_eq!(
            fill(&mut places, 1),
            i64::try_from(limits.per_client).unwrap()
        );
        assert!(fill(&mut places, 2) > 0 && fill(&mut places, 3) > 0);
        let host = i64::try_from(limits.per_host).unwrap();
        for client in 4..4 + host / 4 {
            assert!(fill(&mut places, client) >= 1, "client {client} waits");
        }
        assert!(places.taken <= host);
    }

    #[test]
    fn one_place_is_for_whoever_comes_first() {
        let mut config = Config::default();
        (config.worker.concurrency, config.worker.per_host) = (1, 1);
        let mut places = Places::new(&config);
        assert_eq!((fill(&mut places, 1), fill(&mut places, 2)), (1, 0));
        let place = Place {
            client: 1,
            host: "whatsapp.net".to_owned(),
        };
        places.free(Some(place));
        assert_eq!(fill(&mut places, 2), 1);
    }
}

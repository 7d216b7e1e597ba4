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
    pub fn quota(&self, instance: &Instance, left: usize) -> i64 {
        let left = i64::try_from(left.max(1)).unwrap_or(i64::MAX);
        let free = self.in_all - self.taken;
        let fair = free / left + i64::from(free % left > 0);
        let client = self.per_client - self.by_client.get(&instance.client).copied().unwrap_or(0);
        let host = host_of(instance, &self.usual_routes);
        let host = self.per_host - self.by_host.get(&host).copied().unwrap_or(0);
        fair.min(client).min(host).max(0)
    }
}

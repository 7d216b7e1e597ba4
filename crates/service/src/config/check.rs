//! What settings may not ask for.

use super::{Config, Rule, is_web_address, listen_address, path_of};

/// What settings ask for that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// With less than this nothing would ever happen.
    #[error("{key} must be at least {least}")]
    TooSmall {
        /// Which setting.
        key: &'static str,
        /// The smallest value.
        least: u64,
    },
    /// No route, or one twice.
    #[error("fetch.routes must name each route at most once, and at least one")]
    Routes,
    /// Downloads would begin again before they stop.
    #[error("storage.resume_above_bytes must not be less than storage.pause_below_bytes")]
    Watermarks,
    /// A rule that would remove everything at once.
    #[error(
        "each of retention.rules must say older_than_days, larger_than_bytes or total_over_bytes"
    )]
    RuleWithoutLimit,
    /// No address with a port.
    #[error("{text:?} is no address and port to listen on, such as 0.0.0.0:8000")]
    Listen {
        /// What stands there.
        text: String,
    },
    /// No address that a gateway could call.
    #[error("door.public_url must be a plain web address such as https://midia.example.com")]
    PublicUrl {
        /// What stands there.
        text: String,
    },
    /// A database or a storage that is not spoken.
    #[error("{key} must look like {scheme}:///path; nothing else is spoken by this version")]
    Url {
        /// Which setting.
        key: &'static str,
        /// What it must begin with.
        scheme: &'static str,
    },
}

impl Config {
    /// Whether all of it can be.
    pub fn check(&self) -> Result<(), Problem> {
        let (door, worker) = (&self.door, &self.worker);
        for (key, value, least) in [
            ("door.max_connections", door.max_connections as u64, 1),
            (
                "door.max_connections_per_address",
                door.max_connections_per_address as u64,
                1,
            ),
            ("door.min_bytes_per_second", door.min_bytes_per_second, 1),
            ("worker.concurrency", worker.concurrency as u64, 1),
            ("worker.per_client", worker.per_client as u64, 1),
            ("worker.per_host", worker.per_host as u64, 1),
            ("worker.lease_ms", worker.lease_ms, 1_000),
            ("fetch.tries", self.fetch.tries.into(), 1),
            ("retention.every_minutes", self.retention.every_minutes, 1),
        ] {
            if value < least {
                return Err(Problem::TooSmall { key, least });
            }
        }
        listen_address(&self.door.listen)?;
        let text = &self.door.public_url;
        if !text.is_empty() && !is_web_address(text) {
            let text = text.clone();
            return Err(Problem::PublicUrl { text });
        }
        let routes = &self.fetch.routes;
        let twice = (1..routes.len()).any(|at| routes[..at].contains(&routes[at]));
        if routes.is_empty() || twice {
            return Err(Problem::Routes);
        }
        let storage = &self.storage;
        if storage.resume_above_bytes < storage.pause_below_bytes {
            return Err(Problem::Watermarks);
        }
        let says_when = |rule: &Rule| {
            rule.older_than_days.is_some()
                || rule.larger_than_bytes.is_some()
                || rule.total_over_bytes.is_some()
        };
        if !self.retention.rules.iter().all(says_when) {
            return Err(Problem::RuleWithoutLimit);
        }
        for rule in &self.retention.rules {
            let limits = [
                ("older_than_days", rule.older_than_days.map(u64::from)),
                ("larger_than_bytes", rule.larger_than_bytes),
                ("total_over_bytes", rule.total_over_bytes),
            ];
            // A limit of nothing means everything, and nobody means that.
            if let Some((key, _)) = limits.into_iter().find(|(_, limit)| *limit == Some(0)) {
                return Err(Problem::TooSmall { key, least: 1 });
            }
        }
        for (key, url, scheme) in [
            ("database.url", &self.database.url, "sqlite"),
            ("storage.url", &self.storage.url, "file"),
        ] {
            if !url.is_empty() && path_of(url, scheme).is_none() {
                return Err(Problem::Url { key, scheme });
            }
        }
        Ok(())
    }
}

//! The settings: one struct, one commented file (`config/default.toml`), and where each value comes from.
//!
//! Precedence: flag, environment, file, default. A key that the program does not know is an error.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::media::Route;

/// The commented default file, which documents every key.
pub const DEFAULT_FILE: &str = include_str!("../config/default.toml");

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not right.
    #[error("{path} is not a valid configuration: {problem}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What and where.
        problem: String,
    },
}

/// All settings.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The webhook door.
    pub door: Door,
    /// What is kept of what arrives.
    pub keep: Keep,
    /// What runs at once.
    pub worker: Worker,
    /// How bytes are fetched.
    pub fetch: Fetch,
    /// The database.
    pub database: Database,
}

/// See `config/default.toml`, section `door`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Door {
    /// Where to listen.
    pub listen: String,
    /// How the door is reached from outside, such as `https://midia.example.com`.
    pub public_url: String,
    /// The largest body taken.
    pub max_body_bytes: usize,
    /// How many bytes of bodies are held in memory at once, over all connections.
    pub max_bodies_bytes: usize,
    /// How long a request's head may take.
    pub header_timeout_ms: u64,
    /// How long a body may take.
    pub body_timeout_ms: u64,
}

/// See `config/default.toml`, section `keep`. What is not kept is recorded as `skipped`, with its keys.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct Keep {
    /// Media to be seen once.
    pub view_once: bool,
    /// Stories.
    pub stories: bool,
    /// What channels publish.
    pub newsletters: bool,
    /// What is sent in groups.
    pub groups: bool,
    /// What the account itself sends.
    pub own: bool,
}

/// See `config/default.toml`, section `worker`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Worker {
    /// Downloads at once, in all.
    pub concurrency: usize,
    /// Downloads at once of one client.
    pub per_client: usize,
    /// Downloads at once from one gateway host.
    pub per_host: usize,
    /// How long a claim holds without being renewed.
    pub lease_ms: u64,
    /// How long running downloads may take to finish when the program stops.
    pub drain_ms: u64,
}

/// See `config/default.toml`, section `fetch`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fetch {
    /// The ways to the bytes, in the order in which they are tried.
    pub routes: Vec<Route>,
    /// How long a connection may take to open.
    pub connect_timeout_ms: u64,
    /// How long the gateway may take to answer a call.
    pub call_timeout_ms: u64,
    /// How long no byte may come.
    pub idle_timeout_ms: u64,
    /// The slowest acceptable download on the whole.
    pub min_bytes_per_second: u64,
    /// The largest file taken.
    pub max_file_bytes: u64,
    /// Tries within one round.
    pub tries: u32,
    /// The first wait between them; it doubles.
    pub retry_wait_ms: u64,
    /// Hosts (`name` or `name:port`) that links may point to besides the gateway's own, private ones included.
    pub allowed_hosts: Vec<String>,
}

/// See `config/default.toml`, section `database`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// How long a write waits for another process.
    pub busy_timeout_ms: u64,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:8000".to_owned(),
            public_url: String::new(),
            max_body_bytes: 32 << 20,
            max_bodies_bytes: 256 << 20,
            header_timeout_ms: 10_000,
            body_timeout_ms: 30_000,
        }
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            view_once: false,
            stories: false,
            newsletters: true,
            groups: true,
            own: true,
        }
    }
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            concurrency: 64,
            per_client: 32,
            per_host: 32,
            lease_ms: 60_000,
            drain_ms: 25_000,
        }
    }
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            routes: vec![Route::Cdn, Route::Gateway],
            connect_timeout_ms: 10_000,
            call_timeout_ms: 20_000,
            idle_timeout_ms: 30_000,
            min_bytes_per_second: 16_384,
            max_file_bytes: (2 << 30) + (64 << 10),
            tries: 3,
            retry_wait_ms: 300,
            allowed_hosts: Vec::new(),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            busy_timeout_ms: 5_000,
        }
    }
}

impl Config {
    /// Reads a file; what it does not name has its default.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|problem| Error::Invalid {
            path: path.to_owned(),
            problem,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let worker = &config.worker;
        if worker.concurrency == 0
            || worker.per_client == 0
            || worker.per_host == 0
            || config.fetch.tries == 0
        {
            return Err("worker.concurrency, worker.per_client, worker.per_host and fetch.tries must be at least 1".to_owned());
        }
        if worker.lease_ms < 1_000 {
            return Err("worker.lease_ms must be at least 1000".to_owned());
        }
        Ok(config)
    }
}

/// Milliseconds as a duration.
pub fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commented_file_says_what_the_program_does() {
        assert_eq!(Config::parse(DEFAULT_FILE).unwrap(), Config::default());
        let uncommented: String = DEFAULT_FILE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n")
            .collect();
        assert_eq!(Config::parse(&uncommented).unwrap(), Config::default());
        let keys = serde_json::to_value(Config::default()).unwrap();
        for section in keys.as_object().unwrap().values() {
            for key in section.as_object().unwrap().keys() {
                assert!(
                    uncommented.contains(&format!("\n{key} = ")),
                    "{key} is not documented"
                );
            }
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = Config::parse("[door]\nlistne = 'x'\n").unwrap_err();
        assert!(error.contains("listne"), "{error}");
    }

    #[test]
    fn limits_of_zero_are_refused() {
        assert!(Config::parse("[worker]\nconcurrency = 0\n").is_err());
    }
}

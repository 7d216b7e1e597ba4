//! The settings: one struct, one commented file (`config/default.toml`), and where each value comes from.
//!
//! Precedence: flag, environment, file, default. A key that the program does not know is an error.

mod address;
mod check;
mod kind;
mod misread;
mod network;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::disk::Access;
use crate::model::{ChatKind, Direction, MediaKind, Route};
pub use address::{is_web_address, listen_address};
pub use check::Problem;
pub use kind::Kind;
pub use misread::Misread;
pub use network::Network;

/// The commented default file, which documents every key.
pub const DEFAULT_FILE: &str = include_str!("../config/default.toml");

/// The same with its comments in Brazilian Portuguese.
pub const DEFAULT_FILE_PORTUGUESE: &str = include_str!("../config/default.pt-BR.toml");

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
    /// A setting asks for what this program cannot do.
    #[error(transparent)]
    Impossible(#[from] Problem),
    /// The file is no TOML, or names a key or a value that there is not.
    #[error("{path} is not a valid configuration")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What and where.
        source: Misread,
    },
    /// The file asks for what this program cannot do.
    #[error("{path} is not a valid configuration")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What.
        source: Problem,
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
    /// The files.
    pub storage: Storage,
    /// What is no longer to be kept.
    pub retention: Retention,
    /// The key that seals tokens.
    pub secrets: Secrets,
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
    /// Connections at once, in all.
    pub max_connections: usize,
    /// Connections at once from one address (IPv6: one /64).
    pub max_connections_per_address: usize,
    /// Who has no limit per address, and whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<Network>,
    /// How long a request's head may take.
    pub header_timeout_ms: u64,
    /// How long a body may keep the server waiting; every byte that comes restores a part of it.
    pub body_timeout_ms: u64,
    /// How long an answer may wait to be read; every byte that is read restores a part of it.
    pub write_timeout_ms: u64,
    /// How fast bodies must come, and answers be read, on the whole.
    pub min_bytes_per_second: u64,
    /// How long a connection may be idle between two requests.
    pub idle_timeout_ms: u64,
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
    /// Whole packs of stickers.
    pub sticker_packs: bool,
    /// Which kinds.
    pub kinds: Vec<Kind>,
    /// What a message says is larger than this is not fetched.
    pub max_bytes: u64,
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
    /// Where it is, as `sqlite:///path/to/file`; empty for `midiateca.db` in the data folder.
    pub url: String,
    /// How long a write waits for another process.
    pub busy_timeout_ms: u64,
}

/// See `config/default.toml`, section `storage`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Where the files are, as `file:///path/to/folder`; empty for `media_storage` in the data folder.
    pub url: String,
    /// With less room left than this no download begins.
    pub pause_below_bytes: u64,
    /// And none begins again before this much is free.
    pub resume_above_bytes: u64,
    /// Whether the group of the data folder may read what is in it.
    pub group_access: bool,
}

/// See `config/default.toml`, section `retention`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// How often it is looked whether something is to go.
    pub every_minutes: u64,
    /// How long raw deliveries are kept; 0 for ever.
    pub deliveries_days: u32,
    /// How long events are kept; 0 for ever.
    pub events_days: u32,
    /// How long the tries of a media that is no longer waiting are kept; 0 for ever.
    pub attempts_days: u32,
    /// Which files are to go, and when; none unless somebody says so.
    pub rules: Vec<Rule>,
}

/// Which stored files are to go: those that everything in it is true of.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Of this client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<i64>,
    /// Of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Received, or sent by the account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// In this kind of chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatKind>,
    /// Received longer ago than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_than_days: Option<u32>,
    /// Larger than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub larger_than_bytes: Option<u64>,
    /// Only while all of them together are larger than this, the oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_over_bytes: Option<u64>,
}

/// See `config/default.toml`, section `secrets`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Secrets {
    /// Where the key file is; empty for `secret.key` in the data folder.
    pub key_file: PathBuf,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:8000".to_owned(),
            public_url: String::new(),
            max_body_bytes: 128 << 20,
            max_bodies_bytes: 256 << 20,
            max_connections: 4_096,
            max_connections_per_address: 1_024,
            trusted_proxies: ["127.0.0.0/8", "::1"]
                .iter()
                .filter_map(|network| network.parse().ok())
                .collect(),
            header_timeout_ms: 10_000,
            body_timeout_ms: 30_000,
            write_timeout_ms: 30_000,
            min_bytes_per_second: 32 << 10,
            idle_timeout_ms: 120_000,
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
            sticker_packs: false,
            kinds: MediaKind::ALL.map(Kind::from).to_vec(),
            max_bytes: 2 << 30,
        }
    }
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            concurrency: 64,
            per_client: 16,
            per_host: 48,
            lease_ms: 60_000,
            drain_ms: 25_000,
        }
    }
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            routes: Route::ALL.to_vec(),
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
            url: String::new(),
            busy_timeout_ms: 5_000,
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            url: String::new(),
            pause_below_bytes: 512 << 20,
            resume_above_bytes: 1 << 30,
            group_access: false,
        }
    }
}

impl Storage {
    /// Who may read what the program creates.
    pub fn access(&self) -> Access {
        match self.group_access {
            true => Access::Group,
            false => Access::Owner,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            every_minutes: 10,
            deliveries_days: 30,
            events_days: 90,
            attempts_days: 365,
            rules: Vec::new(),
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
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let config: Self = toml::from_str(text).map_err(|source| Error::Malformed {
            path: path.to_owned(),
            source: Misread::of(&source, text),
        })?;
        config.check().map_err(|source| Error::Invalid {
            path: path.to_owned(),
            source,
        })?;
        Ok(config)
    }

    /// Where the database is, for a data folder.
    pub fn database_file(&self, data: &Path) -> PathBuf {
        path_of(&self.database.url, "sqlite").unwrap_or_else(|| data.join("midiateca.db"))
    }

    /// Where the key file is, for a data folder.
    pub fn key_file(&self, data: &Path) -> PathBuf {
        match &self.secrets.key_file {
            file if file.as_os_str().is_empty() => data.join("secret.key"),
            file => file.clone(),
        }
    }

    /// Where the files are, for a data folder.
    pub fn storage_folder(&self, data: &Path) -> PathBuf {
        path_of(&self.storage.url, "file").unwrap_or_else(|| data.join("media_storage"))
    }
}

/// The path in `scheme:///path`; on Windows `scheme:///C:/path`.
fn path_of(url: &str, scheme: &str) -> Option<PathBuf> {
    let path = url.strip_prefix(scheme)?.strip_prefix("://")?;
    let drive = path
        .strip_prefix('/')
        .filter(|path| path.get(1..2) == Some(":"));
    let path = PathBuf::from(drive.unwrap_or(path));
    (path.has_root() && path.file_name().is_some()).then_some(path)
}

/// Milliseconds as a duration.
pub fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[cfg(test)]
mod tests;

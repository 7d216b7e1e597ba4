//! The settings: one struct, one commented file (`config/default.toml`), and where each value comes from.
//!
//! Precedence: flag, environment, file, default. A key that the program does not know is an error.

mod address;
mod check;
mod environment;
mod kind;
mod misread;
mod network;
mod reading;
mod renamed;
mod settings;
mod since;
mod size;
mod span;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::Zone;
use crate::db::Place;
use crate::disk::Access;
use crate::model::{ChatKind, Direction, MediaKind, Route};
pub use address::{Listen, is_web_address, listen_address};
pub use check::{FileProblem, Problem};
pub use kind::Kind;
pub use misread::{Fault, Misread};
pub use network::Network;
pub use reading::problems;
pub use settings::{SettingInForce, SettingSource, Settings, check};
pub use since::{NotATime, Since};
pub use size::Size;
pub use span::Span;

/// The commented default file, which documents every key.
pub const DEFAULT_FILE: &str = include_str!("../config/default.toml");

/// The same file with comments in Brazilian Portuguese.
pub const DEFAULT_FILE_PORTUGUESE: &str = include_str!("../config/default.pt-BR.toml");

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    /// The environment, an option, or file and environment together ask for something unsupported.
    #[error(transparent)]
    Impossible(#[from] Problem),
    /// The file is not TOML, or asks for something unsupported.
    #[error("{path} is not a valid configuration")]
    Invalid {
        path: PathBuf,
        /// The first problem of the file.
        source: FileProblem,
    },
}

/// The beginning of the variables that set a setting.
const PREFIX: &str = "MIDIATECA__";

/// All settings. `config/default.toml` describes each key.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub http: Http,
    pub keep: Keep,
    pub worker: Worker,
    pub fetch: Fetch,
    pub endpoints: Endpoints,
    pub database: Database,
    pub storage: StorageSettings,
    pub retention: Retention,
    pub secrets: Secrets,
    pub derived: Derived,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    pub listen: Listen,
    /// Empty, or a plain web address.
    pub public_url: String,
    /// Of the IANA database; empty for the system's.
    pub time_zone: String,
    pub max_body: Size,
    /// Of all bodies in memory together.
    pub max_bodies: Size,
    pub max_connections: usize,
    /// An address is one IPv4 address or one IPv6 /64 network.
    pub max_connections_per_address: usize,
    pub trusted_proxies: Vec<Network>,
    /// Who may read `/metrics` besides loopback.
    pub metrics_from: Vec<Network>,
    /// Requests per second of one API key.
    pub api_rate: u32,
    pub header_timeout: Span,
    /// Restored at `min_rate` by each byte that arrives.
    pub body_timeout: Span,
    /// Restored at `min_rate` by each byte that the peer reads.
    pub write_timeout: Span,
    /// Per second.
    pub min_rate: Size,
    /// Between two requests.
    pub idle_timeout: Span,
}

/// Media to download. All others are recorded as `skipped`, with their keys.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct Keep {
    pub view_once: bool,
    pub stories: bool,
    pub newsletters: bool,
    pub groups: bool,
    pub own: bool,
    pub sticker_packs: bool,
    pub kinds: Vec<Kind>,
    /// As the message declares it.
    pub max_size: Size,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Worker {
    pub concurrency: usize,
    pub per_client: usize,
    pub per_host: usize,
    /// How long a claim lasts without being renewed.
    pub lease: Span,
    /// How long running downloads may take to finish when the program stops.
    pub drain: Span,
    /// How often gateways are asked for messages whose webhook never came; zero for never.
    pub reconcile_every: Span,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fetch {
    /// In the order in which they are tried.
    pub routes: Vec<Route>,
    pub connect_timeout: Span,
    /// Until the gateway answers a call.
    pub call_timeout: Span,
    pub idle_timeout: Span,
    /// Per second, over the whole download.
    pub min_rate: Size,
    pub max_file: Size,
    /// Within one round.
    pub attempts: u32,
    /// The first wait between attempts; it doubles.
    pub retry_wait: Span,
    /// `name` or `name:port`; private addresses are allowed for them.
    pub allowed_hosts: Vec<String>,
}

/// Where outgoing webhooks may go.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Endpoints {
    /// `name` or `name:port`; private addresses are allowed for them, for the endpoints of every client.
    pub allowed_hosts: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite:///path/to/file`; empty for `midiateca.db` in the data folder.
    pub url: String,
    /// How long a write waits for another process.
    pub busy_timeout: Span,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageSettings {
    /// `file:///path/to/folder` or `s3://bucket/prefix`; empty for `media_storage` in the data folder.
    pub url: String,
    pub pause_below: Size,
    pub resume_above: Size,
    pub group_access: bool,
    /// Of an S3 server; empty for AWS. This and what follows are for a bucket only.
    pub endpoint: String,
    pub region: String,
    /// Whether the bucket is in the path, and not in the host's name.
    pub path_style: bool,
    /// Further certificates, in PEM; empty for none.
    pub ca_file: PathBuf,
    /// Whether uploads carry their SHA-256.
    pub checksum: bool,
    /// Empty for the environment only.
    pub credentials_file: PathBuf,
}

/// The bucket in `s3://bucket/prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketUrl {
    pub bucket: String,
    /// Without slashes at its ends; may be empty.
    pub prefix: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    pub every: Span,
    /// Zero for ever, here and in the next two.
    pub deliveries: Span,
    pub events: Span,
    pub attempts: Span,
    /// Ended notifications, and links after their end.
    pub outbox: Span,
    pub audit: Span,
    pub deleted_for_everyone: DeletedForEveryone,
    pub rules: Vec<Rule>,
}

/// The rule for the file of a message that was deleted for everyone.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletedForEveryone {
    #[default]
    Keep,
    Remove,
}

/// Which stored files to delete: those that match all conditions.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatKind>,
    /// Since it was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_than: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub larger_than: Option<Size>,
    /// Only while all matching files together are larger than this, the oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_over: Option<Size>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Secrets {
    /// Empty for `secret.key` in the data folder.
    pub key_file: PathBuf,
    /// The file with the password of the user `admin`; empty for none.
    pub admin_password_file: PathBuf,
}

/// Previews, and the operator's own programs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Derived {
    /// A name in `PATH` or a path; empty for never. Likewise the next one.
    pub ffmpeg: String,
    pub pdftoppm: String,
    /// For one preview.
    pub timeout: Span,
    /// A program and its arguments; empty for none. Likewise the next one.
    pub transcriber: Vec<String>,
    pub scanner: Vec<String>,
    /// Also to those who are no administrators, when there is a scanner.
    pub serve_unscanned: bool,
    /// For one file.
    pub command_timeout: Span,
    /// For one file of the scanner, if it is shorter.
    pub scanner_timeout: Span,
    pub command_memory: Size,
}

impl Default for Derived {
    fn default() -> Self {
        Self {
            ffmpeg: "ffmpeg".to_owned(),
            pdftoppm: "pdftoppm".to_owned(),
            timeout: Span::seconds(20),
            transcriber: Vec::new(),
            scanner: Vec::new(),
            serve_unscanned: false,
            command_timeout: Span::seconds(600),
            // As long as ClamAV's MaxScanTime.
            scanner_timeout: Span::seconds(120),
            command_memory: Size::mib(4 << 10),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: Listen::new(vec!["0.0.0.0:8000".to_owned()]),
            public_url: String::new(),
            time_zone: String::new(),
            max_body: Size::mib(128),
            max_bodies: Size::mib(256),
            max_connections: 4_096,
            max_connections_per_address: 1_024,
            trusted_proxies: ["127.0.0.0/8", "::1"]
                .iter()
                .filter_map(|network| network.parse().ok())
                .collect(),
            metrics_from: Vec::new(),
            api_rate: 50,
            header_timeout: Span::seconds(10),
            body_timeout: Span::seconds(30),
            write_timeout: Span::seconds(30),
            min_rate: Size::from_bytes(32 << 10),
            idle_timeout: Span::seconds(120),
        }
    }
}

impl Http {
    /// The zone of times that people write and read.
    pub fn zone(&self) -> Zone {
        Zone::named(&self.time_zone).unwrap_or_else(Zone::system)
    }

    /// `public_url` without a slash at its end; without that setting, the address on this machine.
    pub fn base_url(&self) -> String {
        if self.public_url.is_empty() {
            let port = self.listen.port().unwrap_or("8000");
            return format!("http://localhost:{port}");
        }
        self.public_url.trim_end_matches('/').to_owned()
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
            max_size: Size::mib(2 << 10),
        }
    }
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            concurrency: 64,
            per_client: 16,
            per_host: 48,
            lease: Span::seconds(60),
            drain: Span::seconds(25),
            reconcile_every: Span::seconds(15 * 60),
        }
    }
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            routes: Route::ALL.to_vec(),
            connect_timeout: Span::seconds(10),
            call_timeout: Span::seconds(20),
            idle_timeout: Span::seconds(30),
            min_rate: Size::from_bytes(16 << 10),
            max_file: Size::from_bytes((2 << 30) + (64 << 10)),
            attempts: 3,
            retry_wait: Span::from_ms(300),
            allowed_hosts: Vec::new(),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: String::new(),
            busy_timeout: Span::seconds(5),
        }
    }
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            pause_below: Size::mib(512),
            resume_above: Size::mib(1 << 10),
            group_access: false,
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            path_style: true,
            ca_file: PathBuf::new(),
            checksum: true,
            credentials_file: PathBuf::new(),
        }
    }
}

impl StorageSettings {
    pub fn access(&self) -> Access {
        if self.group_access {
            Access::Group
        } else {
            Access::Owner
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            every: Span::seconds(600),
            deliveries: Span::days(30),
            events: Span::days(90),
            attempts: Span::days(365),
            outbox: Span::days(30),
            audit: Span::days(365),
            deleted_for_everyone: DeletedForEveryone::Keep,
            rules: Vec::new(),
        }
    }
}

impl Config {
    /// Keys that are not in the file have their defaults.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = read_text(path)?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        Ok(accepted(reading::read(text), path)?.config)
    }

    /// As JSON with sizes in bytes and durations in milliseconds, where the file has texts.
    pub fn in_numbers(&self) -> Value {
        let mut all = json!(self);
        macro_rules! numbers {
            ($($section:ident: { $($key:ident),* }, { $($span:ident),* };)*) => {$(
                $(all[stringify!($section)][stringify!($key)] = json!(self.$section.$key.bytes());)*
                $(all[stringify!($section)][stringify!($span)] = json!(self.$section.$span.ms());)*
            )*};
        }
        numbers! {
            http: { max_body, max_bodies, min_rate }, { header_timeout, body_timeout, write_timeout, idle_timeout };
            keep: { max_size }, {};
            worker: {}, { lease, drain, reconcile_every };
            fetch: { min_rate, max_file }, { connect_timeout, call_timeout, idle_timeout, retry_wait };
            database: {}, { busy_timeout };
            storage: { pause_below, resume_above }, {};
            retention: {}, { every, deliveries, events, attempts, outbox, audit };
            derived: { command_memory }, { timeout, command_timeout, scanner_timeout };
        }
        for (n, rule) in self.retention.rules.iter().enumerate() {
            let numbers = [
                ("older_than", rule.older_than.map(|span| json!(span.ms()))),
                (
                    "larger_than",
                    rule.larger_than.map(|size| json!(size.bytes())),
                ),
                (
                    "total_over",
                    rule.total_over.map(|size| json!(size.bytes())),
                ),
            ];
            for (key, number) in numbers {
                if let Some(number) = number {
                    all["retention"]["rules"][n][key] = number;
                }
            }
        }
        all
    }

    pub fn database_place(&self, data: &Path) -> Place {
        if let Ok(address) = self.database.url.parse() {
            return Place::Server(address);
        }
        let file = path_of(&self.database.url, "sqlite");
        Place::File(file.unwrap_or_else(|| data.join("midiateca.db")))
    }

    /// None when the database is not a file.
    pub fn database_file(&self, data: &Path) -> Option<PathBuf> {
        match self.database_place(data) {
            Place::File(path) => Some(path),
            Place::Server(_) => None,
        }
    }

    pub fn key_file(&self, data: &Path) -> PathBuf {
        match &self.secrets.key_file {
            file if file.as_os_str().is_empty() => data.join("secret.key"),
            file => file.clone(),
        }
    }

    /// None while files are on a disk.
    pub fn bucket(&self) -> Option<BucketUrl> {
        bucket_of(&self.storage.url)
    }

    /// The folder with all files, or with staged ones only where the others are in a bucket.
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

/// The bucket and the prefix in `s3://bucket/prefix`.
fn bucket_of(url: &str) -> Option<BucketUrl> {
    let place = url.strip_prefix("s3://")?;
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let prefix = prefix.trim_end_matches('/');
    let is_letter = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    let is_bucket = (3..=63).contains(&bucket.len()) && bucket.bytes().all(is_letter);
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..") && !segment.chars().any(char::is_control)
    };
    let is_prefix = prefix.is_empty() || prefix.split('/').all(is_segment);
    (is_bucket && is_prefix && !place.contains(['?', '#'])).then(|| BucketUrl {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
    })
}

fn read_text(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn accepted(mut reading: reading::Reading, path: &Path) -> Result<reading::Reading, Error> {
    if reading.problems.is_empty() {
        return Ok(reading);
    }
    Err(Error::Invalid {
        path: path.to_owned(),
        source: reading.problems.swap_remove(0),
    })
}

#[cfg(test)]
mod tests;

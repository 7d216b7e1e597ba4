//! Live figures: what is downloaded, queued and received now, read from the database. Works next to any server.
//!
//! A snapshot twice a second; counts every other second, or less often where counting takes long, so that watching never
//! costs more than a small part of the machine. A database that is locked or missing is reported, and read again when it
//! is back.

mod figures;
mod rate;
mod read;
mod sampler;
mod speed;

use std::path::PathBuf;

use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::coordination::Coordination;
use crate::db::Db;
use crate::events::Event;
use crate::instances::Instance;
use crate::media::counts::{StatusCount, WaitingCount};
use crate::media::{Media, RecordedAttempt};
use crate::model::{EventKind, InstanceState, MediaId, MediaKind};
use crate::shutdown::Shutdown;
use crate::storage::Storage;
use crate::worker::Paused;

pub use figures::{Figures, QueueCounts};
pub use read::MOST_EVENTS;
pub use sampler::Sampler;

pub struct Deps {
    pub data: PathBuf,
    pub config: Config,
    pub clock: Clock,
    pub coordination: Coordination,
    pub tasks: Shutdown,
}

impl Deps {
    /// None when it is not a file.
    fn database(&self) -> Option<PathBuf> {
        self.config.database_file(&self.data)
    }
}

#[derive(Clone)]
pub struct LiveSource {
    pub db: Db,
    pub storage: Storage,
}

/// The kinds of events that say how a round of downloading ended.
pub const ROUND_RESULTS: [EventKind; 4] = [
    EventKind::MediaStored,
    EventKind::MediaFailed,
    EventKind::MediaExpired,
    EventKind::MediaPostponed,
];

/// The filter of the screen; a field that is not set does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveFilter {
    pub instance: Option<String>,
    pub kind: Option<MediaKind>,
    /// How a round of downloading ended: one of [`ROUND_RESULTS`].
    pub result: Option<EventKind>,
}

impl LiveFilter {
    /// Whether both have the same counts: these do not depend on the result.
    pub fn counts_like(&self, other: &Self) -> bool {
        (&self.instance, self.kind) == (&other.instance, other.kind)
    }

    fn includes(&self, instance: &str) -> bool {
        let wanted = self.instance.as_deref();
        wanted.is_none_or(|wanted| wanted == instance)
    }
}

/// The data to read; may change at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub filter: LiveFilter,
    pub is_paused: bool,
    /// The media whose attempts are shown.
    pub opened: Option<MediaId>,
}

#[derive(Clone, Debug)]
pub struct Download {
    pub id: MediaId,
    pub instance: String,
    pub kind: MediaKind,
    /// The declared name; not trusted.
    pub file_name: Option<String>,
    /// None before its first second.
    pub fetched_bytes: Option<u64>,
    pub declared_length: Option<u64>,
}

impl From<Media> for Download {
    fn from(media: Media) -> Self {
        Self {
            id: media.id,
            instance: media.instance.0,
            kind: media.kind,
            file_name: media.file_name,
            fetched_bytes: media.fetched_bytes,
            declared_length: media.declared_length,
        }
    }
}

/// An instance, as far as it is shown.
#[derive(Clone, Debug)]
pub struct LiveInstance {
    pub id: String,
    pub state: InstanceState,
    /// The gateway's current error, until it succeeds again.
    pub problem: Option<String>,
    pub last_delivery_at: Option<Millis>,
    pub delivery_count: i64,
}

impl From<Instance> for LiveInstance {
    fn from(instance: Instance) -> Self {
        Self {
            id: instance.id.0,
            state: instance.state,
            problem: instance.problem,
            last_delivery_at: instance.last_delivery_at,
            delivery_count: instance.delivery_count,
        }
    }
}

#[derive(Clone, Default)]
pub struct LiveSnapshot {
    pub at: Millis,
    pub filter: LiveFilter,
    pub is_served: bool,
    /// Set if no download begins because of the disk.
    pub paused: Option<Paused>,
    pub instances: Vec<LiveInstance>,
    pub in_flight: Vec<Download>,
    /// The newest first: all that are kept, or only those since the last snapshot.
    pub events: Vec<Event>,
    /// Whether `events` replaces the known ones.
    pub is_whole: bool,
}

#[derive(Clone, Debug, Default)]
pub struct LiveCounts {
    pub filter: LiveFilter,
    pub standing: Vec<StatusCount>,
    pub waiting: Vec<WaitingCount>,
    /// Received media by minute of the Unix epoch, for the last hour.
    pub minutes: Vec<(i64, u64)>,
    pub hour: Vec<(String, u64)>,
}

#[derive(Clone, Debug)]
pub struct MediaDetails {
    pub id: MediaId,
    /// None if there is no such media.
    pub media: Option<serde_json::Value>,
    pub attempts: Vec<RecordedAttempt>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database {path} is missing")]
    Missing { path: PathBuf },
    #[error("the database cannot be read")]
    Db(#[from] crate::db::Error),
}

pub enum Update {
    Snapshot(Box<LiveSnapshot>),
    Counts(Box<LiveCounts>),
    Opened(Box<MediaDetails>),
    Failed(Error),
}

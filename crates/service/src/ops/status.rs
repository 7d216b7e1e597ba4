//! What runs, what waits, and what needs a person: briefly (`run`) or with every file checked (`check`). Both only
//! read, except for small probe files, which are removed.

mod full;
mod instance;
mod need;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::json;
use super::probe::ServerStatus;
use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::coordination::Coordination;
use crate::db::{Db, Error};
use crate::media::{self, Count};
use crate::model::MediaStatus;
use crate::secrets::Secrets;
use crate::storage::Storage;

pub use full::{CheckReport, Failing, FileCheck, Folder, check};
pub use instance::{InstanceStatus, RefusedDeliveries};
pub use need::Need;
use need::Seen;

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub data: &'a Path,
    pub config: &'a Config,
    pub db: &'a Db,
    pub storage: &'a Storage,
    pub clock: &'a Clock,
    pub coordination: &'a Coordination,
    pub secrets: &'a Secrets,
}

#[derive(Debug, Serialize)]
pub struct StatusReport {
    #[serde(serialize_with = "json::path")]
    pub data: PathBuf,
    pub server: ServerStatus,
    pub disk: DiskStatus,
    pub queue: QueueStatus,
    pub instances: Vec<InstanceStatus>,
    pub clock_trusted: bool,
    pub needs_attention: Vec<Need>,
}

#[derive(Debug, Serialize)]
pub struct DiskStatus {
    #[serde(serialize_with = "json::path")]
    pub storage: PathBuf,
    /// None if the storage cannot be read.
    #[serde(rename = "free")]
    pub free_bytes: Option<u64>,
    #[serde(rename = "stored")]
    pub stored_bytes: i64,
    pub downloads_paused: bool,
    #[serde(rename = "resume_above")]
    pub resume_above_bytes: u64,
}

#[derive(Debug, Serialize)]
pub struct QueueStatus {
    pub by_status: Vec<Count>,
    #[serde(serialize_with = "json::time_or_null")]
    pub oldest_waiting: Option<Millis>,
    #[serde(serialize_with = "json::time_or_null")]
    pub next_deadline: Option<Millis>,
}

impl QueueStatus {
    pub fn count(&self, status: MediaStatus) -> i64 {
        media::counts::of_statuses(&self.by_status, &[status])
    }
}

/// The short report: no stored file is checked.
pub async fn run(deps: Deps<'_>) -> Result<StatusReport, Error> {
    let seen = Seen::read(deps, None).await?;
    let needs_attention = need::find(&seen).await?;
    let by_status = seen.queue.by_status.iter();
    Ok(StatusReport {
        data: deps.data.to_owned(),
        server: seen.server,
        disk: DiskStatus {
            storage: deps.storage.place(),
            free_bytes: deps.storage.free_bytes().ok(),
            stored_bytes: by_status.map(|count| count.size).sum(),
            downloads_paused: seen.paused.is_some(),
            resume_above_bytes: deps.config.storage.resume_above.bytes(),
        },
        instances: seen.instances(),
        queue: seen.queue,
        clock_trusted: deps.clock.is_trusted(),
        needs_attention,
    })
}

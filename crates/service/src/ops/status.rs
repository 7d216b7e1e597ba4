//! What runs, what waits, and what needs a person: briefly (`run`) or with every file checked (`check`). Both only
//! read, except for small probe files, which are removed.

mod full;
mod instance;
mod need;

use std::path::PathBuf;

use serde::Serialize;

use super::json;
use super::probe::{ServerStatus, server_status};
use crate::app::App;
use crate::clock::Millis;
use crate::db::Error;
use crate::instances;
use crate::media::{self, Count};
use crate::model::MediaStatus;
use crate::worker;

pub use full::{CheckReport, Failing, FileCheck, Folder, check};
pub use instance::{InstanceStatus, RefusedDeliveries};
pub use need::Need;

/// One screen.
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
    async fn read(app: &App) -> Result<Self, Error> {
        let (oldest_waiting, next_deadline) = media::waiting(&app.db).await?;
        Ok(Self {
            by_status: media::by_status(&app.db, 0).await?,
            oldest_waiting,
            next_deadline,
        })
    }

    /// How many media have this status.
    pub fn count(&self, status: MediaStatus) -> i64 {
        let mut counts = self.by_status.iter();
        let count = counts.find(|count| count.name == status.as_str());
        count.map_or(0, |count| count.count)
    }
}

/// The short report: no stored file is checked.
pub async fn run(app: &App) -> Result<StatusReport, Error> {
    let queue = QueueStatus::read(app).await?;
    let paused = worker::paused_for_space(
        (&app.db, &app.storage, &app.coordination),
        &app.config.storage,
    )
    .await?;
    let instances: Vec<_> = instances::instances(&app.db)
        .await?
        .iter()
        .map(InstanceStatus::of)
        .collect();
    let server = server_status(&app.data).await;
    let needs_attention = need::find(&need::Seen {
        app,
        server,
        instances: &instances,
        queue: &queue,
        paused,
        files: None,
        set_aside_today: need::set_aside_today(app).await?,
        refused: &instances::refusals(&app.db).await?,
    })
    .await?;
    let stored_bytes = queue.by_status.iter().map(|count| count.size).sum();
    Ok(StatusReport {
        data: app.data.clone(),
        server,
        disk: DiskStatus {
            storage: app.config.storage_folder(&app.data),
            free_bytes: app.storage.free_bytes().ok(),
            stored_bytes,
            downloads_paused: paused.is_some(),
            resume_above_bytes: app.config.storage.resume_above.bytes(),
        },
        queue,
        instances,
        clock_trusted: app.clock.is_trusted(),
        needs_attention,
    })
}

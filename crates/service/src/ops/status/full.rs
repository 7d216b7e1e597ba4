//! The full report: every count, every folder, and the size of every stored file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::need::{self, Need};
use super::{InstanceStatus, QueueStatus, RefusedDeliveries};
use crate::app::App;
use crate::clock::{HOUR, Millis};
use crate::db::Error;
use crate::instances;
use crate::media::{self, Count, Filter, StoredFile};
use crate::model::{MediaKind, MediaStatus, Reason};
use crate::ops::json;
use crate::ops::probe::server_status;
use crate::storage::layout;
use crate::worker;

const PAGE: u32 = 10_000;
/// More are counted and not named.
const MOST_NAMED: usize = 20;

#[derive(Debug, Serialize)]
pub struct CheckReport {
    #[serde(serialize_with = "json::path")]
    pub data: PathBuf,
    pub instances: Vec<InstanceStatus>,
    pub folders: Vec<Folder>,
    pub by_kind: Vec<Count>,
    pub by_status: Vec<Count>,
    pub files: FileCheck,
    pub last_hour: BTreeMap<String, i64>,
    /// Stored among all that are settled; null if none is.
    pub success_rate: Option<f64>,
    pub reasons: Vec<Failing>,
    /// Deliveries of the last day that are set aside and not dismissed.
    pub set_aside_today: i64,
    pub refusals: Vec<RefusedDeliveries>,
    #[serde(serialize_with = "json::time_or_null")]
    pub oldest_waiting: Option<Millis>,
    #[serde(serialize_with = "json::time_or_null")]
    pub next_deadline: Option<Millis>,
    pub downloads_paused: bool,
    /// While false, nothing is deleted and nothing expires.
    pub clock_trusted: bool,
    pub needs_attention: Vec<Need>,
}

#[derive(Debug, Serialize)]
pub struct Folder {
    pub path: String,
    pub exists: bool,
    pub files: u64,
    pub size: u64,
}

/// The stored files of the database compared with the disk, by size.
#[derive(Debug, Default, Serialize)]
pub struct FileCheck {
    pub present: u64,
    pub missing: u64,
    pub wrong_size: u64,
    pub examples: Vec<String>,
}

/// Media that are not stored, by reason.
#[derive(Debug, Serialize)]
pub struct Failing {
    pub reason: String,
    pub count: i64,
    pub recoverable: bool,
}

/// The full report. Takes about a second for each 100,000 stored files; dropping the future stops it.
pub async fn check(app: &App) -> Result<CheckReport, Error> {
    let known = instances::instances(&app.db).await?;
    let instances: Vec<_> = known.iter().map(InstanceStatus::of).collect();
    let queue = QueueStatus::read(app).await?;
    let paused = worker::paused_for_space(
        (&app.db, &app.storage, &app.coordination),
        &app.config.storage,
    )
    .await?;
    let refused = instances::refusals(&app.db).await?;
    let files = FileCheck::run(app).await?;
    let set_aside_today = need::set_aside_today(app).await?;
    let needs_attention = need::find(&need::Seen {
        app,
        server: server_status(&app.data).await,
        instances: &instances,
        queue: &queue,
        paused,
        files: Some(&files),
        set_aside_today,
        refused: &refused,
    })
    .await?;
    let folders = known
        .iter()
        .flat_map(|instance| MediaKind::ALL.map(|kind| (instance, kind)));
    let folders = folders
        .map(|(instance, kind)| layout::folder(instance.client, &instance.id, kind))
        .map(|folder| Folder::read(app, &folder));
    let last_hour = media::by_status(&app.db, app.clock.now() - HOUR).await?;
    let reasons = media::by_reason(&app.db).await?;
    Ok(CheckReport {
        data: app.data.clone(),
        instances,
        folders: folders.collect(),
        by_kind: media::by_kind(&app.db, 0).await?,
        files,
        last_hour: last_hour
            .into_iter()
            .map(|count| (count.name, count.count))
            .collect(),
        success_rate: success_rate(&queue),
        reasons: reasons.into_iter().map(Failing::of).collect(),
        set_aside_today,
        refusals: refused.iter().map(RefusedDeliveries::of).collect(),
        oldest_waiting: queue.oldest_waiting,
        next_deadline: queue.next_deadline,
        by_status: queue.by_status,
        downloads_paused: paused.is_some(),
        clock_trusted: app.clock.is_trusted(),
        needs_attention,
    })
}

fn success_rate(queue: &QueueStatus) -> Option<f64> {
    use MediaStatus::{Dismissed, Expired, Failed, Stored};
    let stored = queue.count(Stored);
    let lost = [Failed, Expired, Dismissed].map(|status| queue.count(status));
    let settled = stored + lost.iter().sum::<i64>();
    #[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
    (settled > 0).then(|| stored as f64 / settled as f64)
}

impl Failing {
    fn of(count: Count) -> Self {
        Self {
            recoverable: Reason::parse(&count.name).is_some_and(Reason::may_heal),
            reason: count.name,
            count: count.count,
        }
    }
}

impl Folder {
    fn read(app: &App, folder: &str) -> Self {
        let root = app.config.storage_folder(&app.data);
        let entries = std::fs::read_dir(root.join(folder)).ok();
        let exists = entries.is_some();
        let sizes: Vec<u64> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.metadata().ok())
            .filter(std::fs::Metadata::is_file)
            .map(|found| found.len())
            .collect();
        Self {
            path: format!("media_storage/{folder}"),
            exists,
            files: sizes.len() as u64,
            size: sizes.iter().sum(),
        }
    }
}

impl FileCheck {
    async fn run(app: &App) -> Result<Self, Error> {
        let mut files = Self::default();
        let mut after = String::new();
        loop {
            let page = media::stored_files(&app.db, &Filter::default(), &after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(files);
            };
            after.clone_from(&last.id.0);
            for file in &page {
                files.add(file, app.storage.size_bytes(&file.path));
            }
        }
    }

    fn add(&mut self, file: &StoredFile, actual_bytes: Option<u64>) {
        match actual_bytes {
            Some(actual) if actual == file.size_bytes => {
                self.present += 1;
                return;
            }
            Some(_) => self.wrong_size += 1,
            None => self.missing += 1,
        }
        if self.examples.len() < MOST_NAMED {
            self.examples.push(format!("media_storage/{}", file.path));
        }
    }
}

//! The full report: every count, every folder, and the size of every stored file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::need::{self, Need, Seen};
use super::{Deps, InstanceStatus, QueueStatus, RefusedDeliveries};
use crate::clock::{HOUR, Millis};
use crate::db::Error;
use crate::media::{self, Count, Filter, StoredFile};
use crate::model::{MediaKind, MediaStatus, Reason};
use crate::ops::json;
use crate::storage::{Storage, layout};

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

#[derive(Debug, Serialize)]
pub struct Failing {
    pub reason: String,
    pub count: i64,
    pub recoverable: bool,
}

/// The full report. Takes about a second for each 100,000 stored files; dropping the future stops it.
pub async fn check(deps: Deps<'_>) -> Result<CheckReport, Error> {
    let seen = Seen::read(deps, Some(FileCheck::run(deps).await?)).await?;
    let needs_attention = need::find(&seen).await?;
    let folders = seen.instances.iter().flat_map(|instance| {
        MediaKind::ALL.map(|kind| layout::folder(instance.client, &instance.id, kind))
    });
    let last_hour = media::by_status_since(deps.db, deps.clock.now() - HOUR).await?;
    let reasons = media::by_reason(deps.db).await?;
    let folders: Vec<_> = folders.collect();
    let reading = move |storage: &Storage| {
        let folders = folders.iter();
        folders
            .map(|folder| Folder::read(storage, folder))
            .collect()
    };
    Ok(CheckReport {
        data: deps.data.to_owned(),
        folders: deps.storage.blocking(reading).await,
        instances: seen.instances(),
        by_kind: media::by_kind(deps.db).await?,
        files: seen.files.unwrap_or_default(),
        last_hour: last_hour
            .into_iter()
            .map(|count| (count.name, count.count))
            .collect(),
        success_rate: success_rate(&seen.queue),
        reasons: reasons.into_iter().map(Failing::new).collect(),
        set_aside_today: seen.set_aside_today,
        refusals: seen.refused.iter().map(RefusedDeliveries::new).collect(),
        oldest_waiting: seen.queue.oldest_waiting,
        next_deadline: seen.queue.next_deadline,
        by_status: seen.queue.by_status,
        downloads_paused: seen.paused.is_some(),
        clock_trusted: deps.clock.is_trusted(),
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
    fn new(count: Count) -> Self {
        Self {
            recoverable: Reason::parse(&count.name).is_some_and(Reason::is_recoverable),
            reason: count.name,
            count: count.count,
        }
    }
}

impl Folder {
    fn read(storage: &Storage, folder: &str) -> Self {
        let found = storage.folder_size(folder);
        let (files, size) = found.unwrap_or_default();
        Self {
            path: format!("media_storage/{folder}"),
            exists: found.is_some(),
            files,
            size,
        }
    }
}

impl FileCheck {
    async fn run(deps: Deps<'_>) -> Result<Self, Error> {
        let mut files = Self::default();
        let mut after = String::new();
        let all = Filter::default();
        while let Some(page) = media::stored_files(deps.db, &all, &mut after, PAGE).await? {
            let paths = page.iter().map(|file| file.path.clone()).collect();
            let stamps = deps.storage.stamps(paths).await;
            for (file, found) in page.iter().zip(stamps) {
                files.add(file, found.ok().flatten().map(|found| found.size_bytes));
            }
        }
        Ok(files)
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

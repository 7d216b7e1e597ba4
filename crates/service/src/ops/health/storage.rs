//! Whether files can be stored, and for how long there is space.

use std::path::Path;

use super::result::Results;
use super::{Check, CheckResult, Code, Deps, Hint, Value};
use crate::clock::{DAY, Millis};
use crate::db::{Db, Error};
use crate::media::{self, counts};
use crate::model::{InstanceId, MediaKind};
use crate::ops::opening;
use crate::ops::probe::{self, WriteFailure};
use crate::storage::{self, Storage, layout};

/// The disk should have space for this many days of growth.
const DAYS_AHEAD: u64 = 14;
const DAYS_OF_GROWTH: i64 = 7;
/// A longer forecast means nothing.
const MOST_DAYS: u64 = 3_650;

pub(super) async fn probe(results: &mut Results<'_>, deps: Deps<'_>, db: Option<&Db>) {
    let root = deps.config.storage_folder(deps.data);
    let holders = match db {
        Some(db) => counts::holders(db).await,
        None => Ok(Vec::new()),
    };
    let holders = holders.unwrap_or_else(|error| {
        results.add(CheckResult::unreadable(Check::StorageFolders, error).about(&root));
        Vec::new()
    });
    // Nothing is created: an empty folder in the place of a disk that is not mounted would pass for the storage.
    if !root.exists() {
        let had_one = match db {
            Some(db) => db.has_storage().await.unwrap_or(false),
            None => false,
        };
        let result = if holders.is_empty() && !had_one {
            CheckResult::ok(Check::Storage, Code::NoStorageYet)
        } else {
            CheckResult::problem(Check::Storage, Code::StorageMissing, Hint::Mount)
        };
        return results.add(result.about(&root).with_path("path", &root));
    }
    if let Some(db) = db.filter(|_| root.is_dir()) {
        let identity = probe_identity(db, &Storage::at_root(&root, "")).await;
        let is_right = identity.error.is_none();
        results.add(identity.about(&root));
        if !is_right {
            return;
        }
    }
    match probe::write_storage(&root) {
        Err(failure) => results.add(CheckResult::failed(Check::Storage, failure).about(&root)),
        Ok(()) => {
            results.add(CheckResult::ok(Check::Storage, Code::Done).about(&root));
            probe_folders(results, &root, &holders);
        }
    }
    probe_space(results, deps, db, &root).await;
}

/// Whether the storage carries the id of the database, or may get it.
pub(super) async fn probe_identity(db: &Db, storage: &Storage) -> CheckResult {
    match opening::look_at_storage(db, storage).await {
        Err(
            error @ (opening::Error::WrongStorage { .. } | opening::Error::UnknownStorage { .. }),
        ) => CheckResult::failed(Check::StorageIdentity, error),
        // Other errors are found by the next probes.
        Ok(_) | Err(_) => CheckResult::ok(Check::StorageIdentity, Code::Done),
    }
}

/// Whether the folders of the instances that have files exist, and take files.
fn probe_folders(results: &mut Results<'_>, root: &Path, holders: &[(i64, InstanceId)]) {
    let mut not_writable: Vec<WriteFailure> = Vec::new();
    let mut missing = Vec::new();
    for (client, instance) in holders {
        let kinds = MediaKind::ALL.map(|kind| root.join(layout::folder(*client, instance, kind)));
        if !kinds.iter().any(|folder| folder.is_dir()) {
            missing.push(kinds[0].parent().unwrap_or(root).to_owned());
            continue;
        }
        for folder in kinds.iter().filter(|folder| folder.is_dir()) {
            not_writable.extend(probe::create_entry(folder).err());
        }
    }
    let check = Check::StorageFolders;
    if let Some(first) = missing.first() {
        let problem = CheckResult::problem(check, Code::FoldersMissing, Hint::Mount)
            .with("count", missing.len())
            .with_path("first", first)
            .with_path("path", root);
        results.add(problem.about(root));
    }
    let count = not_writable.len();
    if let Some(failure) = not_writable.into_iter().next() {
        let mut problem = CheckResult::failed(check, failure).with("count", count);
        problem.code = Code::FoldersNotWritable;
        results.add(problem.about(root));
    } else if missing.is_empty() {
        results.add(CheckResult::ok(check, Code::Done).about(root));
    }
}

pub(super) async fn probe_space(
    results: &mut Results<'_>,
    deps: Deps<'_>,
    db: Option<&Db>,
    root: &Path,
) {
    let check = Check::StorageFree;
    let floor = deps.config.storage.pause_below.bytes();
    let free = match storage::free_bytes_at(root) {
        Ok(free) => free,
        Err(error) => {
            let skipped = CheckResult::skipped(check, Code::Failed).error(error);
            return results.add(skipped.about(root));
        }
    };
    let result = if free < floor {
        CheckResult::problem(check, Code::NoSpace, Hint::FreeSpace)
    } else {
        CheckResult::ok(check, Code::SpaceLeft)
    };
    let result = result.with_value("free", Value::Bytes(free));
    results.add(result.with_value("floor", Value::Bytes(floor)).about(root));
    if let Some(db) = db {
        let forecast = forecast(db, free.saturating_sub(floor), deps.clock.now()).await;
        results.add_read(Check::StorageForecast, forecast);
    }
}

/// When the disk is full if it grows as in the last days.
async fn forecast(db: &Db, free_bytes: u64, now: Millis) -> Result<CheckResult, Error> {
    let grown_bytes = media::grown_bytes(db, now - DAYS_OF_GROWTH * DAY).await?;
    // A service that started yesterday grew within a day.
    let first = counts::first_received(db).await.ok().flatten();
    let age = first.map_or(DAYS_OF_GROWTH * DAY, |first| now - first);
    let grown_days = age.clamp(DAY, DAYS_OF_GROWTH * DAY).unsigned_abs() as f64 / DAY as f64;
    let bytes_a_day = (grown_bytes as f64 / grown_days) as u64;
    let days = free_bytes.checked_div(bytes_a_day);
    let check = Check::StorageForecast;
    let Some(days) = days.filter(|days| *days < MOST_DAYS) else {
        return Ok(CheckResult::ok(check, Code::HardlyGrows));
    };
    let result = if days < DAYS_AHEAD {
        CheckResult::warning(check, Code::FullSoon, Hint::FreeSpace)
    } else {
        CheckResult::ok(check, Code::SpaceLasts)
    };
    Ok(result
        .with_value("growth", Value::Bytes(bytes_a_day))
        .with("days", days))
}

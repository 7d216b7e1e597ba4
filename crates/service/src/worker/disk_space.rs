//! Pauses downloads while the disk is nearly full: no claims below the low watermark until the high one is reached. A
//! claim reserves its declared size. Declared sizes can be wrong, so below half of the low watermark the largest
//! running download is stopped, because the database needs the rest. Webhooks are always accepted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Worker;
use super::outage;
use crate::config::StorageSettings;
use crate::coordination::Coordination;
use crate::coordination::checkpoint::Checkpoint;
use crate::db::{Db, Error, Key};
use crate::model::MediaId;
use crate::queue::Job;
use crate::storage::Storage;

/// Reserved when no size is declared; most files are smaller.
const USUAL_BYTES: u64 = 16 << 20;

/// The last reading of the disk.
pub(super) struct DiskSpace {
    low: u64,
    high: u64,
    is_paused: bool,
    /// None when the file system does not report it.
    free: Option<u64>,
    reserved: Arc<Mutex<HashMap<MediaId, u64>>>,
}

/// Space for a running download, until it is dropped.
pub(super) struct Reservation {
    reserved: Arc<Mutex<HashMap<MediaId, u64>>>,
    id: MediaId,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        lock(&self.reserved).remove(&self.id);
    }
}

fn lock(reserved: &Mutex<HashMap<MediaId, u64>>) -> MutexGuard<'_, HashMap<MediaId, u64>> {
    reserved.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The size that a claim reserves, at most `max_bytes`.
pub(super) fn declared_bytes(job: &Job, max_bytes: u64) -> u64 {
    job.declared_length.unwrap_or(USUAL_BYTES).min(max_bytes)
}

impl DiskSpace {
    pub fn new(settings: &StorageSettings) -> Self {
        Self {
            low: settings.pause_below.bytes(),
            high: settings.resume_above.bytes(),
            is_paused: false,
            free: None,
            reserved: Arc::default(),
        }
    }

    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Whether no download runs.
    pub fn is_idle(&self) -> bool {
        lock(&self.reserved).is_empty()
    }

    pub fn reserve(&self, id: &MediaId, bytes: u64) -> Reservation {
        lock(&self.reserved).insert(id.clone(), bytes);
        Reservation {
            reserved: Arc::clone(&self.reserved),
            id: id.clone(),
        }
    }

    /// The bytes that claims may still reserve. `fetched` returns the bytes that a download already has on the disk.
    pub fn available_bytes(&self, fetched: impl Fn(&MediaId) -> u64) -> u64 {
        let Some(free) = self.free else {
            return u64::MAX;
        };
        let reserved = lock(&self.reserved);
        let to_come = reserved
            .iter()
            .map(|(id, bytes)| bytes.saturating_sub(fetched(id)))
            .fold(0, u64::saturating_add);
        free.saturating_sub(self.low).saturating_sub(to_come)
    }

    /// Returns whether this reading pauses or resumes downloads.
    fn update(&mut self, free: u64) -> bool {
        self.free = Some(free);
        let watermark = if self.is_paused { self.high } else { self.low };
        let is_paused = free < watermark;
        std::mem::replace(&mut self.is_paused, is_paused) != is_paused
    }

    fn is_critical(&self) -> bool {
        self.free.is_some_and(|free| free < self.low / 2)
    }
}

/// Reads the free space. Where the file system does not report it, downloads continue and fail when the disk is full.
pub(super) fn update(worker: &Worker, space: &mut DiskSpace) {
    let Ok(free_bytes) = worker.downloader.storage.free_bytes() else {
        space.free = None;
        return;
    };
    outage::watch_space(worker, free_bytes);
    if space.update(free_bytes) {
        if space.is_paused {
            tracing::error!(
                free_bytes,
                pause_below_bytes = space.low,
                "the disk is nearly full: downloads are paused; webhooks are still accepted"
            );
        } else {
            tracing::info!(free_bytes, "enough free space: downloads resume");
        }
        note(worker, space.is_paused);
    }
    if space.is_critical() && worker.downloader.progress.stop_largest_for_space() {
        tracing::error!(
            free_bytes,
            "the disk is almost full: the largest download is stopped and retried later"
        );
    }
}

/// In its own task, because the full disk may be the database's.
pub(super) fn note(worker: &Worker, is_paused: bool) {
    let worker_of_task = worker.clone();
    worker.shutdown.spawn(async move {
        let now = worker_of_task.downloader.clock.now();
        let written = worker_of_task
            .downloader
            .db
            .write(Key::Nothing, async move |tx| {
                if is_paused {
                    Checkpoint::DownloadsPaused.save(tx, "", &(), now).await
                } else {
                    Checkpoint::DownloadsPaused.delete(tx, "").await
                }
            });
        if let Err(error) = written.await {
            tracing::debug!(%error, "whether downloads are paused could not be written");
        }
    });
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paused {
    pub free_bytes: u64,
    /// The high watermark.
    pub resume_above_bytes: u64,
}

/// Whether downloads are paused for space, as visible to any process.
pub async fn paused_for_space(
    (db, storage, coordination): (&Db, &Storage, &Coordination),
    settings: &StorageSettings,
) -> Result<Option<Paused>, Error> {
    let Ok(free_bytes) = storage.free_bytes() else {
        return Ok(None);
    };
    // Between the watermarks only a running server knows.
    let is_paused = free_bytes < settings.pause_below.bytes()
        || free_bytes < settings.resume_above.bytes()
            && coordination.is_served().await == Some(true)
            && Checkpoint::DownloadsPaused.is_set(db).await?;
    Ok(is_paused.then_some(Paused {
        free_bytes,
        resume_above_bytes: settings.resume_above.bytes(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Size;

    fn space(low: u64, high: u64) -> DiskSpace {
        DiskSpace::new(&StorageSettings {
            pause_below: Size::from_bytes(low),
            resume_above: Size::from_bytes(high),
            ..StorageSettings::default()
        })
    }

    #[test]
    fn downloads_pause_at_the_low_watermark_and_resume_at_the_high_one() {
        let mut space = space(10, 20);
        for (free, is_paused) in [
            (15, false),
            (10, false),
            (9, true),
            (15, true),
            (19, true),
            (20, false),
            (15, false),
        ] {
            let was_paused = space.is_paused();
            assert_eq!(space.update(free), was_paused != is_paused, "{free}");
            assert_eq!(space.is_paused(), is_paused, "{free}");
        }
    }

    #[test]
    fn a_claim_reserves_what_is_yet_to_come_of_its_declared_size() {
        let mut space = space(100, 200);
        assert_eq!(space.available_bytes(|_| 0), u64::MAX, "nothing is known");
        space.update(1_000);
        let one = space.reserve(&MediaId("1".to_owned()), 700);
        assert_eq!(
            (space.available_bytes(|_| 0), space.is_idle()),
            (200, false)
        );
        // Half of it is on the disk and no longer free.
        space.update(650);
        assert_eq!(space.available_bytes(|_| 350), 200);
        // More than declared.
        space.update(200);
        assert_eq!(space.available_bytes(|_| 800), 100);
        drop(one);
        assert_eq!((space.available_bytes(|_| 0), space.is_idle()), (100, true));
        let _all = space.reserve(&MediaId("2".to_owned()), u64::MAX);
        assert_eq!(space.available_bytes(|_| 0), 0);
    }

    #[test]
    fn running_downloads_are_stopped_below_half_of_the_low_watermark() {
        let mut space = space(100, 200);
        for (free, is_critical) in [(50, false), (49, true), (100, false)] {
            space.update(free);
            assert_eq!(space.is_critical(), is_critical, "{free}");
        }
    }
}

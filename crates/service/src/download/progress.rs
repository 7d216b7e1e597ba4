//! Progress of running downloads. Counts bytes in memory and writes them to the database once a second for other
//! processes, only while downloads run long. Also stops downloads: one that lost its claim to an erasure or to
//! another process stops within a second, not only at its next lease renewal.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Downloader;
use crate::db::{Error, Key};
use crate::model::MediaId;
use crate::queue::{self, ReceivedBytes};
use crate::shutdown::Shutdown;

const EVERY: Duration = Duration::from_secs(1);

#[derive(Default)]
pub struct Progress(Mutex<HashMap<MediaId, Arc<RunningEntry>>>);

struct RunningEntry {
    fence: i64,
    began: Instant,
    bytes: AtomicU64,
    /// The bytes in the row.
    written: AtomicU64,
    stop: CancellationToken,
    /// Stopped because the disk is almost full.
    lacks_space: AtomicBool,
}

impl RunningEntry {
    fn stopped_for_space(&self) -> bool {
        self.lacks_space.load(Ordering::Relaxed)
    }
}

/// A running download, until it is dropped.
pub(super) struct Running<'a> {
    progress: &'a Progress,
    id: MediaId,
    entry: Arc<RunningEntry>,
}

impl Progress {
    /// Counts the bytes of a claimed media.
    pub(super) fn begin(&self, id: &MediaId, fence: i64) -> Running<'_> {
        let entry = Arc::new(RunningEntry {
            fence,
            began: Instant::now(),
            bytes: AtomicU64::new(0),
            written: AtomicU64::new(0),
            stop: CancellationToken::new(),
            lacks_space: AtomicBool::new(false),
        });
        self.lock().insert(id.clone(), Arc::clone(&entry));
        Running {
            progress: self,
            id: id.clone(),
            entry,
        }
    }

    /// The changes since the last write, of downloads that have run for `least`.
    fn unwritten(&self, least: Duration) -> Vec<(Arc<RunningEntry>, ReceivedBytes)> {
        let changed = |(id, entry): (&MediaId, &Arc<RunningEntry>)| {
            let bytes = entry.bytes.load(Ordering::Relaxed);
            let is_news = bytes != entry.written.load(Ordering::Relaxed);
            let fetched = || ReceivedBytes {
                id: id.clone(),
                fence: entry.fence,
                bytes,
            };
            (is_news && entry.began.elapsed() >= least).then(|| (Arc::clone(entry), fetched()))
        };
        self.lock().iter().filter_map(changed).collect()
    }

    /// Stops a download; its worker returns it without counting the attempt.
    pub fn stop(&self, id: &MediaId, fence: i64) {
        let running = self.lock();
        if let Some(entry) = running.get(id).filter(|entry| entry.fence == fence) {
            entry.stop.cancel();
        }
    }

    /// Stops the largest download because the disk is almost full; it is retried when there is space. False when none
    /// runs, or an earlier stopped one has not ended yet.
    pub fn stop_largest_for_space(&self) -> bool {
        let running = self.lock();
        if running.values().any(|entry| entry.stopped_for_space()) {
            return false;
        }
        let size = |entry: &&Arc<RunningEntry>| entry.bytes.load(Ordering::Relaxed);
        let open = running.values().filter(|entry| !entry.stop.is_cancelled());
        let largest = open.max_by_key(size).filter(|entry| size(entry) > 0);
        if let Some(entry) = largest {
            entry.lacks_space.store(true, Ordering::Relaxed);
            entry.stop.cancel();
        }
        largest.is_some()
    }

    /// 0 when it is not running.
    pub fn bytes(&self, id: &MediaId) -> u64 {
        let running = self.lock();
        running
            .get(id)
            .map_or(0, |entry| entry.bytes.load(Ordering::Relaxed))
    }

    fn claims(&self) -> Vec<(MediaId, i64)> {
        let running = self.lock();
        let claim = |(id, entry): (&MediaId, &Arc<RunningEntry>)| (id.clone(), entry.fence);
        running.iter().map(claim).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<MediaId, Arc<RunningEntry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running<'_> {
    /// Sets the number of bytes so far.
    pub fn set_bytes(&self, bytes: u64) {
        self.entry.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Waits until the download must stop.
    pub async fn stopped(&self) {
        self.entry.stop.cancelled().await;
    }

    /// Whether it was stopped because the disk is almost full.
    pub fn lacks_space(&self) -> bool {
        self.entry.stopped_for_space()
    }

    pub fn is_stopped(&self) -> bool {
        self.entry.stop.is_cancelled()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut running = self.progress.lock();
        // The same media may have been claimed again before this claim ended.
        if running
            .get(&self.id)
            .is_some_and(|entry| Arc::ptr_eq(entry, &self.entry))
        {
            running.remove(&self.id);
        }
    }
}

async fn write_down(downloader: &Downloader, least: Duration) -> Result<(), Error> {
    let news = downloader.progress.unwritten(least);
    if news.is_empty() {
        return Ok(());
    }
    let (entries, fetched): (Vec<_>, Vec<_>) = news.into_iter().unzip();
    let figures: Vec<_> = fetched.iter().map(|fetched| fetched.bytes).collect();
    downloader
        .db
        .write(Key::Nothing, async move |tx| {
            queue::record_progress(tx, &fetched).await
        })
        .await?;
    for (entry, bytes) in entries.iter().zip(figures) {
        entry.written.store(bytes, Ordering::Relaxed);
    }
    Ok(())
}

/// Stops downloads whose claim was lost.
async fn stop_lost(downloader: &Downloader) -> Result<(), Error> {
    // Read before the claims, which do not include later ones.
    let running = downloader.progress.claims();
    if running.is_empty() {
        return Ok(());
    }
    let claims = queue::claims(&downloader.db).await?;
    for (id, fence) in running {
        if claims.get(&id) != Some(&fence) {
            downloader.progress.stop(&id, fence);
        }
    }
    Ok(())
}

/// Writes progress and checks claims once a second, until the shutdown.
pub async fn keep_writing_down(downloader: Downloader, shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.begun() => return,
        }
        // The next second has newer figures, and a failing database is reported elsewhere.
        if let Err(error) = write_down(&downloader, EVERY).await {
            tracing::debug!(%error, "cannot save the progress of downloads");
        }
        if let Err(error) = stop_lost(&downloader).await {
            tracing::debug!(%error, "cannot read the claims of downloads");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(progress: &Progress, least: Duration) -> Vec<(i64, u64)> {
        let news = progress.unwritten(least).into_iter();
        news.map(|(entry, fetched)| {
            entry.written.store(fetched.bytes, Ordering::Relaxed);
            (fetched.fence, fetched.bytes)
        })
        .collect()
    }

    #[test]
    fn only_long_running_downloads_that_progress_are_saved() {
        let progress = Progress::default();
        let id = MediaId("A".to_owned());
        let lost = progress.begin(&id, 1);
        assert_eq!(figures(&progress, Duration::ZERO), []);
        lost.set_bytes(500);
        assert_eq!(figures(&progress, Duration::MAX), []);
        assert_eq!(figures(&progress, Duration::ZERO), [(1, 500)]);
        assert_eq!(figures(&progress, Duration::ZERO), []);
        let again = progress.begin(&id, 2);
        drop(lost);
        again.set_bytes(7);
        assert_eq!(figures(&progress, Duration::ZERO), [(2, 7)]);
        again.set_bytes(8);
        drop(again);
        assert_eq!(figures(&progress, Duration::ZERO), []);
    }

    #[test]
    fn one_download_at_a_time_is_stopped_for_space_the_largest_first() {
        let progress = Progress::default();
        let ids = ["A", "B", "C"].map(|id| MediaId(id.to_owned()));
        let [a, b, c] = ids.each_ref().map(|id| progress.begin(id, 1));
        assert!(!progress.stop_largest_for_space(), "nothing has come");
        b.set_bytes(500);
        c.set_bytes(400);
        assert!(progress.stop_largest_for_space());
        assert!(b.lacks_space() && b.is_stopped());
        assert!(
            !progress.stop_largest_for_space(),
            "its bytes are not gone yet"
        );
        drop(b);
        assert!(progress.stop_largest_for_space());
        assert!(c.lacks_space() && !a.is_stopped());
    }
}

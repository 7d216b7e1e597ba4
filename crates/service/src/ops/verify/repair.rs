//! Repairs what can be repaired. Nothing is deleted: corrupt and orphaned files are moved below
//! `.quarantine/{time and owner of this run}`. No file is moved or replaced through a link, neither one in its own place
//! nor one in the place of a folder above it: its target may belong to another row. Everything is checked again inside
//! the transaction that changes it, because the server may be running.

mod objects;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::aside::Aside;
use super::blocking;
use super::error::Error;
use super::orphans::{self, Orphan};
use super::report::Repaired;
use crate::clock::Millis;
use crate::coordination::Maintenance;
use crate::db::{self, Key, Tx};
use crate::deliveries;
use crate::events::facts::{Fact, MediaLost};
use crate::events::{self, News};
use crate::media::{self, StoredFile};
use crate::model::Reason;
use crate::ops::FileDeps;
use crate::ops::in_progress::InProgress;
use crate::queue::{self, Loss};
use crate::storage::{self, Entry, QuarantineCopy, Staging, Stamp, Storage};
use crate::telemetry;

type Attempt = Result<Repaired, storage::Error>;

/// A staged copy of the right bytes.
type StagedCopy = Arc<Mutex<Option<Staging>>>;

#[derive(Clone)]
pub(super) struct Repair {
    run: String,
    moved: Arc<AtomicU64>,
    /// What this run recorded as lost.
    lost: Arc<Mutex<Vec<StoredFile>>>,
}

impl Repair {
    /// Start time and owner name its folder in quarantine.
    pub fn of_run(began: &str, owner: &str) -> Self {
        // The end of an owner's name is random.
        let owner = owner.get(owner.len().saturating_sub(8)..).unwrap_or(owner);
        Self {
            run: format!("{began}-{owner}"),
            moved: Arc::default(),
            lost: Arc::default(),
        }
    }

    /// The folder for the files that it moves, below the storage root.
    pub fn quarantine(&self) -> String {
        format!("{}/{}", storage::QUARANTINE, self.run)
    }

    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// A stored file that is missing (`stamp` is `None`) or corrupt.
    pub async fn stored(
        &self,
        deps: FileDeps<'_>,
        file: &StoredFile,
        stamp: Option<Stamp>,
    ) -> Result<Repaired, Error> {
        let staged = if deps.storage.leads_through_link(&file.path) {
            None
        } else {
            staged_copy_of_twin(deps, file).await?
        };
        let staged = Arc::new(Mutex::new(staged));
        if deps.storage.is_remote() {
            let repaired = self.try_stored_object(deps, file, stamp, staged).await?;
            let repaired = repaired.unwrap_or_else(|error| failed(&error));
            self.note_lost(repaired, file);
            return Ok(repaired);
        }
        let attempt = async |copied| {
            let staged = Arc::clone(&staged);
            self.try_stored(deps, file, stamp, staged, copied).await
        };
        let owner = file.id.as_str();
        let repaired = self.attempt(deps, &file.path, owner, attempt).await?;
        self.note_lost(repaired, file);
        Ok(repaired)
    }

    fn note_lost(&self, repaired: Repaired, file: &StoredFile) {
        if matches!(repaired, Repaired::Queued | Repaired::Unrecoverable) {
            self.lost().push(file.clone());
        }
    }

    fn lost(&self) -> MutexGuard<'_, Vec<StoredFile>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this run recorded as lost until now: a file that it moved away later may have the bytes.
    pub fn take_lost(&self) -> Vec<StoredFile> {
        std::mem::take(&mut self.lost())
    }

    /// Tries again with a copy where the quarantine is on another disk. A file that cannot be repaired does not end the
    /// run.
    async fn attempt(
        &self,
        deps: FileDeps<'_>,
        path: &str,
        owner: &str,
        attempt: impl AsyncFn(Option<QuarantineCopy>) -> Result<Attempt, Error>,
    ) -> Result<Repaired, Error> {
        let mut result = attempt(None).await?;
        if matches!(&result, Err(error) if error.is_other_disk()) {
            let (storage, run) = (deps.storage.clone(), self.run.clone());
            let (path, owner) = (path.to_owned(), owner.to_owned());
            // Outside of a transaction, so that no write waits for it.
            result = match blocking(move || storage.copy_aside(&path, &run, &owner)).await? {
                Ok(copied) => attempt(copied).await?,
                Err(error) => Err(error),
            };
        }
        Ok(result.unwrap_or_else(|error| failed(&error)))
    }

    async fn try_stored(
        &self,
        deps: FileDeps<'_>,
        file: &StoredFile,
        stamp: Option<Stamp>,
        staged: StagedCopy,
        copied: Option<QuarantineCopy>,
    ) -> Result<Attempt, Error> {
        let (storage, now) = (deps.storage.clone(), deps.clock.now());
        let (file, repair) = (file.clone(), self.clone());
        let _files = deps
            .coordination
            .maintenance(Maintenance::Exclusive)
            .await?;
        let repaired = deps.db.write(Key::Everything, async move |tx| {
            let is_as_seen = storage.stamp(&file.path).is_ok_and(|found| found == stamp);
            if !is_as_seen || !media::is_unchanged(tx, &file).await? {
                return Ok(Ok(Repaired::Skipped));
            }
            // Where two rows name one file, it may be intact for the other.
            let is_named_by_another = match storage.true_path(&file.path) {
                Some(path) => media::is_path_used(tx, &path).await?,
                None => false,
            };
            let is_linked = storage.leads_through_link(&file.path);
            if is_named_by_another || is_linked || media::is_path_shared(tx, &file).await? {
                return Ok(Ok(lose(tx, &file, now).await?));
            }
            Ok(
                match repair.replace(&storage, &file, &staged, copied.as_ref()) {
                    Ok(true) => Ok(Repaired::Restored),
                    Ok(false) => Ok(lose(tx, &file, now).await?),
                    Err(error) => Err(error),
                },
            )
        });
        Ok(repaired.await?)
    }

    /// Moves the corrupt file to quarantine and publishes the staged copy in its place; false when there is none.
    fn replace(
        &self,
        storage: &Storage,
        file: &StoredFile,
        staged: &StagedCopy,
        copied: Option<&QuarantineCopy>,
    ) -> Result<bool, storage::Error> {
        let moved = storage.quarantine(&file.path, &self.run, file.id.as_str(), copied)?;
        self.count(moved);
        let mut staged = staged.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(staged) = staged.as_mut() else {
            return Ok(false);
        };
        let restored = storage.restore(staged, &file.path);
        if let Err(error) = &restored {
            let error = telemetry::chain(error);
            tracing::warn!(media = %file.id, error, "a file could not be restored from another copy");
        }
        Ok(restored.is_ok())
    }

    fn count(&self, moved: bool) {
        self.moved.fetch_add(u64::from(moved), Ordering::Relaxed);
    }

    /// A media that is recorded as lost: stored again if its file is in its place or in quarantine. `None` when it is
    /// neither.
    pub async fn bring_back(
        &self,
        deps: FileDeps<'_>,
        file: &StoredFile,
        aside: &mut Aside,
    ) -> Result<Option<Repaired>, Error> {
        let is_there = match entry(deps, &file.path).await {
            // Without its folder, its disk is not mounted.
            Err(_) | Ok(Entry::Link | Entry::NoFolder) => return Ok(None),
            Ok(entry) => entry != Entry::Absent,
        };
        let right = if is_there {
            let (storage, read) = (deps.storage.clone(), PathBuf::from(&file.path));
            let hashed = blocking(move || storage.hash_found(&read)).await?;
            let is_right = hashed.is_ok_and(|found| found == file.sha256);
            is_right.then(|| PathBuf::from(&file.path))
        } else if deps.storage.leads_through_link(&file.path) {
            return Ok(None);
        } else {
            aside.find(deps, file).await?
        };
        let Some(from) = right else { return Ok(None) };
        let _files = deps
            .coordination
            .maintenance(Maintenance::Exclusive)
            .await?;
        if !is_there {
            let (storage, path) = (deps.storage.clone(), file.path.clone());
            let moved = blocking(move || storage.bring_back(&from, &path)).await?;
            if let Err(error) = moved {
                return Ok(Some(failed(&error)));
            }
        }
        let (storage, file) = (deps.storage.clone(), file.clone());
        let looked = file.clone();
        let look =
            move |storage: &Storage| storage.size_bytes(&looked.path) == Some(looked.size_bytes);
        let was_there = !storage.is_remote() || storage.blocking(look).await;
        let restored = deps.db.write(Key::Everything, async move |tx| {
            let is_there = || storage.size_bytes(&file.path) == Some(file.size_bytes);
            if !was_there || !storage.is_remote() && !is_there() {
                return Ok(None);
            }
            queue::restore(tx, &file.path, &file.sha256).await
        });
        Ok(restored.await?.map(|_| Repaired::Found))
    }

    /// A file that no row names: one that is recorded as lost gets its row back, any other is moved to quarantine. The
    /// target of a link stays: it may belong to another client or another data folder.
    pub async fn orphan(&self, deps: FileDeps<'_>, orphan: &Orphan) -> Result<Repaired, Error> {
        let path = orphan.path.as_str();
        // Only regular files: a pipe would be read for ever, and a link may lead anywhere.
        let is_file = matches!(entry(deps, path).await, Ok(Entry::File));
        if !orphans::is_media_path(path) || !is_file {
            return Ok(Repaired::Skipped);
        }
        let (storage, read) = (deps.storage.clone(), path.to_owned());
        let Ok(sha256) = blocking(move || storage.hash(&read)).await? else {
            return Ok(Repaired::Skipped);
        };
        if deps.storage.is_remote() {
            let repaired = self.try_orphan_object(deps, orphan, sha256).await?;
            return Ok(repaired.unwrap_or_else(|error| failed(&error)));
        }
        let attempt = async |copied| self.try_orphan(deps, orphan, sha256, copied).await;
        self.attempt(deps, path, storage::ORPHANS, attempt).await
    }

    async fn try_orphan(
        &self,
        deps: FileDeps<'_>,
        orphan: &Orphan,
        sha256: [u8; 32],
        copied: Option<QuarantineCopy>,
    ) -> Result<Attempt, Error> {
        let (storage, repair, path) = (deps.storage.clone(), self.clone(), orphan.path.clone());
        let is_linked = orphan.is_linked;
        let _files = deps
            .coordination
            .maintenance(Maintenance::Exclusive)
            .await?;
        let moved = deps.db.write(Key::Everything, async move |tx| {
            let in_progress = InProgress::new(&queue::claimed_in(tx).await?);
            if in_progress.may_store(&path) || media::is_path_used(tx, &path).await? {
                return Ok(Ok(Repaired::Skipped));
            }
            if queue::restore(tx, &path, &sha256).await?.is_some() {
                return Ok(Ok(Repaired::Found));
            }
            if is_linked {
                return Ok(Ok(Repaired::Skipped));
            }
            let moved = storage.quarantine(&path, &repair.run, storage::ORPHANS, copied.as_ref());
            Ok(moved.map(|moved| {
                repair.count(moved);
                if moved {
                    Repaired::Quarantined
                } else {
                    Repaired::Skipped
                }
            }))
        });
        Ok(moved.await?)
    }
}

async fn entry(deps: FileDeps<'_>, path: &str) -> Result<Entry, storage::Error> {
    let path = path.to_owned();
    deps.storage
        .blocking(move |storage| storage.entry(&path))
        .await
}

fn failed(error: &storage::Error) -> Repaired {
    let error = telemetry::chain(error);
    tracing::warn!(error, "a file could not be repaired");
    Repaired::Failed
}

async fn lose(tx: &mut Tx, file: &StoredFile, now: Millis) -> Result<Repaired, db::Error> {
    let Some(media) = media::requeue::find_stored(tx, &file.id).await? else {
        return Ok(Repaired::Skipped);
    };
    let delivery_has_bytes = deliveries::has_bytes_of(tx, &media.delivery, &media.id).await?;
    let loss = queue::mark_lost(tx, &media, delivery_has_bytes, now).await?;
    let news = News {
        client: Some(file.client),
        instance: Some(file.instance.as_str()),
        media: Some(file.id.as_str()),
        fact: Fact::MediaLost(MediaLost {
            kind: file.kind.as_str(),
            reason: Reason::FileLost,
            path: file.path.clone(),
        }),
    };
    events::append(tx, now, news);
    Ok(match loss {
        Loss::Requeued => Repaired::Queued,
        Loss::Final => Repaired::Unrecoverable,
    })
}

/// A staged copy of another intact file of the same client with the same bytes.
async fn staged_copy_of_twin(
    deps: FileDeps<'_>,
    file: &StoredFile,
) -> Result<Option<Staging>, Error> {
    for twin in media::twins(deps.db, file).await? {
        let (storage, sha256) = (deps.storage.clone(), file.sha256);
        match blocking(move || storage.second(&twin, &sha256)).await? {
            Ok(Some(staged)) => return Ok(Some(staged)),
            Ok(None) => {}
            Err(error) => {
                let error = telemetry::chain(&error);
                tracing::warn!(media = %file.id, error, "another copy of a file could not be read or staged");
            }
        }
    }
    Ok(None)
}

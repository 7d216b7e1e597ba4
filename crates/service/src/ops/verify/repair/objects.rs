//! Repairs in a bucket. Requests take their time, so none is made within a transaction: everything is checked in one before
//! and in another one after, and the lease on the files keeps sweeps, erasures and other repairs away until then.

use std::path::PathBuf;

use super::{Attempt, Repair, StagedCopy, blocking, lose};
use crate::coordination::Maintenance;
use crate::db::Key;
use crate::media::{self, StoredFile};
use crate::ops::FileDeps;
use crate::ops::in_progress::InProgress;
use crate::ops::verify::error::Error;
use crate::ops::verify::orphans::Orphan;
use crate::ops::verify::report::Repaired;
use crate::queue;
use crate::storage::{self, Stamp};

impl Repair {
    /// A stored file that is missing or corrupt.
    pub(super) async fn try_stored_object(
        &self,
        deps: FileDeps<'_>,
        file: &StoredFile,
        stamp: Option<Stamp>,
        staged: StagedCopy,
    ) -> Result<Attempt, Error> {
        let (storage, now) = (deps.storage.clone(), deps.clock.now());
        let _files = deps
            .coordination
            .maintenance(Maintenance::Exclusive)
            .await?;
        let path = file.path.clone();
        let found = storage.blocking(move |storage| storage.stamp(&path)).await;
        if !found.is_ok_and(|found| found == stamp) {
            return Ok(Ok(Repaired::Skipped));
        }
        let asked = file.clone();
        let settled = deps.db.write(Key::Everything, async move |tx| {
            if !media::is_unchanged(tx, &asked).await? {
                return Ok(Some(Repaired::Skipped));
            }
            // It may be intact for the other row.
            if media::is_path_shared(tx, &asked).await? {
                return Ok(Some(lose(tx, &asked, now).await?));
            }
            Ok(None)
        });
        if let Some(repaired) = settled.await? {
            return Ok(Ok(repaired));
        }
        let (repair, broken) = (self.clone(), file.clone());
        let replacing = blocking(move || repair.replace(&storage, &broken, &staged, None));
        match replacing.await? {
            Err(error) => return Ok(Err(error)),
            Ok(true) => return Ok(Ok(Repaired::Restored)),
            Ok(false) => {}
        }
        let lost = file.clone();
        let losing = deps.db.write(Key::Everything, async move |tx| {
            if media::is_unchanged(tx, &lost).await? {
                lose(tx, &lost, now).await
            } else {
                Ok(Repaired::Skipped)
            }
        });
        Ok(Ok(losing.await?))
    }

    /// A file that no row names. A download that claims its media in between uploads the same key, and gets it back.
    pub(super) async fn try_orphan_object(
        &self,
        deps: FileDeps<'_>,
        orphan: &Orphan,
        sha256: [u8; 32],
    ) -> Result<Attempt, Error> {
        let _files = deps
            .coordination
            .maintenance(Maintenance::Exclusive)
            .await?;
        let path = orphan.path.clone();
        let settled = deps.db.write(Key::Everything, async move |tx| {
            let in_progress = InProgress::new(&queue::claimed_in(tx).await?);
            if in_progress.may_store(&path) || media::is_path_used(tx, &path).await? {
                return Ok(Some(Repaired::Skipped));
            }
            let restored = queue::restore(tx, &path, &sha256).await?;
            Ok(restored.map(|_| Repaired::Found))
        });
        if let Some(repaired) = settled.await? {
            return Ok(Ok(repaired));
        }
        let (path, run) = (orphan.path.clone(), self.run.clone());
        let moving = move |storage: &storage::Storage| {
            storage.quarantine(&path, &run, storage::ORPHANS, None)
        };
        match deps.storage.blocking(moving).await {
            Err(error) => return Ok(Err(error)),
            Ok(false) => return Ok(Ok(Repaired::Skipped)),
            Ok(true) => self.count(true),
        }
        let path = orphan.path.clone();
        let asking = deps.db.write(Key::Everything, async move |tx| {
            media::is_path_used(tx, &path).await
        });
        if !asking.await? {
            return Ok(Ok(Repaired::Quarantined));
        }
        let aside = format!("{}/{}/{}", self.quarantine(), storage::ORPHANS, orphan.path);
        let path = orphan.path.clone();
        let moving =
            move |storage: &storage::Storage| storage.bring_back(&PathBuf::from(aside), &path);
        let moved = deps.storage.blocking(moving).await;
        Ok(moved.map(|()| Repaired::Skipped))
    }
}

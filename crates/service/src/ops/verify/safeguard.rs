//! Refuses a repair that would believe a mistake: with the wrong database, every file looks orphaned; with storage that
//! is not mounted, in whole or in part, every file looks missing.

use std::collections::BTreeMap;

use super::error::Error;
use crate::media::StoredFile;
use crate::storage::{self, FolderState, Stamp, Storage};

/// With fewer missing files, their share says nothing.
const FEW_MISSING: u64 = 10;

/// So many orphans that are also one in `ORPHANED_SHARE` of all files are refused.
const MANY_ORPHANED: u64 = 20;
const ORPHANED_SHARE: u64 = 10;

pub(super) fn check_orphaned(orphaned: u64, stored: u64) -> Result<(), Error> {
    let files = orphaned + stored;
    if orphaned <= MANY_ORPHANED || orphaned * ORPHANED_SHARE <= files {
        return Ok(());
    }
    Err(Error::ManyOrphaned { orphaned, files })
}

#[derive(Default)]
struct Folder {
    present: u64,
    missing: u64,
}

#[derive(Default)]
pub(super) struct Presence {
    stored: u64,
    /// Missing, or of another length, as the files of another storage are.
    wrong: u64,
    folders: BTreeMap<String, Folder>,
}

impl Presence {
    pub fn add(&mut self, file: &StoredFile, found: Result<Option<Stamp>, storage::Error>) {
        let parent = file.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let folder = self.folders.entry(parent.to_owned()).or_default();
        self.stored += 1;
        match found {
            Ok(None) => {
                self.wrong += 1;
                folder.missing += 1;
            }
            Ok(Some(found)) => {
                self.wrong += u64::from(found.size_bytes != file.size_bytes);
                folder.present += 1;
            }
            // A file that cannot be read is present.
            Err(_) => folder.present += 1,
        }
    }

    /// Refuses when most files are missing, or all of a folder that does not exist or is empty: a client's folder may
    /// be a disk of its own. Blocking.
    pub fn check(&self, storage: &Storage) -> Result<(), Error> {
        if self.wrong >= FEW_MISSING && self.wrong * 2 > self.stored {
            return Err(Error::MostMissing {
                missing: self.wrong,
                stored: self.stored,
            });
        }
        for (path, folder) in &self.folders {
            if folder.present == 0 && is_unmounted(storage, path, folder.missing) {
                return Err(Error::FolderMissing {
                    folder: path.clone(),
                    missing: folder.missing,
                });
            }
        }
        Ok(())
    }
}

/// Nothing removes a folder in which files were stored, so a folder that does not exist was on something that is not
/// mounted. An empty one is a mount point, or had a few files that are lost.
fn is_unmounted(storage: &Storage, path: &str, missing: u64) -> bool {
    match storage.folder_state(path) {
        Ok(FolderState::Missing) => true,
        Ok(FolderState::Empty) => missing >= FEW_MISSING,
        Ok(FolderState::Filled) | Err(_) => false,
    }
}

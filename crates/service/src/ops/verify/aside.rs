//! Quarantined files, found by their bytes: what one run moved away may be what another media lacks.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::blocking;
use super::error::Error;
use crate::media::StoredFile;
use crate::ops::FileDeps;
use crate::storage::Storage;

#[derive(Default)]
pub(super) struct Aside {
    by_size: BTreeMap<u64, Vec<PathBuf>>,
    hashes: HashMap<PathBuf, [u8; 32]>,
}

impl Aside {
    pub async fn list(deps: FileDeps<'_>) -> Result<Self, Error> {
        let storage = deps.storage.clone();
        Ok(Self {
            by_size: blocking(move || storage.quarantined()).await?,
            hashes: HashMap::new(),
        })
    }

    /// A quarantined file with the bytes of this one.
    pub async fn find(
        &mut self,
        deps: FileDeps<'_>,
        file: &StoredFile,
    ) -> Result<Option<PathBuf>, Error> {
        for place in self.by_size.get(&file.size_bytes).into_iter().flatten() {
            let sha256 = match self.hashes.get(place) {
                Some(sha256) => *sha256,
                None => {
                    let (storage, read) = (deps.storage.clone(), place.clone());
                    // What cannot be read, or was brought back before, is not there.
                    let Ok(sha256) = blocking(move || storage.hash_found(&read)).await? else {
                        continue;
                    };
                    self.hashes.insert(place.clone(), sha256);
                    sha256
                }
            };
            let (found, is_same) = (place.clone(), sha256 == file.sha256);
            let looking = move |storage: &Storage| is_same && storage.is_quarantined(&found);
            if deps.storage.blocking(looking).await {
                return Ok(Some(place.clone()));
            }
        }
        Ok(None)
    }
}

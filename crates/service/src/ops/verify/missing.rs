//! Whether a file that is not there is missing. A sweep, an erasure or another repair removes files before their rows
//! say so, and such files are not missing.

use super::error::Error;
use crate::coordination::{self, Maintenance};
use crate::media::{self, StoredFile};
use crate::ops::{FileDeps, retention};
use crate::storage::Storage;

async fn is_absent(deps: FileDeps<'_>, path: &str) -> bool {
    let path = path.to_owned();
    let looking = move |storage: &Storage| matches!(storage.stamp(&path), Ok(None));
    deps.storage.blocking(looking).await
}

pub(super) struct Confirmation {
    /// Whether to wait until the files are not in use; an import may use them for hours.
    waits: bool,
}

impl Confirmation {
    pub fn new() -> Self {
        Self { waits: true }
    }

    /// Looks again once no other operation is between a file and its row.
    pub async fn is_missing(
        &mut self,
        deps: FileDeps<'_>,
        file: &StoredFile,
    ) -> Result<bool, Error> {
        if self.waits {
            match deps.coordination.maintenance(Maintenance::Exclusive).await {
                Ok(files) => drop(files),
                Err(coordination::Error::Maintenance { .. } | coordination::Error::Lock { .. }) => {
                    self.waits = false
                }
                Err(error) => return Err(error.into()),
            }
        }
        let row = media::find(deps.db, &file.id).await?;
        let is_stored = row.is_some_and(|row| row.path() == Some(file.path.as_str()));
        Ok(is_stored
            && is_absent(deps, &file.path).await
            && !retention::is_being_deleted(deps.db, &file.id).await?)
    }
}

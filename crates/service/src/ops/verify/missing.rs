//! Whether a file that is not there is missing. A sweep, an erasure or another repair removes files before their rows
//! say so, and such files are not missing.

use super::error::Error;
use crate::app::App;
use crate::coordination::{self, Maintenance};
use crate::media::{self, StoredFile};
use crate::ops::retention;

/// Confirms that a file is missing.
pub(super) struct Confirmation {
    /// Whether to wait until the files are not in use; an import may use them for hours.
    waits: bool,
}

impl Confirmation {
    pub fn new() -> Self {
        Self { waits: true }
    }

    /// Looks again once no other operation is between a file and its row.
    pub async fn is_missing(&mut self, app: &App, file: &StoredFile) -> Result<bool, Error> {
        if self.waits {
            match app.coordination.maintenance(Maintenance::Exclusive).await {
                Ok(files) => drop(files),
                Err(coordination::Error::Maintenance { .. } | coordination::Error::Lock { .. }) => {
                    self.waits = false
                }
                Err(error) => return Err(error.into()),
            }
        }
        let row = media::find(&app.db, &file.id).await?;
        let is_stored = row.is_some_and(|row| row.path() == Some(file.path.as_str()));
        Ok(is_stored
            && matches!(app.storage.stamp(&file.path), Ok(None))
            && !retention::is_on_its_way(app, &file.id).await?)
    }
}

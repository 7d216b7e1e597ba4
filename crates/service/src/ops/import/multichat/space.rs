//! Whether the disk has space for what is copied.

use super::error::Error;
use super::options::Mode;
use super::tree::Tree;
use crate::app::App;

/// Refuses what would leave less free than must stay free. A run that copies nothing needs nothing.
pub(super) fn require(app: &App, mode: Mode, needed: u64) -> Result<(), Error> {
    let free = app
        .storage
        .free_bytes()
        .map_err(crate::storage::Error::from)?;
    let floor = app.config.storage.pause_below.bytes();
    match free.saturating_sub(floor) {
        usable if usable < needed => Err(Error::NotEnoughSpace {
            mode,
            needed,
            free,
            floor,
        }),
        _ => Ok(()),
    }
}

/// Whether taken files need space: copies do, and links where the source is on another disk.
pub(super) async fn is_needed(app: &App, mode: Mode, tree: &Tree) -> bool {
    match mode {
        Mode::DryRun => return false,
        Mode::Copy => return true,
        Mode::Link if tree.len() == 0 => return false,
        Mode::Link => {}
    }
    let (storage, first) = (app.storage.clone(), tree.full_path(0));
    let linking = tokio::task::spawn_blocking(move || storage.can_link(&first));
    !linking.await.unwrap_or(false)
}

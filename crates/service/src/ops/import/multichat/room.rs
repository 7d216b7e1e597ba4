//! Whether there is room for what is taken.

use super::tree::Tree;
use super::{Error, Taking};
use crate::app::App;

/// Refuses what would leave less free than is to stay free. That there is less already is no harm to a run that has
/// nothing to copy.
pub(super) fn look_for_room(app: &App, taking: Taking, needed: u64) -> Result<(), Error> {
    let free = app
        .vault
        .free_bytes()
        .map_err(crate::storage::Error::from)?;
    let floor = app.config.storage.pause_below.bytes();
    match free.saturating_sub(floor) {
        usable if usable < needed => Err(Error::NoRoom {
            taking,
            needed,
            free,
            floor,
        }),
        _ => Ok(()),
    }
}

/// Whether files of the source take up room when they are given second names here: they are copied where that cannot
/// be, for it may be on another disk, or a system that has none.
pub(super) async fn takes_room(app: &App, tree: &Tree) -> bool {
    if tree.len() == 0 {
        return false;
    }
    let (vault, first) = (app.vault.clone(), tree.full_path(0));
    let linking = tokio::task::spawn_blocking(move || vault.can_link(&first));
    !linking.await.unwrap_or(false)
}

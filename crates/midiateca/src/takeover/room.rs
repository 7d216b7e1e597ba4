//! Whether there is room for what is taken.

use std::path::Path;

use super::Error;
use crate::app::App;

/// Refuses what would leave less free than is to stay free. That there is less already is no harm to a run that has
/// nothing to copy.
pub(super) fn look_for_room(app: &App, needed: u64) -> Result<(), Error> {
    let free = app.vault.free_bytes().map_err(crate::vault::Error::from)?;
    let floor = app.config.storage.pause_below_bytes;
    match free.saturating_sub(floor) {
        usable if usable < needed => Err(Error::NoRoom {
            needed,
            free,
            floor,
        }),
        _ => Ok(()),
    }
}

/// Whether a file of one folder can have a second name in the other.
#[cfg(unix)]
pub(super) fn is_one_disk(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let disk = |folder: &Path| std::fs::metadata(folder).ok().map(|it| it.dev());
    disk(one).is_some() && disk(one) == disk(other)
}

/// Whether a file of one folder can have a second name in the other: on the same drive or share.
#[cfg(not(unix))]
pub(super) fn is_one_disk(one: &Path, other: &Path) -> bool {
    let disk = |folder: &Path| {
        let real = std::fs::canonicalize(folder).ok()?;
        let first = real.components().next()?;
        Some(first.as_os_str().to_ascii_lowercase())
    };
    disk(one).is_some() && disk(one) == disk(other)
}

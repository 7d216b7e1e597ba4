//! Derived files of media that are not stored any more. Each deletion removes them with the file; a process that is killed in
//! between leaves them.

use super::{Error, FileDeps};
use crate::media;
use crate::shutdown::CancellationToken;
use crate::storage::DerivedFrom;

/// Deletes them, folder by folder; returns how many files there were.
pub(super) async fn sweep(
    deps: FileDeps<'_>,
    dry_run: bool,
    cancelled: &CancellationToken,
) -> Result<u64, Error> {
    let mut count = 0;
    let storage = deps.storage.clone();
    let folders = tokio::task::spawn_blocking(move || storage.derived_folders());
    for (client, folder) in folders.await.unwrap_or_default() {
        let storage = deps.storage.clone();
        let listing = tokio::task::spawn_blocking(move || storage.derived_in(&folder));
        let mut orphans = Vec::new();
        for sha256 in listing.await.unwrap_or_default() {
            if cancelled.is_cancelled() {
                return Ok(count);
            }
            let stored = media::same_bytes(deps.db, client, &sha256).await?;
            if stored.is_none() {
                orphans.push(DerivedFrom { client, sha256 });
            }
        }
        count += orphans.len() as u64;
        if !dry_run && !orphans.is_empty() {
            deps.storage.remove_derived(orphans).await?;
        }
    }
    Ok(count)
}

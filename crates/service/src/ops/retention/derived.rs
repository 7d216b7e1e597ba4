//! Derived files of media that are not stored any more, or whose file is another one now. Each deletion removes them with the
//! file; a process that is killed in between leaves them, and a lost file that is stored again with other bytes.

use crate::db;
use crate::media;
use crate::ops::FileDeps;
use crate::shutdown::CancellationToken;
use crate::storage::{self, DerivedFrom};

/// Deletes those of one client, or of all, folder by folder; returns how many there were.
pub(in crate::ops) async fn sweep<E: From<db::Error> + From<storage::Error>>(
    deps: FileDeps<'_>,
    of_client: Option<i64>,
    dry_run: bool,
    cancelled: &CancellationToken,
) -> Result<u64, E> {
    let mut count = 0;
    let storage = deps.storage.clone();
    let folders = tokio::task::spawn_blocking(move || storage.derived_folders());
    let mut folders = folders.await.unwrap_or_default();
    folders.retain(|(client, _)| of_client.is_none_or(|wanted| wanted == *client));
    for (client, folder) in folders {
        let storage = deps.storage.clone();
        let listing = tokio::task::spawn_blocking(move || storage.derived_in(client, &folder));
        let mut orphans = Vec::new();
        for from in listing.await.unwrap_or_default() {
            if cancelled.is_cancelled() {
                return Ok(count);
            }
            if !is_stored(deps, &from).await? {
                orphans.push(from);
            }
        }
        count += orphans.len() as u64;
        if !dry_run && !orphans.is_empty() {
            deps.storage.remove_derived(orphans).await?;
        }
    }
    Ok(count)
}

async fn is_stored(deps: FileDeps<'_>, from: &DerivedFrom) -> Result<bool, db::Error> {
    let Some(id) = &from.message_of else {
        let stored = media::same_bytes(deps.db, from.client, &from.sha256).await?;
        return Ok(stored.is_some());
    };
    let found = media::find(deps.db, id).await?;
    Ok(found.is_some_and(|media| {
        let is_same = media.client == from.client && media.sha256 == Some(from.sha256);
        is_same && media.path().is_some()
    }))
}

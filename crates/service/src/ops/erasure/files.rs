//! The files of erased media, wherever they are.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::{ErasedFile, Error};
use crate::coordination::Maintenance;
use crate::media::Media;
use crate::model::{MediaId, MediaStatus};
use crate::ops::FileDeps;
use crate::storage::layout::{self, Name, RelativePath};
use crate::storage::{self, DerivedFrom, FoundFile, Index, Linked, PossiblePaths};

/// The server drops a download whose claim is gone within a second or two.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

/// The files of a media that exist.
pub(super) async fn find(
    deps: FileDeps<'_>,
    media: &Media,
    index: &Index,
) -> Result<Vec<ErasedFile>, Error> {
    let mut found = deps
        .storage
        .everywhere(&media.id, sought(media), index)
        .await?;
    // A file that another row has as stored is not theirs.
    let paths: Vec<_> = found.iter().map(|lying| row_path(&lying.path)).collect();
    let others = crate::media::files_at(deps.db, Some(&media.id), &paths).await?;
    found.retain(|lying| {
        let mut others = others
            .iter()
            .filter(|other| other.status == MediaStatus::Stored);
        !others.any(|other| other.path == row_path(&lying.path))
    });
    prove(deps, media, found).await
}

/// The path that a row has for a file. In quarantine an orphan keeps its path below a folder of its own.
pub(super) fn row_path(path: &Path) -> String {
    let slashed = path
        .to_string_lossy()
        .replace(std::path::MAIN_SEPARATOR, "/");
    let mut parts = slashed.splitn(4, '/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(storage::QUARANTINE), Some(_), Some(storage::ORPHANS), Some(path)) => path.to_owned(),
        _ => slashed.clone(),
    }
}

/// Deletes all files of a media and what was made from its file; returns the files that existed.
pub(super) async fn remove(
    deps: FileDeps<'_>,
    media: &Media,
    index: &Index,
) -> Result<Vec<ErasedFile>, Error> {
    // Hashed before they go.
    let found = find(deps, media, index).await?;
    let files = found.iter().map(|file| FoundFile {
        path: file.path.clone(),
        size_bytes: file.size,
    });
    let removed = deps
        .storage
        .remove_all(&media.id, files.collect(), Linked::Keep);
    let gone = removed.await?;
    if let Some(sha256) = media.sha256 {
        let from = DerivedFrom::all_of(media.client, sha256, &media.id);
        deps.storage.remove_derived(from.into()).await?;
    }
    let is_gone = |file: &ErasedFile| gone.iter().any(|gone| gone.path == file.path);
    Ok(found.into_iter().filter(is_gone).collect())
}

/// Where a media may have files: at the path of its row, and at those that a killed download gave before its row had one.
fn sought(media: &Media) -> PossiblePaths {
    let path = media.file_path.clone().and_then(RelativePath::from_row);
    PossiblePaths {
        names: path.into_iter().collect(),
        stems: layout::stems(&Name {
            client: media.client,
            instance: &media.instance,
            kind: media.kind,
            gateway: media.gateway.as_str(),
            message_id: &media.message_id,
            slot: media.slot,
            at: media.file_time,
            extension: "",
        }),
    }
}

/// The hash of the row's own file is in the row; any other file is read.
async fn prove(
    deps: FileDeps<'_>,
    media: &Media,
    found: Vec<FoundFile>,
) -> Result<Vec<ErasedFile>, Error> {
    let mut files = Vec::with_capacity(found.len());
    for FoundFile { path, size_bytes } in found {
        let is_named_by_row = media.file_path.as_deref().map(Path::new) == Some(path.as_path());
        let sha256 = match media.sha256.filter(|_| is_named_by_row) {
            Some(sha256) => Some(sha256),
            None => {
                let (storage, found) = (deps.storage.clone(), path.clone());
                let hashed = tokio::task::spawn_blocking(move || storage.hash_found(&found));
                hashed.await.ok().and_then(Result::ok)
            }
        };
        files.push(ErasedFile {
            media: media.id.0.clone(),
            sha256: sha256.map(|sha256| crate::media::hex(&sha256)),
            size: size_bytes,
            path,
        });
    }
    Ok(files)
}

/// Waits until no download of these media runs; returns how many still did.
pub(super) async fn end_downloads(
    deps: FileDeps<'_>,
    media: &BTreeSet<MediaId>,
) -> Result<u64, Error> {
    if let Ok(_lease) = deps.coordination.server().await {
        // A killed server left these.
        let maintenance = deps.coordination.maintenance_now(Maintenance::Exclusive);
        if let Some(_lease) = maintenance.await? {
            deps.storage.sweep()?;
        }
    }
    let began = tokio::time::Instant::now();
    loop {
        let staged = deps.storage.staged_of(media)?;
        if staged.is_empty() {
            return Ok(0);
        }
        if began.elapsed() >= PATIENCE {
            staged
                .iter()
                .for_each(|piece| drop(std::fs::remove_file(piece)));
            return Ok(staged.len() as u64);
        }
        tokio::time::sleep(LOOK).await;
    }
}

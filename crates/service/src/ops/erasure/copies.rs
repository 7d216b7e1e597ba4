//! Copies of erased bytes anywhere under the data folder: in quarantine under another name, staged, in a folder that was
//! renamed, in an export, or as a further hard link. All files whose size is that of an erased one are read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::journal::Figures;
use super::{ErasedFile, Error, Left, Why, Work};
use crate::coordination::Maintenance;
use crate::db::Key;
use crate::disk;
use crate::download;
use crate::media::{self, Media};
use crate::model::MediaId;
use crate::ops::FileDeps;
use crate::queue;
use crate::storage::{self, Linked, layout};

/// Hashes and sizes of what was erased, and whose media it was.
#[derive(Default)]
pub(super) struct ErasedBytes {
    media: BTreeMap<[u8; 32], String>,
    sizes: BTreeSet<u64>,
}

impl ErasedBytes {
    pub fn add(&mut self, row: &Media, files: &[ErasedFile]) {
        let hash = |file: &ErasedFile| Some((media::unhex(file.sha256.as_deref()?)?, file.size));
        let of_row = row.sha256.zip(row.size);
        for (sha256, size_bytes) in files.iter().filter_map(hash).chain(of_row) {
            self.sizes.insert(size_bytes);
            self.media.insert(sha256, row.id.0.clone());
        }
    }

    /// All files below these folders that hold erased bytes. Does not follow links. Blocking.
    fn find(&self, folders: Vec<PathBuf>) -> Vec<Found> {
        let entries = folders.into_iter().flat_map(WalkDir::new).flatten();
        let files = entries.filter(|entry| entry.file_type().is_file());
        let found = files.filter_map(|file| self.compare(file.into_path()));
        found.collect()
    }

    fn compare(&self, path: PathBuf) -> Option<Found> {
        let size_bytes = path.symlink_metadata().ok()?.len();
        if !self.sizes.contains(&size_bytes) {
            return None;
        }
        let sha256 = storage::hash_file(&path).ok()?;
        let media = self.media.get(&sha256)?.clone();
        Some(Found {
            path,
            media,
            sha256,
            size_bytes,
        })
    }
}

struct Found {
    path: PathBuf,
    media: String,
    sha256: [u8; 32],
    size_bytes: u64,
}

impl Work<'_> {
    /// The data folder, and the storage if it is elsewhere.
    fn roots(&self) -> Vec<PathBuf> {
        let mut roots = vec![self.data.to_owned()];
        roots.extend(self.deps.storage.folders_outside(self.data));
        roots
    }

    /// Deletes the copies, except those that other rows name: the report names these.
    pub(super) async fn erase_copies(&mut self) -> Result<(), Error> {
        let (deps, bytes) = (self.deps, std::mem::take(&mut self.bytes));
        if bytes.sizes.is_empty() {
            return Ok(());
        }
        // No import is between a file and its row, no repair moves one.
        let _files = deps
            .coordination
            .maintenance(Maintenance::Exclusive)
            .await?;
        let folders = self.roots();
        let search = tokio::task::spawn_blocking(move || bytes.find(folders));
        let mut erased = Figures::default();
        for found in search.await.unwrap_or_default() {
            let below = deps.storage.relative(&found.path);
            let owner = match &below {
                Some(below) => owner(deps, below).await?,
                None => None,
            };
            let why = match owner {
                Some(why) => Some(why),
                None => remove(deps, &found.path, below.as_deref()).err(),
            };
            let sha256 = Some(media::hex(&found.sha256));
            if let Some(why) = why {
                let path = found.path;
                self.report.left.push(Left { path, sha256, why });
                continue;
            }
            let file = ErasedFile {
                media: found.media,
                sha256,
                size: found.size_bytes,
                path: below.unwrap_or(found.path),
            };
            self.progress.finding(&file);
            erased.files += 1;
            erased.bytes += file.size;
            self.report.bytes += file.size;
            self.report.files.push(file);
        }
        if erased.files > 0 {
            let journal = self.journal.clone();
            let adding = deps.db.write(Key::Everything, async move |tx| {
                journal.add(tx, erased).await
            });
            adding.await?;
        }
        Ok(())
    }
}

/// Deletes a file; `below` is its path below the storage root, if it is there.
fn remove(deps: FileDeps<'_>, path: &Path, below: Option<&Path>) -> Result<(), Why> {
    let removed = match below {
        Some(below) if !deps.storage.is_remote() => {
            deps.storage.remove_below(below, Linked::Keep).map(drop)
        }
        _ => fs::remove_file(path)
            .and_then(|()| disk::sync_folder(disk::parent(path)))
            .map_err(storage::Error::from),
    };
    removed.map_err(|error| {
        let error = crate::telemetry::chain(&error);
        tracing::error!(error, "a file that holds erased bytes could not be removed");
        Why::Failed
    })
}

/// Why a file below the storage root stays: another media's row names it, a download publishes it at this moment, or it is
/// in quarantine under that media's id. In the place of a stored file it stays without a row, too, because a restored
/// database may lack the row.
async fn owner(deps: FileDeps<'_>, below: &Path) -> Result<Option<Why>, Error> {
    let claimed = queue::claimed(deps.db).await?;
    let path = super::files::row_path(below);
    let stem = layout::stem_of(&path).to_owned();
    let is_coming = |job: &queue::Job| {
        let stems = layout::stems(&download::name_for(job, ""));
        stems.iter().any(|it| it.as_str() == stem)
    };
    let named = [path.clone()];
    if claimed.iter().any(is_coming) || !media::files_at(deps.db, None, &named).await?.is_empty() {
        return Ok(Some(Why::Shared));
    }
    if layout::is_place_of_ours(&below.to_string_lossy()) {
        return Ok(Some(Why::Orphaned));
    }
    let mut parts = path.split('/');
    let whose = match (parts.next(), parts.next(), parts.next()) {
        (Some(storage::QUARANTINE), Some(_), Some(whose)) => whose,
        (Some(storage::STAGING), Some(name), None) => {
            let whose = name.splitn(3, '-').nth(2).unwrap_or("");
            let mut claimed = claimed.iter();
            let is_shared = claimed.any(|job| job.id.as_str() == whose);
            return Ok(is_shared.then_some(Why::Shared));
        }
        _ => return Ok(None),
    };
    let row = media::find(deps.db, &MediaId(whose.to_owned())).await?;
    let is_shared = row.is_some_and(|row| !row.is_erased());
    Ok(is_shared.then_some(Why::Shared))
}

//! Whether bytes that were erased are still anywhere under the data folder: in quarantine under another name, staged,
//! in a folder that was renamed, in an export, or as a further hard link. All files of an erased length are read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{ErasedFile, Left, Why, Work};
use crate::app::App;
use crate::disk;
use crate::download;
use crate::media::{self, Theirs};
use crate::model::{MediaId, Reason};
use crate::ops::retention::Error;
use crate::queue;
use crate::storage::{self, layout};

/// What must not be left: hashes and lengths of what was erased, and of which media it was.
#[derive(Default)]
pub(super) struct Erased {
    media: BTreeMap<[u8; 32], String>,
    lengths: BTreeSet<u64>,
}

impl Erased {
    pub fn add_row(&mut self, theirs: &Theirs) {
        if let (Some(sha256), Some(size_bytes)) = (theirs.sha256, theirs.size_bytes) {
            self.add(&theirs.id.0, sha256, size_bytes);
        }
    }

    pub fn add_file(&mut self, file: &ErasedFile) {
        let sha256 = file.sha256.as_deref().and_then(media::unhex);
        if let Some(sha256) = sha256 {
            self.add(&file.media, sha256, file.size);
        }
    }

    fn add(&mut self, media: &str, sha256: [u8; 32], size_bytes: u64) {
        self.lengths.insert(size_bytes);
        self.media.insert(sha256, media.to_owned());
    }

    /// All files below these folders that hold erased bytes. Links are not followed. Blocking.
    fn find(&self, folders: Vec<PathBuf>) -> Vec<Found> {
        let mut found = Vec::new();
        let mut folders = folders;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    Ok(kind) if kind.is_file() => found.extend(self.look(path)),
                    _ => {}
                }
            }
        }
        found
    }

    fn look(&self, path: PathBuf) -> Option<Found> {
        let size_bytes = path.symlink_metadata().ok()?.len();
        if !self.lengths.contains(&size_bytes) {
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
    /// Deletes what is left of erased bytes, unless another media's row has it: that is named.
    pub(super) async fn erase_remains(&mut self) -> Result<(), Error> {
        let erased = std::mem::take(&mut self.erased);
        if erased.lengths.is_empty() {
            return Ok(());
        }
        let app = self.app;
        // No import is between a file and its row, no repair moves one.
        let _files = app.hold_files_alone().await?;
        let folders = roots(app);
        let looking = tokio::task::spawn_blocking(move || erased.find(folders));
        let found = looking.await.unwrap_or_default();
        if found.is_empty() {
            return Ok(());
        }
        for found in found {
            let below = found.path.strip_prefix(app.vault.root()).ok();
            let below = below.map(Path::to_owned);
            let sha256 = media::hex(&found.sha256);
            let left = |path, why| Left {
                path,
                sha256: Some(sha256.clone()),
                why,
            };
            let whose = match &below {
                Some(below) => owner(app, below).await?,
                None => None,
            };
            if let Some(why) = whose {
                self.erasure.left.push(left(found.path, why));
                continue;
            }
            let removed = match &below {
                Some(below) => app.vault.remove_orphan(below).map(drop),
                None => remove(&found.path),
            };
            if let Err(error) = removed {
                let error = crate::telemetry::chain(&error);
                tracing::error!(error, "a file that holds erased bytes could not be removed");
                self.erasure.left.push(left(found.path, Why::Failed));
                continue;
            }
            let file = ErasedFile {
                media: found.media,
                sha256: Some(sha256),
                size: found.size_bytes,
                path: below.unwrap_or(found.path),
            };
            (self.tell)(&file);
            self.erasure.bytes += file.size;
            self.erasure.files.push(file);
        }
        Ok(())
    }
}

/// The data folder, and the storage where it is elsewhere.
fn roots(app: &App) -> Vec<PathBuf> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut roots = vec![app.data.clone()];
    if !real(app.vault.root()).starts_with(real(&app.data)) {
        roots.push(app.vault.root().to_owned());
    }
    roots
}

/// Why a file below the storage root stays: another media's row names it, it is being stored for one at this moment, or
/// was moved to quarantine under its id. In the place of a stored file it stays without a row, too: that may have been
/// lost with a database that was put back.
async fn owner(app: &App, below: &Path) -> Result<Option<Why>, Error> {
    let claimed = queue::claimed(&app.db).await?;
    let path = super::files::row_path(below);
    let stem = layout::stem_of(&path).to_owned();
    let is_coming = |job: &queue::Job| {
        let stems = layout::stems(&download::name_of(job, ""));
        stems.iter().any(|it| it.as_str() == stem)
    };
    let named = [path.clone()];
    if claimed.iter().any(is_coming) || !media::others_at(&app.db, "", &named).await?.is_empty() {
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
    let row = media::find(&app.db, &MediaId(whose.to_owned())).await?;
    let is_erased = |reason: &str| reason == Reason::Erased.as_str();
    let is_shared = row.is_some_and(|row| !row.reason.as_deref().is_some_and(is_erased));
    Ok(is_shared.then_some(Why::Shared))
}

fn remove(path: &Path) -> Result<(), storage::Error> {
    fs::remove_file(path)?;
    Ok(disk::sync_folder(disk::parent(path))?)
}

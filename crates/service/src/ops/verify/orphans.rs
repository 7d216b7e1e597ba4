//! Orphans: files that no row names. A file that is being stored has its name before its row says so, and is no orphan.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::blocking;
use super::error::Error;
use super::pace::Pace;
use crate::media;
use crate::ops::FileDeps;
use crate::ops::in_progress::InProgress;
use crate::queue;
use crate::storage::layout;

const BATCH: usize = 500;

/// The paths that rows name, and the folders above them, as hashes, so that millions of them fit into memory.
#[derive(Default)]
pub(super) struct Known {
    paths: HashSet<u64>,
    folders: HashSet<u64>,
    state: RandomState,
}

impl Known {
    pub fn add(&mut self, path: &str) {
        self.paths.insert(self.state.hash_one(path));
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        let above = above.map(|folder| self.state.hash_one(folder));
        self.folders.extend(above);
    }

    fn has(&self, path: &str) -> bool {
        self.paths.contains(&self.state.hash_one(path))
    }

    fn has_below(&self, folder: &str) -> bool {
        self.folders.contains(&self.state.hash_one(folder))
    }
}

pub(super) struct Orphan {
    pub path: String,
    /// Its path leads through a link, so a row may name it by another path.
    pub is_linked: bool,
}

impl Orphan {
    /// Whether a repair would move it to quarantine.
    pub fn is_movable(&self) -> bool {
        is_media_path(&self.path) && !self.is_linked
    }
}

pub(super) struct Orphans {
    pub files: Vec<Orphan>,
    /// Folders that cannot be read.
    pub unreadable: Vec<String>,
}

/// All files of the storage that no row names. A folder that is a link is searched when rows name files in it.
pub(super) async fn search(
    deps: FileDeps<'_>,
    known: Known,
    pace: &Arc<Pace>,
) -> Result<Orphans, Error> {
    let (storage, pace) = (deps.storage.clone(), Arc::clone(pace));
    let settled = deps.clock.now().saturating_sub(2 * deps.lease_ms);
    let settled = Duration::from_millis(u64::try_from(settled).unwrap_or(0));
    let modified_before = SystemTime::UNIX_EPOCH + settled;
    let walk = blocking(move || {
        let mut found = Vec::new();
        let enters = |folder: &Path| known.has_below(&slashed(folder));
        let walked = storage.each_file(enters, modified_before, |path| {
            let path = slashed(path);
            if !pace.is_stopped() && !known.has(&path) {
                found.push(path);
            }
        });
        (found, walked)
    });
    let (mut unknown, walked) = walk.await?;
    unknown.sort();
    let mut files = Vec::with_capacity(unknown.len());
    for batch in unknown.chunks(BATCH) {
        // Files that were stored since the rows were read have a row by now.
        let stored = media::used_paths(deps.db, batch).await?;
        let stored: HashSet<_> = stored.into_iter().collect();
        let in_progress = InProgress::new(&queue::claimed(deps.db).await?);
        let is_orphan = |path: &&String| !stored.contains(*path) && !in_progress.may_store(path);
        let orphans = batch.iter().filter(is_orphan).map(|path| Orphan {
            is_linked: walked.is_linked(Path::new(path)),
            path: path.clone(),
        });
        files.extend(orphans);
    }
    let unreadable = walked.closed.iter().map(|folder| slashed(folder)).collect();
    Ok(Orphans { files, unreadable })
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Whether a path has the form of a media file's.
pub(super) fn is_media_path(path: &str) -> bool {
    layout::is_place_of_ours(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_in_the_layout_are_media_paths() {
        assert!(is_media_path("cliente_2/instance_A/audio/x.ogg"));
        for path in [
            "README.txt",
            "lost+found/#123",
            "backups/postgres/dump.sql",
            "cliente_2/instance_A/notes/x.txt",
            "cliente_2/instance_A/audio/deeper/x.ogg",
        ] {
            assert!(!is_media_path(path), "{path}");
        }
    }
}

//! Files that no row knows. A file that is being stored at this very moment has its name before its row says so, and
//! is none of them.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;

use super::pace::Pace;
use midiateca_service::app::App;
use midiateca_service::download;
use midiateca_service::media;
use midiateca_service::queue::{self, Job};
use midiateca_service::storage::layout;

/// Paths that are asked after in one query.
const BATCH: usize = 500;

/// The paths that rows know, and the folders above them, as hashes, so that millions of them fit into memory.
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

/// A file that no row knows.
pub(super) struct Stranger {
    pub path: String,
    /// Whether a link leads there, so that it may be somebody's under another name.
    pub is_linked: bool,
}

/// What was looked for.
pub(super) struct Unknown {
    /// Files that no row knows.
    pub files: Vec<Stranger>,
    /// Folders that cannot be read.
    pub closed: Vec<String>,
}

/// All files of the vault that no row knows. A folder that is a link is looked into when rows know files there.
pub(super) async fn files(app: &App, known: Known, pace: &Arc<Pace>) -> anyhow::Result<Unknown> {
    let (vault, pace) = (app.vault.clone(), Arc::clone(pace));
    let walk = tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        let enters = |folder: &Path| known.has_below(&slashed(folder));
        let walked = vault.each_file(enters, |path| {
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
    // What was stored while the rows were read is known by now.
    for batch in unknown.chunks(BATCH) {
        let held = media::held_paths(&app.db, batch).await?;
        let held: HashSet<_> = held.into_iter().collect();
        let coming = Coming::of(&queue::claimed(&app.db).await?);
        let is_unknown = |path: &&String| !held.contains(*path) && !coming.has(path);
        let strangers = batch.iter().filter(is_unknown).map(|path| Stranger {
            is_linked: walked.is_linked(Path::new(path)),
            path: path.clone(),
        });
        files.extend(strangers);
    }
    let closed = walked.closed.iter().map(|folder| slashed(folder)).collect();
    Ok(Unknown { files, closed })
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Whether a path is one that files of ours have.
pub(super) fn is_ours(path: &str) -> bool {
    layout::is_place_of_ours(path)
}

/// Where files may be appearing right now.
pub(super) struct Coming(Vec<String>);

impl Coming {
    pub fn of(claimed: &[Job]) -> Self {
        let stems = |job: &Job| layout::stems(&download::name_of(job, ""));
        let stems = claimed.iter().flat_map(stems);
        Self(stems.map(|stem| stem.as_str().to_owned()).collect())
    }

    /// Whether somebody may be storing a file under this path.
    pub fn has(&self, path: &str) -> bool {
        self.0.iter().any(|stem| layout::stem_of(path) == stem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_where_files_of_ours_lie_is_ours() {
        assert!(is_ours("cliente_2/instance_A/audio/x.ogg"));
        for path in [
            "README.txt",
            "lost+found/#123",
            "backups/postgres/dump.sql",
            "cliente_2/instance_A/notes/x.txt",
            "cliente_2/instance_A/audio/deeper/x.ogg",
        ] {
            assert!(!is_ours(path), "{path}");
        }
    }
}

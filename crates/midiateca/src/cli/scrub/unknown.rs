//! Files that no row knows. A file that is being stored at this very moment has its name before its row says so, and
//! is none of them.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use super::pace::Pace;
use crate::app::App;
use crate::archive;
use crate::catalog;
use crate::queue::{self, Job};
use crate::vault::layout;

/// Paths that are asked after in one query.
const BATCH: usize = 500;

/// The paths that rows know, as hashes, so that millions of them fit into memory.
#[derive(Default)]
pub(super) struct Known {
    paths: HashSet<u64>,
    state: RandomState,
}

impl Known {
    pub fn add(&mut self, path: &str) {
        self.paths.insert(self.state.hash_one(path));
    }

    fn has(&self, path: &str) -> bool {
        self.paths.contains(&self.state.hash_one(path))
    }
}

/// All files of the vault that no row knows.
pub(super) async fn files(
    app: &App,
    known: Known,
    pace: &Arc<Pace>,
) -> anyhow::Result<Vec<String>> {
    let (vault, pace) = (app.vault.clone(), Arc::clone(pace));
    let walk = tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        let outcome = vault.each_file(|path| {
            let path = path.to_string_lossy().replace('\\', "/");
            if !pace.is_stopped() && !known.has(&path) {
                found.push(path);
            }
        });
        outcome.map(|()| found)
    });
    let mut unknown = walk.await??;
    unknown.sort();
    // What was stored while the rows were read is known by now.
    for batch in unknown.clone().chunks(BATCH) {
        let held: HashSet<_> = catalog::held_paths(&app.db, batch)
            .await?
            .into_iter()
            .collect();
        let claimed = queue::claimed(&app.db).await?;
        unknown.retain(|path| !held.contains(path) && !is_coming(&claimed, path));
    }
    Ok(unknown)
}

/// Whether somebody may be storing a file under this path right now.
pub(super) fn is_coming(claimed: &[Job], path: &str) -> bool {
    let stem = |job: &Job| layout::path(&archive::name_of(job, ""));
    claimed
        .iter()
        .any(|job| path.starts_with(stem(job).as_str()))
}

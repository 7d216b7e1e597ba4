//! Files that have a name before their row is committed.

use crate::download;
use crate::queue::Job;
use crate::storage::layout;

/// Files that running downloads may be storing.
pub(super) struct InProgress(Vec<String>);

impl InProgress {
    pub fn new(claimed: &[Job]) -> Self {
        let stems = |job: &Job| layout::stems(&download::name_for(job, ""));
        let stems = claimed.iter().flat_map(stems);
        Self(stems.map(|stem| stem.as_str().to_owned()).collect())
    }

    pub fn may_store(&self, path: &str) -> bool {
        self.0.iter().any(|stem| layout::stem_of(path) == stem)
    }
}

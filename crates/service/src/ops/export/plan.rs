//! The plan of an export, without reading the files: how many files and bytes, and whether they fit on the disk.

use std::path::Path;

use super::Deps;
use super::error::Error;
use super::outcome::Exported;
use super::report::{ExportFinding, Report};
use super::source::Watch;
use super::target::Target;
use crate::media::{self, Filter, Media};
use crate::ops::Problem;
use crate::storage::{self, Storage};

pub(super) const PAGE: u32 = 500;
/// Bytes per file in addition to its own: its lines in the manifest, and a header or the rest of a block.
const OVERHEAD_BYTES: u64 = 4_096;

pub(super) struct Plan {
    pub report: Report,
    needed_bytes: u64,
}

impl Plan {
    /// Goes through the selected media. A dry run reports problems here; an export reports them when it copies.
    pub async fn read(
        deps: Deps<'_>,
        filter: &Filter,
        target: &Target,
        dry_run: bool,
        watch: &Watch,
    ) -> Result<Self, Error> {
        let mut plan = Self {
            report: Report::new(target, dry_run),
            needed_bytes: 0,
        };
        let mut after = String::new();
        while let Some(page) = media::stored(deps.db, filter, &mut after, PAGE).await? {
            if watch.cancelled.is_cancelled() {
                break;
            }
            for media in page {
                let (to, wanted) = (target.clone(), media.clone());
                let expecting = move |storage: &Storage| expected_outcome(storage, &to, &wanted);
                let outcome = deps.storage.blocking(expecting).await;
                plan.report.count(&media, outcome);
                plan.needed_bytes += match outcome {
                    Exported::Written => OVERHEAD_BYTES + size_of(&media),
                    Exported::Kept | Exported::Omitted(_) => OVERHEAD_BYTES,
                };
                if let (true, Exported::Omitted(problem)) = (dry_run, outcome) {
                    watch.progress.finding(&ExportFinding::new(&media, problem));
                }
            }
        }
        Ok(plan)
    }

    pub fn check_space(&self, target: &Target) -> Result<(), Error> {
        let Some(folder) = target.existing_folder() else {
            return Ok(());
        };
        let free_bytes = storage::free_bytes_at(&folder).map_err(|source| Error::Target {
            target: folder,
            source,
        })?;
        if free_bytes >= self.needed_bytes {
            return Ok(());
        }
        Err(Error::NoSpace {
            target: target.clone(),
            needed_bytes: self.needed_bytes,
            free_bytes,
        })
    }
}

fn size_of(media: &Media) -> u64 {
    media.size.unwrap_or(0)
}

fn expected_outcome(storage: &Storage, target: &Target, media: &Media) -> Exported {
    let Some(path) = media.path() else {
        return Exported::Omitted(Problem::Missing);
    };
    let length = |path: &Path| path.metadata().ok().map(|found| found.len());
    if let Target::Folder(root) = target
        && length(&root.join(path)) == Some(size_of(media))
    {
        return Exported::Kept;
    }
    match storage.size_bytes(path) {
        None => Exported::Omitted(Problem::Missing),
        Some(found) if found != size_of(media) => Exported::Omitted(Problem::Corrupt),
        Some(_) => Exported::Written,
    }
}

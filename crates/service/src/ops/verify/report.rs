//! The report of a verification and of its repairs.

use serde::Serialize;

use crate::model::MediaId;
use crate::ops::problem::Problem;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Repaired {
    /// Restored from another copy of the same bytes.
    Restored,
    /// Queued to be downloaded again.
    Queued,
    /// Recorded as lost: there is no link left to download it from.
    Unrecoverable,
    /// It was recorded as lost and is there: its row says so again.
    Found,
    /// An orphan, moved to quarantine.
    Quarantined,
    /// It changed during the repair, or no repair may touch it.
    Skipped,
    /// The storage refused it.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyFinding {
    /// Below the storage root.
    pub path: String,
    #[serde(rename = "finding")]
    pub problem: Problem,
    pub media: Option<MediaId>,
    /// Without a repair, `None`.
    pub repair: Option<Repaired>,
}

/// Whether files without a row were searched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanSearch {
    Done,
    /// Only some of the files were verified, or the run was stopped before.
    #[default]
    NotDone,
    /// An import or an erasure is at work: its files have no row yet, or no longer.
    FilesInUse,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub intact: u64,
    pub intact_bytes: u64,
    pub missing: u64,
    pub corrupt: u64,
    pub orphaned: u64,
    pub unreadable: u64,
    pub orphan_search: OrphanSearch,
    /// `None` when no repair was asked for.
    pub repair: Option<RepairReport>,
    /// It started where an earlier run was stopped.
    pub resumed: bool,
    pub stopped: bool,
}

impl Report {
    /// Whether everything was verified and nothing was found.
    pub fn is_clean(&self) -> bool {
        !self.stopped && self.missing + self.corrupt + self.orphaned + self.unreadable == 0
    }

    pub(super) fn count(&mut self, finding: &VerifyFinding) {
        let count = match finding.problem {
            Problem::Missing => &mut self.missing,
            Problem::Corrupt => &mut self.corrupt,
            Problem::Orphaned => &mut self.orphaned,
            Problem::Unreadable => &mut self.unreadable,
        };
        *count += 1;
        if let Some((repair, repaired)) = self.repair.as_mut().zip(finding.repair) {
            repair.count(repaired);
        }
    }
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct RepairReport {
    pub restored: u64,
    pub queued: u64,
    pub unrecoverable: u64,
    pub found: u64,
    /// All files that were moved to quarantine: orphans, and corrupt files that were replaced.
    pub quarantined: u64,
    pub skipped: u64,
    pub failed: u64,
    /// The folder in quarantine of this run, below the storage root.
    pub quarantine: String,
}

impl RepairReport {
    pub(super) fn new(quarantine: String) -> Self {
        Self {
            quarantine,
            ..Self::default()
        }
    }

    fn count(&mut self, repaired: Repaired) {
        match repaired {
            Repaired::Restored => self.restored += 1,
            Repaired::Queued => self.queued += 1,
            Repaired::Unrecoverable => self.unrecoverable += 1,
            Repaired::Found => self.found += 1,
            Repaired::Skipped => self.skipped += 1,
            Repaired::Failed => self.failed += 1,
            // Counted by the repair itself, which also moves corrupt files.
            Repaired::Quarantined => {}
        }
    }
}

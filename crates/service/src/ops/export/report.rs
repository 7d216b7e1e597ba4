//! The report of an export: copied and omitted files.

use serde::Serialize;

use super::outcome::Exported;
use super::target::{Format, Target};
use crate::media::Media;
use crate::ops::Problem;

/// One stored media that is not in the export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportFinding {
    /// Below the storage root; `None` when the row names no file.
    pub path: Option<String>,
    #[serde(rename = "finding")]
    pub problem: Problem,
    pub media: String,
}

impl ExportFinding {
    pub(super) fn new(media: &Media, problem: Problem) -> Self {
        Self {
            path: media.path().map(str::to_owned),
            problem,
            media: media.id.0.clone(),
        }
    }
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// As the caller named it; `-` for a stream.
    pub target: String,
    pub format: Format,
    /// Selected files that the export contains, and their bytes.
    pub files: u64,
    pub bytes: u64,
    /// How many of these the target had before.
    pub kept: u64,
    /// Selected files that are missing, corrupt or unreadable, and not in the export.
    pub omitted: u64,
    /// Files of earlier exports into the same folder that were not selected now.
    pub carried: u64,
    pub stopped: bool,
    pub dry_run: bool,
}

impl Report {
    pub(super) fn new(target: &Target, dry_run: bool) -> Self {
        Self {
            target: target.shown(),
            format: target.format(),
            dry_run,
            ..Self::default()
        }
    }

    pub fn is_complete(&self) -> bool {
        !self.stopped && self.omitted == 0
    }

    pub(super) fn count(&mut self, media: &Media, outcome: Exported) {
        match outcome {
            Exported::Omitted(_) => self.omitted += 1,
            Exported::Written | Exported::Kept => {
                self.files += 1;
                self.bytes += media.size.unwrap_or(0);
                self.kept += u64::from(outcome == Exported::Kept);
            }
        }
    }
}

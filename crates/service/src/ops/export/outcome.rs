//! What became of one file, or of the whole export.

use std::io;

use crate::ops::Problem;

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Written,
    /// The target had it already.
    Kept,
    /// It has a problem, and is not in the export.
    Omitted(Problem),
}

/// Why an export ends early.
#[derive(Debug)]
pub(super) enum Halt {
    Cancelled,
    /// The target cannot be written.
    Failed(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

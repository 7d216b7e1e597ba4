//! The result for one file, and why an export stops.

use std::io;

use crate::db;
use crate::ops::Problem;

/// The result for one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Exported {
    Written,
    Kept,
    /// It has a problem, and is not in the export.
    Omitted(Problem),
}

/// Why an export stops.
#[derive(Debug)]
pub(in crate::ops) enum Halt {
    Cancelled,
    Db(db::Error),
    /// The target cannot be written.
    Failed(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<db::Error> for Halt {
    fn from(error: db::Error) -> Self {
        Self::Db(error)
    }
}

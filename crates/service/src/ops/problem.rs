//! The possible problems of a stored file: the same codes in every operation.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// A row names it, and it is not there.
    Missing,
    /// Its length or its hash is not that of its row.
    Corrupt,
    /// No row names it.
    Orphaned,
    /// The system refuses to read it.
    Unreadable,
}

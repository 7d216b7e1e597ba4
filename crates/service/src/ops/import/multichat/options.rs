//! What to import, and how.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

/// What to import.
#[derive(Clone, Debug)]
pub struct Options {
    /// The source's SQLite database.
    pub db: PathBuf,
    /// Its `media_storage`.
    pub media: PathBuf,
    /// How files are taken.
    pub mode: Mode,
}

/// How files are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each is copied.
    Copy,
    /// Each gets a second name in our storage, where the file system allows it.
    Link,
    /// None is taken; the report is a plan.
    DryRun,
}

/// What the steps of one run need to know.
#[derive(Clone, Copy)]
pub(super) struct Transfer<'a> {
    pub mode: Mode,
    /// Whether files take up space here.
    pub takes_space: bool,
    pub cancelled: &'a CancellationToken,
}

//! Why a verification ended early.

use crate::ops::retention;
use crate::{coordination, db};

/// The safeguards refuse before anything was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error(transparent)]
    Coordination(#[from] coordination::Error),
    #[error(transparent)]
    Retention(#[from] retention::Error),
    #[error("reading files panicked")]
    Panicked(#[from] tokio::task::JoinError),
    #[error("{missing} of {stored} stored files are missing or of another length")]
    MostMissing { missing: u64, stored: u64 },
    /// The folder is below the storage root.
    #[error("none of the {missing} files stored in {folder} is there")]
    FolderMissing { folder: String, missing: u64 },
    #[error("{orphaned} of {files} files are orphaned")]
    ManyOrphaned { orphaned: u64, files: u64 },
}

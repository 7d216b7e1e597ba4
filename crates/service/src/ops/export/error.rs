//! Why an export was refused, or ended early.

use std::io;
use std::path::PathBuf;

use super::target::Target;
use crate::db;

/// Nothing was written, except for [`Error::Failed`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error("the target {} cannot be used", target.display())]
    Refused { target: PathBuf, refusal: Refusal },
    #[error("cannot look at the target {}", target.display())]
    Target { target: PathBuf, source: io::Error },
    #[error("{needed_bytes} bytes are needed and {free_bytes} are free at {}", target.shown())]
    NoSpace {
        target: Target,
        needed_bytes: u64,
        free_bytes: u64,
    },
    /// A folder keeps the files that were copied; an archive in a file is removed.
    #[error("the export to {} failed after {files} files", target.shown())]
    Failed {
        target: Target,
        files: u64,
        source: io::Error,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A stream can only be a tar archive.
    OnlyTar,
    /// The name of an archive that this does not write.
    OtherArchive,
    InsideStorage,
    Exists,
    /// The folder for an archive does not exist.
    NoFolder,
    NotAFolder,
    /// A folder with files that no export wrote.
    Foreign,
    Busy,
}

impl Error {
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

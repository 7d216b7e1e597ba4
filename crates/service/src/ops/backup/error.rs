//! Why there is no new backup. An earlier one is unchanged.

use std::io;
use std::path::{Path, PathBuf};

use crate::ops::opening;
use crate::{db, storage};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] db::Error),
    /// The storage does not belong to the database.
    #[error(transparent)]
    Opening(#[from] opening::Error),
    #[error("cannot use {path}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{target} and {other} are inside each other")]
    Within { target: PathBuf, other: PathBuf },
    #[error("{} is not empty, and not a backup", .0.display())]
    Foreign(PathBuf),
    /// Only the server's own programs can copy it.
    #[error("the database at {} is not a file", .0.display())]
    NotAFile(PathBuf),
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The key was to be copied.
    #[error("the key {} does not exist", .0.display())]
    NoKey(PathBuf),
    /// The key was to be copied.
    #[error("the key {} does not decrypt the gateway tokens", .0.display())]
    WrongKey(PathBuf),
    /// The folder above the target does not exist.
    #[error("{} does not exist", .0.display())]
    Absent(PathBuf),
    #[error("{} has the backup of another database", .0.display())]
    OtherDatabase(PathBuf),
    #[error("another backup to {} is running", .0.display())]
    Busy(PathBuf),
    #[error("{path} has {free} bytes free, and {needed} are needed")]
    NoSpace {
        path: PathBuf,
        needed: u64,
        free: u64,
    },
    #[error("the copied database is damaged: {problem}")]
    Damaged { problem: String },
}

impl Error {
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Within { .. } | Self::Foreign(_) | Self::NotAFolder(_) | Self::OtherDatabase(_)
        )
    }

    /// Whether the run had begun to write, so that an earlier backup and its state matter.
    pub fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Io { .. } | Self::Db(_) | Self::NoSpace { .. } | Self::Damaged { .. }
        )
    }
}

pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    |source| Error::Io {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn of_storage(path: &Path, error: storage::Error) -> Error {
    match error {
        storage::Error::Full(source) | storage::Error::Io(source) => at(path)(source),
        error @ (storage::Error::Displaced { .. }
        | storage::Error::Linked(_)
        | storage::Error::Remote(_)
        | storage::Error::NotConnected(_)) => at(path)(io::Error::other(error)),
    }
}

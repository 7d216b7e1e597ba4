//! Why an import ends early. What was imported is committed; the next run continues.

use std::path::PathBuf;

use super::Mode;
use crate::db::foreign;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source's database.
    #[error(transparent)]
    Foreign(#[from] foreign::Error),
    #[error("{path} is not a database of the original system: it has no table {table}")]
    OtherDatabase { path: PathBuf, table: &'static str },
    #[error("cannot read {path}")]
    Media {
        path: PathBuf,
        source: std::io::Error,
    },
    /// The import would write into what it reads.
    #[error("{path} is the storage of this data folder")]
    OwnStorage { path: PathBuf },
    #[error("{} of its clients or instances have other owners here", .0.len())]
    Conflicts(Vec<Conflict>),
    /// It was cancelled; the report says so.
    #[error("stopped")]
    Stopped,
    #[error("{needed} bytes are to be copied, {free} are free, and {floor} stay free")]
    NotEnoughSpace {
        /// Links need space only for files on another disk.
        mode: Mode,
        needed: u64,
        free: u64,
        /// `storage.pause_below`.
        floor: u64,
    },
    #[error(transparent)]
    Db(#[from] crate::db::Error),
    #[error(transparent)]
    Secrets(#[from] crate::secrets::Error),
    #[error(transparent)]
    Coordination(#[from] crate::coordination::Error),
    #[error(transparent)]
    Storage(#[from] crate::storage::Error),
}

impl Error {
    /// Whether another command line helps: this source cannot be imported.
    pub fn is_usage(&self) -> bool {
        use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
        match self {
            Self::Conflicts(_) | Self::OtherDatabase { .. } | Self::OwnStorage { .. } => true,
            Self::Foreign(foreign::Error::NotADatabase { .. }) => true,
            Self::Foreign(foreign::Error::Unreadable { source, .. }) => {
                matches!(source.kind(), NotFound | NotADirectory | IsADirectory)
            }
            _ => false,
        }
    }
}

/// Something of the source that has another owner here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The client's number is another company's. With both names.
    Client {
        id: i64,
        theirs: String,
        ours: String,
    },
    /// The instance is another client's. With both clients' numbers.
    Instance { id: String, theirs: i64, ours: i64 },
}

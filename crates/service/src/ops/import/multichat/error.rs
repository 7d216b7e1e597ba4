//! Why an import ends early.

use std::path::PathBuf;

use super::options::Mode;
use crate::db::foreign;

/// What was taken is recorded; the next run goes on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source's database.
    #[error(transparent)]
    Foreign(#[from] foreign::Error),
    /// It is not the original system's.
    #[error("{path} is not a database of the original system: it has no table {table}")]
    OtherDatabase {
        /// Which file.
        path: PathBuf,
        /// What it lacks.
        table: &'static str,
    },
    /// The source's files.
    #[error("cannot read {path}")]
    Media {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It would write into what it reads.
    #[error("{path} is the storage of this data folder")]
    OwnStorage {
        /// Which folder.
        path: PathBuf,
    },
    /// Its clients or instances have other owners here.
    #[error("{} of its clients or instances have other owners here", .0.len())]
    Conflicts(Vec<Conflict>),
    /// It was cancelled; the report says so.
    #[error("stopped")]
    Stopped,
    /// Not enough free space.
    #[error("{needed} bytes are to be copied, {free} are free, and {floor} stay free")]
    NotEnoughSpace {
        /// Linked files need space only where they are on another disk.
        mode: Mode,
        /// Bytes to copy.
        needed: u64,
        /// Free bytes.
        free: u64,
        /// Bytes that stay free: `storage.pause_below`.
        floor: u64,
    },
    /// Our database.
    #[error(transparent)]
    Db(#[from] crate::db::Error),
    /// Our data folder.
    #[error(transparent)]
    App(#[from] crate::app::Error),
    /// A lease.
    #[error(transparent)]
    Coordination(#[from] crate::coordination::Error),
    /// Our storage.
    #[error(transparent)]
    Storage(#[from] crate::storage::Error),
}

/// Something of the source that has another owner here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The client's number is another company's.
    Client {
        /// The number.
        id: i64,
        /// Its name in the source.
        theirs: String,
        /// Its name here.
        ours: String,
    },
    /// The instance is another client's.
    Instance {
        /// Its id.
        id: String,
        /// Its client in the source.
        theirs: i64,
        /// Its client here.
        ours: i64,
    },
}

//! Where the database is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Address, Db, Error, is_absent};

#[derive(Clone, Debug)]
pub enum Place {
    /// SQLite.
    File(PathBuf),
    /// PostgreSQL.
    Server(Address),
}

impl Place {
    /// None when it is not a file of this machine.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server(_) => None,
        }
    }

    /// Its path or its URL without a password, for messages.
    pub fn shown(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Server(address) => address.to_string().into(),
        }
    }

    /// Whether there is no database: no file, an empty one, or no tables. False when that is not known. Changes nothing.
    pub async fn is_absent(&self, busy_timeout: Duration) -> bool {
        match self {
            Self::File(path) => {
                let path = path.clone();
                let looking = tokio::task::spawn_blocking(move || is_absent(&path, busy_timeout));
                looking.await.unwrap_or(false)
            }
            Self::Server(address) => address.is_absent().await.unwrap_or(false),
        }
    }

    /// Opens the database; creates and migrates it. Of a file, a write that waits longer than `busy_timeout` for another
    /// process fails as unavailable.
    pub async fn open(&self, busy_timeout: Duration) -> Result<Db, Error> {
        match self {
            Self::File(path) => Db::open(path, busy_timeout).await,
            Self::Server(address) => Db::connect(address).await,
        }
    }

    /// Like [`Place::open`], for a database that was found: one that is gone by now is not created again.
    pub async fn open_existing(&self, busy_timeout: Duration) -> Result<Db, Error> {
        match self {
            Self::File(path) => Db::open_existing(path, busy_timeout).await,
            Self::Server(address) => Db::connect_existing(address).await,
        }
    }

    /// Opens an existing database without changes. A file of an earlier version is read from a migrated copy.
    pub async fn open_to_read(&self, busy_timeout: Duration) -> Result<Db, Error> {
        match self {
            Self::File(path) => Db::open_current_to_read(path, busy_timeout).await,
            Self::Server(address) => Db::connect_to_read(address).await,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().display().fmt(f)
    }
}

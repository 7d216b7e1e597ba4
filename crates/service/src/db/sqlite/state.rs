//! The result of the last check of the database's path, and the open file.

use std::fs::Metadata;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::db::Error;
use crate::disk::FileId;

crate::model::codes! {
    /// The state of the path where the open database should be.
    Found {
        Missing "missing",
        /// Another database.
        Other "other",
        /// An older copy of the same database.
        Older "older",
        /// The file was truncated or overwritten.
        Damaged "damaged",
        /// The same database with another write-ahead log.
        OtherLog "other_log",
        /// Undetermined, for example because another process was reading.
        Unproven "unproven",
    }
}

/// A file's metadata at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub id: FileId,
    pub length: u64,
    /// Allocated blocks of 512 bytes; 0 where unknown.
    pub blocks: u64,
    pub modified: Option<SystemTime>,
}

#[cfg(unix)]
fn blocks(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    metadata.blocks()
}

#[cfg(not(unix))]
fn blocks(_: &Metadata) -> u64 {
    0
}

pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp {
        id: FileId::new(&metadata),
        length: metadata.len(),
        blocks: blocks(&metadata),
        modified: metadata.modified().ok(),
    })
}

pub(super) fn id(stamp: Option<Stamp>) -> Option<FileId> {
    stamp.map(|stamp| stamp.id)
}

pub(super) fn length(stamp: Option<Stamp>) -> u64 {
    stamp.map_or(0, |stamp| stamp.length)
}

/// The result of the last check, shared with readers and the server.
#[derive(Clone, Default)]
pub(in crate::db) struct State(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    database: Option<FileId>,
    found: Option<Found>,
}

impl State {
    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that the committer has open.
    pub fn set_database(&self, database: Option<FileId>) {
        self.lock().database = database;
    }

    /// Records the result of a check; returns that of the one before.
    pub fn replace_found(&self, found: Option<Found>) -> Option<Found> {
        std::mem::replace(&mut self.lock().found, found)
    }

    /// The state of the path where the open database should be, if known.
    pub fn found(&self) -> Option<Found> {
        self.lock().found
    }

    /// Refuses reads while the database is known to be displaced.
    pub fn refuse_displaced(&self, path: &Path) -> Result<(), Error> {
        let found = self.found();
        found.map_or(Ok(()), |found| Err(displaced(path, found)))
    }

    /// Refuses a file that is not known to be the open database.
    pub fn refuse_other_file(&self, path: &Path) -> Result<(), Error> {
        let known = self.lock().database;
        let there = id(stamp(path));
        match known {
            Some(_) if there.is_none() => Err(displaced(path, Found::Missing)),
            Some(known) if there != Some(known) => Err(displaced(path, Found::Unproven)),
            _ => Ok(()),
        }
    }
}

pub(super) fn displaced(path: &Path, found: Found) -> Error {
    Error::Displaced {
        path: path.to_owned(),
        found,
    }
}

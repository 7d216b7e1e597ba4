//! What a backup says of itself. It is written last.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::{media, storage};

/// The first words of every manifest that this program understands.
pub(super) const FORMAT: &str = "midiateca-backup/1";

/// A backup, by what is in it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Manifest {
    /// Always the same.
    pub format: String,
    /// The program that wrote it.
    pub version: String,
    /// The database is as it was then, or a moment later.
    pub began_at: String,
    /// When it was whole.
    pub ended_at: String,
    /// By this a database is told from another: when its first client was added, unix milliseconds.
    pub first_added: Option<Millis>,
    /// The database.
    pub database: Database,
    /// The files.
    pub files: Figures,
    /// Under which name the settings are in it, if they were in a file.
    pub settings: Option<String>,
    /// Whether the key is in it, the one that is in use.
    pub holds_key: bool,
    /// Files that were not as they should be, at most [`Manifest::MOST_WRONG`] of them.
    pub wrong: Vec<WrongFile>,
}

impl Manifest {
    /// Longer lists are for the program that prints them.
    pub const MOST_WRONG: usize = 1_000;
}

/// The copy of the database.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Database {
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 of it, hexadecimal.
    pub sha256: String,
}

impl Database {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            bytes: std::fs::metadata(path)?.len(),
            sha256: media::hex(&storage::hash_file(path)?),
        })
    }
}

/// What became of the files that the database names.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Files in the backup.
    pub count: u64,
    /// How long they are.
    pub bytes: u64,
    /// Copied this time.
    pub copied: u64,
    /// How long those are.
    pub copied_bytes: u64,
    /// Second names for bytes that are in the backup already.
    pub linked: u64,
    /// Files that were there already.
    pub kept: u64,
    /// Files that were let go or erased while the backup was made.
    pub gone: u64,
    /// Files that are not where they should be.
    pub missing: u64,
    /// Files that hold other bytes than were stored.
    pub altered: u64,
    /// Files in the backup that the database no longer names.
    pub surplus: u64,
    /// Those of them that were taken away.
    pub pruned: u64,
}

/// What is wrong with a file in the data folder.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wrong {
    /// It is not there.
    Missing,
    /// It holds other bytes.
    Altered,
}

/// A file that is not as it should be.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WrongFile {
    /// Where it should be.
    pub file: String,
    /// Which media it is.
    pub media: String,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// Whether the backup holds the right one, from an earlier time.
    pub kept: bool,
}

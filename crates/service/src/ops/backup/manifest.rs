//! `manifest.json` of a backup. It is written last.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::BackupFinding;
use crate::clock::{Millis, millis_of};
use crate::ops::json;
use crate::{media, storage};

/// The format of every manifest that this version can read.
pub(super) const FORMAT: &str = "midiateca-backup/1";
/// More findings are counted and not listed.
pub(super) const MOST_FINDINGS: usize = 1_000;

#[derive(Clone, Debug, Serialize)]
pub struct BackupManifest {
    pub format: &'static str,
    /// Of the program that wrote it.
    pub version: &'static str,
    /// The database is as it was then, or a moment later.
    pub began_at: String,
    pub ended_at: String,
    /// When the first client was added: no two databases have the same.
    #[serde(serialize_with = "json::time_or_null")]
    pub first_added: Option<Millis>,
    pub database: DatabaseFile,
    /// The name of the settings in the backup, if they were in a file.
    pub settings: Option<String>,
    /// Whether the key that is in use is in the backup.
    pub holds_key: bool,
}

/// The file: with what a report has elsewhere.
#[derive(Serialize)]
pub(super) struct ManifestFile<'a> {
    #[serde(flatten)]
    pub manifest: &'a BackupManifest,
    pub files: FileCounts,
    pub findings: &'a [BackupFinding],
}

#[derive(Deserialize)]
pub(super) struct EarlierManifest {
    pub format: String,
    pub first_added: Option<EarlierTime>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum EarlierTime {
    Rfc3339(String),
    /// As earlier versions wrote it.
    Millis(Millis),
}

impl EarlierTime {
    /// `None` when it is no time.
    pub fn millis(&self) -> Option<Millis> {
        match self {
            Self::Rfc3339(text) => millis_of(text),
            Self::Millis(millis) => Some(*millis),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct DatabaseFile {
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

impl DatabaseFile {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        Ok(Self {
            bytes: std::fs::metadata(path)?.len(),
            sha256: media::hex(&storage::hash_file(path)?),
        })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileCounts {
    /// In the backup.
    pub count: u64,
    pub bytes: u64,
    /// Copied in this run.
    pub copied: u64,
    pub copied_bytes: u64,
    /// Second names for bytes that were in the backup already.
    pub linked: u64,
    /// In the backup before this run.
    pub kept: u64,
    /// Deleted by retention or an erasure during this run.
    pub gone: u64,
    pub missing: u64,
    pub corrupt: u64,
    /// In the backup, and no longer in the database.
    pub surplus: u64,
    pub pruned: u64,
}

//! A copy of everything in a folder that can replace the data folder: the database as of one moment, every file that it
//! names, the settings, and a manifest.
//!
//! The service may run and write at the same time. A file gets its name in the backup when its bytes have the hash of
//! its row, and the database when everything that it names is there and synced: until then an earlier backup in the same
//! folder stays usable, and a run that was interrupted is continued by the next. Retention or an erasure may delete a file
//! during the run, so its row is read again before it counts as missing.

mod bodies;
mod copy;
mod error;
mod files;
mod folder;
mod manifest;

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{Problem, Progress, json, opening};
use crate::clock::{Clock, Millis, rfc3339};
use crate::config::Config;
use crate::db::{self, Db};
use crate::disk;
use crate::instances;
use crate::model::MediaId;
use crate::secrets::Secrets;
use crate::shutdown::CancellationToken;
use crate::storage::Storage;
pub use error::Error;
use error::at;
use files::Files;
pub use folder::is_complete;
use folder::{DATABASE, Folder};
use manifest::ManifestFile;
pub use manifest::{BackupManifest, DatabaseFile, FileCounts};

/// The size of almost every SQLite database's pages; only progress depends on it.
const PAGE_BYTES: u64 = 4_096;

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub data: &'a Path,
    pub config: &'a Config,
    pub config_file: Option<&'a Path>,
    pub clock: &'a Clock,
}

#[derive(Clone, Debug, Default)]
pub struct Options {
    pub target: PathBuf,
    /// Read files that are in the backup already, instead of comparing lengths and times.
    pub verify: bool,
    /// Remove files that the database no longer names.
    pub prune: bool,
    pub with_key: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct BackupFinding {
    /// Below the storage root.
    pub path: String,
    #[serde(rename = "finding")]
    pub problem: Problem,
    pub media: MediaId,
    /// Whether the backup has the right bytes, from an earlier run.
    pub kept: bool,
}

/// Where the key of the gateway tokens is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    Included,
    NotIncluded,
    /// The backup has another key than the one in use.
    Other,
    Missing,
}

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    #[serde(serialize_with = "json::path")]
    pub target: PathBuf,
    pub files: FileCounts,
    /// `None` when it was stopped.
    pub key: Option<KeyState>,
    /// The manifest of the backup, with the counts and the findings; `None` when it was stopped.
    pub manifest: Option<BackupManifest>,
    /// The bucket with the stored files, which are not in the backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// It was cancelled before its end. What was copied stays for the next run.
    pub stopped: bool,
}

impl Report {
    fn stopped(target: &Path, files: FileCounts) -> Self {
        Self {
            target: target.to_owned(),
            files,
            key: None,
            manifest: None,
            bucket: None,
            stopped: true,
        }
    }

    pub fn is_clean(&self) -> bool {
        !self.stopped && self.bucket.is_none() && self.files.missing + self.files.corrupt == 0
    }
}

struct Paths {
    data: PathBuf,
    database: PathBuf,
    storage: PathBuf,
    key: PathBuf,
}

struct Run {
    paths: Paths,
    /// Where the stored files are, if not on a disk.
    bucket: Option<String>,
    options: Options,
    busy_timeout: Duration,
    progress: Arc<dyn Progress<BackupFinding>>,
    cancelled: CancellationToken,
}

/// Makes a backup, or updates the one that is there. Progress counts bytes, of the database and then of the files.
pub async fn run(
    deps: Deps<'_>,
    options: Options,
    progress: Arc<dyn Progress<BackupFinding>>,
    cancelled: CancellationToken,
) -> Result<Report, Error> {
    let began_at = deps.clock.now();
    let place = deps.config.database_place(deps.data);
    let Some(database) = place.file() else {
        return Err(Error::NotAFile(place.shown()));
    };
    let run = Run::new(deps, options, database, progress, &cancelled);
    if run.options.with_key && !run.paths.key.exists() {
        return Err(Error::NoKey(run.paths.key));
    }
    if run.bucket.is_none() {
        run.check_storage().await?;
    }
    let folder = Folder::open(&run.options.target, &run.paths)?;
    let Some(snapshot) = run.snapshot(&folder).await? else {
        return Ok(Report::stopped(&run.options.target, FileCounts::default()));
    };
    let copied = open_sound(&snapshot, run.busy_timeout).await?;
    let outcome = run.copy_files(&folder, &copied).await;
    let (identity, has_storage) = (copied.identity().to_owned(), copied.has_storage().await);
    copied.close().await;
    let copy = outcome?;
    let Some(bodies) = &copy.bodies else {
        return Ok(Report::stopped(&run.options.target, copy.counts));
    };
    folder.publish_replacements()?;
    if has_storage? {
        folder.mark_storage(&identity)?;
    }
    let database = DatabaseFile::read(&snapshot).map_err(at(&snapshot))?;
    folder.publish(&snapshot, DATABASE)?;
    bodies::prune(&folder, bodies)?;
    let settings = folder.copy_settings(deps.config_file)?;
    if run.options.with_key {
        folder.copy_key(&run.paths.key)?;
    }
    let mut files = copy.counts;
    if run.bucket.is_none() {
        folder.surplus(&copy.named, run.options.prune, &mut files)?;
    }
    let holds_key = copy.key_opens && folder.has_key(&run.paths.key)?;
    let manifest = BackupManifest {
        format: manifest::FORMAT,
        version: env!("CARGO_PKG_VERSION"),
        began_at: rfc3339(began_at),
        ended_at: rfc3339(deps.clock.now()),
        first_added: copy.first_added,
        database,
        settings,
        holds_key,
    };
    folder.write_manifest(&ManifestFile {
        manifest: &manifest,
        files,
        findings: &copy.findings,
    })?;
    let key = if holds_key {
        KeyState::Included
    } else if !run.paths.key.exists() {
        KeyState::Missing
    } else if folder.has_any_key() {
        KeyState::Other
    } else {
        KeyState::NotIncluded
    };
    Ok(Report {
        target: run.options.target,
        files,
        key: Some(key),
        manifest: Some(manifest),
        bucket: run.bucket,
        stopped: false,
    })
}

/// The copies, before the backup is published.
struct CopiedFiles {
    first_added: Option<Millis>,
    key_opens: bool,
    counts: FileCounts,
    findings: Vec<BackupFinding>,
    /// The paths that the copied database names.
    named: HashSet<PathBuf>,
    /// The names of the long texts of deliveries; `None` when the run was cancelled.
    bodies: Option<HashSet<OsString>>,
}

impl Run {
    fn new(
        deps: Deps<'_>,
        options: Options,
        database: &Path,
        progress: Arc<dyn Progress<BackupFinding>>,
        cancelled: &CancellationToken,
    ) -> Self {
        let config = deps.config;
        Self {
            paths: Paths {
                data: deps.data.to_owned(),
                database: database.to_owned(),
                storage: config.storage_folder(deps.data),
                key: config.key_file(deps.data),
            },
            bucket: config
                .bucket()
                .map(|it| format!("s3://{}/{}", it.bucket, it.prefix)),
            options,
            busy_timeout: config.database.busy_timeout.duration(),
            progress,
            // A failure cancels what else the run has begun.
            cancelled: cancelled.child_token(),
        }
    }

    /// A storage that is not mounted, or belongs to another database, has nothing to copy.
    async fn check_storage(&self) -> Result<(), Error> {
        let live = Db::open_to_read(&self.paths.database, self.busy_timeout).await?;
        let storage = Storage::at_root(&self.paths.storage, "");
        let state = opening::look_at_storage(&live, &storage).await;
        live.close().await;
        Ok(state.map(drop)?)
    }

    /// The database as it is now, synced and staged; `None` when cancelled.
    async fn snapshot(&self, folder: &Folder) -> Result<Option<PathBuf>, Error> {
        let database = &self.paths.database;
        let file = std::fs::metadata(database).map_err(at(database))?;
        let log = std::fs::metadata(disk::with_suffix(database, "-wal"));
        folder.check_space(file.len() + log.map_or(0, |log| log.len()))?;
        let staged = folder.stage(DATABASE);
        drop(copy::create(&staged).map_err(at(&staged))?);
        let (progress, cancelled) = (Arc::clone(&self.progress), self.cancelled.clone());
        let mut copied = 0;
        let continues = move |pages: u64, total: u64| {
            if copied == 0 {
                progress.expect(total * PAGE_BYTES);
            }
            progress.advance((pages - copied) * PAGE_BYTES);
            copied = pages;
            !cancelled.is_cancelled()
        };
        match db::snapshot(database, &staged, self.busy_timeout, continues).await? {
            db::Copied::Stopped => return Ok(None),
            db::Copied::Whole => {}
        }
        copy::sync(&staged).map_err(at(&staged))?;
        Ok(Some(staged))
    }

    async fn copy_files(&self, folder: &Folder, copied: &Db) -> Result<CopiedFiles, Error> {
        let first_added = instances::first_added(copied).await?;
        folder.begin(first_added)?;
        // Another key must not replace the right one in the backup.
        let key_opens = opens_tokens(copied, &self.paths.key).await?;
        if self.options.with_key && !key_opens {
            return Err(Error::WrongKey(self.paths.key.clone()));
        }
        let live = Db::open_to_read(&self.paths.database, self.busy_timeout).await?;
        let mut files = Files::new(self, folder, copied, &live).await?;
        // Another program copies those of a bucket.
        let bodies = if self.bucket.is_some() || files.copy_all().await? {
            bodies::copy_all(self, folder, copied, &live).await?
        } else {
            None
        };
        let copied = CopiedFiles {
            first_added,
            key_opens,
            counts: files.counts,
            findings: files.findings,
            named: files.named,
            bodies,
        };
        live.close().await;
        Ok(copied)
    }
}

/// Whether the key file is a key, and decrypts a token if there is one.
async fn opens_tokens(db: &Db, key_file: &Path) -> Result<bool, Error> {
    let Ok(secrets) = Secrets::open(key_file) else {
        return Ok(false);
    };
    let is_key = secrets.ready().is_ok();
    Ok(is_key && instances::token_error(db, &secrets).await?.is_none())
}

async fn open_sound(snapshot: &Path, busy_timeout: Duration) -> Result<Db, Error> {
    let copied = Db::open_to_read(snapshot, busy_timeout).await?;
    match copied.problems().await?.into_iter().next() {
        Some(problem) => Err(Error::Damaged { problem }),
        None => Ok(copied),
    }
}

fn sync_folder(path: &Path) -> Result<(), Error> {
    disk::sync_folder(path).map_err(at(path))
}

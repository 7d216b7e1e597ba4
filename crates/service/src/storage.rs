//! Files: staged out of sight, then published completely or not at all.
//!
//! Promises: nothing has a final name before it is `wa_media::Verified`; a published file is synced, has a name that
//! did not exist, and its folder is synced with every new folder above it; every step may run twice; equal bytes of
//! one client are stored once.

mod derived;
pub mod layout;
mod marker;
mod objects;
mod publish;
mod quarantine;
mod removal;
mod s3;
mod staging;
mod stored;
mod walk;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use crate::config::Config;
use crate::disk;
use crate::model::{InstanceId, MediaId, MediaKind};
pub use derived::{DERIVED, DerivedForm, DerivedFrom, StagedDerived};
use layout::RelativePath;
pub use marker::{Found, holds_clients, marker, marker_path, write_marker};
pub use removal::{FoundFile, Index, Linked, PossiblePaths};
use s3::Bucket;
pub use s3::{
    BucketFindings, BucketSettings, ConnectError, Credentials, Patience, RemoteCause, RemoteError,
    TransportError,
};

pub use publish::{NamedStaging, Published};
pub use quarantine::QuarantineCopy;
pub use staging::Staging;
pub use stored::{Entry, FolderState, LocalCopy, StoredReader, open_regular};
pub use walk::Walked;

/// Requests to a bucket for one caller.
const REQUESTS_AT_ONCE: usize = 16;
/// Bytes read at once.
const PIECE_BYTES: usize = 64 << 10;
/// Files before their verification.
pub const STAGING: &str = ".staging";
/// Files that were moved out of the way and not deleted.
pub const QUARANTINE: &str = ".quarantine";
/// The folder for orphans in a quarantine run, in place of a media's id.
pub const ORPHANS: &str = "in-no-row";

/// Why a file could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the disk is full")]
    Full(#[source] io::Error),
    /// The storage at the root is not the expected one.
    #[error("the storage at {root} is not the one of this database ({})", found.as_str())]
    Displaced { root: PathBuf, found: Found },
    /// The file is a link or behind one. It is not deleted, because the target may be another program's.
    // Without the path, which may have a phone number.
    #[error("a file is a link, or behind one, and is left alone")]
    Linked(PathBuf),
    /// The settings of a bucket are not usable.
    #[error(transparent)]
    NotConnected(#[from] ConnectError),
    /// An object storage did not do what was asked.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Any other I/O error.
    #[error("the file cannot be written")]
    Io(#[source] io::Error),
}

impl Error {
    /// Whether the file does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error),
            _ => Self::Io(error),
        }
    }
}

/// Where published files are. Staged ones are on a local disk in any case.
#[derive(Clone)]
enum Backend {
    /// Below the root.
    Disk,
    S3(Bucket),
}

/// A handle to the storage; cheap to clone.
#[derive(Clone)]
pub struct Storage {
    /// The folder with staged files, and on a disk with all others.
    root: Arc<PathBuf>,
    backend: Backend,
    staged: Arc<AtomicU64>,
    prefix: Arc<str>,
    /// The database whose files these are, if known.
    database: Option<Arc<str>>,
    /// Folders that are durable with all their parents.
    durable: Arc<Mutex<HashSet<PathBuf>>>,
    /// When a bucket's marker was found right.
    marked_at: Arc<Mutex<Option<Instant>>>,
}

/// Detects a changed file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub size_bytes: u64,
    modified: Option<std::time::SystemTime>,
}

impl Storage {
    /// Opens the storage at `root`. `owner` is the prefix of this process's staged files.
    pub fn open(root: &Path, owner: &str) -> Result<Self, Error> {
        let storage = Self::at_root(root, owner);
        storage.create_staging()?;
        Ok(storage)
    }

    /// Like [`Storage::open`], but creates nothing.
    pub fn at_root(root: &Path, owner: &str) -> Self {
        Self {
            root: Arc::new(root.to_owned()),
            backend: Backend::Disk,
            staged: Arc::default(),
            prefix: owner.into(),
            database: None,
            durable: Arc::default(),
            marked_at: Arc::default(),
        }
    }

    /// The storage that the settings name. Creates nothing.
    pub fn configured(config: &Config, data: &Path, owner: &str) -> Result<Self, Error> {
        let storage = Self::at_root(&config.storage_folder(data), owner);
        let Some(url) = config.bucket() else {
            return Ok(storage);
        };
        let credentials = Credentials::configured(&config.storage.credentials_file)?;
        let settings = BucketSettings::configured(url, &config.storage);
        Ok(storage.in_bucket(&settings, &credentials)?)
    }

    /// Creates the folder of staged files.
    pub fn create_staging(&self) -> Result<(), Error> {
        Ok(disk::create_folder(&self.root.join(STAGING))?)
    }

    /// For people: the root, or the address of the bucket.
    pub fn place(&self) -> PathBuf {
        match &self.backend {
            Backend::Disk => self.root.to_path_buf(),
            Backend::S3(bucket) => PathBuf::from(bucket.address()),
        }
    }

    /// Publishes to a bucket; the root is for staged files only.
    pub fn in_bucket(
        self,
        settings: &BucketSettings,
        credentials: &Credentials,
    ) -> Result<Self, ConnectError> {
        let bucket = Bucket::connect(settings, credentials)?;
        let backend = Backend::S3(bucket);
        Ok(Self { backend, ..self })
    }

    fn bucket(&self) -> Option<&Bucket> {
        match &self.backend {
            Backend::Disk => None,
            Backend::S3(bucket) => Some(bucket),
        }
    }

    /// Whether its calls wait for a network, and so must not be made within a transaction.
    pub fn is_remote(&self) -> bool {
        self.bucket().is_some()
    }

    /// Does blocking work with the storage away from the async threads.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let storage = self.clone();
        match tokio::task::spawn_blocking(move || work(&storage)).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file of a path in a row. A path that would leave the root is refused.
    fn at(&self, path: &str) -> Result<PathBuf, Error> {
        let refused = || Error::Io(io::ErrorKind::InvalidInput.into());
        let path = RelativePath::from_row(path.to_owned()).ok_or_else(refused)?;
        Ok(self.root.join(path.as_path()))
    }

    /// Deletes what an earlier run left in staging. Only for a process that is alone on this storage. What cannot be
    /// deleted does no harm and is only logged.
    pub fn sweep(&self) -> Result<(), Error> {
        let entries = match fs::read_dir(self.root.join(STAGING)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.verify_root(),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if let Err(error) = fs::remove_file(entry.path()) {
                let name = entry.file_name();
                tracing::warn!(?name, %error, "cannot delete a file in .staging");
            }
        }
        Ok(())
    }

    /// Creates an instance's five folders, so that an operator sees where files will appear.
    pub fn make_folders(&self, client: i64, instance: &InstanceId) -> Result<(), Error> {
        if self.is_remote() {
            // A bucket has no folders.
            return Ok(());
        }
        self.verify()?;
        for kind in MediaKind::ALL {
            self.create_folder(&self.root.join(layout::folder(client, instance, kind)))?;
        }
        Ok(())
    }

    /// Creates a folder below the root and makes it durable with all its parents, also one that a killed process
    /// created and did not sync. Creates nothing while the storage is missing.
    fn create_folder(&self, folder: &Path) -> Result<(), Error> {
        let durable = || self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if durable().contains(folder) && folder.is_dir() {
            return Ok(());
        }
        self.verify()?;
        disk::create_folder(folder)?;
        for above in folder.ancestors().skip(1) {
            disk::sync_folder(above)?;
            if above == self.root.as_path() {
                break;
            }
        }
        disk::sync_folder(disk::parent(&self.root))?;
        durable().insert(folder.to_owned());
        Ok(())
    }

    /// Starts a staged file.
    pub fn stage(&self) -> Staging {
        self.stage_as("")
    }

    /// Like [`Storage::stage`], with the media's id in the file's name.
    pub fn stage_for(&self, media: &MediaId) -> Staging {
        self.stage_as(media.as_str())
    }

    fn stage_as(&self, media: &str) -> Staging {
        let n = self.staged.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{n}-{media}", self.prefix);
        Staging::at(self.clone(), self.root.join(STAGING).join(name))
    }

    /// None when the file does not exist. Blocking.
    pub fn size_bytes(&self, path: &str) -> Option<u64> {
        if let Backend::S3(bucket) = &self.backend {
            return Some(bucket.find(path).ok()??.size_bytes);
        }
        let metadata = fs::metadata(self.at(path).ok()?).ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Whether a row's file is in its place with its length. One that a bucket cannot be asked for counts as being there.
    /// Blocking.
    pub fn is_in_place(&self, path: &str, size_bytes: u64) -> bool {
        if let Backend::S3(bucket) = &self.backend {
            let is_right = |found: Option<s3::Object>| {
                found.is_some_and(|found| found.size_bytes == size_bytes)
            };
            return bucket.find(path).map_or(true, is_right);
        }
        self.size_bytes(path) == Some(size_bytes)
    }

    /// The free disk space for staged files, and on a disk for all others.
    pub fn free_bytes(&self) -> io::Result<u64> {
        free_bytes_at(&self.root)
    }

    /// The size of the file system.
    pub fn disk_size_bytes(&self) -> io::Result<u64> {
        fs4::total_space(&*self.root)
    }

    /// Detects a changed file without reading it. None when it does not exist; an error when that cannot be
    /// determined. Blocking.
    pub fn stamp(&self, path: &str) -> Result<Option<Stamp>, Error> {
        if let Backend::S3(bucket) = &self.backend {
            return Ok(bucket.find(path)?.map(|found| Stamp {
                size_bytes: found.size_bytes,
                modified: Some(found.modified),
            }));
        }
        let metadata = match fs::metadata(self.at(path)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        };
        Ok(metadata.is_file().then(|| Stamp {
            size_bytes: metadata.len(),
            modified: metadata.modified().ok(),
        }))
    }

    /// The stamps of many files, in their order; several requests at once where each is one.
    pub async fn stamps(&self, paths: Vec<String>) -> Vec<Result<Option<Stamp>, Error>> {
        if self.is_remote() {
            let stamping = paths
                .into_iter()
                .map(|path| self.blocking(move |storage| storage.stamp(&path)));
            return stream::iter(stamping)
                .buffered(REQUESTS_AT_ONCE)
                .collect()
                .await;
        }
        let stamp = move |storage: &Self| paths.iter().map(|path| storage.stamp(path)).collect();
        self.blocking(stamp).await
    }

    /// Writes, reads back and removes a small file, to check whether the storage works.
    pub async fn probe(&self) -> Result<(), Error> {
        let (storage, mut staging) = (self.clone(), self.stage());
        staging.write(b"midiateca").await?;
        if self.is_remote() {
            return self
                .blocking(move |storage| storage.probe_bucket(staging))
                .await;
        }
        // A unique name: two probes at once would read and remove each other's file.
        let n = self.staged.fetch_add(1, Ordering::Relaxed);
        let target = self
            .root
            .join(STAGING)
            .join(format!("{}-{n}-probe", self.prefix));
        blocking(move || {
            storage.verify()?;
            staging.seal()?;
            staging.name_as(&target)?;
            let back = fs::read(&target)?;
            fs::remove_file(&target)?;
            if back == b"midiateca" {
                Ok(())
            } else {
                Err(io::Error::from(io::ErrorKind::InvalidData).into())
            }
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::Io(io::Error::from(io::ErrorKind::Interrupted))),
    }
}

/// The free disk space at an existing folder.
pub fn free_bytes_at(folder: &Path) -> io::Result<u64> {
    fs4::available_space(folder)
}

/// A path below the root as rows have it.
fn slashed(path: &Path) -> String {
    path.to_string_lossy()
        .replace(std::path::MAIN_SEPARATOR, "/")
}

/// SHA-256 of a file, in constant memory.
pub fn hash_file(path: &Path) -> io::Result<[u8; 32]> {
    let whole = hash_file_while(path, |_| true)?;
    whole.ok_or_else(|| io::ErrorKind::Interrupted.into())
}

/// Like [`hash_file`]. Calls `go_on` with the bytes of each piece; false cancels, and the result is None.
pub fn hash_file_while(
    path: &Path,
    mut go_on: impl FnMut(u64) -> bool,
) -> io::Result<Option<[u8; 32]>> {
    // Opening a pipe would block.
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    hash_open(File::open(path)?, &mut go_on)
}

/// SHA-256 of an open file from its current position; None when `go_on` cancelled.
fn hash_open(
    mut file: impl io::Read,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> io::Result<Option<[u8; 32]>> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(Some(hash.finalize().into()));
        }
        hash.update(&buffer[..n]);
        if !go_on(n as u64) {
            return Ok(None);
        }
    }
}

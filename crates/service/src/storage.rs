//! Where a file lives: staged unseen, then published whole or not at all.
//!
//! Promises: nothing has a final name before it is `wa_media::Verified`; a published file is synced, gets a name that
//! nothing had, and its folder is synced with every new folder above it; doing it twice does no harm; the same bytes of
//! one client lie on the disk once.

pub mod layout;
mod marker;
mod publish;
mod quarantine;
mod removal;
mod staging;
mod stored;
mod walk;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::disk;
use crate::model::{InstanceId, MediaId, MediaKind};
use layout::RelativePath;
pub use marker::{Found, holds_clients, holds_files, marker, marker_path, write_marker};
pub use removal::{Index, Linked, Lying, Sought};

pub use publish::Published;
pub use quarantine::Copied;
pub use staging::Staging;
pub use stored::{Entry, FolderState, open_regular};
pub use walk::Walked;

/// So much is read at once.
const PIECE_BYTES: usize = 64 << 10;
/// Where files are until they are verified.
pub const STAGING: &str = ".staging";
/// Where what is no longer trusted lies: out of the way, and still there.
pub const QUARANTINE: &str = ".quarantine";
/// Below this lies in quarantine what no row names.
pub const NOBODY: &str = "in-no-row";

/// Why a file could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No room left.
    #[error("the disk is full")]
    Full(#[source] io::Error),
    /// The storage at the root is not the one that it should be.
    #[error("the storage at {root} is not the one of this database ({})", found.as_str())]
    Displaced {
        /// Where it should be.
        root: PathBuf,
        /// What is there.
        found: Found,
    },
    /// A file is not deleted, for it is a link or behind one: what it leads to may be another's.
    #[error("{} is a link, or behind one, and is left alone", .0.display())]
    Linked(PathBuf),
    /// Anything else the system said.
    #[error("the file cannot be written")]
    Io(#[source] io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error),
            _ => Self::Io(error),
        }
    }
}

/// The storage room; cheap to clone.
#[derive(Clone)]
pub struct Storage {
    root: Arc<PathBuf>,
    staged: Arc<AtomicU64>,
    prefix: Arc<str>,
    /// The id of the database whose files these are, where it is known.
    database: Option<Arc<str>>,
    /// Folders that are known to be durable with all above them.
    durable: Arc<Mutex<HashSet<PathBuf>>>,
}

/// What tells whether a file is still the same without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// How long it is.
    pub size_bytes: u64,
    /// When it was written last, where the system tells.
    modified: Option<std::time::SystemTime>,
}

impl Storage {
    /// Opens the storage at `root`. `owner` sets this process' staged files apart from another's.
    pub fn open(root: &Path, owner: &str) -> Result<Self, Error> {
        disk::create_folder(&root.join(STAGING))?;
        Ok(Self::at_root(root, owner))
    }

    /// Like [`Storage::open`], and makes nothing.
    pub fn at_root(root: &Path, owner: &str) -> Self {
        Self {
            root: Arc::new(root.to_owned()),
            staged: Arc::default(),
            prefix: owner.into(),
            database: None,
            durable: Arc::default(),
        }
    }

    /// The root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file of a path in a row. A path that would leave the root is refused.
    fn at(&self, path: &str) -> Result<PathBuf, Error> {
        let refused = || Error::Io(io::ErrorKind::InvalidInput.into());
        let path = RelativePath::from_row(path.to_owned()).ok_or_else(refused)?;
        Ok(self.root.join(path.as_path()))
    }

    /// Throws away what an earlier run left staged. Only for a process that is alone on this storage. What cannot be
    /// thrown away is in nobody's way, and no reason not to start.
    pub fn sweep(&self) -> Result<(), Error> {
        let entries = match fs::read_dir(self.root.join(STAGING)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.verify(),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if let Err(error) = fs::remove_file(entry.path()) {
                let name = entry.file_name();
                tracing::warn!(?name, %error, "something in .staging cannot be removed");
            }
        }
        Ok(())
    }

    /// Makes the five folders of an instance, so that an operator sees where files will come.
    pub fn make_folders(&self, client: i64, instance: &InstanceId) -> Result<(), Error> {
        self.verify()?;
        for kind in MediaKind::ALL {
            self.create_folder(&self.root.join(layout::folder(client, instance, kind)))?;
        }
        Ok(())
    }

    /// Creates a folder below the root and makes it durable with all above it: also what an earlier process created and
    /// was killed before it could sync it. Where the storage itself is away nothing is created in its place.
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

    /// A place for bytes that are on their way.
    pub fn stage(&self) -> Staging {
        self.stage_as("")
    }

    /// Like [`Storage::stage`], for the bytes of one media, by whose id they are found there.
    pub fn stage_for(&self, media: &MediaId) -> Staging {
        self.stage_as(media.as_str())
    }

    fn stage_as(&self, whose: &str) -> Staging {
        let n = self.staged.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{n}-{whose}", self.prefix);
        Staging::at(self.clone(), self.root.join(STAGING).join(name))
    }

    /// The size of a stored file; nothing when it is not there.
    pub fn size_bytes(&self, path: &str) -> Option<u64> {
        let metadata = fs::metadata(self.at(path).ok()?).ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// How many bytes may still be written where the files are.
    pub fn free_bytes(&self) -> io::Result<u64> {
        free_bytes_at(&self.root)
    }

    /// What tells whether a file is still the same without reading it; nothing when it is not there. That it cannot be
    /// looked at is an error, and says nothing of whether it is there.
    pub fn stamp(&self, path: &str) -> Result<Option<Stamp>, Error> {
        let metadata = match fs::metadata(self.at(path)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        };
        Ok(metadata.is_file().then(|| Stamp {
            size_bytes: metadata.len(),
            modified: metadata.modified().ok(),
        }))
    }

    /// Writes, reads back and removes a small file: whether the storage can store now.
    pub async fn probe(&self) -> Result<(), Error> {
        let (storage, mut staging) = (self.clone(), self.stage());
        staging.write(b"midiateca").await?;
        // A name of its own: two probes at once would read and remove each other's file.
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

/// How many bytes may still be written below a folder that is there, whoever it belongs to.
pub fn free_bytes_at(folder: &Path) -> io::Result<u64> {
    fs4::available_space(folder)
}

/// SHA-256 of a file, in constant memory.
pub fn hash_file(path: &Path) -> io::Result<[u8; 32]> {
    let whole = hash_file_while(path, |_| true)?;
    whole.ok_or_else(|| io::ErrorKind::Interrupted.into())
}

/// Like [`hash_file`], for as long as `go_on` says so, which is told of every piece that was read, in bytes. Nothing
/// when it was stopped.
pub fn hash_file_while(
    path: &Path,
    mut go_on: impl FnMut(u64) -> bool,
) -> io::Result<Option<[u8; 32]>> {
    // A pipe would be waited for, for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    hash_open(File::open(path)?, &mut go_on)
}

/// SHA-256 of an open file from where it stands; nothing when `go_on` stopped it.
fn hash_open(mut file: File, go_on: &mut dyn FnMut(u64) -> bool) -> io::Result<Option<[u8; 32]>> {
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

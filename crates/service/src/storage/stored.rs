//! Reading stored files by their paths in rows.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::s3::ObjectReader;
use super::{Backend, Error, PIECE_BYTES, Staging, Stamp, Storage, hash_file_while, hash_open};
use crate::disk;

/// The kind of entry at a path. Links are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Missing or unreadable.
    Absent,
    /// Missing with its folder: a disk may not be mounted.
    NoFolder,
    File,
    Link,
    /// A folder, a pipe or a device.
    Other,
}

/// The content of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderState {
    /// No folder.
    Missing,
    Empty,
    /// Not empty, or unreadable.
    Filled,
}

/// Opens a regular file to read it; anything else counts as not found.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Opening a pipe could block for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let file = File::open(path)?;
    // Something else may have taken its place.
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// A stored file that is open to be read. Blocking.
pub enum StoredReader {
    File(File),
    Object(Box<ObjectReader>),
}

impl StoredReader {
    pub fn size_bytes(&self) -> io::Result<u64> {
        match self {
            Self::File(file) => Ok(file.metadata()?.len()),
            Self::Object(object) => Ok(object.size_bytes()),
        }
    }

    /// None where the file system keeps no times.
    pub fn modified(&self) -> Option<SystemTime> {
        match self {
            Self::File(file) => file.metadata().ok()?.modified().ok(),
            Self::Object(object) => Some(object.modified()),
        }
    }

    /// Reads up to `most_bytes` away from the async threads; nothing at the end.
    pub async fn piece(mut self, most_bytes: usize) -> io::Result<(Self, Vec<u8>)> {
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = Vec::new();
            let most = u64::try_from(most_bytes).unwrap_or(u64::MAX);
            self.by_ref().take(most).read_to_end(&mut piece)?;
            Ok((self, piece))
        });
        reading
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
    }

    /// Nothing from the byte `end` on is wanted, so that it is not requested either.
    pub fn limit(&mut self, end: u64) {
        match self {
            Self::File(_) => {}
            Self::Object(object) => object.limit(end),
        }
    }
}

impl From<File> for StoredReader {
    fn from(file: File) -> Self {
        Self::File(file)
    }
}

impl Read for StoredReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Object(object) => object.read(buffer),
        }
    }
}

impl Seek for StoredReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Object(object) => object.seek(to),
        }
    }
}

/// A stored file on this machine, for a program. If it is a copy, it is deleted on drop.
pub enum LocalCopy {
    Stored(PathBuf),
    Copied(Staging),
}

impl LocalCopy {
    pub fn path(&self) -> &Path {
        match self {
            Self::Stored(path) => path,
            Self::Copied(staging) => staging.path(),
        }
    }
}

impl Stamp {
    /// `None` if there is no file.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        let found = disk::unless_missing(fs::metadata(path))?.filter(fs::Metadata::is_file);
        Ok(found.map(|found| Self {
            size_bytes: found.len(),
            modified: found.modified().ok(),
        }))
    }

    /// `None` where the file system keeps no times.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }
}

impl Storage {
    /// Opens a stored file to read it. What is not a regular file counts as not found. Blocking.
    pub fn open_stored(&self, path: &str) -> Result<StoredReader, Error> {
        match &self.backend {
            Backend::Disk => Ok(open_regular(&self.at(path)?)?.into()),
            Backend::S3(bucket) => Ok(StoredReader::Object(Box::new(bucket.open(path)?))),
        }
    }

    /// A stored file for another program. Blocking.
    pub fn local_copy(&self, path: &str) -> Result<LocalCopy, Error> {
        match &self.backend {
            Backend::Disk => Ok(LocalCopy::Stored(std::path::absolute(self.at(path)?)?)),
            Backend::S3(_) => {
                let mut staging = self.stage();
                self.fetch(path, &mut staging)?;
                Ok(LocalCopy::Copied(staging))
            }
        }
    }

    /// Stages the bytes of a stored file in a file; returns their hash.
    pub(super) fn fetch(&self, path: &str, staging: &mut Staging) -> Result<[u8; 32], Error> {
        let mut stored = self.open_stored(path)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count = stored.read(&mut piece)?;
            if count == 0 {
                break;
            }
            staging.append_blocking(|buffer| buffer.extend_from_slice(&piece[..count]))?;
        }
        staging.write_to_file()?;
        let file = File::open(staging.path())?;
        let hashed = hash_open(file, &mut |_| true)?;
        hashed.ok_or_else(|| Error::Io(io::ErrorKind::Interrupted.into()))
    }

    /// Whether a folder is in the storage.
    pub fn contains(&self, folder: &Path) -> io::Result<bool> {
        Ok(fs::canonicalize(folder)?.starts_with(fs::canonicalize(self.root())?))
    }

    /// SHA-256 of a stored file, in constant memory. Blocking.
    pub fn hash(&self, path: &str) -> Result<[u8; 32], Error> {
        let whole = self.hash_while(path, |_| true)?;
        whole.ok_or_else(|| Error::Io(io::ErrorKind::Interrupted.into()))
    }

    /// Like [`Storage::hash`], for a path found below the root.
    pub fn hash_found(&self, path: &Path) -> Result<[u8; 32], Error> {
        let below = path.strip_prefix(self.root()).unwrap_or(path);
        self.hash(&super::slashed(below))
    }

    /// Like [`Storage::hash`]. Calls `continues` with the bytes of each piece; false cancels, and the result is None.
    pub fn hash_while(
        &self,
        path: &str,
        mut continues: impl FnMut(u64) -> bool,
    ) -> Result<Option<[u8; 32]>, Error> {
        match &self.backend {
            Backend::Disk => Ok(hash_file_while(&self.at(path)?, continues)?),
            Backend::S3(bucket) => Ok(hash_open(bucket.open(path)?, &mut continues)?),
        }
    }

    /// The entry at a row's path. A bucket has no folders that could be missing. Blocking.
    pub fn entry(&self, path: &str) -> Result<Entry, Error> {
        if let Backend::S3(bucket) = &self.backend {
            let found = bucket.find(path)?;
            return Ok(found.map_or(Entry::Absent, |_| Entry::File));
        }
        let path = self.at(path)?;
        Ok(match path.symlink_metadata() {
            Ok(found) if found.is_symlink() => Entry::Link,
            Ok(found) if found.is_file() => Entry::File,
            Ok(_) => Entry::Other,
            Err(_) if path.parent().is_some_and(Path::is_dir) => Entry::Absent,
            Err(_) => Entry::NoFolder,
        })
    }

    /// The content of a folder below the root. A bucket's is empty when no key begins with it. Blocking.
    pub fn folder_state(&self, path: &str) -> Result<FolderState, Error> {
        if let Backend::S3(bucket) = &self.backend {
            let mut state = FolderState::Empty;
            bucket.each(Some(path), None, |_| {
                state = FolderState::Filled;
                false
            })?;
            return Ok(state);
        }
        Ok(match fs::read_dir(self.at(path)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => FolderState::Missing,
            Err(_) => FolderState::Filled,
            Ok(mut entries) => match entries.next() {
                None => FolderState::Empty,
                Some(_) => FolderState::Filled,
            },
        })
    }

    /// How many files a folder has, and their bytes together; None when there is no such folder. Blocking.
    pub fn folder_size(&self, path: &str) -> Option<(u64, u64)> {
        let (mut files, mut bytes) = (0, 0);
        let mut add = |size_bytes: u64| {
            files += 1;
            bytes += size_bytes;
        };
        match &self.backend {
            Backend::Disk => {
                let entries = fs::read_dir(self.at(path).ok()?).ok()?.flatten();
                let found = entries.filter_map(|entry| entry.metadata().ok());
                let found = found.filter(fs::Metadata::is_file);
                found.for_each(|found| add(found.len()));
            }
            Backend::S3(bucket) => {
                let listed = bucket.each(Some(path), None, |found| {
                    add(found.size_bytes);
                    true
                });
                listed.ok()?;
            }
        }
        Some((files, bytes))
    }

    /// The path below the root; None when the file is elsewhere.
    pub fn relative(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(self.root()).ok().map(Path::to_owned)
    }

    /// Whether one of the two contains the other.
    pub fn overlaps(&self, folder: &Path) -> bool {
        let real = |path: &Path| fs::canonicalize(path).ok();
        match (real(folder), real(self.root())) {
            (Some(other), Some(own)) => other.starts_with(&own) || own.starts_with(&other),
            _ => false,
        }
    }

    /// The folders on this machine that contain its files, except those below `folder`.
    pub fn folders_outside(&self, folder: &Path) -> Option<PathBuf> {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let is_outside = !real(self.root()).starts_with(real(folder));
        is_outside.then(|| self.root().to_owned())
    }
}

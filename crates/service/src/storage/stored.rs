//! Reading stored files by their paths in rows.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Error, Stamp, Storage, hash_file, hash_file_while};
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
    /// Opens a stored file to read it. What is not a regular file counts as not found.
    pub fn open_stored(&self, path: &str) -> Result<File, Error> {
        Ok(open_regular(&self.at(path)?)?)
    }

    /// Where a stored file is, for another program. None when the path would leave the root.
    pub fn absolute(&self, path: &str) -> Option<PathBuf> {
        std::path::absolute(self.at(path).ok()?).ok()
    }

    /// Whether a folder is in the storage.
    pub fn contains(&self, folder: &Path) -> io::Result<bool> {
        Ok(fs::canonicalize(folder)?.starts_with(fs::canonicalize(self.root())?))
    }

    /// SHA-256 of a stored file, in constant memory. Blocking.
    pub fn hash(&self, path: &str) -> Result<[u8; 32], Error> {
        Ok(hash_file(&self.at(path)?)?)
    }

    /// Like [`Storage::hash`], for a path found below the root.
    pub fn hash_found(&self, path: &Path) -> Result<[u8; 32], Error> {
        Ok(hash_file(&self.root().join(path))?)
    }

    /// Like [`Storage::hash`]. Calls `continues` with the bytes of each piece; false cancels, and the result is None.
    pub fn hash_while(
        &self,
        path: &str,
        continues: impl FnMut(u64) -> bool,
    ) -> Result<Option<[u8; 32]>, Error> {
        Ok(hash_file_while(&self.at(path)?, continues)?)
    }

    /// The entry at a row's path.
    pub fn entry(&self, path: &str) -> Result<Entry, Error> {
        let path = self.at(path)?;
        Ok(match path.symlink_metadata() {
            Ok(found) if found.is_symlink() => Entry::Link,
            Ok(found) if found.is_file() => Entry::File,
            Ok(_) => Entry::Other,
            Err(_) if path.parent().is_some_and(Path::is_dir) => Entry::Absent,
            Err(_) => Entry::NoFolder,
        })
    }

    /// The content of a folder below the root.
    pub fn folder_state(&self, path: &str) -> Result<FolderState, Error> {
        Ok(match fs::read_dir(self.at(path)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => FolderState::Missing,
            Err(_) => FolderState::Filled,
            Ok(mut entries) => match entries.next() {
                None => FolderState::Empty,
                Some(_) => FolderState::Filled,
            },
        })
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

//! Reading what is stored, by the paths that rows name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{Error, Storage, hash_file, hash_file_while};

/// What is at a path. Links are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing, or nothing that can be seen.
    Absent,
    /// Nothing, and its folder does not exist either: a disk may not be mounted.
    NoFolder,
    /// A regular file.
    File,
    /// A link.
    Link,
    /// A folder, a pipe, a device.
    Other,
}

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderState {
    /// It does not exist.
    Missing,
    /// Nothing.
    Empty,
    /// Something, or it cannot be read.
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

impl Storage {
    /// Opens a stored file to read it. What is not a regular file counts as not found.
    pub fn open_stored(&self, path: &str) -> Result<File, Error> {
        Ok(open_regular(&self.at(path)?)?)
    }

    /// Whether a folder is in the storage.
    pub fn contains(&self, folder: &Path) -> io::Result<bool> {
        Ok(fs::canonicalize(folder)?.starts_with(fs::canonicalize(self.root())?))
    }

    /// SHA-256 of a stored file, in constant memory. Not for async threads.
    pub fn hash(&self, path: &str) -> Result<[u8; 32], Error> {
        Ok(hash_file(&self.at(path)?)?)
    }

    /// Like [`Storage::hash`], of a file that was found below the root.
    pub fn hash_found(&self, path: &Path) -> Result<[u8; 32], Error> {
        Ok(hash_file(&self.root().join(path))?)
    }

    /// Like [`Storage::hash`], for as long as `continues` allows, which gets the bytes of every piece that was read. None
    /// when it was stopped.
    pub fn hash_while(
        &self,
        path: &str,
        continues: impl FnMut(u64) -> bool,
    ) -> Result<Option<[u8; 32]>, Error> {
        Ok(hash_file_while(&self.at(path)?, continues)?)
    }

    /// What is at the path of a row.
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

    /// What is in a folder below the root.
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

    /// The path below the root of a file that was found by its full path; None when it is elsewhere.
    pub fn relative(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(self.root()).ok().map(Path::to_owned)
    }

    /// Whether a folder is in the storage, or the storage in it.
    pub fn overlaps(&self, folder: &Path) -> bool {
        let real = |path: &Path| fs::canonicalize(path).ok();
        match (real(folder), real(self.root())) {
            (Some(other), Some(own)) => other.starts_with(&own) || own.starts_with(&other),
            _ => false,
        }
    }

    /// The folders on this machine in which its files are, besides those below `folder`.
    pub fn folders_outside(&self, folder: &Path) -> Option<PathBuf> {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let is_outside = !real(self.root()).starts_with(real(folder));
        is_outside.then(|| self.root().to_owned())
    }
}

//! The marker file that identifies a storage: it contains the id of its database.
//!
//! An unmounted disk, or another one in its place, looks like any folder. Without the marker nothing is stored or
//! removed.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::s3::Upload;
use super::{Backend, Error, STAGING, Storage};
use crate::disk;

pub(super) const MARKER: &str = ".midiateca-id";
/// How long a bucket's marker counts without being read again.
const MARKED_FOR: Duration = Duration::from_secs(5);
/// Longer than any id.
const MOST_BYTES: u64 = 1_024;

crate::model::codes! {
    /// The finding at the storage's root.
    Found {
        /// No folder.
        Missing "missing",
        /// A folder without a marker: an unmounted disk, or files that were copied without it.
        Unmarked "unmarked",
        /// Another database's storage.
        Other "other",
    }
}

pub fn marker_path(root: &Path) -> PathBuf {
    root.join(MARKER)
}

/// The database id in the marker; None without a marker.
pub fn marker(root: &Path) -> io::Result<Option<String>> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = File::open(marker_path(root))
        .and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text));
    match read {
        // An empty marker: a power failure interrupted its write.
        Ok(_) => Ok(Some(text.trim().to_owned()).filter(|id| !id.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error),
    }
}

/// Marks the folder as the storage of this database. Creates the folder when it does not exist.
pub fn write_marker(root: &Path, id: &str) -> Result<(), Error> {
    disk::create_folder(root)?;
    let target = marker_path(root);
    let mut staged = target.clone().into_os_string();
    staged.push(format!(".{:08x}", rand::random::<u32>()));
    let written = disk::create_new(Path::new(&staged))
        .and_then(|mut file| writeln!(file, "{id}").and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&staged, &target));
    if written.is_err() {
        // It may not exist.
        let _ = fs::remove_file(&staged);
    }
    written?;
    Ok(disk::sync_folder(root)?)
}

/// Whether this program stored files in this folder: a client's folder contains a file.
fn holds_files(root: &Path) -> bool {
    fn any(folder: &Path, depth: u8) -> bool {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => depth > 0 && any(&entry.path(), depth - 1),
            Ok(_) => true,
            Err(_) => false,
        })
    }
    clients(root).any(|client| any(&client, 2))
}

/// Whether this folder contains clients' folders.
pub fn holds_clients(root: &Path) -> bool {
    clients(root).next().is_some()
}

fn clients(root: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let is_client = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with("cliente_")
    };
    entries.filter(is_client).map(|entry| entry.path())
}

impl Storage {
    /// Ties the storage to its database: it is used only while its marker matches.
    #[must_use]
    pub fn of_database(self, id: &str) -> Self {
        Self {
            database: Some(id.into()),
            marked_at: Default::default(),
            ..self
        }
    }

    /// Checks the marker. A bucket's is read again after a while only. Blocking.
    pub fn verify(&self) -> Result<(), Error> {
        match &self.backend {
            Backend::Disk => self.verify_root(),
            Backend::S3(_) => self.verify_bucket(),
        }
    }

    fn verify_bucket(&self) -> Result<(), Error> {
        let Some(database) = &self.database else {
            return Ok(());
        };
        let marked_at = || {
            self.marked_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if marked_at().is_some_and(|at| at.elapsed() < MARKED_FOR) {
            return Ok(());
        }
        *marked_at() = None;
        let found = match self.marker_id()? {
            Some(id) if *id == **database => {
                *marked_at() = Some(Instant::now());
                return Ok(());
            }
            Some(_) => Found::Other,
            None => Found::Unmarked,
        };
        let root = self.place();
        Err(Error::Displaced { root, found })
    }

    /// The id of the database in the marker; None without a marker. Blocking.
    pub fn marker_id(&self) -> Result<Option<String>, Error> {
        let Backend::S3(bucket) = &self.backend else {
            return Ok(marker(&self.root)?);
        };
        let read = bucket.read(MARKER, MOST_BYTES)?;
        let id = read.map(|id| String::from_utf8_lossy(&id).trim().to_owned());
        Ok(id.filter(|id| !id.is_empty()))
    }

    /// Whether the folder on the disk is there.
    pub fn root_exists(&self) -> bool {
        self.root.is_dir()
    }

    /// Marks the storage as the one of this database. Blocking.
    pub fn mark(&self, id: &str) -> Result<(), Error> {
        match &self.backend {
            Backend::Disk => write_marker(&self.root, id),
            Backend::S3(bucket) => bucket.put(MARKER, Upload::Bytes(format!("{id}\n").into())),
        }
    }

    /// Whether this program stored files here. Blocking.
    pub fn holds_any(&self) -> Result<bool, Error> {
        let Backend::S3(bucket) = &self.backend else {
            return Ok(holds_files(&self.root));
        };
        let mut holds = false;
        bucket.each(None, None, |found| {
            holds = found.path.starts_with("cliente_");
            !holds
        })?;
        Ok(holds)
    }

    /// Checks the marker of the storage on disk; of a bucket there is none on the disk.
    pub(super) fn verify_root(&self) -> Result<(), Error> {
        if self.is_remote() {
            return Ok(());
        }
        let Some(database) = &self.database else {
            return Ok(());
        };
        let found = match marker(&self.root)? {
            Some(id) if *id == **database => return Ok(()),
            Some(_) => Found::Other,
            None if self.root.is_dir() => Found::Unmarked,
            None => Found::Missing,
        };
        Err(Error::Displaced {
            root: self.root.to_path_buf(),
            found,
        })
    }

    /// Creates a file in the staging folder, which a cleanup tool may have removed.
    pub(super) fn create_staged(&self, path: &Path) -> Result<File, Error> {
        match disk::create_new(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.verify_root()?;
                disk::create_folder(&self.root.join(STAGING))?;
                tracing::warn!("the staging folder was gone and is made again");
                Ok(disk::create_new(path)?)
            }
            created => Ok(created?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_storage_of_the_database_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("storage");
        let storage = Storage::open(&root, "test").unwrap().of_database("a");
        let found = |storage: &Storage| match storage.verify() {
            Err(Error::Displaced { found, .. }) => Some(found),
            verified => {
                verified.unwrap();
                None
            }
        };
        assert_eq!(found(&storage), Some(Found::Unmarked));
        storage.probe().await.unwrap_err();
        write_marker(&root, "a").unwrap();
        assert_eq!(found(&storage), None);
        storage.probe().await.unwrap();
        write_marker(&root, "b").unwrap();
        assert_eq!(found(&storage), Some(Found::Other));
        storage.probe().await.unwrap_err();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found(&storage), Some(Found::Missing));
        storage.probe().await.unwrap_err();
        assert!(!root.exists());
    }

    #[tokio::test]
    async fn a_staging_folder_that_was_removed_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path(), "test")
            .unwrap()
            .of_database("a");
        write_marker(folder.path(), "a").unwrap();
        for bytes in [vec![1; 10], vec![1; 200_000]] {
            fs::remove_dir_all(folder.path().join(STAGING)).unwrap();
            storage.stage().write(&bytes).await.unwrap();
            storage.probe().await.unwrap();
        }
        storage.sweep().unwrap();
        assert_eq!(
            storage.staged_of(&[].into()).unwrap(),
            Vec::<PathBuf>::new()
        );
    }
}

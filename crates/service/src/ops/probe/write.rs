//! Whether files can be written somewhere: tested with a small file, which is removed in every case.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::TempPath;

use super::WriteCause;
use crate::config::Config;
use crate::ops::json;
use crate::{disk, storage};

/// Larger than what a full file system may still take into a block that is in use.
const PROBE_BYTES: usize = 64 << 10;

#[derive(Debug, Serialize, thiserror::Error)]
#[error("{path} cannot be written")]
pub struct WriteFailure {
    #[serde(serialize_with = "json::path")]
    pub path: PathBuf,
    pub cause: WriteCause,
    #[serde(skip)]
    #[source]
    pub error: io::Error,
}

impl WriteFailure {
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| Self {
            path: path.to_owned(),
            cause: WriteCause::of_error(path, &error),
            error,
        }
    }
}

/// Writes, syncs, reads back and removes a file in `folder`; returns its metadata.
pub fn write_folder(folder: &Path) -> Result<std::fs::Metadata, WriteFailure> {
    write_in(folder).map_err(WriteFailure::at(folder))
}

fn write_in(folder: &Path) -> io::Result<std::fs::Metadata> {
    let (mut file, path) = create_in(folder)?;
    let written = vec![0x6d; PROBE_BYTES];
    file.write_all(&written)?;
    file.sync_all()?;
    let mut back = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut back)?;
    if back != written {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let metadata = file.metadata()?;
    std::fs::remove_file(&path)?;
    Ok(metadata)
}

/// Creates and removes an empty file in `folder`: quick, for many folders of a disk on which [`write_folder`] succeeded.
pub fn create_entry(folder: &Path) -> Result<(), WriteFailure> {
    let created = create_in(folder).and_then(|(_, path)| std::fs::remove_file(&path));
    created.map_err(WriteFailure::at(folder))
}

/// A new file, removed when its path is dropped. Errors are the system's own, so that their codes can be read.
fn create_in(folder: &Path) -> io::Result<(File, TempPath)> {
    let path = folder.join(format!(".doctor-{:016x}", rand::random::<u64>()));
    let mut options = File::options();
    let file = options
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    Ok((file, TempPath::try_from_path(path)?))
}

/// Whether the database and the logs that SQLite writes next to it can be written.
pub fn write_database(file: &Path) -> Result<(), WriteFailure> {
    let opened = File::options().write(true).open(file);
    opened.map_err(WriteFailure::at(file))?;
    write_folder(disk::parent(file)).map(drop)
}

/// Whether the storage takes files: in its root, and in its staging folder.
pub fn write_storage(root: &Path) -> Result<(), WriteFailure> {
    write_folder(root)?;
    let staging = root.join(storage::STAGING);
    match disk::unless_missing(staging.symlink_metadata()) {
        // Created with the next file.
        Ok(None) => Ok(()),
        _ => write_folder(&staging).map(drop),
    }
}

/// The first of data folder, database and storage that cannot be written.
pub fn first_unwritable(data: &Path, config: &Config) -> Option<WriteFailure> {
    let exists = |path: &Path| path.symlink_metadata().is_ok();
    let folder = |path: &Path| {
        let existing = path.ancestors().find(|path| exists(path))?;
        let failure = write_folder(existing).err()?;
        Some(if existing == path {
            failure
        } else {
            WriteFailure::at(path)(failure.error)
        })
    };
    let database = config.database_file(data);
    let storage = config.storage_folder(data);
    let database = || {
        let database = database?;
        write_database(&database)
            .err()
            .filter(|_| exists(&database))
    };
    let storage = || {
        if exists(&storage) {
            write_storage(&storage).err()
        } else {
            folder(&storage)
        }
    };
    folder(data).or_else(database).or_else(storage)
}

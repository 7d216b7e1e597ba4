//! Whether files can be written somewhere: tried with a small file, which is removed whatever happens.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use midiateca_service::storage;

/// Larger than what a full file system may still take into a block that is in use.
const PROBE_BYTES: usize = 64 << 10;

/// A file that could not be written.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The file or folder.
    pub path: PathBuf,
    pub error: io::Error,
}

/// Says which path it was.
fn at(path: &Path) -> impl FnOnce(io::Error) -> Refused {
    |error| Refused {
        path: path.to_owned(),
        error,
    }
}

/// Writes, syncs, reads back and removes a file in `folder`; returns its metadata.
pub(crate) fn folder(folder: &Path) -> Result<std::fs::Metadata, Refused> {
    write_in(folder).map_err(at(folder))
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

/// Creates and removes an empty file in `folder`: quick, for many folders of a disk on which [`folder`] succeeded.
pub(crate) fn entry(folder: &Path) -> Result<(), Refused> {
    let made = create_in(folder).and_then(|(_, path)| std::fs::remove_file(&path));
    made.map_err(at(folder))
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
pub(crate) fn database(file: &Path) -> Result<(), Refused> {
    File::options().write(true).open(file).map_err(at(file))?;
    let parent = file.parent().filter(|path| !path.as_os_str().is_empty());
    folder(parent.unwrap_or(Path::new("."))).map(drop)
}

/// Whether the storage takes files: in its root, and where they are until they are verified.
pub(crate) fn storage(root: &Path) -> Result<(), Refused> {
    folder(root)?;
    let staging = root.join(storage::STAGING);
    match staging.symlink_metadata() {
        // Created with the next file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => folder(&staging).map(drop),
    }
}

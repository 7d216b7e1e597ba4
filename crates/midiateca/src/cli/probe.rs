//! Whether files can be written somewhere: tried with a small file, which is removed whatever happens.

use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

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
    // Removed when it is dropped, also after an error.
    let mut file = tempfile::Builder::new()
        .prefix(".doctor-")
        .tempfile_in(folder)
        .map_err(bare)?;
    let written = vec![0x6d; PROBE_BYTES];
    file.write_all(&written)?;
    file.as_file().sync_all()?;
    let mut back = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut back)?;
    if back != written {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let metadata = file.as_file().metadata()?;
    file.close().map_err(bare)?;
    Ok(metadata)
}

/// The system's error without the path that `tempfile` adds, so that its code can be read.
fn bare(error: io::Error) -> io::Error {
    let code = error.raw_os_error().or_else(|| {
        let inner = error.get_ref()?;
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(inner);
        while let Some(cause) = next {
            if let Some(code) = cause
                .downcast_ref::<io::Error>()
                .and_then(io::Error::raw_os_error)
            {
                return Some(code);
            }
            next = cause.source();
        }
        None
    });
    code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// Whether the database and the logs that SQLite writes next to it can be written.
pub(crate) fn database(file: &Path) -> Result<(), Refused> {
    std::fs::File::options()
        .write(true)
        .open(file)
        .map_err(at(file))?;
    let parent = file.parent().filter(|path| !path.as_os_str().is_empty());
    folder(parent.unwrap_or(Path::new("."))).map(drop)
}

/// Whether the storage takes files.
pub(crate) fn storage(root: &Path) -> Result<(), Refused> {
    folder(root).map(drop)
}

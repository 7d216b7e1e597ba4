//! One file into the backup: kept if it is there already, linked if its bytes are, else copied, hashed and synced.
//! Blocking.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::{Error, at};
use crate::ops::Problem;
use crate::shutdown::CancellationToken;
use crate::{disk, storage};

const BUFFER_BYTES: usize = 256 << 10;
/// The coarsest clock of a file system that is still in use (FAT).
const COARSE: Duration = Duration::from_secs(2);

/// One file to copy.
pub(super) struct Job {
    pub source: PathBuf,
    pub target: PathBuf,
    /// Where it is until it is verified.
    pub staged: PathBuf,
    /// The other name of the same bytes, here and in the backup.
    pub twin: Option<(PathBuf, PathBuf)>,
    pub size_bytes: u64,
    pub sha256: [u8; 32],
    /// Whether a file that is there already is read.
    pub verify: bool,
    pub cancelled: CancellationToken,
}

/// The result for one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileResult {
    /// It was there already.
    Kept,
    /// It is a second name of a file that was there already.
    Linked,
    Copied,
    /// It is staged, and replaces a file when the backup is complete.
    Replacement,
    /// `is_kept` when the backup has the right bytes from an earlier run.
    Problem {
        problem: Problem,
        is_kept: bool,
    },
    Stopped,
}

impl FileResult {
    pub fn problem(problem: Problem) -> Self {
        Self::Problem {
            problem,
            is_kept: false,
        }
    }

    fn kept(problem: Problem) -> Self {
        Self::Problem {
            problem,
            is_kept: true,
        }
    }
}

/// Shows whether a file has changed without reading it.
#[derive(Clone, Copy)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn read(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }

    fn is_like(&self, other: &Self) -> bool {
        let (Some(one), Some(two)) = (self.modified, other.modified) else {
            return false;
        };
        let apart = one.duration_since(two).or_else(|_| two.duration_since(one));
        self.length == other.length && apart.is_ok_and(|apart| apart < COARSE)
    }
}

pub(super) fn run(job: &Job) -> Result<FileResult, Error> {
    if job.cancelled.is_cancelled() {
        return Ok(FileResult::Stopped);
    }
    let here = Stamp::read(&job.source);
    let there = Stamp::read(&job.target);
    if let Some(there) = there.filter(|there| there.length == job.size_bytes) {
        if !job.verify && here.is_some_and(|here| here.is_like(&there)) {
            return Ok(FileResult::Kept);
        }
        if storage::hash_file(&job.target).map_err(at(&job.target))? == job.sha256 {
            return Ok(keep(job, here));
        }
    }
    let Some(here) = here else {
        return Ok(FileResult::problem(Problem::Missing));
    };
    if here.length != job.size_bytes {
        return Ok(FileResult::problem(Problem::Corrupt));
    }
    if link(job, here) {
        return publish(job, there.is_some(), FileResult::Linked);
    }
    match copy(job, here)? {
        FileResult::Copied => publish(job, there.is_some(), FileResult::Copied),
        other => Ok(other),
    }
}

/// The backup has the right bytes: they get the time of the original, so that the next run does not read them.
fn keep(job: &Job, here: Option<Stamp>) -> FileResult {
    let Some(here) = here else {
        return FileResult::kept(Problem::Missing);
    };
    if here.length != job.size_bytes {
        return FileResult::kept(Problem::Corrupt);
    }
    if let Ok(file) = File::options().write(true).open(&job.target) {
        set_time(&file, here);
    }
    FileResult::Kept
}

/// Where no times are kept, the next run reads the file.
fn set_time(file: &File, here: Stamp) {
    if let Some(modified) = here.modified {
        let _ = file.set_modified(modified);
    }
}

/// Creates a second name for the same bytes if the originals look like one file too, and the twin in the backup was
/// copied from it. Any failure means no; so does `verify`, which trusts no times.
fn link(job: &Job, here: Stamp) -> bool {
    let Some((source, target)) = &job.twin else {
        return false;
    };
    let same = |path: &Path| Stamp::read(path).is_some_and(|twin| twin.is_like(&here));
    !job.verify && same(source) && same(target) && fs::hard_link(target, &job.staged).is_ok()
}

fn copy(job: &Job, here: Stamp) -> Result<FileResult, Error> {
    let mut source = match File::open(&job.source) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(FileResult::problem(Problem::Missing));
        }
        opened => opened.map_err(at(&job.source))?,
    };
    let mut file = create(&job.staged).map_err(at(&job.staged))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        if job.cancelled.is_cancelled() {
            return Ok(FileResult::Stopped);
        }
        let n = source.read(&mut buffer).map_err(at(&job.source))?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        file.write_all(&buffer[..n]).map_err(at(&job.staged))?;
    }
    if <[u8; 32]>::from(hash.finalize()) != job.sha256 {
        fs::remove_file(&job.staged).map_err(at(&job.staged))?;
        return Ok(FileResult::problem(Problem::Corrupt));
    }
    set_time(&file, here);
    file.sync_all().map_err(at(&job.staged))?;
    Ok(FileResult::Copied)
}

/// Renames the staged file, unless a file has its name: that one belongs to the earlier backup until this one is complete.
fn publish(job: &Job, is_there: bool, result: FileResult) -> Result<FileResult, Error> {
    if is_there {
        return Ok(FileResult::Replacement);
    }
    let rename = || fs::rename(&job.staged, &job.target);
    let renamed = match rename() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            disk::create_folder(disk::parent(&job.target)).and_then(|()| rename())
        }
        renamed => renamed,
    };
    renamed.map(|()| result).map_err(at(&job.target))
}

/// A new file that only its owner may read, or an old one emptied.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(super) fn sync(path: &Path) -> io::Result<()> {
    File::options().write(true).open(path)?.sync_all()
}

//! One file into the backup: kept if it is there already, linked if its bytes are, else copied, hashed and synced.
//! Blocking.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{Error, at};
use crate::disk;
use crate::ops::Problem;
use crate::shutdown::CancellationToken;
use crate::storage::{self, Stamp};

const BUFFER_BYTES: usize = 256 << 10;
/// The coarsest clock of a file system that is still in use (FAT).
const COARSE: Duration = Duration::from_secs(2);

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

fn stamp(path: &Path) -> Option<Stamp> {
    Stamp::of(path).ok().flatten()
}

fn are_alike(here: Stamp, there: Stamp) -> bool {
    let (Some(one), Some(two)) = (here.modified(), there.modified()) else {
        return false;
    };
    let apart = one.duration_since(two).or_else(|_| two.duration_since(one));
    here.size_bytes == there.size_bytes && apart.is_ok_and(|apart| apart < COARSE)
}

pub(super) fn run(job: &Job) -> Result<FileResult, Error> {
    if job.cancelled.is_cancelled() {
        return Ok(FileResult::Stopped);
    }
    let (here, there) = (stamp(&job.source), stamp(&job.target));
    if let Some(there) = there.filter(|there| there.size_bytes == job.size_bytes) {
        if !job.verify && here.is_some_and(|here| are_alike(here, there)) {
            return Ok(FileResult::Kept);
        }
        if storage::hash_file(&job.target).map_err(at(&job.target))? == job.sha256 {
            return Ok(keep(job, here));
        }
    }
    let Some(here) = here else {
        return Ok(FileResult::problem(Problem::Missing));
    };
    if here.size_bytes != job.size_bytes {
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
    if here.size_bytes != job.size_bytes {
        return FileResult::kept(Problem::Corrupt);
    }
    if let Ok(file) = File::options().write(true).open(&job.target) {
        set_time(&file, here);
    }
    FileResult::Kept
}

/// Where no times are kept, the next run reads the file.
fn set_time(file: &File, here: Stamp) {
    if let Some(modified) = here.modified() {
        let _ = file.set_modified(modified);
    }
}

/// Creates a second name for the same bytes if the originals look like one file too, and the twin in the backup was
/// copied from it. Any failure means no; so does `verify`, which trusts no times.
fn link(job: &Job, here: Stamp) -> bool {
    let Some((source, target)) = &job.twin else {
        return false;
    };
    let same = |path: &Path| stamp(path).is_some_and(|twin| are_alike(twin, here));
    !job.verify && same(source) && same(target) && fs::hard_link(target, &job.staged).is_ok()
}

fn copy(job: &Job, here: Stamp) -> Result<FileResult, Error> {
    let source = disk::unless_missing(File::open(&job.source));
    let Some(mut source) = source.map_err(at(&job.source))? else {
        return Ok(FileResult::problem(Problem::Missing));
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
    let mut options = disk::private_options();
    options.create(true).truncate(true).open(path)
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let written = create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(at(path))
}

pub(super) fn sync(path: &Path) -> io::Result<()> {
    File::options().write(true).open(path)?.sync_all()
}

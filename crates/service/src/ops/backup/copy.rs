//! One file into the backup: left alone when it is there already, linked when its bytes are, else copied, hashed on the
//! way, and synced. Nothing here waits for anything but the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::{Error, Wrong, at};
use crate::shutdown::Shutdown;
use crate::{disk, storage};

const BUFFER_BYTES: usize = 256 << 10;
/// The coarsest clock of a file system that is still in use (FAT).
const COARSE: Duration = Duration::from_secs(2);

/// One file to be brought into the backup.
pub(super) struct Job {
    /// Where it is.
    pub source: PathBuf,
    /// Where it goes.
    pub target: PathBuf,
    /// Where it lies until it is known to be right.
    pub staged: PathBuf,
    /// The other name of the same bytes, here and in the backup.
    pub twin: Option<(PathBuf, PathBuf)>,
    pub size_bytes: u64,
    pub sha256: [u8; 32],
    /// Whether a file that is there already is read.
    pub verify: bool,
    pub shutdown: Shutdown,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brought {
    /// It was there already.
    Kept,
    /// It is a second name of a file that was there already.
    Linked,
    Copied,
    /// A better one than the one that is there is staged.
    Replacement,
    /// There is something wrong with it; `true` when the backup holds the right one all the same.
    Wrong(Wrong, bool),
    Stopped,
}

/// What tells whether a file is still the same without reading it.
#[derive(Clone, Copy)]
struct Stamp {
    length: u64,
    written: Option<SystemTime>,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        Some(Self {
            length: metadata.len(),
            written: metadata.modified().ok(),
        })
    }

    fn is_like(&self, other: &Self) -> bool {
        let (Some(one), Some(two)) = (self.written, other.written) else {
            return false;
        };
        let apart = one.duration_since(two).or_else(|_| two.duration_since(one));
        self.length == other.length && apart.is_ok_and(|apart| apart < COARSE)
    }
}

/// Brings one file.
pub(super) fn bring(job: &Job) -> Result<Brought, Error> {
    if job.shutdown.has_begun() {
        return Ok(Brought::Stopped);
    }
    let here = Stamp::of(&job.source);
    let there = Stamp::of(&job.target);
    if let Some(there) = there.filter(|there| there.length == job.size_bytes) {
        if !job.verify && here.is_some_and(|here| here.is_like(&there)) {
            return Ok(Brought::Kept);
        }
        if storage::hash_file(&job.target).map_err(at(&job.target))? == job.sha256 {
            return Ok(keep(job, here));
        }
    }
    match here {
        None => return Ok(Brought::Wrong(Wrong::Missing, false)),
        Some(here) if here.length != job.size_bytes => {
            return Ok(Brought::Wrong(Wrong::Altered, false));
        }
        Some(here) if link(job, here) => return place(job, there.is_some(), Brought::Linked),
        Some(here) => match copy(job, here)? {
            Brought::Copied => {}
            other => return Ok(other),
        },
    }
    place(job, there.is_some(), Brought::Copied)
}

/// The backup holds the right bytes: they are given the time of the original, so that the next time sees it at once.
fn keep(job: &Job, here: Option<Stamp>) -> Brought {
    match here {
        None => Brought::Wrong(Wrong::Missing, true),
        Some(here) if here.length != job.size_bytes => Brought::Wrong(Wrong::Altered, true),
        Some(here) => {
            if let Ok(file) = File::options().write(true).open(&job.target) {
                keep_time(&file, here);
            }
            Brought::Kept
        }
    }
}

/// Where no times are kept, the next time reads what it could have known.
fn keep_time(file: &File, here: Stamp) {
    if let Some(written) = here.written {
        let _ = file.set_modified(written);
    }
}

/// A second name for the same bytes, if the originals are one file too, as far as can be seen, and the other one in the
/// backup was copied from it. Any failure means no. Who does not trust what is there trusts no look at it either.
fn link(job: &Job, here: Stamp) -> bool {
    let Some((source, target)) = &job.twin else {
        return false;
    };
    let same = |path: &Path| Stamp::of(path).is_some_and(|twin| twin.is_like(&here));
    !job.verify && same(source) && same(target) && fs::hard_link(target, &job.staged).is_ok()
}

fn copy(job: &Job, here: Stamp) -> Result<Brought, Error> {
    let mut source = match File::open(&job.source) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Brought::Wrong(Wrong::Missing, false));
        }
        opened => opened.map_err(at(&job.source))?,
    };
    let staged = at(&job.staged);
    let mut file = match create(&job.staged) {
        Ok(file) => file,
        Err(error) => return Err(staged(error)),
    };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        if job.shutdown.has_begun() {
            return Ok(Brought::Stopped);
        }
        let n = source.read(&mut buffer).map_err(at(&job.source))?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        file.write_all(&buffer[..n]).map_err(at(&job.staged))?;
    }
    if <[u8; 32]>::from(hash.finalize()) != job.sha256 {
        fs::remove_file(&job.staged).map_err(staged)?;
        return Ok(Brought::Wrong(Wrong::Altered, false));
    }
    keep_time(&file, here);
    file.sync_all().map_err(staged)?;
    Ok(Brought::Copied)
}

/// Gives it its name, unless there is one of that name: that one belongs to the backup before, until this one is whole.
fn place(job: &Job, is_there: bool, brought: Brought) -> Result<Brought, Error> {
    if is_there {
        return Ok(Brought::Replacement);
    }
    let rename = || fs::rename(&job.staged, &job.target);
    let placed = match (rename(), job.target.parent()) {
        (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
            disk::create_folder(folder).and_then(|()| rename())
        }
        (placed, _) => placed,
    };
    placed.map(|()| brought).map_err(at(&job.target))
}

/// A new file that only its owner may read, or an old one emptied.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a file durable.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    File::options().write(true).open(path)?.sync_all()
}

//! A file that one process has locked.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::Error;
use crate::disk;

/// A process that only checks a lease locks its file for less than this.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Shared,
    Exclusive,
}

/// The file is locked elsewhere.
#[derive(Debug)]
pub(super) struct Taken;

/// Unlocked when it is closed, or by the system when the process ends.
#[derive(Debug)]
pub(super) struct Locked(pub File);

impl Locked {
    /// Locks exclusively; waits only as long as a check takes.
    pub fn soon(path: &Path) -> Result<Result<Self, Taken>, Error> {
        let locked = Self::exclusively(open(path)?);
        locked.map_err(|source| unusable(path, source))
    }

    /// Locks a folder itself; none where the system cannot.
    pub fn folder(path: &Path) -> Result<Option<Self>, Taken> {
        let locked = File::open(path).and_then(Self::exclusively);
        locked.map_or(Ok(None), |locked| locked.map(Some))
    }

    fn exclusively(file: File) -> std::io::Result<Result<Self, Taken>> {
        for look in 1..=LOOKS {
            match try_lock(&file, Mode::Exclusive) {
                Ok(()) => return Ok(Ok(Self(file))),
                Err(TryLockError::Error(source)) => return Err(source),
                Err(TryLockError::WouldBlock) if look < LOOKS => std::thread::sleep(LOOK),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        Ok(Err(Taken))
    }

    /// Locks, and waits up to this long for others.
    pub async fn within(
        path: &Path,
        mode: Mode,
        patience: Duration,
    ) -> Result<Result<Self, Taken>, Error> {
        let file = open(path)?;
        let began = tokio::time::Instant::now();
        loop {
            match try_lock(&file, mode) {
                Ok(()) => return Ok(Ok(Self(file))),
                Err(TryLockError::Error(source)) => return Err(unusable(path, source)),
                Err(TryLockError::WouldBlock) if began.elapsed() < patience => {
                    tokio::time::sleep(LOOK).await;
                }
                Err(TryLockError::WouldBlock) => return Ok(Err(Taken)),
            }
        }
    }
}

fn try_lock(file: &File, mode: Mode) -> Result<(), TryLockError> {
    match mode {
        Mode::Shared => file.try_lock_shared(),
        Mode::Exclusive => file.try_lock(),
    }
}

fn unusable(path: &Path, source: std::io::Error) -> Error {
    Error::Lock {
        path: path.to_owned(),
        source,
    }
}

/// Opens a lock file; creates it when it does not exist. The file may belong to an administrator who ran a command;
/// it can be locked all the same, because a lock needs no write permission.
fn open(path: &Path) -> Result<File, Error> {
    let opened = match disk::open_lock(path) {
        Err(error) if is_closed(&error) => File::open(path),
        opened => opened,
    };
    opened.map_err(|source| unusable(path, source))
}

/// Whether opening it read-only may still work.
fn is_closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
}

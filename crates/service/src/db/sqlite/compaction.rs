//! Rewrites the file without deleted data: SQLite overwrites deleted rows, but not old content in the gaps of pages
//! whose rows were moved.
//!
//! A rewrite blocks all writers, some seconds per gigabyte. The lock file `*-compacting` is locked while it runs:
//! writers of other processes see it and wait beyond their busy timeout, so that no webhook is refused with 503.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;
use crate::db::Error;
use crate::disk;

/// A process that has locked the database for longer is considered stuck.
const PATIENCE: Duration = Duration::from_secs(120);
const RETRY_EVERY: Duration = Duration::from_millis(20);
/// How soon a waiting process takes the lock file after its release.
const GAP: Duration = Duration::from_millis(100);

/// Never deleted: a process could delete it while another has it locked.
fn lock_file(connection: &Connection) -> Option<PathBuf> {
    let path = connection.path()?;
    let name = path.file_name()?.to_string_lossy();
    Some(path.with_file_name(format!("{name}-compacting")))
}

/// Locks the lock file. None when it cannot be created; then other processes only wait less.
fn lock(connection: &Connection, patience: Duration) -> Result<Option<File>, Error> {
    let open = |lock_file: PathBuf| {
        // Another user's file can be locked too.
        disk::open_lock(&lock_file)
            .or_else(|_| File::open(lock_file))
            .ok()
    };
    let Some(lock_file) = lock_file(connection).and_then(open) else {
        return Ok(None);
    };
    let started = Instant::now();
    loop {
        match lock_file.try_lock() {
            Ok(()) => return Ok(Some(lock_file)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                std::thread::sleep(RETRY_EVERY);
            }
            Err(TryLockError::WouldBlock) => return Err(Error::Unavailable(None)),
        }
    }
}

/// Rewrites the file. Concurrent rewrites run one after the other.
pub(super) fn compact(connection: &Connection) -> Result<(), Error> {
    let _sign = lock(connection, PATIENCE)?;
    // Disk space is checked for the database's folder, so temporary files belong there too.
    if let Some(folder) = connection.path().and_then(Path::parent) {
        let folder = folder.to_string_lossy().replace('\'', "''");
        connection.batch(&format!("pragma temp_store_directory = '{folder}'"))?;
    }
    connection.batch("vacuum")?;
    // The result is in the write-ahead log now, and writing it back takes as long again. A reader may prevent that;
    // the next fold completes it.
    connection.fold().map(drop)
}

/// Folds the write-ahead log with the lock file locked: other writers wait for it then.
pub(super) fn fold(connection: &Connection) -> Result<bool, Error> {
    let _sign = lock(connection, PATIENCE)?;
    connection.fold()
}

/// Begins a write transaction. Waits longer than `patience` only while another process rewrites the file.
pub(super) fn begin(connection: &Connection, patience: Duration) -> Result<(), Error> {
    let started = Instant::now();
    connection.set_busy_timeout(patience)?;
    loop {
        match connection.run("begin immediate", &[]) {
            Err(error)
                if error.is_unavailable()
                    && started.elapsed() < PATIENCE
                    && is_or_becomes_locked(connection) =>
            {
                std::thread::sleep(RETRY_EVERY);
            }
            begun => return begun.map(drop),
        }
    }
}

/// Between two rewrites the lock file is unlocked for a moment.
fn is_or_becomes_locked(connection: &Connection) -> bool {
    let is_there = lock_file(connection).is_some_and(|lock_file| lock_file.exists());
    is_locked(connection)
        || is_there && {
            std::thread::sleep(GAP);
            is_locked(connection)
        }
}

fn is_locked(connection: &Connection) -> bool {
    let lock_file = lock_file(connection).and_then(|lock_file| File::open(lock_file).ok());
    lock_file.is_some_and(|lock_file| {
        matches!(lock_file.try_lock_shared(), Err(TryLockError::WouldBlock))
    })
}

#[cfg(test)]
mod tests {
    use super::super::connection::Access;
    use super::*;

    fn connect(path: &Path) -> Connection {
        Connection::open(path, Access::Create, Duration::from_millis(1)).unwrap()
    }

    #[test]
    fn a_write_waits_beyond_the_busy_timeout_only_for_a_rewrite() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let (holder, writer) = (connect(&path), connect(&path));
        holder.batch("begin immediate").unwrap();
        let patience = Duration::from_millis(1);
        assert!(begin(&writer, patience).unwrap_err().is_unavailable());
        let lock_file = lock_file(&writer).unwrap();
        let lock = File::create(&lock_file).unwrap();
        lock.lock().unwrap();
        assert!(is_locked(&writer));
        let waiting = std::thread::spawn(move || begin(&writer, patience));
        // It waits, however long this takes.
        std::thread::sleep(RETRY_EVERY * 5);
        assert!(!waiting.is_finished());
        holder.batch("commit").unwrap();
        waiting.join().unwrap().unwrap();
        drop(lock);
    }

    #[test]
    fn rewrites_and_folds_run_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let connection = connect(&path);
        let first = lock(&connection, Duration::ZERO).unwrap().unwrap();
        let second = lock(&connect(&path), Duration::ZERO);
        assert!(second.unwrap_err().is_unavailable());
        let other = path.clone();
        let waiting = std::thread::spawn(move || compact(&connect(&other)));
        // A fold waits for the lock file too; otherwise writers would not wait for it.
        let folding = std::thread::spawn(move || fold(&connect(&path)).map(drop));
        std::thread::sleep(RETRY_EVERY * 5);
        assert!(!waiting.is_finished() && !folding.is_finished());
        assert!(is_locked(&connection));
        drop(first);
        for ended in [waiting, folding] {
            ended.join().unwrap().unwrap();
        }
        assert!(!is_locked(&connection));
    }

    #[test]
    fn a_compacted_file_is_smaller_and_unlocked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it's.db");
        let connection = connect(&path);
        connection
            .batch(
                "create table t (b blob); insert into t values (zeroblob(1000000)); delete from t;",
            )
            .unwrap();
        assert!(connection.fold().unwrap());
        let before = std::fs::metadata(&path).unwrap().len();
        compact(&connection).unwrap();
        assert!(connection.fold().unwrap());
        assert!(std::fs::metadata(&path).unwrap().len() < before / 10);
        assert!(!is_locked(&connection));
    }
}

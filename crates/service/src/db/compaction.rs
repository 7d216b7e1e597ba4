//! Writing the whole file anew, so that nothing is left of what was deleted: SQLite overwrites what a statement deletes,
//! but not what lies in the gaps of a page since its rows were moved to another.
//!
//! Nobody else can write while it lasts, some seconds for each gigabyte. A file beside the database says so, and is
//! locked for as long as it is true: writers of other processes, who would else answer 503 after their busy timeout,
//! wait for its end, and no webhook is refused because of it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::Error;
use super::connection::Connection;
use crate::disk;

/// Whoever holds the database for longer than this has died or will not end.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);
/// How soon whoever waits for the sign has it, once another gives it up.
const GAP: Duration = Duration::from_millis(100);

/// The file stays when nobody holds it: who removed it would take it from under another who does.
fn sign(connection: &Connection) -> Option<PathBuf> {
    let path = connection.path()?;
    let name = path.file_name()?.to_string_lossy();
    Some(path.with_file_name(format!("{name}-compacting")))
}

/// Locked, or nothing when there can be no sign; without it nothing goes wrong but the patience of others.
fn hold(connection: &Connection, patience: Duration) -> Result<Option<File>, Error> {
    let open = |sign: PathBuf| {
        // Somebody else's can be locked as well.
        disk::open_lock(&sign).or_else(|_| File::open(sign)).ok()
    };
    let Some(sign) = sign(connection).and_then(open) else {
        return Ok(None);
    };
    let began = Instant::now();
    loop {
        match sign.try_lock() {
            Ok(()) => return Ok(Some(sign)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if began.elapsed() < patience => {
                std::thread::sleep(LOOK);
            }
            Err(TryLockError::WouldBlock) => return Err(Error::Unavailable(None)),
        }
    }
}

/// Writes the file of a connection anew, under its sign: those who do come one after the other.
pub(super) fn compact(connection: &Connection) -> Result<(), Error> {
    let _sign = hold(connection, PATIENCE)?;
    // Room is reckoned with beside the database, and nobody else looks there.
    if let Some(folder) = connection.path().and_then(Path::parent) {
        let folder = folder.to_string_lossy().replace('\'', "''");
        connection.batch(&format!("pragma temp_store_directory = '{folder}'"))?;
    }
    connection.batch("vacuum")?;
    // All of it lies in the write-ahead log now, and to write it back takes as long again. Whoever reads may keep it
    // from being emptied, which is seen by who folds next.
    connection.fold().map(drop)
}

/// Folds the write-ahead log into the file, under the sign: without it, who writes would wait for nobody while it lasts.
pub(super) fn fold(connection: &Connection) -> Result<bool, Error> {
    let _sign = hold(connection, PATIENCE)?;
    connection.fold()
}

/// Begins a transaction that may write; waits for longer than `patience` only for a process that rewrites the file.
pub(super) fn begin(connection: &Connection, patience: Duration) -> Result<(), Error> {
    let began = Instant::now();
    connection.set_busy_timeout(patience)?;
    loop {
        match connection.run("begin immediate", &[]) {
            Err(error)
                if error.is_unavailable()
                    && began.elapsed() < PATIENCE
                    && is_or_comes_under_way(connection) =>
            {
                std::thread::sleep(LOOK);
            }
            begun => return begun.map(drop),
        }
    }
}

/// Between one and the next, nobody has the sign for a moment.
fn is_or_comes_under_way(connection: &Connection) -> bool {
    let is_there = sign(connection).is_some_and(|sign| sign.exists());
    is_under_way(connection)
        || is_there && {
            std::thread::sleep(GAP);
            is_under_way(connection)
        }
}

fn is_under_way(connection: &Connection) -> bool {
    let sign = sign(connection).and_then(|sign| File::open(sign).ok());
    sign.is_some_and(|sign| matches!(sign.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::super::connection::Access;
    use super::*;

    fn connect(path: &Path) -> Connection {
        Connection::open(path, Access::Write, Duration::from_millis(1)).unwrap()
    }

    #[test]
    fn only_who_writes_the_file_anew_is_waited_for_beyond_the_busy_timeout() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let (holder, writer) = (connect(&path), connect(&path));
        holder.batch("begin immediate").unwrap();
        let patience = Duration::from_millis(1);
        assert!(begin(&writer, patience).unwrap_err().is_unavailable());
        let sign = sign(&writer).unwrap();
        let lock = File::create(&sign).unwrap();
        lock.lock().unwrap();
        assert!(is_under_way(&writer));
        let waiting = std::thread::spawn(move || begin(&writer, patience));
        // However long it takes to come here, it waits.
        std::thread::sleep(LOOK * 5);
        assert!(!waiting.is_finished());
        holder.batch("commit").unwrap();
        waiting.join().unwrap().unwrap();
        drop(lock);
    }

    #[test]
    fn who_writes_the_file_anew_waits_for_another_who_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let connection = connect(&path);
        let first = hold(&connection, Duration::ZERO).unwrap().unwrap();
        let second = hold(&connect(&path), Duration::ZERO);
        assert!(second.unwrap_err().is_unavailable());
        let other = path.clone();
        let waiting = std::thread::spawn(move || compact(&connect(&other)));
        // Nobody folds unsigned while another has the sign, or writers would wait for nobody.
        let folding = std::thread::spawn(move || fold(&connect(&path)).map(drop));
        std::thread::sleep(LOOK * 5);
        assert!(!waiting.is_finished() && !folding.is_finished());
        assert!(is_under_way(&connection));
        drop(first);
        for ended in [waiting, folding] {
            ended.join().unwrap().unwrap();
        }
        assert!(!is_under_way(&connection));
    }

    #[test]
    fn a_compacted_file_is_smaller_and_keeps_nobody_waiting() {
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
        assert!(!is_under_way(&connection));
    }
}

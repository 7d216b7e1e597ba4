//! Copies the database as of one moment, while others write to it.
//!
//! SQLite's online backup restarts whenever another connection commits between two of its steps, so it would not end
//! under steady writes. Here its source stays in one read transaction: all pages come from the same commit, writers
//! do not wait, and the only cost is that the write-ahead log cannot be reset during the copy. `vacuum into` would
//! keep the snapshot for longer, because it rebuilds every index, and has no progress and no cancellation. The free
//! pages that it would omit contain nothing, because deleted data is overwritten.

use std::path::Path;
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::backup::{Backup, StepResult};

use super::connection::Connection;
use super::source::{Schema, Source};
use crate::db::Error;

/// Pages per progress call: 4 MiB at the usual page size.
const PAGES_PER_STEP: i32 = 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    Whole,
    /// Cancelled; the target is unusable.
    Stopped,
}

/// Copies the database at `source` into the empty file `target`. Calls `go_on` after every step with the pages done
/// and the total; false cancels. The copy has no log and is not synced yet.
pub async fn snapshot(
    source: &Path,
    target: &Path,
    busy_timeout: Duration,
    go_on: impl FnMut(u64, u64) -> bool + Send + 'static,
) -> Result<Copied, Error> {
    let (source, target) = (source.to_owned(), target.to_owned());
    let task = tokio::task::spawn_blocking(move || {
        let source = Source::find(&source, Schema::AsItIs, busy_timeout)?;
        let from = source.connect(busy_timeout)?;
        from.batch("begin; select count(*) from sqlite_schema;")?;
        let copied = copy(&from, &target, go_on)?;
        from.batch("rollback")?;
        if copied == Copied::Whole {
            stand_alone(&target)?;
        }
        Ok(copied)
    });
    task.await.unwrap_or(Err(Error::Panicked))
}

fn copy(
    from: &Connection,
    target: &Path,
    mut go_on: impl FnMut(u64, u64) -> bool,
) -> Result<Copied, Error> {
    let mut to = open(target)?;
    // An incomplete copy is useless, so it needs no journal.
    to.execute_batch("pragma journal_mode = off; pragma synchronous = off;")?;
    let backup = Backup::new(&from.engine, &mut to)?;
    loop {
        let step = backup.step(PAGES_PER_STEP)?;
        let pages = backup.progress();
        let count = |pages| u64::try_from(pages).unwrap_or(0);
        let all = count(pages.pagecount);
        match step {
            _ if !go_on(all - count(pages.remaining), all) => return Ok(Copied::Stopped),
            StepResult::Done => return Ok(Copied::Whole),
            StepResult::More => {}
            // The target has no other user, and the source is only read.
            _ => return Err(Error::Unavailable(None)),
        }
    }
}

/// A copy of a file with a write-ahead log is marked as having one. Without that mark it can be read on a read-only
/// disk; the next writer sets the mark again.
fn stand_alone(target: &Path) -> Result<(), Error> {
    open(target)?.execute_batch("pragma journal_mode = delete;")?;
    Ok(())
}

fn open(target: &Path) -> Result<rusqlite::Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(rusqlite::Connection::open_with_flags(target, flags)?)
}

//! A copy of the whole file as of one moment, while others write to it.
//!
//! SQLite's online backup begins anew whenever another connection commits between two of its steps, so under steady
//! writes it would never end. Here its source sits in one read transaction from the first step to the last: every
//! page comes from the same commit, writers wait for nothing, and all it costs them is that the write-ahead log
//! cannot be reset meanwhile. `vacuum into` would hold the same snapshot for longer, for it builds every index anew,
//! and could be neither followed nor stopped; the free pages that it would leave out hold nothing, for what is deleted
//! is overwritten.

use std::path::Path;
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::backup::{Backup, StepResult};

use super::Error;
use super::connection::Connection;
use super::source::{Schema, Source};

/// Pages between two looks at whether to go on; 4 MiB of the usual size.
const PAGES_PER_STEP: i32 = 1_024;

/// Whether a copy came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// All of it is there.
    Whole,
    /// It was told not to go on; what was written is of no use.
    Stopped,
}

/// Copies the database at `source` into the empty file `target`. After every step `go_on` is told how many pages are
/// done, and of how many. The copy is a file of its own, without a log beside it, and not yet synced.
pub async fn snapshot(
    source: &Path,
    target: &Path,
    busy_timeout: Duration,
    go_on: impl FnMut(u64, u64) -> bool + Send + 'static,
) -> Result<Copied, Error> {
    let (source, target) = (source.to_owned(), target.to_owned());
    let copying = tokio::task::spawn_blocking(move || {
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
    copying.await.unwrap_or(Err(Error::Panicked))
}

fn copy(
    from: &Connection,
    target: &Path,
    mut go_on: impl FnMut(u64, u64) -> bool,
) -> Result<Copied, Error> {
    let mut to = open(target)?;
    // Until it is whole it is nothing: a journal of its own would only cost.
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
            // Nobody else knows the target, and the source is only read.
            _ => return Err(Error::Unavailable(None)),
        }
    }
}

/// A copy of a file with a write-ahead log says of itself that it has one. Without, it can be read where nothing can be
/// written; the next to open it for writing gives it one again.
fn stand_alone(target: &Path) -> Result<(), Error> {
    open(target)?.execute_batch("pragma journal_mode = delete;")?;
    Ok(())
}

fn open(target: &Path) -> Result<rusqlite::Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(rusqlite::Connection::open_with_flags(target, flags)?)
}

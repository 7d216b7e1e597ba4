//! The one writer of a SQLite file.

use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, watch as watch_channel};

use super::compaction;
use super::connection::Connection;
use super::reader::Readers;
use super::watch::{self, Watch};
use crate::db::committer::{LARGEST_GROUP, Order, Waiting, take};
use crate::db::{Error, Side, Tx};

/// A check of the database also counts for a group that begins this soon after it. Each group is checked again before
/// its callers are answered.
const CHECK_LASTS: Duration = Duration::from_millis(20);
/// The pause between two attempts on a locked database.
const PAUSE: Duration = Duration::from_millis(2);

/// The writing connection and the check of its file.
pub(super) struct Writer {
    connection: Rc<Connection>,
    appends: watch_channel::Sender<u64>,
    watch: Watch,
    readers: Readers,
    busy_timeout: Duration,
    /// When the database was last checked successfully.
    checked_at: Option<Instant>,
}

impl Writer {
    pub fn new(
        connection: Connection,
        watch: Watch,
        readers: Readers,
        appends: watch_channel::Sender<u64>,
    ) -> Self {
        Self {
            connection: Rc::new(connection),
            appends,
            watch,
            busy_timeout: readers.busy_timeout(),
            readers,
            checked_at: None,
        }
    }

    pub async fn commit_groups(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut group: Vec<Waiting> = Vec::with_capacity(LARGEST_GROUP);
        let mut is_open = true;
        while let Some(turn) = take(&mut orders, &mut group, is_open).await {
            is_open = !turn.closes;
            if !group.is_empty() {
                self.commit(&mut group).await;
            }
            for answer in turn.checks {
                let _ = answer.send(self.verify());
            }
            for answer in turn.compactions {
                let compacted = self.verify();
                let compacted = compacted.and_then(|()| compaction::compact(&self.connection));
                let _ = answer.send(compacted);
            }
            for answer in turn.folds {
                let folded = self.verify();
                let folded = folded.and_then(|()| compaction::fold(&self.connection));
                let _ = answer.send(folded);
            }
        }
        self.watch.before_close(&self.connection);
    }

    fn verify(&mut self) -> Result<(), Error> {
        let checked = self.watch.check(&mut self.connection, &self.readers);
        self.checked_at = checked.is_ok().then(Instant::now);
        checked
    }

    /// Commits the group together. If one of its writes fails for its own reason, each is committed alone. While
    /// another process has locked the database, writes within their busy timeout stay in the group.
    async fn commit(&mut self, group: &mut Vec<Waiting>) {
        match self.attempt(group).await {
            Ok(()) => group.drain(..).for_each(|it| it.work.settle(Ok(()))),
            Err(error) if error.is_busy() => {
                let is_over = |it: &mut Waiting| it.since.elapsed() >= self.busy_timeout;
                for it in group.extract_if(.., is_over) {
                    it.work.settle(Err(error.clone()));
                }
                // Some locks are refused without a wait.
                std::thread::sleep(PAUSE);
            }
            Err(error) if error.is_unavailable() || group.len() == 1 => {
                for it in group.drain(..) {
                    it.work.settle(Err(error.clone()));
                }
            }
            Err(_) => {
                for mut it in group.drain(..) {
                    let outcome = self.attempt(std::slice::from_mut(&mut it)).await;
                    it.work.settle(outcome);
                }
            }
        }
    }

    /// Ok: the group is committed, synced, and in the file that the next process will open.
    async fn attempt(&mut self, group: &mut [Waiting]) -> Result<(), Error> {
        let is_checked = |at: Instant| at.elapsed() < CHECK_LASTS;
        if !self.checked_at.is_some_and(is_checked) {
            self.verify()?;
        }
        let waited = group.iter().map(|it| it.since.elapsed()).max();
        let patience = self.busy_timeout.saturating_sub(waited.unwrap_or_default());
        let begun = compaction::begin(&self.connection, patience);
        self.connection.set_busy_timeout(self.busy_timeout)?;
        begun?;
        let mut tx = Tx::new(Side::Sqlite(Rc::clone(&self.connection)));
        let outcome = run_all(&mut tx, &self.connection, group).await;
        let has_deferred = tx.has_deferred;
        drop(tx);
        if outcome.is_err() {
            // The engine may have rolled back already.
            let _ = self.connection.run("rollback", &[]);
        }
        outcome?;
        self.verify().map_err(uncertain)?;
        if has_deferred {
            self.appends.send_modify(|count| *count += 1);
        }
        Ok(())
    }
}

async fn run_all(tx: &mut Tx, connection: &Connection, group: &mut [Waiting]) -> Result<(), Error> {
    let before = connection.changes();
    for it in group {
        // A panic in one write must not end the committer.
        std::panic::AssertUnwindSafe(it.work.run(tx))
            .catch_unwind()
            .await
            .unwrap_or(Err(Error::Panicked))?;
    }
    tx.run_deferred().await?;
    if connection.changes() != before {
        watch::count_commit(connection)?;
    }
    match connection.run("commit", &[]) {
        Ok(_) => Ok(()),
        // The log may have the whole transaction although its sync failed.
        Err(error) if error.is_unavailable() && !error.is_busy() => Err(uncertain(error)),
        Err(error) => Err(error),
    }
}

fn uncertain(error: Error) -> Error {
    Error::Uncertain(Box::new(error))
}

#[cfg(test)]
mod tests;

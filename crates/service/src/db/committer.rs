//! Group commit: one thread owns the writing connection, and writes that wait at the same moment share one commit,
//! because the sync is expensive and rows are not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{mpsc, oneshot, watch as watch_channel};

use super::connection::Connection;
use super::reader::Readers;
use super::watch::{self, Watch};
use super::{Error, Tx, compaction};

/// The most writes that share a commit.
const LARGEST_GROUP: usize = 256;
/// The most queued writes; more callers wait for a place in the queue.
const LONGEST_QUEUE: usize = 4_096;

/// A check of the database also counts for a group that begins this soon after it. Each group is checked again before
/// its callers are answered.
const CHECK_LASTS: Duration = Duration::from_millis(20);
/// The pause between two attempts on a locked database.
const PAUSE: Duration = Duration::from_millis(2);

#[derive(Clone)]
pub(super) struct Committer {
    queue: mpsc::Sender<Order>,
    /// Changes after each commit with deferred work.
    appended: watch_channel::Receiver<u64>,
    thread: Arc<Mutex<Option<std::thread::JoinHandle<()>>>>,
}

enum Order {
    Work(Waiting),
    /// Checks that the database at its path is the open one.
    Verify(oneshot::Sender<Result<(), Error>>),
    /// Writes the write-ahead log into the file.
    Fold(oneshot::Sender<Result<bool, Error>>),
    /// Rewrites the file.
    Compact(oneshot::Sender<Result<(), Error>>),
    Close,
}

/// A write, and when it was queued.
struct Waiting {
    work: Box<dyn Work>,
    since: Instant,
}

/// One caller's write.
trait Work: Send {
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> LocalBoxFuture<'t, Result<(), Error>>;
    fn settle(self: Box<Self>, outcome: Result<(), Error>);
}

struct Pending<T, F> {
    work: F,
    value: Option<T>,
    answer: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Work for Pending<T, F>
where
    T: Send + 'static,
    F: AsyncFn(&mut Tx) -> Result<T, Error> + Send + 'static,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> LocalBoxFuture<'t, Result<(), Error>> {
        Box::pin(async move {
            self.value = Some((self.work)(tx).await?);
            Ok(())
        })
    }

    fn settle(self: Box<Self>, outcome: Result<(), Error>) {
        let Self { value, answer, .. } = *self;
        // The commit stands even if the caller is gone.
        let _ = answer.send(outcome.and_then(|()| value.ok_or(Error::Unavailable(None))));
    }
}

impl Committer {
    pub(super) fn start(connection: Connection, watch: Watch, readers: Readers) -> Self {
        let (queue, orders) = mpsc::channel(LONGEST_QUEUE);
        let (appends, appended) = watch_channel::channel(0);
        let busy_timeout = readers.busy_timeout();
        let writer = Writer {
            tx: Tx {
                connection,
                deferred: Vec::new(),
                has_deferred: false,
            },
            appends,
            watch,
            readers,
            busy_timeout,
            checked_at: None,
        };
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .expect("a runtime on the current thread needs nothing that could be missing");
                runtime.block_on(writer.commit_groups(orders));
            })
            .ok();
        Self {
            queue,
            appended,
            thread: Arc::new(Mutex::new(thread)),
        }
    }

    /// A committer that refuses writes.
    pub(super) fn none() -> Self {
        Self {
            queue: mpsc::channel(1).0,
            appended: watch_channel::channel(0).1,
            thread: Arc::default(),
        }
    }

    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, Error> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let pending = Pending {
            work,
            value: None,
            answer,
        };
        let waiting = Waiting {
            work: Box::new(pending),
            since: Instant::now(),
        };
        self.queue
            .send(Order::Work(waiting))
            .await
            .map_err(|_| Error::Unavailable(None))?;
        outcome.await.unwrap_or(Err(Error::Unavailable(None)))
    }

    pub(super) fn appended(&self) -> watch_channel::Receiver<u64> {
        self.appended.clone()
    }

    pub(super) async fn verify(&self) -> Result<(), Error> {
        self.order(Order::Verify).await
    }

    pub(super) async fn fold(&self) -> Result<bool, Error> {
        self.order(Order::Fold).await
    }

    pub(super) async fn compact(&self) -> Result<(), Error> {
        self.order(Order::Compact).await
    }

    async fn order<T>(
        &self,
        order: fn(oneshot::Sender<Result<T, Error>>) -> Order,
    ) -> Result<T, Error> {
        let (answer, outcome) = oneshot::channel();
        self.queue
            .send(order(answer))
            .await
            .map_err(|_| Error::Unavailable(None))?;
        outcome.await.unwrap_or(Err(Error::Unavailable(None)))
    }

    pub(super) async fn close(&self) {
        let _ = self.queue.send(Order::Close).await;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// The writing connection and the check of its file.
struct Writer {
    tx: Tx,
    appends: watch_channel::Sender<u64>,
    watch: Watch,
    readers: Readers,
    busy_timeout: Duration,
    /// When the database was last checked successfully.
    checked_at: Option<Instant>,
}

impl Writer {
    async fn commit_groups(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut group: Vec<Waiting> = Vec::with_capacity(LARGEST_GROUP);
        let mut open = true;
        let (mut checks, mut folds, mut compactions) = (Vec::new(), Vec::new(), Vec::new());
        while open || !group.is_empty() {
            // Writes that wait for another process do not delay new ones.
            let mut next = if group.is_empty() {
                orders.recv().await
            } else {
                orders.try_recv().ok()
            };
            if group.is_empty() && next.is_none() {
                break;
            }
            while let Some(order) = next {
                match order {
                    Order::Work(work) => group.push(work),
                    Order::Verify(answer) => checks.push(answer),
                    Order::Fold(answer) => folds.push(answer),
                    Order::Compact(answer) => compactions.push(answer),
                    Order::Close => open = false,
                }
                next = if open && group.len() < LARGEST_GROUP {
                    orders.try_recv().ok()
                } else {
                    None
                };
            }
            if !group.is_empty() {
                self.commit(&mut group).await;
            }
            for answer in checks.drain(..) {
                let _ = answer.send(self.verify());
            }
            for answer in compactions.drain(..) {
                let compacted = self.verify();
                let compacted = compacted.and_then(|()| compaction::compact(&self.tx.connection));
                let _ = answer.send(compacted);
            }
            for answer in folds.drain(..) {
                let folded = self.verify();
                let folded = folded.and_then(|()| compaction::fold(&self.tx.connection));
                let _ = answer.send(folded);
            }
        }
        self.watch.before_close(&self.tx.connection);
    }

    fn verify(&mut self) -> Result<(), Error> {
        let checked = self.watch.check(&mut self.tx.connection, &self.readers);
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
        let begun = compaction::begin(&self.tx.connection, patience);
        self.tx.connection.set_busy_timeout(self.busy_timeout)?;
        begun?;
        self.tx.has_deferred = false;
        let outcome = run_all(&mut self.tx, group).await;
        if outcome.is_err() {
            self.tx.deferred.clear();
            // The engine may have rolled back already.
            let _ = self.tx.run("rollback", Vec::new()).await;
        }
        outcome?;
        self.verify().map_err(uncertain)?;
        if self.tx.has_deferred {
            self.appends.send_modify(|count| *count += 1);
        }
        Ok(())
    }
}

async fn run_all(tx: &mut Tx, group: &mut [Waiting]) -> Result<(), Error> {
    let before = tx.connection.changes();
    for it in group {
        // A panic in one write must not end the committer.
        std::panic::AssertUnwindSafe(it.work.run(tx))
            .catch_unwind()
            .await
            .unwrap_or(Err(Error::Panicked))?;
    }
    tx.run_deferred().await?;
    if tx.connection.changes() != before {
        watch::count_commit(&tx.connection)?;
    }
    match tx.run("commit", Vec::new()).await {
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

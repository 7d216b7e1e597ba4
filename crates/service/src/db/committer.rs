//! Group commit: one thread owns the writing connection, and writes that wait at the same moment share one commit,
//! because the sync is expensive and rows are not. Each engine has its own writer behind this queue.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::LocalBoxFuture;
use tokio::sync::{mpsc, oneshot, watch};

use super::{Error, Key, Tx};

/// The most writes that share a commit.
pub(super) const LARGEST_GROUP: usize = 256;
/// The most queued writes; more callers wait for a place in the queue.
pub(super) const LONGEST_QUEUE: usize = 4_096;

#[derive(Clone)]
pub(super) struct Committer {
    queue: mpsc::Sender<Order>,
    /// Changes after each commit with deferred work.
    appended: watch::Receiver<u64>,
    thread: Arc<Mutex<Option<std::thread::JoinHandle<()>>>>,
}

pub(super) enum Order {
    Work(Waiting),
    /// Checks that the database is the one that was opened.
    Verify(oneshot::Sender<Result<(), Error>>),
    /// Writes what is in a log into the database itself.
    Fold(oneshot::Sender<Result<bool, Error>>),
    /// Removes deleted rows from the database's pages.
    Compact(oneshot::Sender<Result<(), Error>>),
    Close,
}

/// A write, what it must be alone with, and when it was queued.
pub(super) struct Waiting {
    pub work: Box<dyn Work>,
    pub key: Key,
    pub since: Instant,
}

/// One caller's write.
pub(super) trait Work: Send {
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
    /// Runs a writer on a thread of its own until it has no more orders.
    pub fn start<W>(writer: W) -> Self
    where
        W: AsyncFnOnce(mpsc::Receiver<Order>, watch::Sender<u64>) + Send + 'static,
    {
        let (committer, orders, appends) = Self::without_thread();
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime on the current thread needs nothing that could be missing");
                runtime.block_on(writer(orders, appends));
            })
            .ok();
        *committer.lock() = thread;
        committer
    }

    /// With the ends that its writer has to use.
    pub fn without_thread() -> (Self, mpsc::Receiver<Order>, watch::Sender<u64>) {
        let (queue, orders) = mpsc::channel(LONGEST_QUEUE);
        let (appends, appended) = watch::channel(0);
        let committer = Self {
            queue,
            appended,
            thread: Arc::default(),
        };
        (committer, orders, appends)
    }

    /// A committer that refuses writes.
    pub fn none() -> Self {
        Self::without_thread().0
    }

    pub async fn write<T, F>(&self, key: Key, work: F) -> Result<T, Error>
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
            key,
            since: Instant::now(),
        };
        self.queue
            .send(Order::Work(waiting))
            .await
            .map_err(|_| Error::Unavailable(None))?;
        outcome.await.unwrap_or(Err(Error::Unavailable(None)))
    }

    pub fn appended(&self) -> watch::Receiver<u64> {
        self.appended.clone()
    }

    pub async fn verify(&self) -> Result<(), Error> {
        self.order(Order::Verify).await
    }

    pub async fn fold(&self) -> Result<bool, Error> {
        self.order(Order::Fold).await
    }

    pub async fn compact(&self) -> Result<(), Error> {
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

    pub async fn close(&self) {
        let _ = self.queue.send(Order::Close).await;
        let thread = self.lock().take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<std::thread::JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a writer does next.
#[derive(Default)]
pub(super) struct Turn {
    pub checks: Vec<oneshot::Sender<Result<(), Error>>>,
    pub folds: Vec<oneshot::Sender<Result<bool, Error>>>,
    pub compactions: Vec<oneshot::Sender<Result<(), Error>>>,
    /// No further order is taken.
    pub closes: bool,
}

/// Waits for orders when no write waits already, and takes those that are there. None when there is nothing left to do.
pub(super) async fn take(
    orders: &mut mpsc::Receiver<Order>,
    group: &mut Vec<Waiting>,
    is_open: bool,
) -> Option<Turn> {
    let mut next = match (is_open, group.is_empty()) {
        (true, true) => orders.recv().await,
        // Writes that wait for another process do not delay new ones.
        (true, false) => orders.try_recv().ok(),
        (false, _) => None,
    };
    if group.is_empty() && next.is_none() {
        return None;
    }
    let mut turn = Turn {
        closes: !is_open,
        ..Turn::default()
    };
    while let Some(order) = next {
        match order {
            Order::Work(work) => group.push(work),
            Order::Verify(answer) => turn.checks.push(answer),
            Order::Fold(answer) => turn.folds.push(answer),
            Order::Compact(answer) => turn.compactions.push(answer),
            Order::Close => turn.closes = true,
        }
        next = if !turn.closes && group.len() < LARGEST_GROUP {
            orders.try_recv().ok()
        } else {
            None
        };
    }
    Some(turn)
}

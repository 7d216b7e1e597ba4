//! Group commit: one thread owns the one writing connection, and whoever waits at the same moment shares
//! a commit, for it is the sync of the commit that costs, not the rows.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::connection::Connection;
use super::{Error, Tx, compaction};

/// How many works may share one commit.
const LARGEST_GROUP: usize = 256;
/// How many works may wait before callers are made to wait at the door.
const LONGEST_QUEUE: usize = 4_096;

#[derive(Clone)]
pub(super) struct Committer {
    queue: mpsc::Sender<Order>,
    thread: Arc<Mutex<Option<std::thread::JoinHandle<()>>>>,
}

enum Order {
    Work(Box<dyn Work>),
    /// Folds the write-ahead log into the file.
    Fold(oneshot::Sender<Result<bool, Error>>),
    /// Writes the file anew.
    Compact(oneshot::Sender<Result<(), Error>>),
    Close,
}

/// One caller's work, waiting for its commit.
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
        // A caller that went away does not undo what is committed.
        let _ = answer.send(outcome.and_then(|()| value.ok_or(Error::Unavailable(None))));
    }
}

impl Committer {
    pub(super) fn start(connection: Connection) -> Self {
        let (queue, orders) = mpsc::channel(LONGEST_QUEUE);
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .expect("a runtime on the current thread needs nothing that could be missing");
                runtime.block_on(commit_groups(Tx { connection }, orders));
            })
            .ok();
        Self {
            queue,
            thread: Arc::new(Mutex::new(thread)),
        }
    }

    /// One that commits nothing.
    pub(super) fn none() -> Self {
        Self {
            queue: mpsc::channel(1).0,
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
        self.queue
            .send(Order::Work(Box::new(pending)))
            .await
            .map_err(|_| Error::Unavailable(None))?;
        outcome.await.unwrap_or(Err(Error::Unavailable(None)))
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

async fn commit_groups(mut tx: Tx, mut orders: mpsc::Receiver<Order>) {
    let mut group: Vec<Box<dyn Work>> = Vec::with_capacity(LARGEST_GROUP);
    let mut open = true;
    let (mut folds, mut compactions) = (Vec::new(), Vec::new());
    while open {
        let Some(first) = orders.recv().await else {
            break;
        };
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                Order::Work(work) => group.push(work),
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
            commit(&mut tx, &mut group).await;
        }
        for answer in compactions.drain(..) {
            let _ = answer.send(compaction::compact(&tx.connection));
        }
        for answer in folds.drain(..) {
            let _ = answer.send(compaction::fold(&tx.connection));
        }
    }
}

/// Commits the group together; when one of it fails for a reason of its own, each is committed alone.
async fn commit(tx: &mut Tx, group: &mut Vec<Box<dyn Work>>) {
    match attempt(tx, group).await {
        Ok(()) => group.drain(..).for_each(|work| work.settle(Ok(()))),
        Err(error) if error.is_unavailable() || group.len() == 1 => {
            for work in group.drain(..) {
                work.settle(Err(error.clone()));
            }
        }
        Err(_) => {
            for mut work in group.drain(..) {
                let outcome = attempt(tx, std::slice::from_mut(&mut work)).await;
                work.settle(outcome);
            }
        }
    }
}

async fn attempt(tx: &mut Tx, group: &mut [Box<dyn Work>]) -> Result<(), Error> {
    let outcome = run_all(tx, group).await;
    if outcome.is_err() {
        // Nothing to roll back when `begin` itself failed or the engine already did.
        let _ = tx.run("rollback", Vec::new()).await;
    }
    outcome
}

async fn run_all(tx: &mut Tx, group: &mut [Box<dyn Work>]) -> Result<(), Error> {
    compaction::begin(&tx.connection)?;
    for work in group {
        // A panic in one caller's work must not take the committer with it.
        std::panic::AssertUnwindSafe(work.run(tx))
            .catch_unwind()
            .await
            .unwrap_or(Err(Error::Panicked))?;
    }
    tx.run("commit", Vec::new()).await?;
    Ok(())
}

//! A few read-only connections, each used by one caller at a time on a blocking thread.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio_util::task::AbortOnDropHandle;

use super::connection::Connection;
use super::source::Source;
use super::state::{Found, State};
use crate::db::{Error, Row, Value};

const MOST: usize = 4;
/// How long, and how often, to wait for a connection in use.
const LOOK: Duration = Duration::from_millis(5);
const LOOKS: usize = 50;

/// Reads, and frees the place.
fn in_place<T>(place: OwnedSemaphorePermit, read: impl FnOnce() -> T) -> T {
    let found = read();
    drop(place);
    found
}

/// The query that runs on a connection, and since when.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<Option<(rusqlite::InterruptHandle, Instant)>>>);

impl Running {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(rusqlite::InterruptHandle, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the query when it has run this long, and else returns how much longer it may run. The lock keeps the connection from
    /// the next caller until then.
    fn end_after(&self, limit: Duration) -> Duration {
        match &*self.lock() {
            None => limit,
            Some((handle, since)) => {
                let left = limit.saturating_sub(since.elapsed());
                if left.is_zero() {
                    handle.interrupt();
                    return limit;
                }
                left
            }
        }
    }
}

#[derive(Clone)]
pub(in crate::db) struct Readers {
    source: Source,
    busy_timeout: Duration,
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
    /// How long a query may run.
    limit: Option<Duration>,
    /// Whether the database is at its path; unknown to read-only handles.
    state: State,
}

impl Readers {
    pub fn new(path: PathBuf, busy_timeout: Duration, state: State) -> Self {
        Self::from_source(Source::shared(path), busy_timeout, state)
    }

    /// For a file that is read through `source`.
    pub fn from_source(source: Source, busy_timeout: Duration, state: State) -> Self {
        Self {
            source,
            busy_timeout,
            idle: Arc::default(),
            places: Arc::new(Semaphore::new(MOST)),
            limit: None,
            state,
        }
    }

    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The state of the path where the open database should be, if it is not there.
    pub fn displaced(&self) -> Option<Found> {
        self.state.found()
    }

    pub fn busy_timeout(&self) -> Duration {
        self.busy_timeout
    }

    /// Closes all connections and prevents new ones until the permit is dropped. None when one stays in use.
    pub fn close_idle(&self) -> Option<OwnedSemaphorePermit> {
        let most = u32::try_from(MOST).unwrap_or(u32::MAX);
        for _ in 0..LOOKS {
            if let Ok(places) = Arc::clone(&self.places).try_acquire_many_owned(most) {
                self.lock().clear();
                return Some(places);
            }
            std::thread::sleep(LOOK);
        }
        None
    }

    /// Connects only to the file that the committer has open.
    fn connect(&self) -> Result<Connection, Error> {
        let path = self.source.path();
        self.state.refuse_other_file(path)?;
        let connection = self.source.connect(self.busy_timeout)?;
        self.state.refuse_other_file(path)?;
        Ok(connection)
    }

    /// All rows of a query, from a snapshot of the committed state.
    pub async fn rows(
        &self,
        sql: impl AsRef<str> + Send + 'static,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        self.read(move |connection| connection.rows(sql.as_ref(), &values))
            .await
    }

    /// All rows of a query for each of `sets` of values, read one after the other.
    pub async fn rows_each(
        &self,
        sql: &'static str,
        sets: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        self.read(move |connection| sets.iter().map(|set| connection.rows(sql, set)).collect())
            .await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (readers, running) = (self.clone(), Running::default());
        let ending = running.clone();
        let read = move || {
            readers.state.refuse_displaced(readers.source.path())?;
            let idle = readers.lock().pop();
            let connection = idle.map_or_else(|| readers.connect(), Ok)?;
            let handle = readers.limit.map(|_| connection.interrupt_handle());
            *running.lock() = handle.map(|handle| (handle, Instant::now()));
            let found = read(&connection);
            *running.lock() = None;
            readers.lock().push(connection);
            found
        };
        let reading = self.read_in_place(read);
        let Some(limit) = self.limit else {
            return reading.await;
        };
        tokio::pin!(reading);
        let mut patience = limit;
        loop {
            match tokio::time::timeout(patience, &mut reading).await {
                Ok(found) => return found,
                // It may wait for its connection still.
                Err(_) => patience = ending.end_after(limit),
            }
        }
    }

    async fn read_in_place<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        // The place belongs to the query, and those who wait have a task: a caller that is not polled for a while must not keep a
        // place, or be given one, that the others wait for.
        let reading = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => tokio::task::spawn_blocking(move || in_place(place, read)),
            Err(TryAcquireError::Closed) => return Err(Error::Unavailable(None)),
            Err(TryAcquireError::NoPermits) => {
                let places = Arc::clone(&self.places);
                let waiting = async move {
                    let place = places.acquire_owned().await;
                    let place = place.map_err(|_| Error::Unavailable(None))?;
                    let reading = tokio::task::spawn_blocking(move || in_place(place, read));
                    reading.await.unwrap_or(Err(Error::Panicked))
                };
                #[expect(
                    clippy::disallowed_methods,
                    reason = "it ends with its caller, or with its query"
                )]
                let waiting = AbortOnDropHandle::new(tokio::spawn(waiting));
                return waiting.await.unwrap_or(Err(Error::Panicked));
            }
        };
        reading.await.unwrap_or(Err(Error::Panicked))
    }

    /// Waits for running queries, and closes all connections.
    pub async fn close(&self) {
        let all = self
            .places
            .acquire_many(u32::try_from(MOST).unwrap_or(u32::MAX))
            .await;
        self.places.close();
        drop(all);
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

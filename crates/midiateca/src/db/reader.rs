//! A few connections that only read, each used by one caller at a time, away from the async threads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::connection::{Access, Connection};
use super::{Error, Row, Value};

const MOST: usize = 4;

#[derive(Clone)]
pub(super) struct Readers {
    path: Arc<PathBuf>,
    busy_timeout: Duration,
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub fn new(path: PathBuf, busy_timeout: Duration) -> Self {
        Self {
            path: Arc::new(path),
            busy_timeout,
            idle: Arc::default(),
            places: Arc::new(Semaphore::new(MOST)),
        }
    }

    /// All rows of a query, from a snapshot of what is committed.
    pub async fn rows(
        &self,
        sql: impl AsRef<str> + Send + 'static,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        let _place = self
            .places
            .acquire()
            .await
            .map_err(|_| Error::Unavailable(None))?;
        let readers = self.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let idle = readers.lock().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => Connection::open(&readers.path, Access::Read, readers.busy_timeout)?,
            };
            let rows = connection.rows(sql.as_ref(), &values);
            readers.lock().push(connection);
            rows
        });
        reading.await.unwrap_or(Err(Error::Panicked))
    }

    /// Waits for what is under way, and closes all.
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

//! A few connections that only read, each used by one caller at a time.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::address::Address;
use super::error::is_lost;
use super::session::{Session, Use};
use crate::db::{Error, Row, Value};

const MOST: usize = 4;

#[derive(Clone)]
pub(in crate::db) struct Readers {
    pool: Arc<Pool>,
    /// How long a query may run.
    limit: Option<Duration>,
}

struct Pool {
    address: Address,
    idle: Mutex<Vec<Session>>,
    places: Semaphore,
}

impl Readers {
    pub fn new(address: Address) -> Self {
        Self {
            pool: Arc::new(Pool {
                address,
                idle: Mutex::default(),
                places: Semaphore::new(MOST),
            }),
            limit: None,
        }
    }

    pub fn address(&self) -> &Address {
        &self.pool.address
    }

    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// All rows of a query, from a snapshot of the committed state.
    pub async fn rows(
        &self,
        sql: Cow<'static, str>,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        let found = self.rows_each(sql, vec![values]).await?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// All rows of a query for each of `sets` of values.
    pub async fn rows_each(
        &self,
        sql: Cow<'static, str>,
        sets: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let (pool, limit) = (Arc::clone(&self.pool), self.limit);
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with its caller: one that is not polled for a while keeps no connection from others"
        )]
        let reading = tokio::spawn(async move { pool.read(&sql, &sets, limit).await });
        let reading = AbortOnDropHandle::new(reading);
        reading.await.unwrap_or(Err(Error::Panicked))
    }

    /// Waits for running queries, and closes all connections.
    pub async fn close(&self) {
        let most = u32::try_from(MOST).unwrap_or(u32::MAX);
        let all = self.pool.places.acquire_many(most).await;
        self.pool.places.close();
        drop(all);
        let idle = std::mem::take(&mut *self.pool.lock());
        for session in idle {
            session.close().await;
        }
    }
}

impl Pool {
    async fn read(
        &self,
        sql: &str,
        sets: &[Vec<Value>],
        limit: Option<Duration>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let place = self.places.acquire().await;
        let _place = place.map_err(|_| Error::Unavailable(None))?;
        while let Some(session) = self.take() {
            let found = self.read_with(session, sql, sets, limit).await;
            match found {
                // The server may have restarted since the connection was last used.
                Err(error) if is_lost(&error) => {}
                found => return found,
            }
        }
        let session = Session::connect(&self.address, Use::Read).await?;
        self.read_with(session, sql, sets, limit).await
    }

    async fn read_with(
        &self,
        session: Session,
        sql: &str,
        sets: &[Vec<Value>],
        limit: Option<Duration>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let found = {
            let reading = try_join_all(sets.iter().map(|set| session.rows(sql, set)));
            match limit {
                None => Some(reading.await),
                Some(limit) => tokio::time::timeout(limit, reading).await.ok(),
            }
        };
        let Some(found) = found else {
            // The connection is given up, and with it the query, which must not run on.
            session.cancel(&self.address).await;
            return Err(Error::TooSlow);
        };
        if !session.is_closed() && !found.as_ref().is_err_and(is_lost) {
            self.lock().push(session);
        }
        found
    }

    /// An idle connection that is not known to be lost.
    fn take(&self) -> Option<Session> {
        let mut idle = self.lock();
        idle.retain(|session| !session.is_closed());
        idle.pop()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

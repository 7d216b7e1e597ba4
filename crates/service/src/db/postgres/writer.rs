//! The writer of a node: groups of writes in one transaction, whose lanes overlap on one connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};

use super::address::Address;
use super::error::is_lost;
use super::lanes::{Alone, lanes, locks, space};
use super::session::{Session, Use};
use crate::db::committer::{LARGEST_GROUP, Order, Waiting, take};
use crate::db::{EngineError, Error, Found, Side, Tx};

/// How often a group is run again because of other transactions.
const REPEATS: u32 = 3;
/// The longest pause before that; the pauses are random.
const LONGEST_PAUSE_MS: u64 = 20;
/// How soon after a failed attempt to connect the next one is made.
const RECONNECT_AFTER: Duration = Duration::from_millis(200);

pub(in crate::db) struct Writer {
    address: Address,
    identity: String,
    /// The first number of all locks.
    space: i32,
    session: Option<Arc<Session>>,
    /// The last failure to connect.
    failed: Option<(Instant, Error)>,
}

impl Writer {
    pub fn new(address: Address, identity: String) -> Self {
        Self {
            space: space(&identity),
            address,
            identity,
            session: None,
            failed: None,
        }
    }

    pub async fn commit_groups(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        appends: watch::Sender<u64>,
    ) {
        let mut group: Vec<Waiting> = Vec::with_capacity(LARGEST_GROUP);
        let mut is_open = true;
        while let Some(turn) = take(&mut orders, &mut group, is_open).await {
            is_open = !turn.closes;
            let mut waiting = std::mem::take(&mut group);
            while !waiting.is_empty() {
                let rest = waiting.split_off(first_group(&waiting));
                let has_events = self.commit(waiting).await;
                if has_events {
                    appends.send_modify(|count| *count += 1);
                }
                waiting = rest;
            }
            for answer in turn.checks {
                let _ = answer.send(self.verify().await);
            }
            for answer in turn.compactions {
                let _ = answer.send(self.compact().await);
            }
            for answer in turn.folds {
                // The server writes its log back by itself.
                let _ = answer.send(self.verify().await.map(|()| true));
            }
        }
        self.disconnect().await;
    }

    async fn disconnect(&mut self) {
        let session = self.session.take().and_then(Arc::into_inner);
        if let Some(session) = session {
            session.close().await;
        }
    }

    /// The connection, a new one if it was lost.
    async fn connected(&mut self) -> Result<Arc<Session>, Error> {
        if let Some(session) = self.session.take_if(|session| !session.is_closed()) {
            self.session = Some(Arc::clone(&session));
            return Ok(session);
        }
        if let Some((at, error)) = &self.failed
            && at.elapsed() < RECONNECT_AFTER
        {
            return Err(error.clone());
        }
        let connected = Session::connect(&self.address, Use::Write).await;
        let connected = match connected {
            Ok(session) => self.is_ours(&session).await.map(|()| Arc::new(session)),
            Err(error) => Err(error),
        };
        let session = connected.inspect_err(|error| {
            self.failed = Some((Instant::now(), error.clone()));
        })?;
        self.failed = None;
        self.session = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Refuses another database at the address.
    async fn is_ours(&self, session: &Session) -> Result<(), Error> {
        let rows = session.rows("select id from identity", &[]).await;
        let displaced = |found| Error::Displaced {
            path: self.address.to_string().into(),
            found,
        };
        match rows {
            Ok(rows) => match rows.first().map(|row| row.text("id")).transpose()? {
                Some(id) if id == self.identity => Ok(()),
                _ => Err(displaced(Found::Other)),
            },
            Err(error) if error.is_unavailable() => Err(error),
            Err(_) => Err(displaced(Found::Missing)),
        }
    }

    async fn verify(&mut self) -> Result<(), Error> {
        let session = self.connected().await?;
        match self.is_ours(&session).await {
            Err(error) if is_lost(&error) => {
                self.session = None;
                let session = self.connected().await?;
                self.is_ours(&session).await
            }
            checked => checked,
        }
    }

    /// Makes the space of deleted rows free for others, so that they are overwritten.
    async fn compact(&mut self) -> Result<(), Error> {
        let session = Session::connect(&self.address, Use::Write).await?;
        session.batch("set statement_timeout = 0").await?;
        let sql = "select tablename as name from pg_tables where schemaname = current_schema()";
        for row in session.rows(sql, &[]).await? {
            session
                .batch(&format!("vacuum \"{}\"", row.text("name")?))
                .await?;
        }
        session.close().await;
        Ok(())
    }

    /// Commits the group together. If one of its writes fails for its own reason, each is committed alone. Whether there
    /// was deferred work.
    async fn commit(&mut self, mut group: Vec<Waiting>) -> bool {
        match self.attempt(&mut group).await {
            Ok(has_events) => {
                group.into_iter().for_each(|it| it.work.settle(Ok(())));
                has_events
            }
            Err(error) if error.is_unavailable() || group.len() == 1 => {
                let settle = |it: Waiting| it.work.settle(Err(error.clone()));
                group.into_iter().for_each(settle);
                false
            }
            Err(_) => {
                let mut has_events = false;
                for mut it in group {
                    let outcome = self.attempt(std::slice::from_mut(&mut it)).await;
                    has_events |= matches!(outcome, Ok(true));
                    it.work.settle(outcome.map(drop));
                }
                has_events
            }
        }
    }

    /// Ok: the group is committed. Runs it again when another transaction was in the way, or when the connection was lost
    /// before the group began.
    async fn attempt(&mut self, group: &mut [Waiting]) -> Result<bool, Error> {
        let keys: Vec<_> = group.iter().map(|it| Alone::with(&it.key)).collect();
        let (locks, lanes) = (locks(self.space, &keys), lanes(&keys));
        let mut repeats = 0;
        loop {
            let session = self.connected().await?;
            if let Err(error) = session.begin(&locks).await {
                if !session.is_closed() && !is_lost(&error) {
                    let _ = session.batch("rollback").await;
                    return Err(error);
                }
                self.session = None;
                if repeats < REPEATS {
                    repeats += 1;
                    continue;
                }
                return Err(error);
            }
            let ran = run_all(&session, group, &lanes).await;
            let committed = match ran {
                Ok(has_events) => session.commit().await.map(|()| has_events),
                Err(error) => Err(error),
            };
            let Err(error) = committed else {
                return committed;
            };
            let is_gone = session.is_closed() || is_lost(&error);
            if is_gone || session.batch("rollback").await.is_err() {
                self.session = None;
            }
            if !matches!(error, Error::Conflict(_)) || repeats == REPEATS {
                return Err(error);
            }
            repeats += 1;
            let pause = Duration::from_millis(rand::random_range(1..=LONGEST_PAUSE_MS));
            tokio::time::sleep(pause).await;
        }
    }
}

/// The number of writes that the first group may have: a write that must be alone with everything has a group of its own.
fn first_group(waiting: &[Waiting]) -> usize {
    let is_alone = |it: &Waiting| Alone::with(&it.key) == Alone::Everything;
    let first = waiting.iter().position(is_alone);
    first.map_or(waiting.len(), |at| at.max(1))
}

/// Runs the lanes side by side, and then the deferred work in order. Whether there was any.
async fn run_all(
    session: &Arc<Session>,
    group: &mut [Waiting],
    lanes: &[Vec<usize>],
) -> Result<bool, Error> {
    let mut places: Vec<Option<&mut Waiting>> = group.iter_mut().map(Some).collect();
    let runs = lanes.iter().map(|lane| {
        let writes: Vec<_> = lane
            .iter()
            .filter_map(|at| Some((*at, places[*at].take()?)))
            .collect();
        run_lane(session, writes)
    });
    let runs: Vec<_> = runs.collect();
    let (mut first, mut ended) = (None, Vec::new());
    for outcome in join_all(runs).await {
        match outcome {
            Ok(of_lane) => ended.extend(of_lane),
            Err(error) => first = Some(worse(first, error)),
        }
    }
    if let Some(error) = first {
        return Err(error);
    }
    ended.sort_unstable_by_key(|(at, _)| *at);
    let deferred: Vec<_> = ended.into_iter().flat_map(|(_, work)| work).collect();
    let has_deferred = !deferred.is_empty();
    // They overlap too, and their first statements are sent in this order.
    let runs = deferred.into_iter().map(async |work| {
        let mut tx = Tx::new(Side::Postgres(Arc::clone(session)));
        let ran = std::panic::AssertUnwindSafe(work(&mut tx));
        ran.catch_unwind().await.unwrap_or(Err(Error::Panicked))
    });
    let mut first = None;
    for outcome in join_all(runs).await {
        if let Err(error) = outcome {
            first = Some(worse(first, error));
        }
    }
    first.map_or(Ok(has_deferred), Err)
}

/// Runs writes one after the other. Their deferred work, by their positions.
async fn run_lane(
    session: &Arc<Session>,
    writes: Vec<(usize, &mut Waiting)>,
) -> Result<Vec<(usize, Vec<crate::db::DeferredWork>)>, Error> {
    let mut deferred = Vec::new();
    for (at, it) in writes {
        let mut tx = Tx::new(Side::Postgres(Arc::clone(session)));
        // A panic in one write must not end the committer.
        let ran = std::panic::AssertUnwindSafe(it.work.run(&mut tx));
        ran.catch_unwind().await.unwrap_or(Err(Error::Panicked))?;
        deferred.push((at, tx.deferred));
    }
    Ok(deferred)
}

/// The one of two errors of a transaction that is the cause.
fn worse(first: Option<Error>, second: Error) -> Error {
    match first {
        None => second,
        Some(first) if is_consequence(&first) => second,
        Some(first) => first,
    }
}

fn is_consequence(error: &Error) -> bool {
    matches!(error, Error::Statement(EngineError::Postgres(error)) if error.is_consequence())
}

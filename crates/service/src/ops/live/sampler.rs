//! Reads what is wanted, and sends it.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::read::{self, Cursor};
use super::{Deps, Error, LiveFilter, LiveSource, Options, Update};
use crate::db::{self, Db};
use crate::disk::FileId;

const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(500);
const COUNTS_INTERVAL: Duration = Duration::from_secs(2);
/// Counts that took this long are read again after this many times as long.
const COUNTS_SHARE: u32 = 20;

pub struct Sampler {
    deps: Deps,
    source: watch::Sender<LiveSource>,
    file: Option<FileId>,
    options: watch::Receiver<Options>,
    updates: mpsc::Sender<Update>,
    cursor: Option<Cursor>,
    counting: Option<Counting>,
}

struct Counting {
    filter: LiveFilter,
    /// When the next counts may be read; none while these are.
    next_at: watch::Receiver<Option<Instant>>,
}

impl Sampler {
    pub fn new(
        deps: Deps,
        source: LiveSource,
        options: watch::Receiver<Options>,
        updates: mpsc::Sender<Update>,
    ) -> Self {
        Self {
            file: deps.database().and_then(|path| FileId::at(&path)),
            deps,
            source: watch::Sender::new(source),
            options,
            updates,
            cursor: None,
            counting: None,
        }
    }

    /// The open database and storage: another database file may take the place of the first one.
    pub fn source(&self) -> watch::Receiver<LiveSource> {
        self.source.subscribe()
    }

    /// Runs until the shutdown begins or the options are dropped, then closes the database.
    pub async fn run(mut self) {
        let tasks = self.deps.tasks.clone();
        loop {
            let options = self.options.borrow_and_update().clone();
            if let Err(error) = self.sample(&options).await {
                self.send(Update::Failed(error)).await;
            }
            tokio::select! {
                biased;
                () = tasks.begun() => break,
                changed = self.options.changed() => if changed.is_err() { break },
                () = tokio::time::sleep(SNAPSHOT_INTERVAL) => {}
            }
        }
        self.current().db.close().await;
    }

    fn current(&self) -> LiveSource {
        self.source.borrow().clone()
    }

    async fn sample(&mut self, options: &Options) -> Result<(), Error> {
        self.follow_file().await?;
        let source = self.current();
        if let Some(id) = &options.opened {
            let opened = read::opened(&source.db, id).await?;
            self.send(Update::Opened(Box::new(opened))).await;
        }
        let cursor = self.cursor.as_ref();
        let is_known = cursor.is_some_and(|cursor| cursor.is_of(&options.filter));
        self.count_if_due(&source.db, options);
        if options.is_paused && is_known {
            return Ok(());
        }
        let snapshot =
            read::snapshot(&self.deps, &source, &options.filter, &mut self.cursor).await?;
        self.send(Update::Snapshot(Box::new(snapshot))).await;
        Ok(())
    }

    /// Opens the file that replaced the open one, such as a restored backup.
    async fn follow_file(&mut self) -> Result<(), Error> {
        // A server stays the same at its address.
        let Some(path) = self.deps.database() else {
            return Ok(());
        };
        let Some(found) = FileId::at(&path) else {
            return Err(Error::Missing { path });
        };
        if self.file.as_ref() == Some(&found) {
            return Ok(());
        }
        let busy_timeout = self.deps.config.database.busy_timeout.duration();
        let opened = match Db::open_existing(&path, busy_timeout).await {
            Err(error) if error.displaced() == Some(db::Found::Missing) => {
                return Err(Error::Missing { path });
            }
            opened => opened?,
        };
        let before = self.current();
        self.source.send_replace(LiveSource {
            storage: before.storage.of_database(opened.identity()),
            db: opened,
        });
        before.db.close().await;
        (self.file, self.cursor, self.counting) = (Some(found), None, None);
        Ok(())
    }

    /// Counts in a task of its own, so that the snapshots do not wait for it.
    fn count_if_due(&mut self, db: &Db, options: &Options) {
        let filter = &options.filter;
        let is_due = self.counting.as_ref().is_none_or(|counting| {
            let is_other = !counting.filter.counts_like(filter);
            let next_at = *counting.next_at.borrow();
            next_at.is_some_and(|at| is_other || !options.is_paused && Instant::now() >= at)
        });
        if !is_due {
            return;
        }
        let (done, next_at) = watch::channel(None);
        self.counting = Some(Counting {
            filter: filter.clone(),
            next_at,
        });
        let (db, filter, updates) = (db.clone(), filter.clone(), self.updates.clone());
        let now = self.deps.clock.now();
        self.deps.tasks.spawn(async move {
            let began = Instant::now();
            let counts = read::counts(&db, filter, now).await;
            let pause = COUNTS_INTERVAL.max(began.elapsed() * COUNTS_SHARE);
            done.send_replace(Some(Instant::now() + pause));
            let update = match counts {
                Ok(counts) => Update::Counts(Box::new(counts)),
                Err(error) => Update::Failed(error.into()),
            };
            // Fails when the receiver has ended.
            let _ = updates.send(update).await;
        });
    }

    async fn send(&self, update: Update) {
        let _ = self.updates.send(update).await;
    }
}

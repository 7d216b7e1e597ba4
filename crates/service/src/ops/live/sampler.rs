//! Reads what is wanted, and sends it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::read::{self, Cursor, FileIdentity};
use super::{Error, LiveFilter, Options, Update};
use crate::app::{self, Allowed, AllowedStorage, App};
use crate::clock::Clock;
use crate::shutdown::Shutdown;

const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(500);
const COUNTS_INTERVAL: Duration = Duration::from_secs(2);
/// Counts that took this long are read again after this many times as long.
const COUNTS_SHARE: u32 = 20;

pub struct Sampler {
    app: watch::Sender<Arc<App>>,
    tasks: Shutdown,
    file: Option<FileIdentity>,
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
    /// Reads from `app`, and runs as its task.
    pub fn new(
        app: Arc<App>,
        options: watch::Receiver<Options>,
        updates: mpsc::Sender<Update>,
    ) -> Self {
        Self {
            file: read::file_identity(&app.config.database_file(&app.data)),
            tasks: app.shutdown.clone(),
            app: watch::Sender::new(app),
            options,
            updates,
            cursor: None,
            counting: None,
        }
    }

    /// What is open now: another database file may take the place of the one that was.
    pub fn app(&self) -> watch::Receiver<Arc<App>> {
        self.app.subscribe()
    }

    /// Runs until the shutdown begins or the options are dropped, then closes the database.
    pub async fn run(mut self) {
        let tasks = self.tasks.clone();
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

    fn current(&self) -> Arc<App> {
        Arc::clone(&self.app.borrow())
    }

    async fn sample(&mut self, options: &Options) -> Result<(), Error> {
        self.follow_file().await?;
        let app = self.current();
        if let Some(id) = &options.opened {
            let opened = read::opened(&app, id).await?;
            self.send(Update::Opened(Box::new(opened))).await;
        }
        let cursor = self.cursor.as_ref();
        let is_known = cursor.is_some_and(|cursor| cursor.is_of(&options.filter));
        self.count_if_due(&app, options);
        if options.is_paused && is_known {
            return Ok(());
        }
        let snapshot = read::snapshot(&app, &options.filter, &mut self.cursor).await?;
        self.send(Update::Snapshot(Box::new(snapshot))).await;
        Ok(())
    }

    /// Opens the file that replaced the open one, such as a restored backup.
    async fn follow_file(&mut self) -> Result<(), Error> {
        let before = self.current();
        let path = before.config.database_file(&before.data);
        let Some(found) = read::file_identity(&path) else {
            return Err(Error::Missing { path });
        };
        if self.file.as_ref() == Some(&found) {
            return Ok(());
        }
        // Opening would create a database in an empty file.
        if app::look_for_database(&before.data, &before.config).map_err(app::Error::from)? {
            return Err(Error::Missing { path });
        }
        let allowed = Allowed {
            storage: AllowedStorage::Unused,
            ..Allowed::default()
        };
        let config = before.config.clone();
        let app = App::open_allowing(&before.data, config, Clock::system(), allowed).await?;
        self.app.send_replace(app);
        before.db.close().await;
        (self.file, self.cursor, self.counting) = (Some(found), None, None);
        Ok(())
    }

    /// Counts in a task of its own, so that the snapshots do not wait for it.
    fn count_if_due(&mut self, app: &Arc<App>, options: &Options) {
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
        let (app, filter, updates) = (Arc::clone(app), filter.clone(), self.updates.clone());
        self.tasks.spawn(async move {
            let began = Instant::now();
            let counts = read::counts(&app, filter).await;
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

//! What is read from the database while somebody watches, and when. A glance twice a second; a census every other
//! second, or less often where it takes long, so that watching never costs more than a small part of the machine.
//! A database that is locked or gone is told of, and read again when it is back.

mod read;

pub(super) use read::{MOST_EVENTS, identity};

use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::cli::complaint;
use crate::cli::context::Context;
use crate::cli::language::Language;
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::clock::Millis;
use midiateca_service::db;
use midiateca_service::events::Event;
use midiateca_service::instances::Instance;
use midiateca_service::media::counts::{StatusCount, WaitingCount};
use midiateca_service::media::{Media, RecordedAttempt};
use midiateca_service::model::{MediaId, MediaKind};
use midiateca_service::ops::retry::{self, Retried};
use midiateca_service::shutdown::Shutdown;
use midiateca_service::worker::Paused;

const EVERY: Duration = Duration::from_millis(500);
const CENSUS_EVERY: Duration = Duration::from_secs(2);
/// A census that took so long is taken again after this many times as long.
const CENSUS_SHARE: u32 = 20;

/// How a media's round ended, as a filter of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Stored,
    Failed,
    Expired,
    Postponed,
}

impl Outcome {
    pub const ALL: [Self; 4] = [Self::Stored, Self::Failed, Self::Expired, Self::Postponed];

    /// The name of its events.
    pub fn event(self) -> &'static str {
        match self {
            Self::Stored => "media.stored",
            Self::Failed => "media.failed",
            Self::Expired => "media.expired",
            Self::Postponed => "media.postponed",
        }
    }

    pub fn of_event(kind: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.event() == kind)
    }
}

/// What is to be shown; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub instance: Option<String>,
    pub kind: Option<MediaKind>,
    pub outcome: Option<Outcome>,
}

impl Filter {
    /// Whether the same is counted for both: the outcome is not counted by.
    pub fn counts_like(&self, other: &Self) -> bool {
        (&self.instance, self.kind) == (&other.instance, other.kind)
    }
}

/// What whoever watches wants to see now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub filter: Filter,
    pub is_paused: bool,
    /// The media whose attempts are looked at.
    pub opened: Option<MediaId>,
}

/// A media that is downloading.
#[derive(Clone, Debug)]
pub(super) struct Download {
    pub id: MediaId,
    pub instance: String,
    pub kind: MediaKind,
    /// The declared name; a stranger's text.
    pub file_name: Option<String>,
    /// None before its first second.
    pub fetched_bytes: Option<u64>,
    pub declared_length: Option<u64>,
}

impl Download {
    fn of(media: Media) -> Self {
        Self {
            id: media.id,
            instance: media.instance.0,
            kind: media.kind,
            file_name: media.file_name,
            fetched_bytes: media.fetched_bytes,
            declared_length: media.declared_length,
        }
    }
}

/// What changes all the time.
#[derive(Clone, Default)]
pub(super) struct Glance {
    pub at: Millis,
    pub filter: Filter,
    pub is_served: bool,
    /// Why no download begins, where the disk is the reason.
    pub stopped: Option<Paused>,
    pub instances: Vec<Instance>,
    pub in_flight: Vec<Download>,
    /// The newest first: all that is kept of them, or those that are new.
    pub events: Vec<Event>,
    /// Whether `events` takes the place of those that are known.
    pub is_whole: bool,
}

/// What is counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Census {
    pub filter: Filter,
    pub standing: Vec<StatusCount>,
    pub waiting: Vec<WaitingCount>,
    /// Media that came in each minute of the last hour: minutes of the Unix epoch.
    pub minutes: Vec<(i64, u64)>,
    /// Events of the last hour, by their kind.
    pub hour: Vec<(String, u64)>,
}

/// One media from near.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub id: MediaId,
    /// Nothing when no such media is known.
    pub media: Option<Value>,
    pub attempts: Vec<RecordedAttempt>,
}

/// Why nothing new can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The file is not there.
    Gone(PathBuf),
    /// It does not answer; what was said of it.
    Refused(String),
}

/// News for the screen.
pub(super) enum Update {
    Glance(Box<Glance>),
    Census(Box<Census>),
    Opened(Box<Opened>),
    /// What became of a media that was to be tried again, in the words of `retry`, or why that cannot be told.
    Retried(MediaId, Result<Retried, String>),
    Trouble(Trouble),
}

/// Reads what is wanted, and says it.
pub(super) struct Sampler {
    context: Context,
    app: Arc<App>,
    tasks: Shutdown,
    file: Option<read::Identity>,
    wanted: watch::Receiver<Wanted>,
    retries: mpsc::Receiver<MediaId>,
    updates: mpsc::Sender<Update>,
    cursor: Option<read::Cursor>,
    census: Option<CensusUnderWay>,
}

struct CensusUnderWay {
    filter: Filter,
    /// When the next one may begin; nothing while it runs.
    ended: watch::Receiver<Option<Instant>>,
}

impl Sampler {
    /// Reads from `app`, whose task it will be.
    pub fn new(
        context: Context,
        app: Arc<App>,
        wanted: watch::Receiver<Wanted>,
        retries: mpsc::Receiver<MediaId>,
        updates: mpsc::Sender<Update>,
    ) -> Self {
        Self {
            file: read::identity(&context.config.database_file(&context.data)),
            tasks: app.shutdown.clone(),
            context,
            app,
            wanted,
            retries,
            updates,
            cursor: None,
            census: None,
        }
    }

    /// Runs until the shutdown begins or nobody listens, then closes the database.
    pub async fn run(mut self) {
        let tasks = self.tasks.clone();
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            if let Err(trouble) = self.sample(&wanted).await {
                self.tell(Update::Trouble(trouble)).await;
            }
            tokio::select! {
                biased;
                () = tasks.begun() => break,
                Some(id) = self.retries.recv() => self.retry(id),
                changed = self.wanted.changed() => if changed.is_err() { break },
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        self.app.db.close().await;
    }

    async fn sample(&mut self, wanted: &Wanted) -> Result<(), Trouble> {
        self.make_sure_of_the_file().await?;
        if let Some(id) = &wanted.opened {
            let opened = read::opened(&self.app, id)
                .await
                .map_err(|error| refused(error, self.context.lang))?;
            self.tell(Update::Opened(Box::new(opened))).await;
        }
        let is_known = self
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.is_of(&wanted.filter));
        self.begin_census(wanted);
        if wanted.is_paused && is_known {
            return Ok(());
        }
        let glance = read::glance(&self.app, &wanted.filter, &mut self.cursor);
        let glance = glance
            .await
            .map_err(|error| refused(error, self.context.lang))?;
        self.tell(Update::Glance(Box::new(glance))).await;
        Ok(())
    }

    /// A file that was put in the place of the one that is open is opened in its stead.
    async fn make_sure_of_the_file(&mut self) -> Result<(), Trouble> {
        let path = self.context.config.database_file(&self.context.data);
        let found = read::identity(&path).ok_or(Trouble::Gone(path))?;
        if self.file.as_ref() == Some(&found) {
            return Ok(());
        }
        let app = self
            .context
            .open_existing_allowing(AllowedStorage::Unused)
            .await;
        let app = app
            .map_err(|error| Trouble::Refused(complaint::why(error.as_ref(), self.context.lang)))?;
        let before = std::mem::replace(&mut self.app, app);
        before.db.close().await;
        (self.file, self.cursor, self.census) = (Some(found), None, None);
        Ok(())
    }

    /// Counts beside, so that nothing else waits for it.
    fn begin_census(&mut self, wanted: &Wanted) {
        let filter = &wanted.filter;
        let is_due = self.census.as_ref().is_none_or(|census| {
            let is_other = !census.filter.counts_like(filter);
            let next = *census.ended.borrow();
            next.is_some_and(|next| is_other || !wanted.is_paused && Instant::now() >= next)
        });
        if !is_due {
            return;
        }
        let (end, ended) = watch::channel(None);
        self.census = Some(CensusUnderWay {
            filter: filter.clone(),
            ended,
        });
        let (app, filter, updates) = (Arc::clone(&self.app), filter.clone(), self.updates.clone());
        let lang = self.context.lang;
        self.tasks.spawn(async move {
            let began = Instant::now();
            let census = read::census(&app, filter).await;
            let pause = CENSUS_EVERY.max(began.elapsed() * CENSUS_SHARE);
            end.send_replace(Some(Instant::now() + pause));
            let update = match census {
                Ok(census) => Update::Census(Box::new(census)),
                Err(error) => Update::Trouble(refused(error, lang)),
            };
            // Nobody listens any more when the screen has ended.
            let _ = updates.send(update).await;
        });
    }

    /// Beside, for a write may have to wait for somebody who holds the database.
    fn retry(&self, id: MediaId) {
        let (app, updates) = (Arc::clone(&self.app), self.updates.clone());
        let lang = self.context.lang;
        self.tasks.spawn(async move {
            let outcome = retry::retry(&app.db, &app.vault, &app.clock, &id, false).await;
            let outcome = outcome.map_err(|error| complaint::why(&error, lang));
            let _ = updates.send(Update::Retried(id, outcome)).await;
        });
    }

    async fn tell(&self, update: Update) {
        let _ = self.updates.send(update).await;
    }
}

fn refused(error: db::Error, lang: Language) -> Trouble {
    Trouble::Refused(complaint::why(&error, lang))
}

//! Queues media again, with the whole backoff schedule before them.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::selection::Recorded;
use super::{Progress, Selection};
use crate::access::Actor;
use crate::access::audit::{self, Action, NewEntry};
use crate::clock::Clock;
use crate::db::{Db, Error, Key};
use crate::media::{self, Media};
use crate::model::{MediaId, MediaStatus, Reason};
use crate::queue;
use crate::shutdown::CancellationToken;
use crate::storage::Storage;

#[derive(Clone, Debug)]
pub struct Options {
    /// Media that a retention rule deleted are left out, unless its filter names a reason.
    pub selection: Selection,
    /// Only report what would be queued.
    pub dry_run: bool,
    pub actor: Actor,
}

/// The result for one media. In a dry run, what the result would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retried {
    Queued,
    /// It is stored, but its file is missing or of another length.
    QueuedFileMissing,
    AlreadyStored,
    /// A worker is downloading it.
    Downloading,
    /// It was erased on request.
    Erased,
    /// Its status changed in this moment.
    Skipped,
    NotFound,
}

impl Retried {
    fn is_queued(self) -> bool {
        matches!(self, Self::Queued | Self::QueuedFileMissing)
    }
}

pub type Item = super::selection::Item<Retried>;

/// Counts of one run.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Report {
    pub queued: u64,
    /// All that were found and not queued.
    pub skipped: u64,
    pub not_found: u64,
    pub dry_run: bool,
    /// It was cancelled before its end.
    pub stopped: bool,
}

impl Report {
    fn count(&mut self, result: Retried) {
        let count = match result {
            Retried::Queued | Retried::QueuedFileMissing => &mut self.queued,
            Retried::AlreadyStored | Retried::Downloading | Retried::Erased | Retried::Skipped => {
                &mut self.skipped
            }
            Retried::NotFound => &mut self.not_found,
        };
        *count += 1;
    }
}

/// Queues what may be queued. Progress counts media.
pub async fn run(
    db: &Db,
    storage: &Storage,
    clock: &Clock,
    options: Options,
    progress: Arc<dyn Progress<Item>>,
    cancelled: CancellationToken,
) -> Result<Report, Error> {
    let mut report = Report {
        dry_run: options.dry_run,
        ..Report::default()
    };
    // A media that a rule deleted would be downloaded only for the next sweep to delete it again.
    let names_a_reason = options.selection.filter.reason.is_some();
    let accepts = |media: &Media| names_a_reason || media.reason != Some(Reason::Retention);
    let act = async |id: &MediaId| retry(db, storage, clock, id, options.dry_run).await;
    let recorded = (!options.dry_run).then_some(Recorded {
        clock,
        actor: &options.actor,
        action: Action::Retry,
    });
    let selection = options.selection;
    let run = selection.for_each(db, recorded, accepts, act, &*progress, &cancelled);
    let (results, stopped) = run.await?;
    report.stopped = stopped;
    results.into_iter().for_each(|result| report.count(result));
    Ok(report)
}

/// Queues one media.
pub async fn one(
    db: &Db,
    storage: &Storage,
    clock: &Clock,
    actor: &Actor,
    id: &MediaId,
) -> Result<Retried, Error> {
    let client = media::find(db, id).await?.map(|media| media.client);
    let result = retry(db, storage, clock, id, false).await?;
    let entry = NewEntry::new(Action::Retry, client, json!({"result": result}));
    audit::record(db, clock, actor, entry.media(id.as_str())).await?;
    Ok(result)
}

async fn retry(
    db: &Db,
    storage: &Storage,
    clock: &Clock,
    id: &MediaId,
    dry_run: bool,
) -> Result<Retried, Error> {
    let Some(media) = media::find(db, id).await? else {
        return Ok(Retried::NotFound);
    };
    let result = expected(storage, &media).await;
    if dry_run || !result.is_queued() {
        return Ok(result);
    }
    let (id, now) = (id.clone(), clock.now());
    let requeued = db.write(Key::media(id.as_str()), async move |tx| {
        if result == Retried::QueuedFileMissing {
            queue::requeue_lost(tx, &id, now).await
        } else {
            queue::requeue(tx, &id, now).await
        }
    });
    Ok(if requeued.await? {
        result
    } else {
        Retried::Skipped
    })
}

/// Whether a retry of this media would queue it.
pub async fn is_offered(storage: &Storage, media: &Media) -> bool {
    expected(storage, media).await.is_queued()
}

/// The result of a retry, unless the status changes before.
async fn expected(storage: &Storage, media: &Media) -> Retried {
    match media.status {
        MediaStatus::Downloading => Retried::Downloading,
        _ if media.is_erased() => Retried::Erased,
        MediaStatus::Stored if has_file(storage, media).await => Retried::AlreadyStored,
        MediaStatus::Stored => Retried::QueuedFileMissing,
        _ => Retried::Queued,
    }
}

/// Whether the file of a stored media is in its place with its length.
async fn has_file(storage: &Storage, media: &Media) -> bool {
    let (path, size) = (media.path().map(str::to_owned), media.size);
    let Some((path, size)) = path.zip(size) else {
        return false;
    };
    let looking = move |storage: &Storage| storage.is_in_place(&path, size);
    storage.blocking(looking).await
}

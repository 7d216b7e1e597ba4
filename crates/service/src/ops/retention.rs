//! Retention rules: deletes the files that the operator's rules no longer keep, then the records that are older than
//! they are kept.
//!
//! Files under a legal hold stay, and are counted.
//!
//! Everything is computed from stored times in each run, so nothing depends on a timer that a restart loses. A file is
//! deleted before its row says so: the next run records what an interrupted one deleted.

pub(super) mod derived;
mod records;

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::{FileDeps, Progress, holds};
use crate::access::Actor;
use crate::access::audit::{self, Action, NewEntry};
use crate::clock::Millis;
use crate::config::{self, DeletedForEveryone, Rule, Size};
use crate::coordination::checkpoint::Checkpoint;
use crate::coordination::{self, Maintenance};
use crate::db::{self, Db, Key, Tx};
use crate::events::facts::{Fact, MediaRemoved};
use crate::events::{self, News};
use crate::media::{Removal, StoredFile};
use crate::model::{MediaId, MediaKind, MediaStatus, Reason};
use crate::queue::deletions;
use crate::shutdown::CancellationToken;
use crate::storage::layout::RelativePath;
use crate::storage::{self, DerivedFrom, Index, Linked, PossiblePaths, Storage};
use crate::{deliveries, media};
use records::Records;

/// Files in one commit.
const PAGE: u32 = 200;

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only report what would be deleted.
    pub dry_run: bool,
    /// Also look for derived files of media that are not stored any more, which a killed process leaves.
    pub with_orphans: bool,
    /// Who asked for it; without one, it is the server's own work, which is not in the audit log.
    pub actor: Option<Actor>,
}

/// The completed part is recorded; the next run continues.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error(transparent)]
    Coordination(#[from] coordination::Error),
    #[error("a file could not be removed")]
    Storage(#[from] storage::Error),
    #[error("the machine's clock is not trusted, so nothing is deleted")]
    ClockNotTrusted,
}

/// The result for one file. In a dry run, what the result would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Swept {
    Deleted,
    /// It stays, because it is a link or behind one.
    Linked,
    Failed,
}

/// One file that a rule no longer keeps.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// The number of the rule, from 1; 0 for `deleted_for_everyone`.
    pub rule: usize,
    pub media: MediaId,
    pub client: i64,
    pub kind: &'static str,
    /// Below the storage root.
    pub path: String,
    pub size: u64,
    pub result: Swept,
    #[serde(skip)]
    pub error: Option<Arc<storage::Error>>,
}

impl Item {
    fn new(rule: usize, file: &StoredFile, deleted: Result<(), storage::Error>) -> Self {
        Self {
            rule,
            media: file.id.clone(),
            client: file.client,
            kind: file.kind.as_str(),
            path: file.path.clone(),
            size: file.size_bytes,
            result: match &deleted {
                Ok(()) => Swept::Deleted,
                Err(storage::Error::Linked(_)) => Swept::Linked,
                Err(_) => Swept::Failed,
            },
            error: deleted.err().map(Arc::new),
        }
    }
}

/// Counts of what was deleted, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub files: u64,
    /// Their size.
    pub bytes: u64,
    /// Raw deliveries.
    pub deliveries: u64,
    pub events: u64,
    pub attempts: u64,
    /// Of outgoing webhooks.
    pub notifications: u64,
    /// Entries of the audit log.
    pub audit: u64,
    /// Ended links.
    pub links: u64,
    /// Thumbnails and the like of media that are not stored any more.
    pub derived: u64,
    /// Files that no rule keeps and that could not be deleted.
    pub failed: u64,
    /// Files that only a hold keeps; one that two rules would delete counts twice.
    pub files_on_hold: u64,
    /// Raw deliveries that only a hold keeps.
    pub deliveries_on_hold: u64,
    pub dry_run: bool,
    /// It was cancelled before its end.
    pub stopped: bool,
}

impl Report {
    /// Whether nothing was found to delete.
    pub fn is_empty(&self) -> bool {
        let records = self.deliveries + self.events + self.attempts + self.notifications;
        let records = records + self.audit + self.links + self.derived;
        self.files + self.failed + records == 0
    }
}

async fn prune_deletions(deps: FileDeps<'_>) -> Result<(), db::Error> {
    let now = deps.clock.now();
    let prune = async move |tx: &mut Tx| deletions::prune(tx, now).await;
    deps.db.write(Key::Nothing, prune).await
}

async fn record_actor(deps: FileDeps<'_>, actor: Option<&Actor>) -> Result<(), Error> {
    let Some(actor) = actor else { return Ok(()) };
    let entry = NewEntry::new(Action::Sweep, None, json!({}));
    Ok(audit::record(deps.db, deps.clock, actor, entry).await?)
}

/// Deletes what the rules no longer keep. A file that cannot be deleted does not stop the rest.
pub async fn run(
    deps: FileDeps<'_>,
    settings: &config::Retention,
    options: Options,
    progress: &dyn Progress<Item>,
    cancelled: &CancellationToken,
) -> Result<Report, Error> {
    let dry_run = options.dry_run;
    if !dry_run {
        if !deps.clock.is_trusted() {
            return Err(Error::ClockNotTrusted);
        }
        record_actor(deps, options.actor.as_ref()).await?;
        finish_interrupted(deps).await?;
        holds::refresh(deps.db).await?;
    }
    let now = deps.clock.now();
    let mut sweep = Sweep {
        deps,
        now,
        report: Report {
            dry_run,
            ..Report::default()
        },
        progress,
        cancelled,
        removed: HashSet::new(),
    };
    if settings.deleted_for_everyone == DeletedForEveryone::Remove {
        let removal = Removal {
            is_deleted: true,
            ..Removal::default()
        };
        sweep.apply(0, &removal, None).await?;
    }
    for (index, rule) in settings.rules.iter().enumerate() {
        let removal = rule.removal(now);
        sweep.apply(index + 1, &removal, rule.total_over).await?;
    }
    let mut report = sweep.report;
    if report.stopped {
        return Ok(report);
    }
    if !settings.deliveries.is_zero() {
        let before = now - settings.deliveries.ms();
        report.deliveries_on_hold = deliveries::on_hold_before(deps.db, before).await?;
    }
    if !dry_run {
        prune_deletions(deps).await?;
    }
    for (records, keep, count) in [
        (
            Records::Deliveries,
            settings.deliveries,
            &mut report.deliveries,
        ),
        (Records::Events, settings.events, &mut report.events),
        (Records::Attempts, settings.attempts, &mut report.attempts),
        (
            Records::Notifications,
            settings.outbox,
            &mut report.notifications,
        ),
        (Records::Audit, settings.audit, &mut report.audit),
        (Records::Links, settings.outbox, &mut report.links),
    ] {
        if keep.is_zero() || cancelled.is_cancelled() {
            continue;
        }
        let before = now - keep.ms();
        *count = if dry_run {
            records.count(deps.db, before).await?
        } else {
            records.prune(deps.db, before, cancelled).await?
        };
    }
    if options.with_orphans {
        report.derived = derived::sweep::<Error>(deps, None, dry_run, cancelled).await?;
    }
    report.stopped = cancelled.is_cancelled();
    if !dry_run && !report.stopped {
        // A server may be about to commit what has no row yet.
        deps.bodies.sweep(deps.db, false).await?;
    }
    Ok(report)
}

impl Rule {
    fn removal(&self, now: Millis) -> Removal {
        Removal {
            client: self.client,
            kind: self.kind.map(MediaKind::from),
            direction: self.direction,
            chat: self.chat,
            before: self.older_than.map(|span| now - span.ms()),
            larger_than_bytes: self.larger_than.map(Size::bytes),
            is_deleted: false,
        }
    }
}

/// One run.
struct Sweep<'a> {
    deps: FileDeps<'a>,
    now: Millis,
    report: Report,
    progress: &'a dyn Progress<Item>,
    cancelled: &'a CancellationToken,
    /// In a dry run, files that an earlier rule would have deleted.
    removed: HashSet<MediaId>,
}

impl Sweep<'_> {
    async fn apply(
        &mut self,
        number: usize,
        removal: &Removal,
        total_over: Option<Size>,
    ) -> Result<(), Error> {
        let mut excess = match total_over {
            Some(total) => {
                let matching = self.matching_bytes(removal).await?;
                matching.saturating_sub(total.bytes())
            }
            None => u64::MAX,
        };
        if excess > 0 {
            let on_hold = media::removable_on_hold(self.deps.db, removal).await?;
            self.report.files_on_hold += on_hold;
        }
        let (mut at, mut id) = (Millis::MIN, String::new());
        while excess > 0 && !self.report.stopped {
            let page = media::removable(self.deps.db, removal, (at, &id), PAGE).await?;
            let Some(last) = page.last() else { break };
            (at, id) = (last.received_at, last.id.0.clone());
            // No repair takes a deleted file for a missing one and restores it.
            let _lease = if self.report.dry_run {
                None
            } else {
                let coordination = self.deps.coordination;
                Some(coordination.maintenance(Maintenance::Shared).await?)
            };
            self.begin(&page).await?;
            let mut deleted = Vec::with_capacity(page.len());
            for file in page {
                self.report.stopped = self.cancelled.is_cancelled();
                if self.report.stopped {
                    break;
                }
                if excess == 0 || self.removed.contains(&file.id) || self.is_on_hold(&file).await? {
                    continue;
                }
                let outcome = self.delete(&file, &deleted).await?;
                let item = Item::new(number, &file, outcome);
                self.progress.finding(&item);
                if item.result != Swept::Deleted {
                    self.report.failed += 1;
                    continue;
                }
                self.report.files += 1;
                self.report.bytes += file.size_bytes;
                if total_over.is_some() {
                    excess = excess.saturating_sub(file.size_bytes);
                }
                deleted.push(file);
            }
            self.record(deleted).await?;
        }
        Ok(())
    }

    /// Saves which files may be deleted before their rows say so.
    async fn begin(&self, page: &[StoredFile]) -> Result<(), Error> {
        if self.report.dry_run {
            return Ok(());
        }
        let ids: Vec<_> = page.iter().map(|file| file.id.0.clone()).collect();
        let (run, now) = (self.deps.owner.to_owned(), self.now);
        let save = async move |tx: &mut db::Tx| Checkpoint::Sweep.save(tx, &run, &ids, now).await;
        Ok(self.deps.db.write(Key::Nothing, save).await?)
    }

    /// The size of all files that a rule selects, without those that an earlier rule would have deleted.
    async fn matching_bytes(&self, removal: &Removal) -> Result<u64, Error> {
        let mut all = media::removable_bytes(self.deps.db, removal).await?;
        let (mut at, mut id) = (Millis::MIN, String::new());
        while !self.removed.is_empty() {
            let page = media::removable(self.deps.db, removal, (at, &id), PAGE).await?;
            let Some(last) = page.last() else { break };
            (at, id) = (last.received_at, last.id.0.clone());
            let removed = page.iter().filter(|file| self.removed.contains(&file.id));
            all = all.saturating_sub(removed.map(|file| file.size_bytes).sum());
        }
        Ok(all)
    }

    /// A hold may have been added since the page was read.
    async fn is_on_hold(&self, file: &StoredFile) -> Result<bool, Error> {
        let hold = media::holds::of_media(self.deps.db, &file.id).await?;
        Ok(hold.is_some())
    }

    /// Deletes a file, unless another media that stays has it as its own.
    async fn delete(
        &self,
        file: &StoredFile,
        deleted: &[StoredFile],
    ) -> Result<Result<(), storage::Error>, Error> {
        if self.report.dry_run {
            return Ok(Ok(()));
        }
        let mut paths = vec![file.path.clone()];
        let others = media::files_at(self.deps.db, Some(&file.id), &paths).await?;
        let stays = |other: &StoredFile| {
            other.status == MediaStatus::Stored && deleted.iter().all(|it| it.id != other.id)
        };
        if others.iter().any(stays) {
            paths.clear();
        }
        let names = paths.into_iter().filter_map(RelativePath::from_row);
        let sought = PossiblePaths {
            names: names.collect(),
            ..PossiblePaths::default()
        };
        let (storage, index) = (self.deps.storage, Index::default());
        let found = match storage.everywhere(&file.id, sought, &index).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let linked = Linked::RemoveIf(file.sha256);
        let removal = storage.remove_all(&file.id, found, linked).await;
        Ok(removal.map(drop))
    }

    async fn record(&mut self, deleted: Vec<StoredFile>) -> Result<(), Error> {
        if self.report.dry_run {
            self.removed.extend(deleted.into_iter().map(|file| file.id));
            return Ok(());
        }
        record(self.deps, self.deps.owner.to_owned(), deleted, self.now).await
    }
}

/// Records in the rows that their files were deleted, deletes the checkpoint of the run, and then what was made from the files:
/// from then on nothing more is made.
async fn record(
    deps: FileDeps<'_>,
    run: String,
    deleted: Vec<StoredFile>,
    now: Millis,
) -> Result<(), Error> {
    let all_of = |file: &StoredFile| DerivedFrom::all_of(file.client, file.sha256, &file.id);
    let derived = deleted.iter().flat_map(all_of).collect();
    let recorded = deps.db.write(Key::Everything, async move |tx| {
        for file in &deleted {
            if media::mark_removed(tx, file, Reason::Retention).await? {
                events::append(tx, now, news(file));
            }
        }
        Checkpoint::Sweep.delete(tx, &run).await
    });
    recorded.await?;
    Ok(deps.storage.remove_derived(derived).await?)
}

/// Whether a run deletes this file at this moment, or was interrupted before its row said so.
pub async fn is_being_deleted(db: &Db, id: &MediaId) -> Result<bool, db::Error> {
    let runs = Checkpoint::Sweep.all::<Vec<String>>(db).await?;
    Ok(runs.iter().any(|(_, ids)| ids.contains(&id.0)))
}

/// Records what killed runs deleted.
pub async fn finish_interrupted(deps: FileDeps<'_>) -> Result<(), Error> {
    let runs = Checkpoint::Sweep;
    if runs.all::<Vec<String>>(deps.db).await?.is_empty() {
        return Ok(());
    }
    let _lease = match deps.coordination.maintenance(Maintenance::Exclusive).await {
        // Another run has it, and records its own.
        Err(coordination::Error::Maintenance { .. }) => return Ok(()),
        lease => lease?,
    };
    let now = deps.clock.now();
    for (run, ids) in runs.all::<Vec<String>>(deps.db).await? {
        let mut deleted = Vec::new();
        for id in ids {
            let file = media::find_file(deps.db, &MediaId(id)).await?;
            let Some(file) = file else { continue };
            let path = file.path.clone();
            let looking = move |storage: &Storage| matches!(storage.stamp(&path), Ok(None));
            if deps.storage.blocking(looking).await {
                deleted.push(file);
            }
        }
        record(deps, run, deleted, now).await?;
    }
    Ok(())
}

fn news(file: &StoredFile) -> News<'_> {
    News {
        client: Some(file.client),
        instance: Some(file.instance.as_str()),
        media: Some(file.id.as_str()),
        fact: Fact::MediaRemoved(MediaRemoved {
            kind: file.kind.as_str(),
            reason: Reason::Retention,
            path: file.path.clone(),
            size: file.size_bytes,
        }),
    }
}

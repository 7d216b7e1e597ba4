//! Imports what the original Django system stored: its clients, its numbers, its rows of media and its files.
//!
//! Promises: nothing of the source changes; a file passes the same checks as any other, and its row says how far it is
//! proven; what the original failed to download is queued while its link lives; every row and every file is reported; a
//! run that was cut short, or a second one, continues and adds nothing twice, because a media is known by its instance
//! and message.
//!
//! Rows come in pages. Items of one message are taken one after the other, so that the second finds the rows of the
//! first; different messages are taken at once, so that their commits are grouped.

mod error;
mod file;
mod item;
mod owners;
mod report;
mod source;
mod take;
mod tree;
mod write;

use std::collections::HashMap;
use std::hash::RandomState;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt as _};
use tokio_util::sync::CancellationToken;

use serde_json::json;

use crate::access::Actor;
use crate::access::audit::{self, Action, NewEntry};
use crate::clock::Clock;
use crate::config::Keep;
use crate::coordination::checkpoint::Checkpoint;
use crate::coordination::{Coordination, Maintenance};
use crate::db::foreign::ForeignRow;
use crate::db::{Db, Key};
use crate::deliveries::Bodies;
use crate::media;
use crate::model::DeliveryId;
use crate::ops::Progress;
use crate::secrets::Secrets;
use crate::storage::{self, Storage};
use item::Item;
use owners::Owners;
use source::{Reading, Source, Table};
use tree::{Tree, slashed};
use write::KeptBody;

pub use error::{Conflict, Error};
pub use report::{ImportFinding, LeftOut, Lost, Outcome, Report, Sum};

/// Begins the name of the folder with a copy of a database that cannot be read in its place.
const SCRATCH: &str = ".import-";
/// Orphans that are taken at once.
const PAGE: usize = 250;
/// Messages whose files are read and written at once.
const AT_ONCE: usize = 16;

/// The dependencies of an import. A dry run writes its rows to the database of an empty data folder.
#[derive(Clone, Copy)]
pub struct Deps<'a> {
    /// The data folder.
    pub data: &'a Path,
    pub db: &'a Db,
    pub storage: &'a Storage,
    pub bodies: &'a Bodies,
    pub secrets: &'a Secrets,
    pub clock: &'a Clock,
    pub coordination: &'a Coordination,
    pub keep: &'a Keep,
    /// `storage.pause_below`.
    pub keep_free_bytes: u64,
    /// In a dry run, what an import would write to, if that exists. It is only read.
    pub existing: Option<(&'a Db, &'a Storage)>,
}

#[derive(Clone, Debug)]
pub struct Options {
    /// The source's SQLite database.
    pub db: PathBuf,
    /// Its `media_storage`.
    pub media: PathBuf,
    pub mode: Mode,
    pub actor: Actor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each file is copied.
    Copy,
    /// Each file gets a second name in our storage, where the file system allows it.
    Link,
    /// Nothing is changed; the report is a plan.
    DryRun,
}

/// One run.
struct Import<'a, P> {
    deps: Deps<'a>,
    mode: Mode,
    cancelled: &'a CancellationToken,
    progress: &'a P,
    owners: Owners,
    tree: Tree,
    /// The rows that were reported, as hashes, and whether as stored.
    reported: Mutex<HashMap<u64, bool>>,
    hasher: RandomState,
    report: Report,
}

/// Imports everything and reports each thing.
pub async fn run<P: Progress<ImportFinding>>(
    deps: Deps<'_>,
    options: &Options,
    progress: &P,
    cancelled: &CancellationToken,
) -> Result<Report, Error> {
    let mode = options.mode;
    let (existing, storage) = deps.existing.unwrap_or((deps.db, deps.storage));
    if storage.overlaps(&options.media) {
        let path = options.media.clone();
        return Err(Error::OwnStorage { path });
    }
    let mut leases = None;
    if mode != Mode::DryRun {
        let import = deps.coordination.import().await?;
        remove_leftovers(deps).await?;
        let maintenance = deps.coordination.maintenance(Maintenance::Shared);
        leases = Some((import, maintenance.await?));
        let entry = NewEntry::new(Action::Import, None, json!({}));
        audit::record(deps.db, deps.clock, &options.actor, entry).await?;
    }
    let scratch = deps
        .data
        .join(format!("{SCRATCH}{}", uuid::Uuid::now_v7().simple()));
    let source = Source::open(&options.db, &scratch).await?;
    let tree = walk(&options.media).await?;
    progress.expect(source.count().await?);
    let owners = Owners::read(existing, &source).await?;
    let mut import = Import {
        deps,
        mode,
        cancelled,
        progress,
        owners,
        tree,
        reported: Mutex::default(),
        hasher: RandomState::new(),
        report: Report {
            dry_run: mode == Mode::DryRun,
            ..Report::default()
        },
    };
    let outcome = import.all(&source).await;
    drop(leases);
    match outcome {
        Err(Error::Stopped) => import.report.stopped = true,
        outcome => outcome?,
    }
    Ok(import.report)
}

/// Removes what a killed run left.
async fn remove_leftovers(deps: Deps<'_>) -> Result<(), Error> {
    let server = deps.coordination.server().await;
    let exclusive = deps.coordination.maintenance_now(Maintenance::Exclusive);
    if let (Ok(_server), Some(_exclusive)) = (server, exclusive.await?) {
        deps.storage.sweep()?;
    }
    for entry in std::fs::read_dir(deps.data).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            // The next run tries again.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

async fn walk(root: &Path) -> Result<Tree, Error> {
    let path = root.to_owned();
    let walking = tokio::task::spawn_blocking(move || Tree::walk(&path)).await;
    let walked = walking.unwrap_or_else(|_| Err(std::io::ErrorKind::Interrupted.into()));
    walked.map_err(|source| Error::Media {
        path: root.to_owned(),
        source,
    })
}

impl<P: Progress<ImportFinding>> Import<'_, P> {
    async fn all(&mut self, source: &Source) -> Result<(), Error> {
        // A run that continues needs space for the rest, which it checks file by file.
        if media::bytes_of_delivery(self.deps.db, DeliveryId::IMPORTED).await? == 0
            && (self.mode == Mode::Copy || self.is_on_another_disk().await)
        {
            self.require_space(self.tree.bytes())?;
        }
        self.owners.add(self.deps, self.mode, self.progress).await?;
        self.set_running(true).await?;
        for table in Table::ALL {
            let mut after = i64::MIN;
            while let Some((page, last)) = source.page(table, after).await? {
                after = last;
                self.page(source, table, &page).await?;
                self.progress.advance(page.len() as u64);
            }
        }
        self.orphans().await?;
        // An error before this leaves it set.
        self.set_running(false).await
    }

    async fn is_on_another_disk(&self) -> bool {
        if self.mode != Mode::Link || self.tree.is_empty() {
            return false;
        }
        let (storage, first) = (self.deps.storage.clone(), self.tree.full_path(0));
        let linking = tokio::task::spawn_blocking(move || storage.can_link(&first));
        !linking.await.unwrap_or(false)
    }

    /// Refuses what would leave less free than must stay free.
    fn require_space(&self, needed: u64) -> Result<(), Error> {
        let free = self.deps.storage.free_bytes();
        let free = free.map_err(storage::Error::from)?;
        let floor = self.deps.keep_free_bytes;
        if free.saturating_sub(floor) >= needed {
            return Ok(());
        }
        Err(Error::NotEnoughSpace {
            mode: self.mode,
            needed,
            free,
            floor,
        })
    }

    /// Records that files may be here that no row names yet.
    async fn set_running(&self, is_running: bool) -> Result<(), Error> {
        if self.mode == Mode::DryRun {
            return Ok(());
        }
        let now = self.deps.clock.now();
        let marking = self.deps.db.write(Key::Nothing, async move |tx| {
            if is_running {
                Checkpoint::Import.save(tx, "", &(), now).await
            } else {
                Checkpoint::Import.delete(tx, "").await
            }
        });
        Ok(marking.await?)
    }

    async fn page(
        &mut self,
        source: &Source,
        table: Table,
        page: &[ForeignRow],
    ) -> Result<(), Error> {
        if table != Table::Event {
            let readings = page.iter().map(|row| source.media(table, row));
            return self.take_all(readings.collect()).await;
        }
        for row in page {
            if self.cancelled.is_cancelled() {
                return Err(Error::Stopped);
            }
            let items = self.items(source.media_of_event(row));
            let mut body = KeptBody {
                body: row.text("body").unwrap_or("").as_bytes(),
                delivery: None,
            };
            for item in items {
                let taken = self.take(&item, Some(&mut body)).await?;
                self.add(item.record.origin, taken);
            }
        }
        Ok(())
    }

    async fn orphans(&mut self) -> Result<(), Error> {
        for other in std::mem::take(&mut self.tree.others) {
            self.leave_out(slashed(&other), LeftOut::NotAFile);
        }
        for folder in std::mem::take(&mut self.tree.unreadable_folders) {
            self.leave_out(slashed(&folder), LeftOut::Unreadable);
        }
        for page in self.tree.orphans().chunks(PAGE) {
            let reading = |at: &usize| {
                let path = &self.tree.entry(*at).path;
                let record = self.owners.orphan(*at, path);
                record.ok_or_else(|| (slashed(path), LeftOut::UnknownPlace))
            };
            let readings = page.iter().map(reading).collect();
            self.take_all(readings).await?;
        }
        Ok(())
    }

    async fn take_all(&mut self, readings: Vec<Reading>) -> Result<(), Error> {
        let mut messages: Vec<Vec<Item>> = Vec::new();
        let mut places = HashMap::new();
        for item in self.items(readings) {
            // An edit comes after its message.
            let record = &item.record;
            let message = record.found.edits.as_ref().unwrap_or(&record.message.id);
            let key = (item.instance.clone(), message.clone());
            let at = *places.entry(key).or_insert(messages.len());
            if at == messages.len() {
                messages.push(Vec::new());
            }
            messages[at].push(item);
        }
        let (this, has_failed) = (&*self, AtomicBool::new(false));
        let taking = stream::iter(messages).map(async |items| {
            let mut outcomes = Vec::with_capacity(items.len());
            for item in items {
                if has_failed.load(Ordering::Relaxed) {
                    break;
                }
                match this.take(&item, None).await {
                    Ok(taken) => outcomes.push((item.record.origin, taken)),
                    Err(error) => {
                        has_failed.store(true, Ordering::Relaxed);
                        return (outcomes, Err(error));
                    }
                }
            }
            (outcomes, Ok(()))
        });
        // After an error, what is being published and committed still ends, and is reported.
        let taken: Vec<_> = taking.buffered(AT_ONCE).collect().await;
        let mut ended = Ok(());
        for (outcomes, taken) in taken {
            for (origin, outcome) in outcomes {
                self.add(origin, outcome);
            }
            ended = ended.and(taken);
        }
        ended
    }

    /// The records with their owners and files, in order: the first record that names a file may keep it.
    fn items(&mut self, readings: Vec<Reading>) -> Vec<Item> {
        let mut items = Vec::with_capacity(readings.len());
        for reading in readings {
            let item = reading.and_then(|record| {
                let origin = record.origin.clone();
                let item = Item::new(record, &self.owners, &mut self.tree);
                item.map_err(|why| (origin, why))
            });
            match item {
                Ok(item) => items.push(item),
                Err((origin, why)) => self.leave_out(origin, why),
            }
        }
        items
    }

    fn leave_out(&mut self, source: String, why: LeftOut) {
        self.add(source, Some(Outcome::LeftOut(why)));
    }

    fn add(&mut self, source: String, outcome: Option<Outcome>) {
        let Some(outcome) = outcome else { return };
        self.report.sum.add(&outcome);
        self.progress
            .finding(&ImportFinding::Media { source, outcome });
    }
}

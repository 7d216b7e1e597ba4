//! Whether the stored files are still the ones that were stored. Reads everything; changes nothing without a repair, and
//! a repair deletes nothing.
//!
//! Quick checks come first: missing files, files of another length, orphans. Then every file is read and
//! compared with its hash, at a limited rate: the newest first, because a crash or a full disk damages what was written
//! last. A run that was stopped can be resumed.

mod aside;
mod error;
mod missing;
mod orphans;
mod pace;
mod repair;
mod report;
mod safeguard;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{FileDeps, Problem, Progress, retention};
use serde_json::json;

use crate::access::Actor;
use crate::access::audit::{self, Action, NewEntry};
use crate::clock::compact;
use crate::coordination::checkpoint::Checkpoint;
use crate::db::{self, Key};
use crate::media::{self, BEFORE_NEWEST, Filter, StoredFile};
use crate::shutdown::CancellationToken;
use crate::storage::{self, Stamp, Storage};
use crate::telemetry;
use aside::Aside;
pub use error::Error;
use missing::Confirmation;
use pace::Pace;
use repair::Repair;
pub use report::{OrphanSearch, RepairReport, Repaired, Report, VerifyFinding};
use safeguard::Presence;

const PAGE: u32 = 2_000;
/// A group of files is read in one blocking task: many small files, or one large one.
const GROUP_FILES: usize = 64;
const GROUP_BYTES: u64 = 1 << 20;
/// A killed run can be resumed from where it was no longer ago than this.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files of one instance or of a time only; orphans are searched for when all files are verified.
    pub filter: Filter,
    /// Continue where the last run was stopped. A filter by time has no checkpoint.
    pub resume: bool,
    /// Bytes to read per second; without it, as fast as possible.
    pub bytes_per_second: Option<u64>,
    /// Repair what can be repaired.
    pub repair: Option<RepairOptions>,
}

#[derive(Clone, Debug)]
pub struct RepairOptions {
    /// Repair even if more than half of the files, or all of one folder, are missing.
    pub even_if_most_are_missing: bool,
    /// Repair even if many files are orphaned.
    pub even_if_many_are_orphaned: bool,
    pub actor: Actor,
}

/// Verifies, and repairs if the options say so. Stops at the next file once `cancelled` is.
pub async fn run(
    deps: FileDeps<'_>,
    options: Options,
    progress: Arc<dyn Progress<VerifyFinding>>,
    cancelled: CancellationToken,
) -> Result<Report, Error> {
    let repair = options
        .repair
        .as_ref()
        .map(|_| Repair::of_run(&compact(deps.clock.now()), deps.owner));
    let mut verify = Verify {
        deps,
        checkpoint: checkpoint_of(&options.filter),
        report: Report {
            repair: repair
                .as_ref()
                .map(|repair| RepairReport::new(repair.quarantine())),
            ..Report::default()
        },
        repair,
        filter: options.filter,
        pace: Arc::new(Pace::new(options.bytes_per_second, cancelled)),
        confirmation: Confirmation::new(),
        progress,
    };
    let before = match verify.checkpoint.as_ref().filter(|_| options.resume) {
        Some(checkpoint) => {
            Checkpoint::Verify
                .load::<String>(deps.db, checkpoint)
                .await?
        }
        None => None,
    };
    verify.report.resumed = before.is_some();
    if let Some(repair) = options.repair {
        retention::finish_interrupted(deps).await?;
        verify.check_safeguards(&repair).await?;
        let entry = NewEntry::new(Action::Repair, None, json!({}));
        audit::record(deps.db, deps.clock, &repair.actor, entry).await?;
    }
    verify.search_lost().await?;
    let bytes = verify.inspect().await?;
    verify.progress.expect(bytes);
    let before = before.unwrap_or_else(|| BEFORE_NEWEST.to_owned());
    let place = verify.read(before).await?;
    verify.search_moved().await?;
    verify.save_checkpoint(place.as_deref()).await;
    verify.report.stopped = place.is_some();
    if let Some((report, repair)) = verify.report.repair.as_mut().zip(verify.repair.as_ref()) {
        report.quarantined = repair.moved();
    }
    Ok(verify.report)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// The scope of the checkpoint. A run that leaves out older files has none.
fn checkpoint_of(filter: &Filter) -> Option<String> {
    let instance = filter.instance.clone().unwrap_or_default();
    filter.since.is_none().then_some(instance)
}

/// None for a missing file.
type Stamped = Result<Option<Stamp>, storage::Error>;

enum Compared {
    Intact,
    Corrupt(Option<Stamp>),
    Unreadable,
    /// The inspection has reported it.
    Reported,
}

/// Splits a page into groups that are quick to read.
fn groups(page: Vec<StoredFile>) -> Vec<Vec<StoredFile>> {
    let (mut groups, mut bytes) = (vec![Vec::new()], 0);
    for file in page {
        bytes += file.size_bytes;
        let is_full = |group: &Vec<StoredFile>| group.len() >= GROUP_FILES || bytes > GROUP_BYTES;
        if groups
            .last()
            .is_none_or(|group| !group.is_empty() && is_full(group))
        {
            groups.push(Vec::new());
            bytes = file.size_bytes;
        }
        if let Some(group) = groups.last_mut() {
            group.push(file);
        }
    }
    groups
}

/// Reads one file and compares it; `None` when it was stopped in the middle.
fn compare_file(
    storage: &Storage,
    file: &StoredFile,
    continues: impl FnMut(u64) -> bool,
) -> Option<Compared> {
    let stamp = match storage.stamp(&file.path) {
        Ok(stamp) => stamp,
        Err(_) => return Some(Compared::Unreadable),
    };
    if stamp.is_none_or(|found| found.size_bytes != file.size_bytes) {
        return Some(Compared::Reported);
    }
    match storage.hash_while(&file.path, continues) {
        Ok(None) => None,
        Ok(Some(sha256)) if sha256 == file.sha256 => Some(Compared::Intact),
        Ok(Some(_)) => Some(Compared::Corrupt(stamp)),
        Err(_) => Some(Compared::Unreadable),
    }
}

struct Verify<'a> {
    deps: FileDeps<'a>,
    filter: Filter,
    repair: Option<Repair>,
    report: Report,
    pace: Arc<Pace>,
    confirmation: Confirmation,
    progress: Arc<dyn Progress<VerifyFinding>>,
    /// The scope of the checkpoint.
    checkpoint: Option<String>,
}

impl Verify<'_> {
    /// Whether all files are verified, so that a file without a row is an orphan.
    fn is_whole(&self) -> bool {
        self.filter.instance.is_none() && self.filter.since.is_none()
    }

    async fn check_safeguards(&self, options: &RepairOptions) -> Result<(), Error> {
        if !options.even_if_most_are_missing {
            self.refuse_if_most_are_missing().await?;
        }
        if !options.even_if_many_are_orphaned {
            self.refuse_if_many_are_orphaned().await?;
        }
        Ok(())
    }

    async fn refuse_if_most_are_missing(&self) -> Result<(), Error> {
        let (mut presence, mut before) = (Presence::default(), BEFORE_NEWEST.to_owned());
        while let Some(page) = self.page(&mut before).await? {
            for (file, found) in self.stamped(page).await {
                presence.add(&file, found);
            }
        }
        let storage = self.deps.storage.clone();
        blocking(move || presence.check(&storage)).await?
    }

    /// Many files without a row are more likely the files of another database than orphans.
    async fn refuse_if_many_are_orphaned(&self) -> Result<(), Error> {
        if !self.is_whole() || self.deps.coordination.has_maintenance().await {
            return Ok(());
        }
        let (mut known, mut stored) = (orphans::Known::default(), 0_u64);
        let mut before = BEFORE_NEWEST.to_owned();
        while let Some(page) = self.page(&mut before).await? {
            stored += page.len() as u64;
            page.iter().for_each(|file| known.add(&file.path));
        }
        // A file that is recorded as lost, and is there, gets its row back.
        let mut before = BEFORE_NEWEST.to_owned();
        while let Some(page) = self.lost_page(&mut before).await? {
            page.iter().for_each(|file| known.add(&file.path));
        }
        let found = orphans::search(self.deps, known, &self.pace).await?;
        let would_move = |orphan: &&orphans::Orphan| orphan.is_movable();
        let orphaned = found.files.iter().filter(would_move).count() as u64;
        safeguard::check_orphaned(orphaned, stored)
    }

    /// A file that is recorded as lost may be there again: a disk that was away, or a file that was copied back.
    async fn search_lost(&mut self) -> Result<(), Error> {
        let Some(repair) = self.repair.clone() else {
            return Ok(());
        };
        let mut aside = Aside::list(self.deps).await?;
        let mut before = BEFORE_NEWEST.to_owned();
        while let Some(page) = self.lost_page(&mut before).await? {
            self.bring_back(&repair, page, &mut aside).await?;
        }
        Ok(())
    }

    /// What this run moved away may be what it recorded as lost, as when two files were swapped.
    async fn search_moved(&mut self) -> Result<(), Error> {
        let Some(repair) = self.repair.clone() else {
            return Ok(());
        };
        let lost = repair.take_lost();
        if lost.is_empty() {
            return Ok(());
        }
        let mut aside = Aside::list(self.deps).await?;
        self.bring_back(&repair, lost, &mut aside).await
    }

    async fn bring_back(
        &mut self,
        repair: &Repair,
        lost: Vec<StoredFile>,
        aside: &mut Aside,
    ) -> Result<(), Error> {
        for file in lost {
            if self.pace.is_stopped() {
                return Ok(());
            }
            if let Some(repaired) = repair.bring_back(self.deps, &file, aside).await? {
                self.report(Problem::Missing, file.path, Some(file.id), Some(repaired));
            }
        }
        Ok(())
    }

    /// With the stamp of each file.
    async fn stamped(&self, page: Vec<StoredFile>) -> Vec<(StoredFile, Stamped)> {
        let paths = page.iter().map(|file| file.path.clone()).collect();
        let stamps = self.deps.storage.stamps(paths).await;
        page.into_iter().zip(stamps).collect()
    }

    /// Findings without reading a file: missing files, files of another length, and orphans. Returns how many bytes
    /// are still to be read.
    async fn inspect(&mut self) -> Result<u64, Error> {
        let is_whole = self.is_whole();
        let mut known = orphans::Known::default();
        let (mut bytes, mut before) = (0, BEFORE_NEWEST.to_owned());
        while let Some(page) = self.page(&mut before).await? {
            for (file, found) in self.stamped(page).await {
                if is_whole {
                    known.add(&file.path);
                }
                match found {
                    Ok(None) => self.damaged(Problem::Missing, file, None).await?,
                    Ok(Some(found)) if found.size_bytes != file.size_bytes => {
                        self.damaged(Problem::Corrupt, file, Some(found)).await?;
                    }
                    // Reading it says what is wrong with it, if anything is.
                    Ok(Some(_)) | Err(_) => bytes += file.size_bytes,
                }
                if self.pace.is_stopped() {
                    return Ok(bytes);
                }
            }
        }
        if is_whole && self.deps.coordination.has_maintenance().await {
            self.report.orphan_search = OrphanSearch::FilesInUse;
        } else if is_whole {
            self.search_orphans(known).await?;
        }
        Ok(bytes)
    }

    async fn search_orphans(&mut self, known: orphans::Known) -> Result<(), Error> {
        let found = orphans::search(self.deps, known, &self.pace).await?;
        for folder in found.unreadable {
            self.report(Problem::Unreadable, folder, None, None);
        }
        for orphan in found.files {
            if self.pace.is_stopped() {
                return Ok(());
            }
            let repaired = match &self.repair {
                Some(repair) => Some(repair.orphan(self.deps, &orphan).await?),
                None => None,
            };
            self.report(Problem::Orphaned, orphan.path, None, repaired);
        }
        self.report.orphan_search = OrphanSearch::Done;
        Ok(())
    }

    /// Reads every file; returns the place to resume from when it was stopped.
    async fn read(&mut self, mut before: String) -> Result<Option<String>, Error> {
        let (mut saved, mut last) = (Instant::now(), before.clone());
        while let Some(page) = self.page(&mut last).await? {
            for group in groups(page) {
                for (file, compared) in self.compare(group).await? {
                    before.clone_from(&file.id.0);
                    self.record(file, compared).await?;
                }
                if self.pace.is_stopped() {
                    return Ok(Some(before));
                }
                if saved.elapsed() > CHECKPOINT_EVERY {
                    self.save_checkpoint(Some(&before)).await;
                    saved = Instant::now();
                }
            }
        }
        Ok(None)
    }

    /// Reads a group of files and compares them; stopped in the middle, it returns those that it has compared.
    async fn compare(&self, group: Vec<StoredFile>) -> Result<Vec<(StoredFile, Compared)>, Error> {
        let (storage, pace) = (self.deps.storage.clone(), Arc::clone(&self.pace));
        let progress = Arc::clone(&self.progress);
        blocking(move || {
            let compare = |file: StoredFile| {
                let compared = compare_file(&storage, &file, |bytes| {
                    progress.advance(bytes);
                    pace.take(bytes)
                })?;
                Some((file, compared))
            };
            group.into_iter().map_while(compare).collect()
        })
        .await
    }

    async fn record(&mut self, file: StoredFile, compared: Compared) -> Result<(), Error> {
        match compared {
            Compared::Intact => {
                self.report.intact += 1;
                self.report.intact_bytes += file.size_bytes;
            }
            Compared::Corrupt(stamp) => self.damaged(Problem::Corrupt, file, stamp).await?,
            // It may be readable once its disk or its owner is fixed, so it stays.
            Compared::Unreadable => {
                self.report(Problem::Unreadable, file.path, Some(file.id), None);
            }
            Compared::Reported => {}
        }
        Ok(())
    }

    /// Reports a stored file that is missing or corrupt, and repairs it if that was asked for.
    async fn damaged(
        &mut self,
        problem: Problem,
        file: StoredFile,
        stamp: Option<Stamp>,
    ) -> Result<(), Error> {
        let is_missing = problem == Problem::Missing;
        if is_missing && !self.confirmation.is_missing(self.deps, &file).await? {
            return Ok(());
        }
        let repaired = match &self.repair {
            Some(repair) => Some(repair.stored(self.deps, &file, stamp).await?),
            None => None,
        };
        self.report(problem, file.path, Some(file.id), repaired);
        Ok(())
    }

    fn report(
        &mut self,
        problem: Problem,
        path: String,
        media: Option<crate::model::MediaId>,
        repair: Option<Repaired>,
    ) {
        let finding = VerifyFinding {
            path,
            problem,
            media,
            repair,
        };
        self.report.count(&finding);
        self.progress.finding(&finding);
    }

    /// The next page of stored files before an id, which becomes that of its last file.
    async fn page(&self, before: &mut String) -> Result<Option<Vec<StoredFile>>, Error> {
        let (db, filter) = (self.deps.db, &self.filter);
        Ok(media::stored_files_before(db, filter, before, PAGE).await?)
    }

    /// Like [`Verify::page`], of files that are recorded as lost.
    async fn lost_page(&self, before: &mut String) -> Result<Option<Vec<StoredFile>>, Error> {
        let (db, filter) = (self.deps.db, &self.filter);
        Ok(media::lost_files_before(db, filter, before, PAGE).await?)
    }

    /// Saves the place to resume from, or deletes it at the end. Files can be verified where the database is read-only.
    async fn save_checkpoint(&self, place: Option<&str>) {
        let Some(scope) = self.checkpoint.clone() else {
            return;
        };
        let now = self.deps.clock.now();
        let place = place.map(str::to_owned);
        let write = async move |tx: &mut db::Tx| match &place {
            Some(place) => Checkpoint::Verify.save(tx, &scope, place, now).await,
            None => Checkpoint::Verify.delete(tx, &scope).await,
        };
        if let Err(error) = self.deps.db.write(Key::Nothing, write).await {
            let error = telemetry::chain(&error);
            tracing::warn!(error, "the checkpoint of a verification was not saved");
        }
    }
}

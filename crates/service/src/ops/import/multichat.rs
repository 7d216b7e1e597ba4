//! Imports what the original Django system stored: its clients, its numbers, its rows of media and its files.
//!
//! Promises: nothing of the source changes; a file passes the same checks as any other, and its row says how far it is
//! proven; what the original failed to download is queued while its link lives; every row and every file is reported; a
//! run that was cut short, or a second one, continues and adds nothing twice, because everything is known by its instance
//! and message.

mod batch;
mod error;
mod file;
mod files;
mod known;
mod options;
mod orphans;
mod owners;
mod place;
mod report;
mod source;
mod space;
mod tree;
mod write;

use std::path::Path;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::coordination::Maintenance;
use crate::coordination::checkpoint::Checkpoint;
use crate::db::Key;
use crate::db::foreign::Foreign;
use crate::gateway::Gateway;
use crate::media;
use crate::ops::Progress;
use batch::Batch;
use owners::Owners;
use source::{Event, Reading, Record, Source, Table};
use tree::Tree;

pub use error::{Conflict, Error};
use options::Transfer;
pub use options::{Mode, Options};
pub use report::{Finding, LeftOut, Lost, Outcome, Report, Sum};

/// Begins the name of the folder with a copy of a database that cannot be read in its place.
const SCRATCH: &str = ".import-";
/// Orphans that are taken in one commit.
const PAGE: usize = 250;

/// One run.
struct Import<'a, P> {
    app: &'a App,
    transfer: Transfer<'a>,
    owners: Owners,
    tree: Tree,
    batch: Batch,
    progress: &'a P,
    report: Report,
}

/// Imports everything and reports each thing.
pub async fn run(
    app: &App,
    options: &Options,
    progress: &impl Progress<Finding>,
    cancelled: &CancellationToken,
) -> Result<Report, Error> {
    let mode = options.mode;
    refuse_own_storage(app, &options.media)?;
    let _leases = match mode {
        Mode::DryRun => None,
        Mode::Copy | Mode::Link => {
            let import = app.coordination.import().await?;
            remove_leftovers(app).await?;
            let maintenance = app.coordination.maintenance(Maintenance::Shared);
            Some((import, maintenance.await?))
        }
    };
    let scratch = app.data.join(format!("{SCRATCH}{}", app.owner));
    let foreign = Foreign::open(&options.db, &scratch).await?;
    let source = Source::of(foreign)
        .await?
        .map_err(|table| Error::OtherDatabase {
            path: options.db.clone(),
            table,
        })?;
    let tree = walk(&options.media).await?;
    progress.expect(source.count().await?);
    let owners = Owners::of(app, &source).await?;
    let takes_space = space::is_needed(app, mode, &tree).await;
    // A run that continues needs space for the rest, which it checks file by file.
    if takes_space && media::bytes_of_delivery(&app.db, write::DELIVERY).await? == 0 {
        space::require(app, mode, tree.bytes())?;
    }
    owners.settle(app, mode, progress).await?;
    let mut import = Import {
        app,
        transfer: Transfer {
            mode,
            takes_space,
            cancelled,
        },
        owners,
        tree,
        batch: Batch::default(),
        progress,
        report: Report {
            dry_run: mode == Mode::DryRun,
            ..Report::default()
        },
    };
    set_running(app, mode, true).await?;
    match import.all(&source).await {
        Err(Error::Stopped) => import.report.stopped = true,
        outcome => outcome?,
    }
    // An error in the middle of a batch leaves it set.
    set_running(app, mode, false).await?;
    Ok(import.report)
}

/// Records that files may be here that no row names yet.
async fn set_running(app: &App, mode: Mode, is_running: bool) -> Result<(), Error> {
    if mode == Mode::DryRun {
        return Ok(());
    }
    let now = app.clock.now();
    let marking = app
        .db
        .write(Key::Nothing, async move |tx| match is_running {
            true => Checkpoint::Import.save(tx, "", &(), now).await,
            false => Checkpoint::Import.delete(tx, "").await,
        });
    Ok(marking.await?)
}

/// Removes what a killed run left.
async fn remove_leftovers(app: &App) -> Result<(), Error> {
    if app.coordination.has_maintenance().await {
        return Ok(());
    }
    if let Ok(_lease) = app.coordination.server().await {
        app.sweep_staged().await?;
    }
    for entry in std::fs::read_dir(&app.data).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            // A copy; the next run tries again.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

impl<P: Progress<Finding>> Import<'_, P> {
    async fn all(&mut self, source: &Source) -> Result<(), Error> {
        for table in [Table::MediaFile, Table::MessageMedia] {
            let mut after = i64::MIN;
            while let Some((page, last)) = source.media(table, after).await? {
                after = last;
                self.rows(page).await?;
            }
        }
        let mut after = i64::MIN;
        while let Some((page, last)) = source.events(after).await? {
            after = last;
            self.events(page).await?;
        }
        self.orphans().await
    }

    fn continues(&self) -> Result<(), Error> {
        match self.transfer.cancelled.is_cancelled() {
            true => Err(Error::Stopped),
            false => Ok(()),
        }
    }

    async fn rows(&mut self, page: Vec<Reading>) -> Result<(), Error> {
        self.continues()?;
        let count = page.len() as u64;
        let mut records = Vec::with_capacity(page.len());
        for reading in page {
            match reading {
                Ok(record) => records.push(record),
                Err((origin, why)) => self.leave_out(origin, why),
            }
        }
        self.take(records, None).await?;
        self.progress.advance(count);
        Ok(())
    }

    /// Deliveries have media for which the original made no row.
    async fn events(&mut self, page: Vec<Event>) -> Result<(), Error> {
        self.continues()?;
        let count = page.len() as u64;
        for event in page {
            let Ok(readings) = Gateway::Wapi.read(event.body.as_bytes()) else {
                self.leave_out(event.origin, LeftOut::NotJson);
                continue;
            };
            let mut records = Vec::new();
            for mut reading in readings {
                let media = std::mem::take(&mut reading.media);
                for found in media.into_iter().filter(|found| !found.is_caption_edit()) {
                    match reading.message.id.is_empty() {
                        true => self.leave_out(event.origin.clone(), LeftOut::NoMessage),
                        false => records.push(Record {
                            origin: event.origin.clone(),
                            client: event.client,
                            instance: event.instance.clone(),
                            message: reading.message.clone(),
                            found,
                            file: None,
                            received_at: event.received_at,
                            stored_at: None,
                            orphan: None,
                            names_row: false,
                            event: None,
                            is_one_of_several: false,
                            body_instance: reading.instance.clone(),
                        }),
                    }
                }
            }
            self.take(records, Some(event.body.as_bytes())).await?;
        }
        self.progress.advance(count);
        Ok(())
    }

    /// Files that no row names.
    async fn orphans(&mut self) -> Result<(), Error> {
        for other in std::mem::take(&mut self.tree.others) {
            self.leave_out(tree::slashed(&other), LeftOut::NotAFile);
        }
        for folder in std::mem::take(&mut self.tree.closed) {
            self.leave_out(tree::slashed(&folder), LeftOut::Unreadable);
        }
        let orphans: Vec<_> = (0..self.tree.len())
            .filter(|at| self.tree.entry(*at).is_orphan())
            .collect();
        for page in orphans.chunks(PAGE) {
            self.continues()?;
            let mut records = Vec::with_capacity(page.len());
            for at in page {
                let path = &self.tree.entry(*at).path;
                match self.owners.orphan(*at, path) {
                    Some(record) => records.push(record),
                    None => self.leave_out(tree::slashed(path), LeftOut::UnknownPlace),
                }
            }
            self.take(records, None).await?;
        }
        Ok(())
    }

    async fn take(&mut self, records: Vec<Record>, body: Option<&[u8]>) -> Result<(), Error> {
        let (owners, tree) = (&self.owners, &mut self.tree);
        let taking = self
            .batch
            .take((self.app, self.transfer), owners, tree, records, body);
        for (source, outcome) in taking.await? {
            self.add(source, outcome);
        }
        Ok(())
    }

    fn leave_out(&mut self, source: String, why: LeftOut) {
        self.add(source, Outcome::LeftOut(why));
    }

    fn add(&mut self, source: String, outcome: Outcome) {
        self.report.sum.add(&outcome);
        self.progress.finding(&Finding::Media { source, outcome });
    }
}

async fn walk(root: &Path) -> Result<Tree, Error> {
    let path = root.to_owned();
    let walking = tokio::task::spawn_blocking(move || Tree::walk(&path));
    let interrupted = || Err(std::io::ErrorKind::Interrupted.into());
    walking
        .await
        .unwrap_or_else(|_| interrupted())
        .map_err(|source| Error::Media {
            path: root.to_owned(),
            source,
        })
}

fn refuse_own_storage(app: &App, media: &Path) -> Result<(), Error> {
    match app.storage.overlaps(media) {
        true => Err(Error::OwnStorage {
            path: media.to_owned(),
        }),
        false => Ok(()),
    }
}

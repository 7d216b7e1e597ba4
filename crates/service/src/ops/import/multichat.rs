//! Takes over what the original Django system kept: its clients, its numbers, its rows of media and its files.
//!
//! Promises: nothing of the source changes; a file is taken only under the checks that every other one passes, and
//! its row says how far it is proven; what the original failed to get is queued while its link lives; every row and
//! every file is accounted for; a run that was cut short, or a second one, goes on and adds nothing twice, for
//! everything is known by its instance and message.

mod bare;
mod file;
mod name;
mod original;
mod own;
mod owners;
mod place;
mod room;
mod rows;
mod step;
mod tree;
mod write;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app::App;
use crate::coordination::Maintenance;
use crate::coordination::checkpoint::Checkpoint;
use crate::db::Key;
use crate::db::foreign::{self, Foreign};
use crate::gateway::Gateway;
use crate::media;
use original::{Original, Reading, Record, Table};
use owners::Owners;
use room::{look_for_room, takes_room};
use rows::Batch;
use tree::Tree;

pub use original::Unclear;
pub use owners::Conflict;
pub use step::{LeftOut, Lost, Outcome, Step};

/// Stands in rows for the delivery that they lack.
const DELIVERY: &str = "import";
/// What the folder is called in which a copy of a database lies that cannot be read in its place.
const SCRATCH: &str = ".import-";

/// What is taken over.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its SQLite database.
    pub db: PathBuf,
    /// Its `media_storage`.
    pub media: PathBuf,
}

/// How files are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// Each is copied.
    Copy,
    /// Each gets a second name in our storage, where the file system can do that.
    Link,
    /// None is; it is only looked what would be.
    DryRun,
}

/// Why nothing more is taken. What was taken is recorded; doing it again goes on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source's database.
    #[error(transparent)]
    Foreign(#[from] foreign::Error),
    /// It is not the original system's.
    #[error("{path} is not a database of the original system: it has no table {table}")]
    OtherDatabase {
        /// Which file.
        path: PathBuf,
        /// What it lacks.
        table: &'static str,
    },
    /// The source's files.
    #[error("cannot read {path}")]
    Media {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It would write into what it reads.
    #[error("{path} is the storage of this data folder")]
    OwnStorage {
        /// Which folder.
        path: PathBuf,
    },
    /// Its clients or numbers are somebody else's here.
    #[error("{} of its clients or instances are somebody else's here", .0.len())]
    Conflicts(Vec<Conflict>),
    /// It was asked to stop. Nobody sees this: the run ends before its end.
    #[error("stopped")]
    Stopped,
    /// There is not enough room.
    #[error("{needed} bytes are to be copied, {free} are free, and {floor} stay free")]
    NoRoom {
        /// How files are taken. Those that get a second name need room only where another disk forbids that.
        taking: Taking,
        /// How much is to be copied.
        needed: u64,
        /// How much is free.
        free: u64,
        /// How much is to stay free: `storage.pause_below`.
        floor: u64,
    },
    /// Our database.
    #[error(transparent)]
    Db(#[from] crate::db::Error),
    /// Our data folder.
    #[error(transparent)]
    App(#[from] crate::app::Error),
    /// A lease.
    #[error(transparent)]
    Coordination(#[from] crate::coordination::Error),
    /// Our storage.
    #[error(transparent)]
    Vault(#[from] crate::storage::Error),
}

/// What was asked for.
pub struct Order<'a> {
    /// What is taken over.
    pub source: &'a Source,
    /// How.
    pub taking: Taking,
    /// Set when it is to stop; what is under way ends.
    pub stop: &'a AtomicBool,
}

/// How a run takes files.
#[derive(Clone, Copy)]
struct Manner<'a> {
    taking: Taking,
    /// Whether each takes up room: a second name does not, where both folders are on one disk.
    copies: bool,
    /// Set when it is to stop.
    stop: &'a AtomicBool,
}

/// One run.
struct Takeover<'a, T> {
    app: &'a App,
    manner: Manner<'a>,
    owners: Owners,
    tree: Tree,
    /// What this run has seen already, as hashes, and whether it is held.
    batch: Batch,
    tell: T,
}

/// Takes everything over, and tells of each thing. True when it came to the end.
pub async fn run(app: &App, order: &Order<'_>, mut tell: impl FnMut(Step)) -> Result<bool, Error> {
    let source = order.source;
    refuse_own_storage(app, &source.media)?;
    let _leases = match order.taking {
        Taking::DryRun => None,
        Taking::Copy | Taking::Link => {
            let import = app.coordination.import().await?;
            clear_leftovers(app).await?;
            let maintenance = app.coordination.maintenance(Maintenance::Shared);
            Some((import, maintenance.await?))
        }
    };
    let scratch = app.data.join(format!("{SCRATCH}{}", app.owner));
    let foreign = Foreign::open(&source.db, &scratch).await?;
    let original = Original::of(foreign)
        .await?
        .map_err(|table| Error::OtherDatabase {
            path: source.db.clone(),
            table,
        })?;
    let tree = walk(&source.media).await?;
    tell(Step::Counted {
        rows: original.count().await?,
        files: tree.len() as u64,
        bytes: tree.bytes(),
    });
    let owners = Owners::of(app, &original).await?;
    let copies = match order.taking {
        Taking::DryRun => false,
        Taking::Copy => true,
        Taking::Link => takes_room(app, &tree).await,
    };
    // A run that goes on needs room for what is left, which it sees file by file.
    if copies && media::bytes_of_delivery(&app.db, DELIVERY).await? == 0 {
        look_for_room(app, order.taking, tree.bytes())?;
    }
    owners.settle(app, order.taking, &mut tell).await?;
    let mut takeover = Takeover {
        app,
        manner: Manner {
            taking: order.taking,
            copies,
            stop: order.stop,
        },
        owners,
        tree,
        batch: Batch::default(),
        tell,
    };
    set_mark(app, order.taking, true).await?;
    let ended = match takeover.all(&original).await {
        Err(Error::Stopped) => Ok(false),
        outcome => outcome,
    }?;
    // Whatever broke it off in the middle of a batch leaves the mark.
    set_mark(app, order.taking, false).await?;
    Ok(ended)
}

/// Lets everybody know that files may have names here that no row tells of yet.
async fn set_mark(app: &App, taking: Taking, is_under_way: bool) -> Result<(), Error> {
    if taking == Taking::DryRun {
        return Ok(());
    }
    let now = app.clock.now();
    let marking = app
        .db
        .write(Key::Nothing, async move |tx| match is_under_way {
            true => Checkpoint::Import.save(tx, "", &(), now).await,
            false => Checkpoint::Import.delete(tx, "").await,
        });
    Ok(marking.await?)
}

/// What an earlier run left that was killed.
async fn clear_leftovers(app: &App) -> Result<(), Error> {
    if app.coordination.has_maintenance().await {
        return Ok(());
    }
    if let Ok(_lease) = app.coordination.server().await {
        app.sweep_staged().await?;
    }
    for entry in std::fs::read_dir(&app.data).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            // It is a copy, and the next run tries again.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

impl<T: FnMut(Step)> Takeover<'_, T> {
    async fn all(&mut self, original: &Original) -> Result<bool, Error> {
        for table in [Table::MediaFile, Table::MessageMedia] {
            let mut after = i64::MIN;
            while let Some((page, last)) = original.media(table, after).await? {
                after = last;
                if self.is_stopped() {
                    return Ok(false);
                }
                self.readings(page).await?;
            }
        }
        let mut after = i64::MIN;
        while let Some((page, last)) = original.events(after).await? {
            after = last;
            if self.is_stopped() {
                return Ok(false);
            }
            self.events(page).await?;
        }
        self.strays().await
    }

    fn is_stopped(&self) -> bool {
        self.manner.stop.load(Ordering::Relaxed)
    }

    async fn readings(&mut self, page: Vec<Reading>) -> Result<(), Error> {
        let count = page.len() as u64;
        let mut records = Vec::with_capacity(page.len());
        for reading in page {
            match reading {
                Ok(record) => records.push(record),
                Err((origin, why)) => self.tell_left_out(origin, LeftOut::Unclear(why)),
            }
        }
        self.take(records, None).await?;
        (self.tell)(Step::Rows(count));
        Ok(())
    }

    /// Deliveries tell of media of which no row was made.
    async fn events(&mut self, page: Vec<original::Event>) -> Result<(), Error> {
        let count = page.len() as u64;
        for event in page {
            let Ok(readings) = Gateway::Wapi.read(event.body.as_bytes()) else {
                self.tell_left_out(event.origin, LeftOut::Unclear(Unclear::Body));
                continue;
            };
            let mut records = Vec::new();
            let media = readings.into_iter().flat_map(|mut reading| {
                let media = std::mem::take(&mut reading.media).into_iter();
                media.map(move |found| (reading.message.clone(), reading.instance.clone(), found))
            });
            // An edit of a caption is no media of its own.
            for (message, told_instance, found) in
                media.filter(|(.., found)| !found.is_caption_edit())
            {
                if message.id.is_empty() {
                    let origin = event.origin.clone();
                    self.tell_left_out(origin, LeftOut::Unclear(Unclear::Message));
                    continue;
                }
                records.push(Record {
                    origin: event.origin.clone(),
                    client: event.client,
                    instance: event.instance.clone(),
                    message,
                    found,
                    file: None,
                    received_at: event.received_at,
                    stored_at: None,
                    stray: None,
                    names_row: false,
                    event: None,
                    is_one_of_several: false,
                    told_instance,
                });
            }
            self.take(records, Some(event.body.as_bytes())).await?;
        }
        (self.tell)(Step::Rows(count));
        Ok(())
    }

    /// Files that no row told of.
    async fn strays(&mut self) -> Result<bool, Error> {
        for other in std::mem::take(&mut self.tree.others) {
            self.tell_left_out(tree::slashed(&other), LeftOut::NotAFile);
        }
        for folder in std::mem::take(&mut self.tree.closed) {
            self.tell_left_out(tree::slashed(&folder), LeftOut::Unreadable);
        }
        let strays: Vec<_> = (0..self.tree.len())
            .filter(|at| self.tree.entry(*at).is_stray())
            .collect();
        for page in strays.chunks(250) {
            if self.is_stopped() {
                return Ok(false);
            }
            let mut records = Vec::with_capacity(page.len());
            for at in page {
                match self.owners.stray(*at, &self.tree.entry(*at).path) {
                    Some(record) => records.push(record),
                    None => {
                        let origin = tree::slashed(&self.tree.entry(*at).path);
                        self.tell_left_out(origin, LeftOut::Place);
                    }
                }
            }
            self.take(records, None).await?;
        }
        Ok(true)
    }

    async fn take(&mut self, records: Vec<Record>, body: Option<&[u8]>) -> Result<(), Error> {
        let taking = (self.app, self.manner);
        let (owners, tree) = (&self.owners, &mut self.tree);
        let told = self.batch.take(taking, owners, tree, records, body);
        let told = told.await?;
        for (origin, outcome) in told {
            (self.tell)(Step::Media { origin, outcome });
        }
        Ok(())
    }

    fn tell_left_out(&mut self, origin: String, why: LeftOut) {
        let outcome = Outcome::LeftOut(why);
        (self.tell)(Step::Media { origin, outcome });
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
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    match (real(media), real(app.vault.root())) {
        (Some(theirs), Some(ours)) if theirs.starts_with(&ours) || ours.starts_with(&theirs) => {
            Err(Error::OwnStorage {
                path: media.to_owned(),
            })
        }
        _ => Ok(()),
    }
}

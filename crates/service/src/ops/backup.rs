//! A copy of everything in a folder that can be put in the data folder's place: the database as of one moment, every file
//! that it names, the settings, and a manifest that says what is in it.
//!
//! Promises: the service may run and write all the while; no file gets its name in the backup before its bytes were
//! found to be those that the row tells of; the database gets its name only when everything it names is there and
//! synced, so what was in the folder before stays usable until then, wherever it is cut short; the next time goes on.
//! A file that the rules or an erasure took away meanwhile is nobody's fault: before one is called missing, its row is
//! looked at again.

mod bodies;
mod copy;
mod files;
mod folder;
mod manifest;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, rfc3339};
use crate::config::Config;
use crate::db::{self, Copied, Db};
use crate::disk;
use crate::instances;
use crate::secrets::Secrets;
use crate::shutdown::Shutdown;
use crate::{app, storage};
use files::Files;
use folder::{DATABASE, Folder};
pub use manifest::{Database, Figures, Manifest, Wrong, WrongFile};

/// What the folder's file system needs for itself.
const RESERVE_BYTES: u64 = 16 << 20;

/// Why there is no new backup. The one before it, if there was one, is still there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// The storage is not the one of the database.
    #[error(transparent)]
    Opening(#[from] app::OpeningError),
    /// A file or folder cannot be read or written.
    #[error("cannot use {path}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The target and what is to be copied lie within each other.
    #[error("{target} and {other} lie within each other")]
    Within {
        /// Where the backup was to go.
        target: PathBuf,
        /// What would be copied.
        other: PathBuf,
    },
    /// There is something in the folder, and it is no backup.
    #[error("{path} is not empty, and not a backup")]
    Foreign {
        /// Which folder.
        path: PathBuf,
    },
    /// The target is a file.
    #[error("{path} is not a folder")]
    NotAFolder {
        /// Which file.
        path: PathBuf,
    },
    /// The key was to be copied, and is not there.
    #[error("the key {path} is not there")]
    NoKey {
        /// Where it should be.
        path: PathBuf,
    },
    /// The key was to be copied, and is not the one that opens what is sealed.
    #[error("the key {path} does not open the gateway tokens")]
    WrongKey {
        /// Which file.
        path: PathBuf,
    },
    /// The folder in which the target is to be made is not there.
    #[error("{path} is not there")]
    Absent {
        /// Which folder.
        path: PathBuf,
    },
    /// The folder holds the backup of another database.
    #[error("{path} holds the backup of another database")]
    OtherDatabase {
        /// Which folder.
        path: PathBuf,
    },
    /// Another process writes to it.
    #[error("another backup to {path} is under way")]
    Taken {
        /// Which folder.
        path: PathBuf,
    },
    /// It would not fit.
    #[error("{path} has room for {free} bytes, and {needed} are needed")]
    NoRoom {
        /// Which folder.
        path: PathBuf,
        /// How much is needed.
        needed: u64,
        /// How much is free.
        free: u64,
    },
    /// The database is damaged.
    #[error("the copied database is damaged: {problem}")]
    Damaged {
        /// The first thing that is wrong.
        problem: String,
    },
}

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Source {
    /// The data folder.
    pub data: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// The root of the files.
    pub storage: PathBuf,
    /// The key.
    pub key_file: PathBuf,
    /// The settings, if they are in a file.
    pub settings: Option<PathBuf>,
    /// How long the database may be busy.
    pub busy_timeout: Duration,
}

/// What is to be done.
pub struct Order {
    /// Where everything is.
    pub source: Source,
    /// Where it goes.
    pub target: PathBuf,
    /// Read files that are in the backup already, instead of going by their length and time.
    pub verify: bool,
    /// Take away files that the database no longer names.
    pub prune: bool,
    /// Copy the key too.
    pub with_key: bool,
    /// The time.
    pub clock: Clock,
    /// When it begins, the backup stops.
    pub shutdown: Shutdown,
    /// Hears of every step.
    pub tell: Arc<dyn Fn(Step<'_>) + Send + Sync>,
}

/// What is told on the way.
pub enum Step<'a> {
    /// So much of the database is copied.
    Database {
        /// Pages so far.
        pages: u64,
        /// Of so many.
        of: u64,
    },
    /// So many of the files are in the backup.
    Files {
        /// Files so far.
        files: u64,
        /// How long they are.
        bytes: u64,
        /// How long all are.
        of: u64,
    },
    /// Something is wrong with a file.
    Wrong(&'a WrongFile),
}

/// How it ended.
pub enum Outcome {
    /// The backup is whole, but for what the manifest says is missing.
    Done(Box<Manifest>),
    /// It was stopped after so many files; what was copied stays for the next time.
    Stopped(Figures),
}

/// Whether the folder holds a backup that came to its end.
pub fn is_whole(target: &Path) -> bool {
    folder::has_manifest(target)
}

/// Makes a backup, or brings the one that is there up to date.
pub async fn run(order: &Order) -> Result<Outcome, Error> {
    let began_at = order.clock.now();
    let key_file = &order.source.key_file;
    if order.with_key && !key_file.exists() {
        let path = key_file.clone();
        return Err(Error::NoKey { path });
    }
    refuse_wrong_storage(&order.source).await?;
    let folder = Folder::open(&order.target, &order.source)?;
    let before = folder.manifest()?;
    let Some(snapshot) = snapshot(order, &folder).await? else {
        return Ok(Outcome::Stopped(Figures::default()));
    };
    let copied = open_sound(&snapshot, order.source.busy_timeout).await?;
    let first_added = instances::first_added(&copied).await?;
    let identity = copied.identity().to_owned();
    let copied_has_storage = copied.has_storage().await?;
    let before = before.map_or_else(|| folder.begun(), |before| Ok(before.first_added))?;
    if before.is_some() && before != first_added {
        return Err(Error::OtherDatabase {
            path: order.target.clone(),
        });
    }
    folder.begin(first_added)?;
    // Copied, one that opens nothing would take the place of the right one from before.
    let opens = opens_tokens(&copied, key_file).await?;
    if order.with_key && !opens {
        let path = key_file.clone();
        return Err(Error::WrongKey { path });
    }
    let mut files = Files::new(order, &folder, &copied).await?;
    let whole = files.copy_all().await?;
    let texts = match whole {
        true => bodies::copy_all(order, &folder, &copied, files.live()).await?,
        false => None,
    };
    let (mut figures, wrong, named) = files.finish().await;
    copied.close().await;
    let Some(texts) = texts else {
        return Ok(Outcome::Stopped(figures));
    };
    folder.place_replacements()?;
    if copied_has_storage {
        folder.mark_storage(&identity)?;
    }
    let database = Database::of(&snapshot).map_err(at(&snapshot))?;
    folder.place(&snapshot, DATABASE)?;
    bodies::prune(&folder, &texts)?;
    let settings = folder.copy_settings(order.source.settings.as_deref())?;
    if order.with_key {
        folder.copy_key(key_file)?;
    }
    folder.surplus(&named, order.prune, &mut figures)?;
    let manifest = Manifest {
        format: manifest::FORMAT.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        began_at: rfc3339(began_at),
        ended_at: rfc3339(order.clock.now()),
        first_added,
        database,
        files: figures,
        settings,
        holds_key: opens && folder.holds_key(key_file)?,
        wrong,
    };
    folder.write_manifest(&manifest)?;
    Ok(Outcome::Done(Box::new(manifest)))
}

/// Whether the key is one, and opens what is sealed, as far as anything is.
async fn opens_tokens(db: &Db, key_file: &Path) -> Result<bool, Error> {
    let Ok(secrets) = Secrets::open(key_file) else {
        return Ok(false);
    };
    if secrets.ready().is_err() {
        return Ok(false);
    }
    let sealed = instances::sealed_token(db).await?;
    Ok(sealed.is_none_or(|(id, sealed)| {
        let context = instances::token_context(&id);
        secrets.unseal(&context, &sealed).is_ok()
    }))
}

/// The database as it is now, synced, under a name that nothing looks for; nothing when it was stopped.
async fn snapshot(order: &Order, folder: &Folder) -> Result<Option<PathBuf>, Error> {
    let source = &order.source;
    let file = std::fs::metadata(&source.database).map_err(at(&source.database))?;
    let mut log = source.database.clone().into_os_string();
    log.push("-wal");
    let log = std::fs::metadata(log);
    folder.make_room(file.len() + log.map_or(0, |log| log.len()))?;
    let staged = folder.stage(DATABASE);
    drop(copy::create(&staged).map_err(at(&staged))?);
    let (tell, shutdown) = (Arc::clone(&order.tell), order.shutdown.clone());
    let go_on = move |pages, of| {
        tell(Step::Database { pages, of });
        !shutdown.has_begun()
    };
    match db::snapshot(&source.database, &staged, source.busy_timeout, go_on).await? {
        Copied::Stopped => return Ok(None),
        Copied::Whole => {}
    }
    copy::sync(&staged).map_err(at(&staged))?;
    Ok(Some(staged))
}

/// Of a storage that is not mounted, or of another one, there is nothing to copy.
async fn refuse_wrong_storage(source: &Source) -> Result<(), Error> {
    let live = Db::open_to_read(&source.database, source.busy_timeout).await?;
    let looked = app::look_at_storage(&live, &source.storage).await;
    live.close().await;
    Ok(looked.map(drop)?)
}

async fn open_sound(snapshot: &Path, busy_timeout: Duration) -> Result<Db, Error> {
    let copied = Db::open_to_read(snapshot, busy_timeout).await?;
    match copied.problems().await?.into_iter().next() {
        Some(problem) => Err(Error::Damaged { problem }),
        None => Ok(copied),
    }
}

/// Says which path it was.
fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    |source| Error::Io {
        path: path.to_owned(),
        source,
    }
}

/// Makes what the system keeps of a folder's names durable.
fn sync_folder(path: &Path) -> Result<(), Error> {
    disk::sync_folder(path).map_err(at(path))
}

fn of_storage(path: &Path, error: storage::Error) -> Error {
    match error {
        storage::Error::Full(source) | storage::Error::Io(source) => at(path)(source),
        error @ (storage::Error::Displaced { .. } | storage::Error::Linked(_)) => {
            at(path)(std::io::Error::other(error))
        }
    }
}

/// Whether a settings file says where database, files or key are: then it would lead whoever tries the backup back to
/// the ones in use.
fn names_places(settings: &Path) -> bool {
    Config::read(settings).is_ok_and(|config| {
        !config.database.url.is_empty()
            || !config.storage.url.is_empty()
            || !config.secrets.key_file.as_os_str().is_empty()
    })
}

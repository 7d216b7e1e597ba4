//! Whether database and storage belong together, asked before either of them is used. Nothing is created in place of
//! what was lost: a folder without any trace of former data is set up freely, every other one must be whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::Config;
use crate::db::{self, Db};
use crate::storage::{self, Found};
use crate::{clock, media};

/// So many of the newest stored files are looked for in a storage that carries no id.
const SAMPLE: u32 = 32;

/// A database that is missing is looked for again, because another process may be making it.
const LOOKS: u32 = 3;
const LOOK: Duration = Duration::from_millis(50);

/// What the operator, or the command, allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// A new database in place of a missing one; the storage that is there becomes its storage.
    pub new_database: bool,
    /// Files without any other trace of former data: the original system had the same folders.
    pub files_of_others: bool,
    /// A storage that does not carry the database's id.
    pub storage: AllowedStorage,
}

/// Which storage is used besides the right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AllowedStorage {
    /// None.
    #[default]
    None,
    /// One that is gone, which is begun anew.
    Lost,
    /// Whatever is there, which is given the database's id.
    Adopted,
    /// Whatever is there, by a command that leaves it alone.
    Unused,
}

/// Why a data folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was a database.
    #[error("the database {path} is missing, but {trace} shows that there was one")]
    NoDatabase {
        /// Where it should be.
        path: PathBuf,
        /// What is left of the former data.
        trace: PathBuf,
    },
    /// The storage is not the one of the database.
    #[error("the storage at {root} is not the one of this database ({})", found.as_str())]
    WrongStorage {
        /// Where it should be.
        root: PathBuf,
        /// What is there.
        found: Found,
    },
    /// A storage without an id, of which it cannot be told whose it is.
    #[error("{root} holds files, but none of those that the database has stored")]
    UnknownStorage {
        /// Where it is.
        root: PathBuf,
    },
    /// The database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// The storage.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// What the storage of a database is, before anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageState {
    /// It carries the database's id.
    Marked,
    /// It is the one, and gets the id.
    ToBeMarked,
}

/// Refuses a data folder whose database is missing although there was one. Answers whether there is none yet.
pub fn look_for_database(data: &Path, config: &Config) -> Result<bool, Error> {
    look(data, config, Allowed::default())
}

fn look(data: &Path, config: &Config, allowed: Allowed) -> Result<bool, Error> {
    let path = config.database_file(data);
    let mut looks = 1;
    loop {
        // In this order: a database is there before anything else that another process makes at this moment.
        let trace = trace(data, config, allowed);
        if !db::is_absent(&path, config.database.busy_timeout.duration()) {
            return Ok(false);
        }
        match trace {
            None => return Ok(true),
            Some(trace) if looks == LOOKS => return Err(Error::NoDatabase { path, trace }),
            Some(_) => std::thread::sleep(LOOK),
        }
        looks += 1;
    }
}

/// What shows that there was a database.
fn trace(data: &Path, config: &Config, allowed: Allowed) -> Option<PathBuf> {
    let storage = config.storage_folder(data);
    let marker = storage::marker_path(&storage);
    let key = config.key_file(data);
    let remains = db::remains(&config.database_file(data));
    let (bodies, quarantine) = (data.join(super::BODIES), storage.join(storage::QUARANTINE));
    let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
    let holds_entries = |path: &PathBuf| {
        let entries = std::fs::read_dir(path);
        entries.is_ok_and(|mut entries| entries.next().is_some())
    };
    [key, marker]
        .into_iter()
        .find(is_there)
        .or_else(|| remains.into_iter().next())
        .or_else(|| [bodies, quarantine].into_iter().find(holds_entries))
        .or_else(|| {
            let counts = !allowed.files_of_others && storage::holds_clients(&storage);
            counts.then_some(storage)
        })
}

/// Makes room for a new database: what is left of the old one keeps its content under another name.
fn set_aside(database: &Path) -> Result<(), Error> {
    for remains in db::remains(database) {
        let mut aside = remains.clone().into_os_string();
        let now = clock::compact(clock::Clock::system().now());
        aside.push(format!(".lost-{now}"));
        std::fs::rename(&remains, aside).map_err(storage::Error::from)?;
    }
    Ok(())
}

/// Looks for the database, before it is opened. Answers whether a new one takes the place of a lost one.
pub fn before_database(data: &Path, config: &Config, allowed: Allowed) -> Result<bool, Error> {
    match look(data, config, allowed) {
        Err(Error::NoDatabase { path, trace }) if allowed.new_database => {
            set_aside(&path)?;
            let (path, trace) = (path.display(), trace.display());
            tracing::warn!(%path, %trace, "a new database takes the place of a missing one");
            Ok(true)
        }
        Err(error) => Err(error),
        Ok(is_new) => {
            if allowed.new_database && !is_new {
                tracing::warn!(
                    "the database is there; --new-database has no effect and should be removed"
                );
            }
            Ok(false)
        }
    }
}

/// Looks at the storage of a database; changes nothing.
pub async fn look_at_storage(db: &Db, root: &Path) -> Result<StorageState, Error> {
    let wrong = |found| Error::WrongStorage {
        root: root.to_owned(),
        found,
    };
    let marker = storage::marker(root).map_err(storage::Error::from)?;
    match marker {
        Some(id) if id == db.identity() => return Ok(StorageState::Marked),
        // A database of an earlier version, open to be read, has no id yet.
        Some(_) => return Err(wrong(Found::Other)),
        None => {}
    }
    let found = match root.is_dir() {
        true => Found::Unmarked,
        false => Found::Missing,
    };
    let has_storage = db.has_storage().await?;
    let sample = media::newest_paths(db, SAMPLE).await?;
    let is_there = |path: &&String| root.join(path).is_file();
    let there = sample.iter().filter(is_there).count();
    let is_proven = !sample.is_empty() && there * 2 >= sample.len();
    if is_proven {
        return Ok(StorageState::ToBeMarked);
    }
    if has_storage || !sample.is_empty() {
        // Another process may have given it the id by now.
        let marker = storage::marker(root).map_err(storage::Error::from)?;
        return match marker.is_some_and(|id| id == db.identity()) {
            true => Ok(StorageState::Marked),
            false => Err(wrong(found)),
        };
    }
    match storage::holds_files(root) {
        true => Err(Error::UnknownStorage {
            root: root.to_owned(),
        }),
        false => Ok(StorageState::ToBeMarked),
    }
}

/// Looks at the storage of a database, and gives it the database's id where it is the right one and has none.
pub async fn settle_storage(db: &Db, root: &Path, allowed: Allowed) -> Result<(), Error> {
    use AllowedStorage::{Adopted, Lost, Unused};
    if allowed.storage == Unused {
        return Ok(());
    }
    let storage = match (look_at_storage(db, root).await, allowed.storage) {
        (Err(Error::WrongStorage { found, .. }), Adopted) => {
            let (root, found) = (root.display(), found.as_str());
            tracing::warn!(%root, found, "the storage becomes the one of this database");
            StorageState::ToBeMarked
        }
        (Err(Error::WrongStorage { found, .. }), Lost) if found != Found::Other => {
            tracing::warn!(root = %root.display(), "a new storage takes the place of a lost one");
            StorageState::ToBeMarked
        }
        (Err(Error::UnknownStorage { .. }), Adopted) => StorageState::ToBeMarked,
        (Err(Error::UnknownStorage { .. }), _) if allowed.files_of_others => {
            StorageState::ToBeMarked
        }
        (looked, _) => looked?,
    };
    if storage == StorageState::ToBeMarked {
        storage::write_marker(root, db.identity())?;
    }
    // Only afterwards, so that a process that is ended in between finds no mark missing.
    if !db.has_storage().await? {
        db.set_has_storage().await?;
    }
    Ok(())
}

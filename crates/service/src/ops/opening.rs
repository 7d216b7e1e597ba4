//! Whether database and storage belong together, checked before either is used. Nothing is created in place of what was
//! lost: a folder without a trace of earlier data is set up freely, any other one must be complete.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::Config;
use crate::db::{self, Db};
use crate::deliveries::BODIES;
use crate::storage::{self, Found, Storage};
use crate::{clock, media, telemetry};

/// How many of the newest stored files are searched in a storage without an id.
const SAMPLE: u32 = 32;

/// A missing database is searched again, because another process may be creating it.
const LOOKS: u32 = 3;
const LOOK: Duration = Duration::from_millis(50);

/// The exceptions that the operator, or the command, allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// A new database in place of a missing one; the storage that is there becomes its storage.
    pub new_database: bool,
    /// Files without any other trace of former data: the original system had the same folders.
    pub files_of_others: bool,
    /// A storage that does not carry the database's id.
    pub storage: AllowedStorage,
}

/// Which other storage than that of the database is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AllowedStorage {
    #[default]
    None,
    /// A missing one, which is created again.
    Lost,
    /// Any, which gets the database's id.
    Adopted,
    /// Any, by a command that does not use it.
    Unused,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database {path} is missing, but {trace} shows that there was one")]
    NoDatabase {
        path: PathBuf,
        /// A remaining part of the earlier data.
        trace: PathBuf,
    },
    #[error("the storage at {root} is not the one of this database ({})", found.as_str())]
    WrongStorage { root: PathBuf, found: Found },
    /// A storage without an id.
    #[error("{root} holds files, but none of those that the database has stored")]
    UnknownStorage { root: PathBuf },
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageState {
    /// It has the database's id.
    Marked,
    /// It belongs to the database, and gets its id.
    ToBeMarked,
}

/// Refuses a data folder whose database is missing although there was one. Whether there is none yet.
pub async fn look_for_database(data: &Path, config: &Config) -> Result<bool, Error> {
    look(data, config, Allowed::default()).await
}

async fn look(data: &Path, config: &Config, allowed: Allowed) -> Result<bool, Error> {
    let place = config.database_place(data);
    let mut looks = 1;
    loop {
        // In this order: a database is there before anything else that another process makes at this moment.
        let trace = trace(data, config, allowed);
        let busy_timeout = config.database.busy_timeout.duration();
        if !place.is_absent(busy_timeout).await {
            return Ok(false);
        }
        match trace {
            None => return Ok(true),
            Some(trace) if looks == LOOKS => {
                let path = place.shown();
                return Err(Error::NoDatabase { path, trace });
            }
            Some(_) => tokio::time::sleep(LOOK).await,
        }
        looks += 1;
    }
}

/// A file that shows that there was a database.
fn trace(data: &Path, config: &Config, allowed: Allowed) -> Option<PathBuf> {
    let storage = config.storage_folder(data);
    let marker = storage::marker_path(&storage);
    let key = config.key_file(data);
    let file = config.database_file(data);
    let remains = file.map_or_else(Vec::new, |file| db::remains(&file));
    let (bodies, quarantine) = (data.join(BODIES), storage.join(storage::QUARANTINE));
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

/// Renames what is left of an earlier database, so that a new one can be created.
fn rename_remains(database: &Path) -> Result<(), Error> {
    for remains in db::remains(database) {
        let mut aside = remains.clone().into_os_string();
        let now = clock::compact(clock::Clock::system().now());
        aside.push(format!(".lost-{now}"));
        std::fs::rename(&remains, aside).map_err(storage::Error::from)?;
    }
    Ok(())
}

/// The state of the database's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    There,
    /// Nothing, nor a trace of earlier data.
    New,
    /// Nothing, and the operator allows a new one in place of the lost one.
    Replaced,
}

/// Looks for the database, before it is opened.
pub async fn before_database(
    data: &Path,
    config: &Config,
    allowed: Allowed,
) -> Result<Looked, Error> {
    match look(data, config, allowed).await {
        Err(Error::NoDatabase { path, trace }) if allowed.new_database => {
            if let Some(file) = config.database_file(data) {
                rename_remains(&file)?;
            }
            let (path, trace) = (path.display(), trace.display());
            tracing::warn!(%path, %trace, "a new database takes the place of a missing one");
            Ok(Looked::Replaced)
        }
        Err(error) => Err(error),
        Ok(is_new) => {
            if allowed.new_database && !is_new {
                tracing::warn!(
                    "the database is there; --new-database has no effect and should be removed"
                );
            }
            Ok(if is_new { Looked::New } else { Looked::There })
        }
    }
}

/// Looks at the storage of a database; changes nothing.
pub async fn look_at_storage(db: &Db, storage: &Storage) -> Result<StorageState, Error> {
    let wrong = |found| Error::WrongStorage {
        root: storage.place(),
        found,
    };
    let marker = storage.blocking(Storage::marker_id).await?;
    match marker {
        Some(id) if id == db.identity() => return Ok(StorageState::Marked),
        // A database of an earlier version, open to be read, has no id yet.
        Some(_) => return Err(wrong(Found::Other)),
        None => {}
    }
    let found = if storage.is_remote() || storage.root_exists() {
        Found::Unmarked
    } else {
        Found::Missing
    };
    let has_storage = db.has_storage().await?;
    let sample = media::newest_paths(db, SAMPLE).await?;
    let mut there = 0;
    for stamp in storage.stamps(sample.clone()).await {
        // On a disk that cannot be read nothing is proven; of a bucket that cannot be asked nothing is known.
        let found = match stamp {
            Err(error) if storage.is_remote() => return Err(error.into()),
            stamp => stamp.ok().flatten(),
        };
        there += usize::from(found.is_some());
    }
    let is_proven = !sample.is_empty() && there * 2 >= sample.len();
    if is_proven {
        return Ok(StorageState::ToBeMarked);
    }
    if has_storage || !sample.is_empty() {
        // Another process may have given it the id by now.
        let marker = storage.blocking(Storage::marker_id).await?;
        return if marker.is_some_and(|id| id == db.identity()) {
            Ok(StorageState::Marked)
        } else {
            Err(wrong(found))
        };
    }
    if storage.blocking(Storage::holds_any).await? {
        let root = storage.place();
        return Err(Error::UnknownStorage { root });
    }
    Ok(StorageState::ToBeMarked)
}

/// Like [`look_at_storage`], and gives the storage the database's id if it belongs to it and has none.
pub async fn settle_storage(db: &Db, storage: &Storage, allowed: Allowed) -> Result<(), Error> {
    use AllowedStorage::{Adopted, Lost, Unused};
    if allowed.storage == Unused {
        return Ok(());
    }
    let root = storage.place();
    let state = match (look_at_storage(db, storage).await, allowed.storage) {
        // Webhooks are accepted, and their media wait. The marker is checked before anything is stored.
        (Err(Error::Storage(storage::Error::Remote(error))), _) if db.has_storage().await? => {
            let error = telemetry::chain(&error);
            tracing::error!(root = %root.display(), error, "the object storage cannot be used now");
            return Ok(());
        }
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
    if state == StorageState::ToBeMarked {
        let id = db.identity().to_owned();
        storage.blocking(move |storage| storage.mark(&id)).await?;
    }
    // Last, so that a process that is killed before does not require a marker that was never written.
    if !db.has_storage().await? {
        db.set_has_storage().await?;
    }
    Ok(())
}

//! Holds the handles of all rooms. Edges and composers get it; a step takes just what it uses.

mod opening;
pub mod watch;

use std::fs::{File, TryLockError};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Db, Key};
use crate::deliveries::Bodies;
use crate::disk;
use crate::download::{Outages, Progress};
use crate::gateway::{self, Gateway, ParsedDelivery};
use crate::ingest::Tally;
use crate::instances::{self, Directory, Instance, NewInstance};
use crate::model::Reason;
use crate::net::HttpClient;
use crate::queue;
use crate::secrets::{self, Secrets};
use crate::shutdown::Shutdown;
use crate::storage::Vault;
pub use opening::{
    Allowed, AllowedStorage, Error as OpeningError, Storage, look_at_storage, look_for_database,
    settle_storage,
};
pub use watch::{Displaced, door_of_server};

/// The mark that stands while an import is under way, and after one that was killed: it gives files their names before
/// their rows.
pub const IMPORT_MARK: &str = "import under way";

/// The folder with the long texts of deliveries, in the data folder.
pub const BODIES: &str = "bodies";

/// Most webhooks are ten times smaller.
const LARGE_BYTES: usize = 32 << 10;
const SERVER_LOCK: &str = "serve.lock";
const STRIPES: usize = 1_024;
/// Who only looks whether the folder is served holds the lock for less than this.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: usize = 5;
/// What a sweep, an erasure or a repair does at once takes less than this.
const MOMENT: Duration = Duration::from_secs(10);

/// Why the program cannot work with its data folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder cannot be made or used.
    #[error("the data folder {path} cannot be used")]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A lock file in it cannot be opened.
    #[error("cannot lock {path}")]
    Lock {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process serves it.
    #[error("another midiateca already serves {path}")]
    Taken {
        /// Which folder.
        path: PathBuf,
    },
    /// Somebody else is at work on its files.
    #[error("an import, an erasure or a repair is at work on the files of {path}")]
    Files {
        /// Which folder.
        path: PathBuf,
    },
    /// Database and storage do not belong together.
    #[error(transparent)]
    Opening(#[from] opening::Error),
    /// Another import works on it.
    #[error("another import into {path} is under way")]
    Importing {
        /// Which folder.
        path: PathBuf,
    },
    /// The database.
    #[error(transparent)]
    Db(#[from] crate::db::Error),
    /// The key file.
    #[error(transparent)]
    Secrets(#[from] crate::secrets::Error),
    /// The storage.
    #[error(transparent)]
    Vault(#[from] crate::storage::Error),
}

/// Everything that is open.
pub struct App {
    /// The data folder.
    pub data: PathBuf,
    /// The settings in force.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// The database.
    pub db: Db,
    /// The files.
    pub vault: Vault,
    /// Long texts of deliveries.
    pub bodies: Bodies,
    /// The network.
    pub fetch: HttpClient,
    /// The key.
    pub secrets: Secrets,
    /// The instances.
    pub directory: Directory,
    /// Rung when there may be work.
    pub work: Notify,
    /// Deliveries counted but not yet written down.
    pub tally: Tally,
    /// How far running downloads are.
    pub progress: Progress,
    /// What is out of order, so that media wait for it.
    pub outages: Outages,
    /// Tasks and their end.
    pub shutdown: Shutdown,
    /// This run of this process, as a lease names it.
    pub owner: String,
    /// Held by who takes a large body apart.
    large_bodies: Mutex<()>,
    same_bytes: Vec<Arc<Mutex<()>>>,
}

/// Held by the one process that serves a data folder.
pub struct Alone(File);

impl Alone {
    /// Leaves a line in the lock file for other processes. Whoever cannot write to it does without.
    fn note(&self, line: &str) {
        let (mut file, line) = (&self.0, format!("{line}\n"));
        let _ = file
            .rewind()
            .and_then(|()| file.set_len(0))
            .and_then(|()| file.write_all(line.as_bytes()));
    }
}

/// Held by the one import into a data folder.
pub struct Importing(#[expect(dead_code, reason = "the lock is held by the open file")] File);

/// Held by whoever gives files names, or takes them away, apart from the queue.
pub struct Files(#[expect(dead_code, reason = "the lock is held by the open file")] File);

/// Opens a lock file, creating it when it does not exist. One of an earlier version may belong to an administrator who
/// ran a command here, and is locked all the same: a lock needs no right to write.
fn lock_file(path: &Path) -> Result<File, Error> {
    let opened = match disk::open_lock(path) {
        Err(error) if is_closed(&error) => File::open(path),
        opened => opened,
    };
    opened.map_err(|source| Error::Lock {
        path: path.to_owned(),
        source,
    })
}

/// Whether it can perhaps be read all the same.
fn is_closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
}

/// Whether a folder holds nothing but what belongs to a data folder, and no database yet: it is the program's own from
/// here on, and closed like one that it creates.
fn is_unused(data: &Path, config: &Config) -> bool {
    const OURS: [&str; 7] = [
        "midiateca.toml",
        "secret.key",
        "serve.lock",
        "files.lock",
        "import.lock",
        "media_storage",
        "lost+found",
    ];
    let mut entries = std::fs::read_dir(data).into_iter().flatten().flatten();
    !config.database_file(data).exists()
        && entries.all(|entry| OURS.iter().any(|name| entry.file_name() == *name))
}

/// Takes rights from others that earlier versions gave by the umask, on what this program itself creates. The storage's
/// own folder closes all that is in it.
fn restrict_existing(data: &Path, config: &Config) {
    let database = config.database_file(data);
    for ending in ["", "-wal", "-shm"] {
        let mut path = database.clone().into_os_string();
        path.push(ending);
        disk::restrict(Path::new(&path));
    }
    if config.storage.url.is_empty() {
        disk::restrict(&config.storage_folder(data));
    }
}

fn lock(file: &File) -> Result<(), TryLockError> {
    for _ in 1..LOOKS {
        if file.try_lock().is_ok() {
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
    file.try_lock()
}

impl App {
    /// Opens everything below `data`, making what is missing where nothing was before.
    pub async fn open(data: &Path, config: Config, clock: Clock) -> Result<Arc<Self>, Error> {
        Self::open_allowing(data, config, clock, Allowed::default()).await
    }

    /// Like [`App::open`], with what the operator allows.
    pub async fn open_allowing(
        data: &Path,
        config: Config,
        clock: Clock,
        allowed: Allowed,
    ) -> Result<Arc<Self>, Error> {
        let mut allowed = allowed;
        if opening::before_database(data, &config, allowed)? {
            allowed.storage = AllowedStorage::Adopted;
        }
        let folder = |source| Error::Folder {
            path: data.to_owned(),
            source,
        };
        let is_new = is_unused(data, &config);
        disk::set_access(config.storage.access());
        disk::create_folder(data).map_err(folder)?;
        let owner = uuid::Uuid::now_v7().simple().to_string();
        let db = Db::open(
            &config.database_file(data),
            config.database.busy_timeout.duration(),
        )
        .await?;
        if clock.is_system()
            && let Some(saved) = db.saved_clock().await?
        {
            clock.resume(&saved);
        }
        let storage = config.storage_folder(data);
        if db.identity().is_empty() {
            let column = "identity.id".to_owned();
            return Err(crate::db::Error::Malformed { column }.into());
        }
        settle_storage(&db, &storage, allowed).await?;
        let vault = match allowed.storage {
            AllowedStorage::Unused => Vault::at_root(&storage, &owner),
            _ => Vault::open(&storage, &owner)?,
        };
        restrict_existing(data, &config);
        if is_new {
            disk::restrict(data);
        }
        let key_file = config.key_file(data);
        let secrets = match instances::has_sealed_values(&db).await? {
            true => Secrets::open(&key_file)?,
            false => Secrets::create(&key_file)?,
        };
        let opened = (db, vault, secrets);
        Ok(Self::assemble(data, config, clock, owner, opened))
    }

    /// Opens what is there to read it, and creates nothing: for a data folder that cannot be written. Writing to the
    /// database is unavailable.
    pub async fn open_to_read(
        data: &Path,
        config: Config,
        clock: Clock,
        storage: AllowedStorage,
    ) -> Result<Arc<Self>, Error> {
        let owner = uuid::Uuid::now_v7().simple().to_string();
        let busy_timeout = config.database.busy_timeout.duration();
        let db = Db::open_current_to_read(&config.database_file(data), busy_timeout).await?;
        let root = config.storage_folder(data);
        if storage == AllowedStorage::None {
            look_at_storage(&db, &root).await?;
        }
        let secrets = Secrets::unopened(&config.key_file(data));
        let opened = (db, Vault::at_root(&root, &owner), secrets);
        Ok(Self::assemble(data, config, clock, owner, opened))
    }

    fn assemble(
        data: &Path,
        config: Config,
        clock: Clock,
        owner: String,
        (db, vault, secrets): (Db, Vault, Secrets),
    ) -> Arc<Self> {
        Arc::new(Self {
            vault: vault.of_database(db.identity()),
            bodies: Bodies::new(data.join(BODIES)),
            fetch: HttpClient::new(&config.fetch),
            secrets,
            directory: Directory::new(db.clone()),
            work: Notify::new(),
            tally: Tally::default(),
            progress: Progress::default(),
            outages: Outages::default(),
            shutdown: Shutdown::default(),
            large_bodies: Mutex::default(),
            same_bytes: std::iter::repeat_with(Arc::default).take(STRIPES).collect(),
            data: data.to_owned(),
            config,
            clock,
            db,
            owner,
        })
    }

    /// Adds an instance, or tells an existing one anew: makes its folders and seals its token. Answers with the
    /// token of its webhook address, of which only the hash is kept, if it did not have one already.
    pub async fn add_instance(
        &self,
        instance: NewInstance,
        token: Option<&str>,
    ) -> Result<(Instance, Option<String>), Error> {
        let context = instances::token_context(&instance.id);
        let token_sealed = token
            .map(|token| self.secrets.seal(&context, token))
            .transpose()?;
        let hook = secrets::random_token();
        let new = NewInstance {
            token_sealed,
            hook_hash: secrets::hash_token(&hook),
            ..instance
        };
        let (id, now) = (new.id.clone(), self.clock.now());
        let is_new = self
            .db
            .write(Key::instance(id.as_str()), async move |tx| {
                if new.token_sealed.is_some() || new.api_base.is_some() {
                    queue::hurry(tx, &new.id, &Reason::OF_ACCESS).await?;
                    instances::set_problem(tx, &new.id, None).await?;
                }
                instances::put_instance(tx, &new, now).await
            })
            .await?;
        let kept = instances::instance(&self.db, &id).await?;
        let kept = kept.ok_or(crate::db::Error::Malformed {
            column: "removed_at".to_owned(),
        })?;
        self.vault.make_folders(kept.client, &kept.id)?;
        Ok((kept, is_new.then_some(hook)))
    }

    /// Makes sure that no other process serves this folder, for as long as the answer is held.
    pub fn alone(data: &Path) -> Result<Alone, Error> {
        let taken = |_| Error::Taken {
            path: data.to_owned(),
        };
        disk::create_folder(data).map_err(|source| Error::Folder {
            path: data.to_owned(),
            source,
        })?;
        let file = lock_file(&data.join(SERVER_LOCK))?;
        lock(&file).map_err(taken)?;
        // What a killed server left there is not true any more. Whoever cannot write to it does without.
        let _ = file.set_len(0);
        Ok(Alone(file))
    }

    /// Makes sure that no other import works on this folder, for as long as the answer is held: each gives files their
    /// names before their rows, and would take the other's for its own.
    pub fn importing(data: &Path) -> Result<Importing, Error> {
        let path = data.join("import.lock");
        let file = lock_file(&path)?;
        match lock(&file) {
            Ok(()) => Ok(Importing(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Importing {
                path: data.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(Error::Lock { path, source }),
        }
    }

    /// Held, together with others, while files are given names or taken away before their rows say so, apart from the
    /// queue, whose claims tell of its own: by an import, an erasure, a sweep. No repair begins meanwhile.
    pub async fn hold_files(&self) -> Result<Files, Error> {
        self.files(File::try_lock_shared, MOMENT).await
    }

    /// Held by a repair, which takes what no row names for nobody's: alone.
    pub async fn hold_files_alone(&self) -> Result<Files, Error> {
        self.files(File::try_lock, MOMENT).await
    }

    async fn files(
        &self,
        take: fn(&File) -> Result<(), TryLockError>,
        patience: Duration,
    ) -> Result<Files, Error> {
        let path = self.data.join("files.lock");
        let file = lock_file(&path)?;
        let began = tokio::time::Instant::now();
        loop {
            match take(&file) {
                Ok(()) => return Ok(Files(file)),
                Err(TryLockError::Error(source)) => return Err(Error::Lock { path, source }),
                Err(TryLockError::WouldBlock) if began.elapsed() < patience => {
                    tokio::time::sleep(LOOK).await;
                }
                Err(TryLockError::WouldBlock) => {
                    let path = self.data.clone();
                    return Err(Error::Files { path });
                }
            }
        }
    }

    /// Whether somebody is giving files names before their rows say so, apart from the queue.
    pub async fn has_files_held(&self) -> bool {
        let held = self.files(File::try_lock, Duration::ZERO).await;
        matches!(held, Err(Error::Files { .. }))
    }

    /// Throws away what earlier runs left staged, unless somebody may still be at work on it. Only for who serves the
    /// folder, or knows that nobody does.
    pub async fn sweep_staged(&self) -> Result<(), Error> {
        match self.files(File::try_lock, Duration::ZERO).await {
            Ok(_files) => Ok(self.vault.sweep()?),
            Err(Error::Files { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether a process serves this folder now; nothing when it cannot be told. The look at its lock keeps nobody
    /// out: see [`App::alone`].
    pub fn is_served(data: &Path) -> Option<bool> {
        match File::open(data.join(SERVER_LOCK)) {
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => Some(false),
                Err(TryLockError::WouldBlock) => Some(true),
                Err(TryLockError::Error(_)) => None,
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(false),
            Err(_) => None,
        }
    }

    /// Whether long texts of deliveries may take more of the disk: below this, downloads under way stop as well.
    pub fn has_room_for_bodies(&self) -> bool {
        let least = self.config.storage.pause_below.bytes() / 2;
        crate::storage::free_bytes_at(&self.data).is_ok_and(|free| free >= least)
    }

    /// Reads the body of a delivery. Large ones are taken apart away from the async threads, and one at a time, for they
    /// take a multiple of their size while it lasts.
    pub async fn read(
        &self,
        gateway: Gateway,
        body: &Bytes,
    ) -> Result<Result<Vec<ParsedDelivery>, gateway::Error>, crate::db::Error> {
        self.parse(body, move |body| gateway.read(body)).await
    }

    /// The texts of a body in which another seems to be, and that cannot be read as they stand.
    pub async fn unreadable_texts(
        &self,
        gateway: Gateway,
        body: &Bytes,
    ) -> Result<Vec<String>, crate::db::Error> {
        self.parse(body, move |body| gateway.unreadable_texts(body))
            .await
    }

    async fn parse<T: Send + 'static>(
        &self,
        body: &Bytes,
        parse: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<T, crate::db::Error> {
        if body.len() <= LARGE_BYTES {
            return Ok(parse(body));
        }
        let _turn = self.large_bodies.lock().await;
        let body = body.clone();
        tokio::task::spawn_blocking(move || parse(&body))
            .await
            .map_err(|_| crate::db::Error::Panicked)
    }

    /// Held from the moment one looks for the same bytes until one's own are recorded, so that the same
    /// bytes arriving twice at once are still stored once.
    pub async fn same_bytes(&self, client: i64, sha256: &[u8; 32]) -> OwnedMutexGuard<()> {
        let mixed = u64::from(u16::from_le_bytes([sha256[0], sha256[1]]))
            .wrapping_add(client.cast_unsigned());
        let stripe = usize::try_from(mixed % STRIPES as u64).unwrap_or(0);
        Arc::clone(&self.same_bytes[stripe]).lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_at_the_lock_sees_a_server_and_keeps_none_out() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(App::is_served(folder.path()), Some(false));
        assert!(
            !folder.path().join(SERVER_LOCK).exists(),
            "a look made a file"
        );
        let alone = App::alone(folder.path()).unwrap();
        for _ in 0..2 {
            assert_eq!(App::is_served(folder.path()), Some(true));
        }
        drop(alone);
        assert_eq!(App::is_served(folder.path()), Some(false));
        let look = File::open(folder.path().join(SERVER_LOCK)).unwrap();
        look.try_lock_shared().unwrap();
        let server = folder.path().to_owned();
        let server = std::thread::spawn(move || App::alone(&server).is_ok());
        drop(look);
        assert!(server.join().unwrap());
    }
}

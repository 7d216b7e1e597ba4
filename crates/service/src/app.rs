//! The handles of all modules, for the server and the edges. An operation gets those that it uses.

mod start;
pub mod watch;
pub(crate) mod writing;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;

use crate::access::password::Passwords;
use crate::clock::Clock;
use crate::clock_check::ClockCheck;
use crate::config::Config;
use crate::coordination::{self, Coordination, Maintenance};
use crate::db::Db;
use crate::deliveries::{BODIES, Bodies};
use crate::derived::Derived;
use crate::derived::examiner::Examiner;
use crate::derived::programs::Programs;
use crate::derived::schedule::Schedule;
use crate::disk;
use crate::download::{Downloader, Groups, Lanes, Outages, Progress, Reuploads};
use crate::events::feed::Feed;
use crate::gateway::Reader;
use crate::ingest::{Ingest, Tally};
use crate::instances::{self, Directory};
use crate::media::examinations::Task;
use crate::media::screening::Screening;
use crate::metrics::Metrics;
use crate::model::Role;
use crate::net::HttpClient;
use crate::notifier::Notifier;
use crate::ops::import::multichat;
use crate::ops::opening::{self, Looked, look_at_storage, settle_storage};
use crate::ops::{FileDeps, dossier, endpoints, erasure, export, instance, live, status, users};
use crate::secrets::Secrets;
use crate::shutdown::Shutdown;
use crate::storage::Storage;
use crate::worker::Worker;
pub use opening::{Allowed, AllowedStorage, Error as OpeningError, look_for_database};
pub use start::{ListenError, StartError};
pub use writing::may_be_readable;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A mistyped folder, or a new one.
    #[error("no installation in {path}")]
    NoData { path: PathBuf },
    #[error("the data folder {path} cannot be used")]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Opening(#[from] opening::Error),
    #[error(transparent)]
    Coordination(#[from] coordination::Error),
    #[error(transparent)]
    Db(#[from] crate::db::Error),
    #[error(transparent)]
    Secrets(#[from] crate::secrets::Error),
    #[error(transparent)]
    Storage(#[from] crate::storage::Error),
}

impl From<instance::Error> for Error {
    fn from(error: instance::Error) -> Self {
        match error {
            instance::Error::Db(error) => Self::Db(error),
            instance::Error::Secrets(error) => Self::Secrets(error),
            instance::Error::Storage(error) => Self::Storage(error),
        }
    }
}

pub struct App {
    pub data: PathBuf,
    pub config: Config,
    pub clock: Clock,
    pub db: Db,
    pub storage: Storage,
    /// Long texts of deliveries.
    pub bodies: Bodies,
    pub fetch: HttpClient,
    pub secrets: Arc<Secrets>,
    pub directory: Arc<Directory>,
    /// Notified when there may be work.
    pub work: Arc<Notify>,
    /// Delivery counts that are not saved yet.
    pub tally: Arc<Tally>,
    pub progress: Arc<Progress>,
    /// Why media wait for a gateway, the CDN or the network.
    pub outages: Arc<Outages>,
    pub reuploads: Arc<Reuploads>,
    pub groups: Groups,
    /// Live events.
    pub feed: Feed,
    pub metrics: Arc<Metrics>,
    pub passwords: Passwords,
    pub lanes: Lanes,
    pub shutdown: Shutdown,
    pub coordination: Coordination,
    /// The random name of this process.
    pub owner: String,
    /// Where this process listens, if it is a server.
    pub listening: OnceLock<SocketAddr>,
    pub ingest: Ingest,
    /// Thumbnails and the like.
    pub derived: Derived,
}

/// Refuses a folder in which no installation has begun.
pub async fn must_exist(data: &Path, config: &Config) -> Result<(), Error> {
    let path = data.to_owned();
    if look_for_database(data, config).await? {
        return Err(Error::NoData { path });
    }
    let Some(file) = config.database_file(data) else {
        return Ok(());
    };
    match std::fs::metadata(file) {
        Ok(found) if found.is_file() => Ok(()),
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Folder { path, source })
        }
        _ => Err(Error::NoData { path }),
    }
}

/// Whether a folder has only what belongs to a data folder, and no database yet: its rights are restricted, like those of
/// a folder that the program creates.
fn is_unused(data: &Path, config: &Config) -> bool {
    const OURS: [&str; 4] = [
        "midiateca.toml",
        "secret.key",
        "media_storage",
        "lost+found",
    ];
    let mut entries = std::fs::read_dir(data).into_iter().flatten().flatten();
    !config.database_file(data).is_some_and(|file| file.exists())
        && entries.all(|entry| {
            let mut ours = OURS.iter().chain(&coordination::FILES);
            ours.any(|name| entry.file_name() == *name)
        })
}

/// Earlier versions created files by the umask. The folder of the storage protects everything in it.
fn restrict_existing(data: &Path, config: &Config) {
    if let Some(database) = config.database_file(data) {
        for ending in ["", "-wal", "-shm"] {
            disk::restrict(&disk::with_suffix(&database, ending));
        }
    }
    if config.storage.url.is_empty() {
        disk::restrict(&config.storage_folder(data));
    }
}

impl App {
    /// Opens everything below `data`, and creates what is missing if there was no data before.
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
        let looked = opening::before_database(data, &config, allowed).await?;
        if looked == Looked::Replaced {
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
        let (place, busy_timeout) = (
            config.database_place(data),
            config.database.busy_timeout.duration(),
        );
        let db = match looked {
            // It may be moved away at this moment; a new one in its place would hide that.
            Looked::There => place.open_existing(busy_timeout).await?,
            Looked::New | Looked::Replaced => place.open(busy_timeout).await?,
        };
        if clock.is_system()
            && let Some(saved) = db.saved_clock().await?
        {
            clock.resume(&saved);
        }
        if db.identity().is_empty() {
            let column = "identity.id".to_owned();
            return Err(crate::db::Error::Malformed { column }.into());
        }
        let storage = Storage::configured(&config, data, &owner)?;
        settle_storage(&db, &storage, allowed).await?;
        if allowed.storage != AllowedStorage::Unused {
            storage.create_staging()?;
        }
        restrict_existing(data, &config);
        if is_new {
            disk::restrict(data);
        }
        let key_file = config.key_file(data);
        let secrets = if instances::has_sealed_values(&db).await? {
            Secrets::open(&key_file)?
        } else {
            Secrets::create(&key_file)?
        };
        let opened = (db, storage, secrets);
        Ok(Self::assemble(data, config, clock, owner, opened))
    }

    /// For a data folder that cannot be written: creates nothing, and writing to the database fails.
    pub async fn open_to_read(
        data: &Path,
        config: Config,
        clock: Clock,
        storage: AllowedStorage,
    ) -> Result<Arc<Self>, Error> {
        let owner = uuid::Uuid::now_v7().simple().to_string();
        let busy_timeout = config.database.busy_timeout.duration();
        let place = config.database_place(data);
        let db = place.open_to_read(busy_timeout).await?;
        let opened = Storage::configured(&config, data, &owner)?;
        if storage == AllowedStorage::None {
            look_at_storage(&db, &opened).await?;
        }
        let secrets = Secrets::unopened(&config.key_file(data));
        let opened = (db, opened, secrets);
        Ok(Self::assemble(data, config, clock, owner, opened))
    }

    fn assemble(
        data: &Path,
        config: Config,
        clock: Clock,
        owner: String,
        (db, storage, secrets): (Db, Storage, Secrets),
    ) -> Arc<Self> {
        let (storage, bodies) = (
            storage.of_database(db.identity()),
            Bodies::new(data.join(BODIES)),
        );
        let (work, tally) = (Arc::<Notify>::default(), Arc::<Tally>::default());
        let shutdown = Shutdown::default();
        let secrets = Arc::new(secrets);
        let directory = Arc::new(Directory::new(db.clone()));
        let ingest = Ingest {
            directory: Arc::clone(&directory),
            secrets: Arc::clone(&secrets),
            db: db.clone(),
            clock: clock.clone(),
            bodies: bodies.clone(),
            storage: storage.clone(),
            reader: Reader::default(),
            keep: config.keep.clone(),
            tally: Arc::clone(&tally),
            work: Arc::clone(&work),
        };
        let derived = Derived::new(
            db.clone(),
            storage.clone(),
            bodies.clone(),
            ingest.reader.clone(),
            clock.clone(),
            Programs::new(config.derived.clone(), Schedule::new(clock.clone())),
        );
        Arc::new(Self {
            derived,
            groups: Groups::new(db.clone(), storage.clone(), shutdown.clone()),
            feed: Feed::new(db.clone()),
            metrics: Arc::default(),
            passwords: Passwords::default(),
            storage,
            bodies,
            fetch: HttpClient::new(&config.fetch),
            secrets,
            directory,
            work,
            tally,
            progress: Arc::default(),
            outages: Arc::default(),
            reuploads: Arc::default(),
            lanes: Lanes::default(),
            shutdown,
            listening: OnceLock::new(),
            coordination: Coordination::new(data)
                .of_database(config.database_file(data).as_deref()),
            data: data.to_owned(),
            ingest,
            config,
            clock,
            db,
            owner,
        })
    }

    /// For lists that people and programs ask for: one that takes long must not keep the others waiting.
    pub fn db_for_lists(&self) -> Db {
        const LONGEST: Duration = Duration::from_secs(5);
        self.db.with_read_limit(LONGEST)
    }

    pub fn instance_deps(&self) -> instance::Deps<'_> {
        instance::Deps {
            db: &self.db,
            storage: &self.storage,
            secrets: &self.secrets,
            clock: &self.clock,
        }
    }

    pub fn gateway_deps(&self) -> instance::GatewayDeps<'_> {
        instance::GatewayDeps {
            db: &self.db,
            secrets: &self.secrets,
            client: &self.fetch,
            clock: &self.clock,
        }
    }

    /// In a dry run `existing` is only read.
    pub fn import_deps<'a>(&'a self, existing: Option<&'a Self>) -> multichat::Deps<'a> {
        multichat::Deps {
            data: &self.data,
            db: &self.db,
            storage: &self.storage,
            bodies: &self.bodies,
            secrets: &self.secrets,
            clock: &self.clock,
            coordination: &self.coordination,
            keep: &self.config.keep,
            keep_free_bytes: self.config.storage.pause_below.bytes(),
            existing: existing.map(|app| (&app.db, &app.storage)),
        }
    }

    /// Where the full-screen view finds what it shows.
    pub fn live_deps(&self) -> (live::Deps, live::LiveSource) {
        let deps = live::Deps {
            data: self.data.clone(),
            config: self.config.clone(),
            clock: self.clock.clone(),
            coordination: self.coordination.clone(),
            tasks: self.shutdown.clone(),
        };
        let source = live::LiveSource {
            db: self.db.clone(),
            storage: self.storage.clone(),
        };
        (deps, source)
    }

    /// Deletes what earlier runs left staged, unless other work may be using it. Only for the process that serves the
    /// folder, or knows that none does.
    pub async fn sweep_staged(&self) -> Result<(), Error> {
        let maintenance = self.coordination.maintenance_now(Maintenance::Exclusive);
        match maintenance.await? {
            Some(_lease) => Ok(self.storage.sweep()?),
            None => Ok(()),
        }
    }

    pub fn file_deps(&self) -> FileDeps<'_> {
        FileDeps {
            db: &self.db,
            storage: &self.storage,
            bodies: &self.bodies,
            clock: &self.clock,
            coordination: &self.coordination,
            owner: &self.owner,
            lease_ms: self.config.worker.lease.ms(),
        }
    }

    pub fn export_deps(&self) -> export::Deps<'_> {
        export::Deps {
            db: &self.db,
            storage: &self.storage,
            clock: &self.clock,
        }
    }

    pub fn dossier_deps(&self) -> dossier::Deps<'_> {
        dossier::Deps {
            db: &self.db,
            storage: &self.storage,
            clock: &self.clock,
            secrets: &self.secrets,
            derived: &self.derived,
        }
    }

    pub fn status_deps(&self) -> status::Deps<'_> {
        status::Deps {
            data: &self.data,
            config: &self.config,
            db: &self.db,
            storage: &self.storage,
            clock: &self.clock,
            coordination: &self.coordination,
            secrets: &self.secrets,
        }
    }

    pub fn erasure_deps(&self) -> erasure::Deps<'_> {
        erasure::Deps {
            files: self.file_deps(),
            data: &self.data,
            config: &self.config,
        }
    }

    /// Whether there is enough free space for more long texts of deliveries. Below it, running downloads stop as well.
    pub fn has_room_for_bodies(&self) -> bool {
        let least = self.config.storage.pause_below.bytes() / 2;
        crate::storage::free_bytes_at(&self.data).is_ok_and(|free| free >= least)
    }

    pub fn downloader(&self) -> Downloader {
        Downloader {
            db: self.db.clone(),
            clock: self.clock.clone(),
            storage: self.storage.clone(),
            bodies: self.bodies.clone(),
            fetch: self.fetch.clone(),
            settings: self.config.fetch.clone(),
            secrets: Arc::clone(&self.secrets),
            coordination: self.coordination.clone(),
            reader: self.ingest.reader.clone(),
            progress: Arc::clone(&self.progress),
            outages: Arc::clone(&self.outages),
            groups: self.groups.clone(),
            lanes: self.lanes.clone(),
            reuploads: Arc::clone(&self.reuploads),
        }
    }

    pub fn endpoint_deps(&self) -> endpoints::Deps<'_> {
        endpoints::Deps {
            db: &self.db,
            clock: &self.clock,
            secrets: &self.secrets,
            allowed_hosts: &self.config.endpoints.allowed_hosts,
        }
    }

    pub fn user_deps(&self) -> users::Deps<'_> {
        users::Deps {
            db: &self.db,
            clock: &self.clock,
            passwords: &self.passwords,
        }
    }

    /// The address at which a person sets a password.
    pub fn setup_address(&self, token: &str) -> String {
        match self.listening.get() {
            Some(listening) => self.setup_address_at(*listening, token),
            None => format!("{}/setup/{token}", self.config.http.base_url()),
        }
    }

    /// The same for a server whose addresses are not those of the settings.
    pub fn setup_address_at(&self, listening: SocketAddr, token: &str) -> String {
        if self.config.http.public_url.is_empty() {
            return format!("http://localhost:{}/setup/{token}", listening.port());
        }
        format!("{}/setup/{token}", self.config.http.base_url())
    }

    /// `owner` is that of the server's lease.
    pub fn notifier(&self, owner: &str) -> Notifier {
        Notifier {
            db: self.db.clone(),
            clock: self.clock.clone(),
            owner: owner.to_owned(),
            client: self.fetch.clone(),
            secrets: Arc::clone(&self.secrets),
            settings: self.config.endpoints.clone(),
            public_url: self.config.http.public_url.clone(),
            shutdown: self.shutdown.clone(),
            busy: Arc::default(),
            metrics: Arc::clone(&self.metrics),
        }
    }

    /// What a caller with this role may not have.
    pub fn screening(&self, role: Role) -> Screening {
        let settings = &self.config.derived;
        if role.includes(Role::Admin) {
            Screening::Off
        } else if settings.scanner.is_empty() || settings.serve_unscanned {
            Screening::Infected
        } else {
            Screening::Unscanned
        }
    }

    /// For each program that is configured.
    pub fn examiners(&self) -> Vec<Examiner> {
        let settings = &self.config.derived;
        let tasks = [
            (Task::Transcribe, &settings.transcriber),
            (Task::Scan, &settings.scanner),
        ];
        let configured = tasks.into_iter().filter(|(_, command)| !command.is_empty());
        let examiner = |(task, command): (Task, &Vec<String>)| Examiner {
            task,
            command: command.clone(),
            settings: settings.clone(),
            derived: self.derived.clone(),
            clock: self.clock.clone(),
        };
        configured.map(examiner).collect()
    }

    pub fn worker(&self) -> Worker {
        Worker {
            downloader: self.downloader(),
            directory: Arc::clone(&self.directory),
            config: Arc::new(self.config.clone()),
            work: Arc::clone(&self.work),
            shutdown: self.shutdown.clone(),
            metrics: Arc::clone(&self.metrics),
        }
    }

    pub fn clock_check(&self) -> ClockCheck {
        ClockCheck {
            clock: self.clock.clone(),
            db: self.db.clone(),
            fetch: self.fetch.clone(),
            routes: self.config.fetch.routes.clone(),
            work: Arc::clone(&self.work),
        }
    }
}

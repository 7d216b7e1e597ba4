//! Leases, which exclude concurrent work, and checkpoints of resumable runs.
//!
//! A lease ends when it is dropped or its process ends. On one node leases are locked files in the data folder; on
//! several nodes they will be rows. Callers see only leases.

pub mod checkpoint;
mod content;
mod file;
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::disk::with_suffix;
pub use content::ContentLease;
use content::Contents;
use file::{Locked, Mode};
pub use server::{FILE as SERVER_FILE, ServedDatabase, ServerLease};

const MAINTENANCE_FILE: &str = "files.lock";
const IMPORT_FILE: &str = "import.lock";
/// The lease files in a data folder.
pub const FILES: [&str; 3] = [SERVER_FILE, MAINTENANCE_FILE, IMPORT_FILE];
/// A sweep, an erasure or a repair holds the lease for less time than this.
const MAINTENANCE_PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data folder cannot be created.
    #[error("the data folder {path} cannot be used")]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    /// The lease file cannot be opened or locked.
    #[error("cannot lock {path}")]
    Lock {
        path: PathBuf,
        source: std::io::Error,
    },
    /// Another server runs.
    #[error("another midiateca already serves {path}")]
    Served { path: PathBuf },
    /// Another operation is changing files.
    #[error("an import, an erasure or a repair is at work on the files of {path}")]
    Maintenance { path: PathBuf },
    /// Another import runs.
    #[error("another import into {path} is under way")]
    Importing { path: PathBuf },
}

/// Whether maintenance may run together with other maintenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Import and sweep: files get or lose names before their rows change.
    Shared,
    /// Repair and erasure: they treat a file without a row as an orphan.
    Exclusive,
}

impl From<Maintenance> for Mode {
    fn from(maintenance: Maintenance) -> Self {
        match maintenance {
            Maintenance::Shared => Self::Shared,
            Maintenance::Exclusive => Self::Exclusive,
        }
    }
}

/// Allows changes of file names outside the queue, whose claims announce the files they write.
#[derive(Debug)]
pub struct MaintenanceLease(#[expect(dead_code, reason = "ends when it is dropped")] Locked);

/// Allows an import. Two at once could take each other's files, because both publish before they write rows.
#[derive(Debug)]
pub struct ImportLease(#[expect(dead_code, reason = "ends when it is dropped")] Locked);

/// The leases of a data folder; cheap to clone.
#[derive(Clone)]
pub struct Coordination {
    data: PathBuf,
    /// A database outside the data folder, which another data folder may name too.
    database: Option<PathBuf>,
    contents: Arc<Contents>,
}

impl Coordination {
    /// `data` need not exist.
    pub fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            database: None,
            contents: Arc::default(),
        }
    }

    /// Also excludes servers with other data folders and the same database.
    #[must_use]
    pub fn of_database(mut self, database: Option<&Path>) -> Self {
        let elsewhere = database.filter(|it| it.parent() != Some(&self.data));
        self.database = elsewhere.map(Path::to_owned);
        self
    }

    /// Empty when leases are not files.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        FILES.iter().map(|name| self.data.join(name))
    }

    /// Allows serving the data folder and its database; one process at a time.
    pub async fn server(&self) -> Result<ServerLease, Error> {
        let data = self.data.clone();
        crate::disk::create_folder(&data).map_err(|source| Error::Folder { path: data, source })?;
        let taken = |_| Error::Served {
            path: self.data.clone(),
        };
        // The file may be removed while it is locked, the folder may not.
        let folder = Locked::folder(&self.data).map_err(taken)?;
        let path = self.data.join(SERVER_FILE);
        let file = Locked::soon(&path)?.map_err(taken)?;
        let mut others = Vec::from_iter(folder);
        if let Some(database) = &self.database {
            let locked = Locked::soon(&with_suffix(database, ".lock"))?;
            others.push(locked.map_err(|_| Error::Served {
                path: database.clone(),
            })?);
        }
        Ok(ServerLease::new(file, others, &path))
    }

    /// None when that cannot be determined. Does not block a server that starts.
    pub async fn is_served(&self) -> Option<bool> {
        server::is_locked(&self.data)
    }

    /// The last values that the running server published, see [`ServerLease::publish`].
    pub async fn published(&self) -> Option<serde_json::Value> {
        match self.is_served().await {
            Some(true) => server::published(&self.data),
            _ => None,
        }
    }

    /// Does not wait for another import.
    pub async fn import(&self) -> Result<ImportLease, Error> {
        let taken = |_| Error::Importing {
            path: self.data.clone(),
        };
        let path = self.data.join(IMPORT_FILE);
        Ok(ImportLease(Locked::soon(&path)?.map_err(taken)?))
    }

    /// Waits some seconds at most for other maintenance.
    pub async fn maintenance(&self, maintenance: Maintenance) -> Result<MaintenanceLease, Error> {
        self.maintenance_within(maintenance, MAINTENANCE_PATIENCE)
            .await
    }

    /// Like [`Coordination::maintenance`], but does not wait: None when other maintenance runs.
    pub async fn maintenance_now(
        &self,
        maintenance: Maintenance,
    ) -> Result<Option<MaintenanceLease>, Error> {
        match self.maintenance_within(maintenance, Duration::ZERO).await {
            Err(Error::Maintenance { .. }) => Ok(None),
            lease => lease.map(Some),
        }
    }

    async fn maintenance_within(
        &self,
        maintenance: Maintenance,
        patience: Duration,
    ) -> Result<MaintenanceLease, Error> {
        let path = self.data.join(MAINTENANCE_FILE);
        let locked = Locked::within(&path, maintenance.into(), patience).await?;
        locked
            .map(MaintenanceLease)
            .map_err(|_| Error::Maintenance {
                path: self.data.clone(),
            })
    }

    pub async fn has_maintenance(&self) -> bool {
        matches!(self.maintenance_now(Maintenance::Exclusive).await, Ok(None))
    }

    /// Allows publishing these bytes for a client: from the search for equal bytes until the row is committed, so
    /// that equal bytes that arrive at once are stored once.
    pub async fn content(&self, client: i64, sha256: &[u8; 32]) -> ContentLease {
        self.contents.lease(client, sha256).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn maintenance_is_shared_or_exclusive() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (
            Coordination::new(folder.path()),
            Coordination::new(folder.path()),
        );
        let shared = one.maintenance(Maintenance::Shared).await.unwrap();
        assert!(other.has_maintenance().await);
        let second = other.maintenance_now(Maintenance::Shared).await.unwrap();
        assert!(second.is_some(), "two imports may run side by side");
        drop(second);
        let exclusive = other.maintenance_now(Maintenance::Exclusive).await.unwrap();
        assert!(exclusive.is_none());
        drop(shared);
        let exclusive = other.maintenance(Maintenance::Exclusive).await.unwrap();
        let shared = one.maintenance_now(Maintenance::Shared).await.unwrap();
        assert!(shared.is_none());
        drop(exclusive);
        assert!(!one.has_maintenance().await);
    }

    #[tokio::test]
    async fn a_second_server_is_refused_without_the_lock_file_and_with_the_same_database() {
        let [one, other, shared] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let database = shared.path().join("midiateca.db");
        let coordination = |folder: &tempfile::TempDir| {
            Coordination::new(folder.path()).of_database(Some(&database))
        };
        let first = coordination(&one).server().await.unwrap();
        #[cfg(unix)]
        std::fs::remove_file(one.path().join(SERVER_FILE)).unwrap();
        for folder in [&one, &other] {
            let second = coordination(folder).server().await;
            assert!(matches!(second, Err(Error::Served { .. })));
        }
        drop(first);
        assert!(coordination(&other).server().await.is_ok());
    }

    #[tokio::test]
    async fn a_second_import_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let coordination = Coordination::new(folder.path());
        let first = coordination.import().await.unwrap();
        let second = coordination.import().await;
        assert!(matches!(second, Err(Error::Importing { .. })));
        drop(first);
        assert!(coordination.import().await.is_ok());
    }

    #[tokio::test]
    async fn equal_bytes_of_one_client_wait_for_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let coordination = Coordination::new(folder.path());
        let first = coordination.content(1, &[7; 32]).await;
        let other_client = coordination.content(2, &[7; 32]);
        assert!(futures_util::FutureExt::now_or_never(other_client).is_some());
        let second = coordination.content(1, &[7; 32]);
        assert!(futures_util::FutureExt::now_or_never(second).is_none());
        drop(first);
        let second = coordination.content(1, &[7; 32]);
        assert!(futures_util::FutureExt::now_or_never(second).is_some());
    }
}

//! The server's lease, what it publishes for other processes, and the owner name of its leases on media.

use std::fs::{File, TryLockError};
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::file::Locked;

pub const FILE: &str = "serve.lock";

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Content {
    /// Kept when the server ends, so that the next one recognises its leases on media.
    owner: String,
    /// The database that was served last.
    database: Option<ServedDatabase>,
    /// Of the running server only.
    published: Option<Value>,
}

/// A database and how far it was: a copy with fewer commits is an older one.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ServedDatabase {
    pub id: String,
    pub commits: i64,
}

impl ServedDatabase {
    /// Whether rows that `earlier` had may be missing in this one.
    pub fn may_lack_rows_of(&self, earlier: &Self) -> bool {
        self.id != earlier.id || self.commits < earlier.commits
    }
}

/// Allows serving a data folder.
#[derive(Debug)]
pub struct ServerLease {
    file: File,
    #[expect(dead_code, reason = "ends when it is dropped")]
    others: Vec<Locked>,
    owner: String,
    state: Mutex<State>,
}

#[derive(Clone, Debug)]
struct State {
    database: Option<ServedDatabase>,
    published: Option<Value>,
}

impl ServerLease {
    pub(super) fn new(Locked(file): Locked, others: Vec<Locked>, path: &Path) -> Self {
        let known = read(path);
        let mut owner = known.owner;
        if owner.is_empty() {
            owner = uuid::Uuid::now_v7().simple().to_string();
        }
        let lease = Self {
            file,
            others,
            owner,
            // What an earlier server published is out of date.
            state: Mutex::new(State {
                database: known.database,
                published: None,
            }),
        };
        lease.update(|_| {});
        lease
    }

    /// The owner of the server's leases on media: the same for each server on this data folder, so that a new one
    /// recognises what a killed one left.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Publishes a value for other processes while the lease lasts. No effect where the file is not writable.
    pub fn publish(&self, published: Value) {
        self.update(|state| state.published = Some(published));
    }

    /// The database that the last server on this data folder served, also after that server ended.
    pub fn database(&self) -> Option<ServedDatabase> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.database.clone()
    }

    pub fn set_database(&self, database: ServedDatabase) {
        self.update(|state| state.database = Some(database));
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let content = Content {
            owner: self.owner.clone(),
            database: state.database.clone(),
            published: state.published.clone(),
        };
        let (mut file, line) = (&self.file, format!("{}\n", serde_json::json!(content)));
        // Truncated last, so that the owner is readable at every moment.
        let _ = file
            .rewind()
            .and_then(|()| file.write_all(line.as_bytes()))
            .and_then(|()| file.set_len(line.len() as u64));
    }
}

fn read(path: &Path) -> Content {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    // The rest of an older text may follow.
    let mut contents = serde_json::Deserializer::from_str(&text).into_iter();
    contents.next().and_then(Result::ok).unwrap_or_default()
}

pub(super) fn published(data: &Path) -> Option<Value> {
    read(&data.join(FILE)).published
}

/// None when that cannot be determined.
pub(super) fn is_locked(data: &Path) -> Option<bool> {
    match File::open(data.join(FILE)) {
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => Some(false),
            Err(TryLockError::WouldBlock) => Some(true),
            Err(TryLockError::Error(_)) => None,
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(false),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Coordination;
    use super::*;

    #[tokio::test]
    async fn a_look_at_the_lease_sees_a_server_and_keeps_none_out() {
        let folder = tempfile::tempdir().unwrap();
        let coordination = Coordination::new(folder.path());
        assert_eq!(coordination.is_served().await, Some(false));
        assert!(!folder.path().join(FILE).exists(), "a look made a file");
        let lease = coordination.server().await.unwrap();
        for _ in 0..2 {
            assert_eq!(coordination.is_served().await, Some(true));
        }
        drop(lease);
        assert_eq!(coordination.is_served().await, Some(false));
        let look = File::open(folder.path().join(FILE)).unwrap();
        look.try_lock_shared().unwrap();
        let server = std::thread::spawn(move || {
            let lease = futures_util::FutureExt::now_or_never(coordination.server());
            lease.unwrap().is_ok()
        });
        drop(look);
        assert!(server.join().unwrap());
    }

    #[tokio::test]
    async fn published_values_end_with_their_server_and_its_owner_stays() {
        let folder = tempfile::tempdir().unwrap();
        let coordination = Coordination::new(folder.path());
        let lease = coordination.server().await.unwrap();
        let owner = lease.owner().to_owned();
        assert_eq!(coordination.published().await, None);
        for shown in ["a long address", "short"] {
            lease.publish(serde_json::json!(shown));
            assert_eq!(coordination.published().await, Some(shown.into()));
        }
        drop(lease);
        assert_eq!(coordination.published().await, None);
        let next = coordination.server().await.unwrap();
        assert_eq!(next.owner(), owner);
        assert_eq!(coordination.published().await, None);
        // A text that was not truncated in time.
        drop(next);
        let text = format!("{{\"owner\":\"{owner}\"}}\n\"}}\n");
        std::fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(coordination.server().await.unwrap().owner(), owner);
    }
}

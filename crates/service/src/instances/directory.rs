//! The instances in memory, for every delivery and every claim; read again once a second.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use super::hooks::retired;
use super::{Instance, every_instance, instance_by_hook};
use crate::db::{Db, Error};
use crate::model::InstanceId;

/// How long a removed instance or a replaced token may still be accepted.
const FRESH: Duration = Duration::from_secs(1);

/// All instances, removed ones included, because their media may still be pending.
#[derive(Default)]
struct Snapshot {
    read_at: Option<Instant>,
    by_hook: HashMap<Vec<u8>, Arc<Instance>>,
    by_id: Arc<HashMap<InstanceId, Arc<Instance>>>,
    clients_with_siblings: Arc<HashSet<i64>>,
    former: HashMap<Vec<u8>, FormerToken>,
}

/// The owner of a webhook token that is no longer accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormerToken {
    /// The instance has another token now.
    Replaced(InstanceId),
    /// The instance was removed.
    Removed(InstanceId),
}

/// The lookup; share it by reference.
pub struct Directory {
    db: Db,
    snapshot: RwLock<Snapshot>,
}

impl Directory {
    /// Empty until the first lookup.
    pub fn new(db: Db) -> Self {
        Self {
            db,
            snapshot: RwLock::default(),
        }
    }

    /// The instance with a webhook token, by the token's hash.
    pub async fn by_hook(&self, hash: &[u8; 32]) -> Result<Option<Arc<Instance>>, Error> {
        self.refresh().await?;
        let known = self.read(|snapshot| snapshot.by_hook.get(hash.as_slice()).cloned());
        match known {
            Some(instance) => Ok(Some(instance)),
            // Perhaps added within the last second.
            None => Ok(instance_by_hook(&self.db, hash).await?.map(Arc::new)),
        }
    }

    /// The owner of a former token, by its hash; `None` when it never was one, or too long ago.
    pub async fn by_former_hook(&self, hash: &[u8; 32]) -> Result<Option<FormerToken>, Error> {
        self.refresh().await?;
        Ok(self.read(|snapshot| snapshot.former.get(hash.as_slice()).cloned()))
    }

    /// All instances by name.
    pub async fn by_id(&self) -> Result<Arc<HashMap<InstanceId, Arc<Instance>>>, Error> {
        self.refresh().await?;
        Ok(self.read(|snapshot| Arc::clone(&snapshot.by_id)))
    }

    /// The clients with several instances, as of the last lookup.
    pub fn clients_with_siblings(&self) -> Arc<HashSet<i64>> {
        self.read(|snapshot| Arc::clone(&snapshot.clients_with_siblings))
    }

    fn read<T>(&self, take: impl FnOnce(&Snapshot) -> T) -> T {
        take(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn refresh(&self) -> Result<(), Error> {
        let fresh = |snapshot: &Snapshot| snapshot.read_at.is_some_and(|at| at.elapsed() < FRESH);
        if self.read(fresh) {
            return Ok(());
        }
        let began = Instant::now();
        let all: Vec<_> = every_instance(&self.db)
            .await?
            .into_iter()
            .map(Arc::new)
            .collect();
        let present = all.iter().filter(|instance| !instance.removed);
        let mut clients = HashSet::new();
        let siblings = present.clone().map(|instance| instance.client);
        let siblings = siblings.filter(|client| !clients.insert(*client));
        let mut former: HashMap<_, _> = retired(&self.db)
            .await?
            .into_iter()
            .map(|(hash, id)| (hash, FormerToken::Replaced(id)))
            .collect();
        for instance in all.iter().filter(|instance| instance.removed) {
            let hashes = instance.hooks_before.iter().chain([&instance.hook_hash]);
            let removed =
                |hash: &Vec<u8>| (hash.clone(), FormerToken::Removed(instance.id.clone()));
            former.extend(hashes.map(removed));
        }
        let snapshot = Snapshot {
            read_at: Some(began),
            clients_with_siblings: Arc::new(siblings.collect()),
            former,
            by_hook: present
                .flat_map(|instance| {
                    let hashes = instance.hooks_before.iter().chain([&instance.hook_hash]);
                    hashes.map(|hash| (hash.clone(), Arc::clone(instance)))
                })
                .collect(),
            by_id: Arc::new(
                all.iter()
                    .map(|instance| (instance.id.clone(), Arc::clone(instance)))
                    .collect(),
            ),
        };
        let current = self.snapshot.write();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        // Another may have read it later and be done earlier.
        if current.read_at.is_none_or(|at| at <= began) {
            *current = snapshot;
        }
        Ok(())
    }
}

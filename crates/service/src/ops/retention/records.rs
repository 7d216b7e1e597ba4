//! Records that grow with everything that happens.

use crate::access::{audit, links};
use crate::clock::Millis;
use crate::db::{Db, Error, Key, Tx};
use crate::events::notifications;
use crate::shutdown::CancellationToken;
use crate::{deliveries, events, media};

/// Records in one commit.
const BATCH: u32 = 1_000;

#[derive(Clone, Copy)]
pub(super) enum Records {
    Deliveries,
    Events,
    Attempts,
    Notifications,
    Audit,
    Links,
}

impl Records {
    /// Deletes what is older, until it is cancelled; returns how many.
    pub async fn prune(
        self,
        db: &Db,
        before: Millis,
        cancelled: &CancellationToken,
    ) -> Result<u64, Error> {
        let mut pruned = 0;
        while !cancelled.is_cancelled() {
            let delete = async move |tx: &mut Tx| self.prune_batch(tx, before).await;
            match db.write(self.key(), delete).await? {
                0 => break,
                n => pruned += n,
            }
        }
        Ok(pruned)
    }

    pub async fn count(self, db: &Db, before: Millis) -> Result<u64, Error> {
        match self {
            Self::Deliveries => deliveries::older_than(db, before).await,
            Self::Events => events::older_than(db, before).await,
            Self::Attempts => media::count_attempts_before(db, before).await,
            Self::Notifications => notifications::ended_before(db, before).await,
            Self::Audit => audit::older_than(db, before).await,
            Self::Links => links::ended_before(db, before).await,
        }
    }

    /// A delivery and a notification have rows of their own, whose deletion relies on theirs.
    fn key(self) -> Key {
        match self {
            Self::Deliveries | Self::Notifications => Key::Everything,
            Self::Events | Self::Attempts | Self::Audit | Self::Links => Key::Nothing,
        }
    }

    async fn prune_batch(self, tx: &mut Tx, before: Millis) -> Result<u64, Error> {
        match self {
            Self::Deliveries => deliveries::prune(tx, before, BATCH).await,
            Self::Events => events::prune(tx, before, BATCH).await,
            Self::Attempts => media::prune_attempts(tx, before, BATCH).await,
            Self::Notifications => notifications::prune(tx, before, BATCH).await,
            Self::Audit => audit::prune(tx, before, BATCH).await,
            Self::Links => links::prune(tx, before, BATCH).await,
        }
    }
}

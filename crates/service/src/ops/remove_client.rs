//! A client that receives nothing more. No row and no file of it is deleted.

use serde::Serialize;

use crate::access::{keys, links, users};
use crate::clock::Clock;
use crate::db::{self, Db, Key};
use crate::events::endpoints;
use crate::instances;
use crate::media::counts;
use crate::model::InstanceId;

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub client: i64,
    /// Also a client that has media; they stay.
    pub keep_files: bool,
}

/// A removed client.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub client: i64,
    /// Its instances that were removed with it.
    pub instances: Vec<InstanceId>,
    /// Its media, which stay.
    pub media: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no client {client}")]
    NoClient { client: i64 },
    #[error("client {client} has {media} media")]
    HasMedia { client: i64, media: u64 },
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl Error {
    /// Whether another command line helps.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::NoClient { .. } | Self::HasMedia { .. } => true,
            Self::Db(_) => false,
        }
    }
}

/// Removes a client with its instances and users, revokes its keys and links, and disables its endpoints: deliveries to their
/// webhook addresses are refused within a second. Pending downloads are completed.
pub async fn run(db: &Db, clock: &Clock, options: Options) -> Result<Report, Error> {
    let Options { client, keep_files } = options;
    let now = clock.now();
    let removing = db.write(Key::Everything, async move |tx| {
        if !instances::has_client(tx, client).await? {
            return Ok(Err(Error::NoClient { client }));
        }
        let media = counts::of_client(tx, client).await?;
        if media > 0 && !keep_files {
            return Ok(Err(Error::HasMedia { client, media }));
        }
        keys::revoke_of_client(tx, client, now).await?;
        users::remove_of_client(tx, client).await?;
        links::revoke_of_client(tx, client, now).await?;
        endpoints::disable_of_client(tx, client, now).await?;
        Ok(Ok(Report {
            client,
            instances: instances::remove_client(tx, client, now).await?,
            media,
        }))
    });
    removing.await?
}

//! Publishes verified bytes under the name that their message makes, unless another media's row or another file has it.

use std::path::PathBuf;

use wa_media::Verified;

use crate::db::{self, Db};
use crate::media;
use crate::model::MediaId;
use crate::storage::layout::RelativePath;
use crate::storage::{self, Published, Staging, Storage};

/// The most names to try for one file.
const MOST_NAMES: u32 = 1_000;

/// Why bytes could not be published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Whether another row has the name cannot be read.
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

pub enum PublishSource {
    Staged(Staging),
    /// In a file of another system, which stays; see [`storage::Storage::adopt`].
    Elsewhere {
        source: PathBuf,
        /// The bytes that must stay free when it has to be copied.
        keep_free_bytes: u64,
    },
}

/// The name that bytes got.
pub struct Placed {
    pub path: RelativePath,
    /// Whether another name of the client's had the bytes, so that they take no further space.
    pub is_shared: bool,
}

/// Gives the verified bytes of a media a name. A name in use, also in another case on a file system that
/// folds case, is followed by `~2`, `~3`, …
pub async fn publish(
    (db, storage): (&Db, &Storage),
    id: Option<&MediaId>,
    bytes: PublishSource,
    verified: &Verified,
    path: &RelativePath,
    same: Option<RelativePath>,
) -> Result<Placed, Error> {
    let mut staged = None;
    let elsewhere = match bytes {
        PublishSource::Staged(staging) => {
            staged = Some(staging);
            None
        }
        PublishSource::Elsewhere {
            source,
            keep_free_bytes,
        } => Some((source, keep_free_bytes)),
    };
    for number in 1..=MOST_NAMES {
        let path = match number {
            1 => path.clone(),
            _ => path.numbered(number),
        };
        let named = [path.as_str().to_owned()];
        if !media::files_at(db, id, &named).await?.is_empty() {
            continue;
        }
        let published = match (&elsewhere, staged.take()) {
            (Some((source, keep_free_bytes)), _) => {
                let adopting = storage.adopt(source.clone(), verified, &path, *keep_free_bytes);
                adopting.await?
            }
            (None, Some(staging)) => {
                let publishing = storage.publish(staging, verified, &path, same.clone());
                publishing.await?
            }
            (None, None) => break,
        };
        match published {
            Published::Done => {
                let is_shared = false;
                return Ok(Placed { path, is_shared });
            }
            Published::Linked => {
                let is_shared = true;
                return Ok(Placed { path, is_shared });
            }
            Published::Taken(staging) => staged = staging,
        }
    }
    let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
    Err(storage::Error::from(taken).into())
}

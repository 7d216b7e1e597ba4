//! Which name proven bytes get: the one that their message makes, unless another media's row or another file has it.

use std::path::PathBuf;

use wa_media::Verified;

use super::Downloader;
use crate::db;
use crate::media;
use crate::model::MediaId;
use crate::storage::layout::RelativePath;
use crate::storage::{self, Published, Staging};

/// No more names are tried for one file.
const MOST_NAMES: u32 = 1_000;

/// Why bytes got no name.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Whether another row has the name cannot be read.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// The storage.
    #[error(transparent)]
    Vault(#[from] storage::Error),
}

/// Where proven bytes are.
pub enum PublishSource {
    /// Staged in the storage.
    Staged(Staging),
    /// In a file of another system, which stays; see [`storage::Vault::adopt`].
    Elsewhere {
        /// Which file.
        source: PathBuf,
        /// So much must stay free when it has to be copied.
        keep_free_bytes: u64,
    },
}

/// Gives the proven bytes of a media a name; answers with it. Where the name is another's, also only under another case
/// on a file system that folds case, it is followed by `~2`, `~3`, …
pub async fn publish(
    downloader: &Downloader,
    id: Option<&MediaId>,
    bytes: PublishSource,
    verified: &Verified,
    path: &RelativePath,
    same: Option<RelativePath>,
) -> Result<RelativePath, Error> {
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
        if !media::files_at(&downloader.db, id, &named)
            .await?
            .is_empty()
        {
            continue;
        }
        let published = match (&elsewhere, staged.take()) {
            (Some((source, keep_free_bytes)), _) => {
                let adopting =
                    downloader
                        .vault
                        .adopt(source.clone(), verified, &path, *keep_free_bytes);
                adopting.await?
            }
            (None, Some(staging)) => {
                let publishing = downloader
                    .vault
                    .publish(staging, verified, &path, same.clone());
                publishing.await?
            }
            (None, None) => break,
        };
        match published {
            Published::Done => return Ok(path),
            Published::Taken(staging) => staged = staging,
        }
    }
    let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
    Err(storage::Error::from(taken).into())
}

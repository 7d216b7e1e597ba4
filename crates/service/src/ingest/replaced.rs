//! Bytes of a delivery that a stored file stands for: whether it still has them.

use super::Ingest;
use crate::db::Error;
use crate::deliveries::parts;
use crate::media::{self, Media};
use crate::model::{DeliveryId, Reason};

/// What became of the stored file that stands for bytes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replaced {
    /// It is there, and has these bytes.
    Intact,
    /// It is not there, although its row says so.
    Missing,
    /// It has other bytes.
    Corrupt,
    /// A rule deleted it.
    Removed,
    /// It was erased on request.
    Erased,
}

impl Replaced {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Missing => "missing",
            Self::Corrupt => "corrupt",
            Self::Removed => "removed",
            Self::Erased => "erased",
        }
    }
}

/// The stored file that stands for the bytes of a media in a delivery; nothing when these are kept themselves, or none
/// came.
pub(super) async fn look(
    ingest: &Ingest,
    client: i64,
    id: &DeliveryId,
    found: &wa_media::FoundMedia,
) -> Result<Option<Replaced>, Error> {
    let Some(inline) = &found.inline else {
        return Ok(None);
    };
    let numbers = parts::parts_in(id, inline.text());
    if numbers.is_empty() {
        return Ok(None);
    }
    let parts = parts::list(&ingest.db, id).await?.into_iter();
    let mut released = parts.filter(|part| numbers.contains(&part.n));
    let Some((media, sha256)) = released.find_map(|part| part.media.zip(part.decoded_sha256))
    else {
        return Ok(None);
    };
    let known = media::find(&ingest.db, &media).await?;
    let reason = known.as_ref().and_then(|known| known.reason);
    let known = known.filter(|known| known.client == client);
    let path = match known.as_ref().and_then(Media::path) {
        Some(path) => Some(path.to_owned()),
        None => media::same_bytes(&ingest.db, client, &sha256).await?,
    };
    let Some(path) = path else {
        return Ok(Some(match reason {
            Some(Reason::Erased) => Replaced::Erased,
            Some(Reason::Retention) => Replaced::Removed,
            _ => Replaced::Missing,
        }));
    };
    let storage = ingest.storage.clone();
    let hashing = tokio::task::spawn_blocking(move || storage.hash(&path));
    Ok(Some(match hashing.await.map_err(|_| Error::Panicked)? {
        Ok(found) if found == sha256 => Replaced::Intact,
        Ok(_) => Replaced::Corrupt,
        Err(_) => Replaced::Missing,
    }))
}

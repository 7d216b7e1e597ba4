//! Whether the stored file that replaced the bytes of a delivery still has them.

use super::Ingest;
use crate::db::Error;
use crate::deliveries::parts;
use crate::media::{self, Media};
use crate::model::{DeliveryId, Reason};

/// The state of that file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replaced {
    /// Present, with these bytes.
    Intact,
    /// Missing, although its row has a path.
    Missing,
    /// With other bytes.
    Corrupt,
    /// Deleted by a retention rule.
    Removed,
    /// It was erased on request.
    Erased,
}

impl Replaced {
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

/// The stored file that replaced the bytes of a media in a delivery. None when the delivery has the bytes itself or
/// never had them.
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
    let hashed = tokio::task::spawn_blocking(move || storage.hash(&path));
    Ok(Some(match hashed.await.map_err(|_| Error::Panicked)? {
        Ok(found) if found == sha256 => Replaced::Intact,
        Ok(_) => Replaced::Corrupt,
        Err(_) => Replaced::Missing,
    }))
}

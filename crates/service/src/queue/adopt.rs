//! Media of another system: enqueued like all others, then set to the state that they had there.

use wa_media::FoundMedia;

use super::put::{NewMedia, insert, promises_differ};
use crate::clock::{DAY, Millis};
use crate::db::{Error, Tx};
use crate::media::Media;
use crate::media::message::{self, AdoptedFile, NewMessage};
use crate::model::{MediaId, MediaStatus, Reason, fresh_id};

/// Whether these bytes are certainly those of the media: the promised ones, or those of its stored file.
pub fn is_of(media: &Media, sha256: &[u8; 32]) -> bool {
    media.expected_sha256 == Some(*sha256) || media.sha256 == Some(*sha256)
}

/// Whether these bytes are certainly not those of the media. A declared length is unproven, so a short file is
/// refused only while the media is not stored.
pub fn refuses(media: &Media, sha256: &[u8; 32], size_bytes: u64) -> bool {
    if media.expected_sha256.is_some() || media.sha256.is_some() {
        return !is_of(media, sha256);
    }
    let is_waiting = matches!(
        media.status,
        MediaStatus::Pending | MediaStatus::Downloading
    );
    is_waiting
        && media
            .declared_length
            .is_some_and(|length| size_bytes < length)
}

/// Whether the found media certainly has another file.
pub fn is_other(media: &Media, found: &FoundMedia) -> bool {
    let key = found.media_key.as_ref().map(|key| *key.as_bytes());
    let is_same_key = key.is_some() && media.media_key.as_ref().map(|key| *key.as_bytes()) == key;
    !is_same_key && promises_differ(media, found)
}

#[derive(Clone, Debug)]
pub enum Adopted {
    Stored(AdoptedFile),
    /// Not downloaded yet.
    Waiting,
    /// No longer available.
    Over {
        /// `Failed` or `Expired`.
        status: MediaStatus,
        reason: Reason,
    },
}

/// The result of [`add_file`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddedFile {
    New(MediaId),
    /// The message already has a file with these bytes.
    Known,
    SlotTaken,
}

/// Inserts another file of a message, in its own slot.
pub async fn add_file(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    media: &NewMedia<'_>,
    (slot, sha256): (i64, &[u8; 32]),
    now: Millis,
) -> Result<AddedFile, Error> {
    if message::has_bytes(tx, new.instance, new.id, sha256).await? {
        return Ok(AddedFile::Known);
    }
    let id = MediaId(fresh_id(now));
    let is_new = insert(tx, new, media, slot, &id, now).await?;
    Ok(if is_new {
        AddedFile::New(id)
    } else {
        AddedFile::SlotTaken
    })
}

/// Sets a media that is not stored to its adopted state; a running download of a stored file loses its claim. Returns
/// whether the media has that state now.
pub async fn adopt(
    tx: &mut Tx,
    id: &MediaId,
    adopted: &Adopted,
    now: Millis,
) -> Result<bool, Error> {
    match adopted {
        Adopted::Stored(file) => message::adopt_file(tx, id, file).await,
        Adopted::Waiting => message::extend_deadline(tx, id, now + DAY).await,
        Adopted::Over { status, reason } => message::end_pending(tx, id, *status, *reason).await,
    }
}

//! Media that another system had before: their rows are put in like any other, and then stand as they stood there.

use wa_media::FoundMedia;

use super::put::{NewMedia, NewMessage, differ, insert};
use crate::clock::{DAY, Millis};
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{InstanceId, MediaId, MediaKind, MediaStatus, Reason, erased_message, fresh_id};

/// A row that a message has already.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Which media.
    pub id: MediaId,
    /// Whose.
    pub client: i64,
    /// Which of the message's files.
    pub slot: i64,
    /// What it is.
    pub kind: MediaKind,
    /// How it stands.
    pub status: MediaStatus,
    /// How long the file is that is held.
    pub size_bytes: Option<u64>,
    /// SHA-256 of the file that is held, or was.
    pub sha256: Option<[u8; 32]>,
    /// Where that file is, below the storage root.
    pub path: Option<String>,
    /// Whether it was erased on request, so that it must not come back.
    pub is_erased: bool,
    /// The key that its message told.
    media_key: Option<[u8; 32]>,
    /// SHA-256 of the encrypted file, as its message told it.
    expected_enc_sha256: Option<[u8; 32]>,
    /// SHA-256 of the file, as its message told it.
    expected_sha256: Option<[u8; 32]>,
    /// How long the file is, as its message told it.
    declared_length: Option<u64>,
}

impl Standing {
    /// Whether these bytes are surely its own: those that its message told of, or that were held for it.
    pub fn is_of(&self, sha256: &[u8; 32]) -> bool {
        self.expected_sha256 == Some(*sha256) || self.sha256 == Some(*sha256)
    }

    /// Whether these bytes are surely not its own. A told length is the sender's word, so too short is only what it still
    /// waits for.
    pub fn refuses(&self, sha256: &[u8; 32], size_bytes: u64) -> bool {
        if self.expected_sha256.is_some() || self.sha256.is_some() {
            return !self.is_of(sha256);
        }
        let is_waiting = matches!(self.status, MediaStatus::Pending | MediaStatus::Downloading);
        is_waiting && self.declared_length.is_some_and(|told| size_bytes < told)
    }

    /// Whether what is told is surely of another file.
    pub fn is_other(&self, found: &FoundMedia) -> bool {
        let key = found.media_key.as_ref().map(|key| *key.as_bytes());
        let is_same_key = key.is_some() && self.media_key == key;
        !is_same_key
            && (differ(self.media_key, key)
                || differ(self.expected_enc_sha256, found.enc_sha256)
                || differ(self.expected_sha256, found.sha256))
    }
}

/// What a message has already.
pub async fn of_message(
    db: &Db,
    instance: &InstanceId,
    message: &str,
) -> Result<Vec<Standing>, Error> {
    let sql = "select id, client, slot, kind, status, reason, size_bytes, sha256, path, media_key,
                 expected_sha256, expected_enc_sha256, declared_length from media where instance = $1 and message_id in ($2, $3) order by slot";
    let values = values![instance.as_str(), message, erased_message(message)];
    let rows = db.rows(sql, values).await?;
    rows.iter().map(standing_of).collect()
}

fn standing_of(row: &Row) -> Result<Standing, Error> {
    Ok(Standing {
        id: MediaId(row.text("id")?),
        client: row.int("client")?,
        slot: row.int("slot")?,
        kind: row.parsed("kind", MediaKind::parse)?,
        status: row.parsed("status", MediaStatus::parse)?,
        size_bytes: row
            .int_or_none("size_bytes")?
            .and_then(|size| u64::try_from(size).ok()),
        sha256: row.bytes32_or_none("sha256")?,
        path: row.text_or_none("path")?,
        is_erased: row.text_or_none("reason")?.as_deref() == Some(Reason::Erased.as_str()),
        media_key: row.bytes32_or_none("media_key")?,
        expected_enc_sha256: row.bytes32_or_none("expected_enc_sha256")?,
        expected_sha256: row.bytes32_or_none("expected_sha256")?,
        declared_length: row
            .int_or_none("declared_length")?
            .and_then(|length| u64::try_from(length).ok()),
    })
}

/// How an adopted media stands.
#[derive(Clone, Debug)]
pub enum Adopted {
    /// Its file is held.
    Held {
        /// When the other system stored it.
        stored_at: Millis,
        /// The type that the bytes have.
        mime: String,
        /// How many bytes.
        size_bytes: u64,
        /// Their SHA-256.
        sha256: [u8; 32],
        /// How far they are proven: `full` or `unproven`.
        verified: &'static str,
        /// Where they are, below the storage root.
        path: String,
    },
    /// It is still to be fetched.
    Waiting,
    /// It can no longer be had.
    Over {
        /// `Failed` or `Expired`.
        status: MediaStatus,
        /// Why.
        reason: Reason,
    },
}

/// A further file of a message, which has rows for others of the same kind: in a slot of its own, by which its file is
/// named. Nothing when somebody else has put one with these bytes there meanwhile, or anything into that slot.
pub async fn put_beside(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    media: &NewMedia<'_>,
    (slot, sha256): (i64, &[u8; 32]),
    now: Millis,
) -> Result<Option<MediaId>, Error> {
    let same = "select 1 as found from media where instance = $1 and message_id = $2 and sha256 = $3 and status = 'stored'";
    let values = values![new.instance.as_str(), new.id, sha256];
    if tx.row(same, values).await?.is_some() {
        return Ok(None);
    }
    let id = MediaId(fresh_id(now));
    let is_new = insert(tx, new, media, slot, &id, now).await?;
    Ok(is_new.then_some(id))
}

/// Whether a stored media's row names that path; nothing when there is no such row any more.
pub async fn is_stored_at(tx: &mut Tx, id: &MediaId, path: &str) -> Result<Option<bool>, Error> {
    let sql = "select status, path from media where id = $1";
    let row = tx.row(sql, values![id.as_str()]).await?;
    let is_so = |row: Row| {
        let status = row.parsed("status", MediaStatus::parse)?;
        Ok(status == MediaStatus::Stored && row.text_or_none("path")?.as_deref() == Some(path))
    };
    row.map(is_so).transpose()
}

/// Takes the row of a stored file out, for another row tells of that file and knows more of it.
pub async fn absorb(tx: &mut Tx, id: &MediaId, path: &str) -> Result<bool, Error> {
    let sql = "delete from media where id = $1 and status = 'stored' and path = $2";
    Ok(tx.run(sql, values![id.as_str(), path]).await? == 1)
}

/// Lets a media that is not stored stand as it is told; who was fetching it loses the claim to a file that is held.
/// Says whether it does.
pub async fn adopt(
    tx: &mut Tx,
    id: &MediaId,
    adopted: &Adopted,
    now: Millis,
) -> Result<bool, Error> {
    let changed = match adopted {
        Adopted::Held {
            stored_at,
            mime,
            size_bytes,
            sha256,
            verified,
            path,
        } => {
            let sql = "update media set status = 'stored', reason = null, next_attempt_at = null, lease_owner = null, lease_until = null,
                         fence = fence + 1, stored_at = $2, mime = $3, size_bytes = $4, sha256 = $5, verified = $6, path = $7
                       where id = $1 and status <> 'stored' and coalesce(reason, '') <> 'erased'";
            let values = values![
                id.as_str(),
                *stored_at,
                mime,
                *size_bytes,
                sha256,
                *verified,
                path
            ];
            tx.run(sql, values).await
        }
        Adopted::Waiting => {
            let sql =
                "update media set deadline = case when deadline < $2 then $2 else deadline end
                       where id = $1 and status = 'pending'";
            tx.run(sql, values![id.as_str(), now + DAY]).await
        }
        Adopted::Over { status, reason } => {
            let sql =
                "update media set status = $2, reason = $3 where id = $1 and status = 'pending'";
            let values = values![id.as_str(), status.as_str(), reason.as_str()];
            tx.run(sql, values).await
        }
    };
    Ok(changed? == 1)
}

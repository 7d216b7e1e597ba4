//! Media that another system had before: their rows are put in like any other, and then stand as they stood there.

use crate::clock::{DAY, Millis};
use crate::db::{Db, Error, Row, Tx, values};
use crate::media::{InstanceId, MediaId, MediaKind, MediaStatus, Reason, erased_message};

/// A row that a message has already.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Which media.
    pub id: MediaId,
    /// What it is.
    pub kind: MediaKind,
    /// How it stands.
    pub status: MediaStatus,
    /// How long the file is that is held.
    pub size_bytes: Option<u64>,
    /// Whether it was erased on request, so that it must not come back.
    pub is_erased: bool,
}

/// What a message has already.
pub async fn of_message(
    db: &Db,
    instance: &InstanceId,
    message: &str,
) -> Result<Vec<Standing>, Error> {
    let sql = "select id, kind, status, reason, size_bytes from media where instance = $1 and message_id in ($2, $3) order by slot";
    let values = values![instance.as_str(), message, erased_message(message)];
    let rows = db.rows(sql, values).await?;
    rows.iter().map(standing_of).collect()
}

fn standing_of(row: &Row) -> Result<Standing, Error> {
    Ok(Standing {
        id: MediaId(row.text("id")?),
        kind: row.parsed("kind", MediaKind::parse)?,
        status: row.parsed("status", MediaStatus::parse)?,
        size_bytes: row
            .int_or_none("size_bytes")?
            .and_then(|size| u64::try_from(size).ok()),
        is_erased: row.text_or_none("reason")?.as_deref() == Some(Reason::Erased.as_str()),
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

/// Lets a media that is not stored stand as it is told; who was fetching it loses the claim to a file that is held.
pub async fn adopt(tx: &mut Tx, id: &MediaId, adopted: &Adopted, now: Millis) -> Result<(), Error> {
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
    changed.map(drop)
}

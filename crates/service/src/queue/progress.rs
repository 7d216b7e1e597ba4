//! How far running downloads are: written by who runs them, read by who watches.

use std::collections::HashMap;

use crate::clock::Millis;
use crate::db::{Db, Error, Tx, values};
use crate::model::MediaId;

/// How many bytes of a claimed media have come.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Which media.
    pub id: MediaId,
    /// Under which claim.
    pub fence: i64,
    /// So many bytes, as they came.
    pub bytes: u64,
}

/// Writes down how far downloads are; a claim that was lost changes nothing.
pub async fn note_fetched(tx: &mut Tx, fetched: &[Fetched]) -> Result<(), Error> {
    let sql = "update media set fetched_bytes = $3 where id = $1 and fence = $2 and status = 'downloading'";
    for one in fetched {
        tx.run(sql, values![one.id.as_str(), one.fence, one.bytes])
            .await?;
    }
    Ok(())
}

/// All claims that hold now, by their media.
pub async fn claims(db: &Db) -> Result<HashMap<MediaId, i64>, Error> {
    let sql = "select id, fence from media where status = 'downloading'";
    let rows = db.rows(sql, values![]).await?;
    rows.iter()
        .map(|row| Ok((MediaId(row.text("id")?), row.int("fence")?)))
        .collect()
}

/// Whether a claim still holds.
pub async fn is_claimed(db: &Db, id: &MediaId, fence: i64) -> Result<bool, Error> {
    let sql =
        "select 1 as found from media where id = $1 and fence = $2 and status = 'downloading'";
    Ok(db.row(sql, values![id.as_str(), fence]).await?.is_some())
}

/// Gives a claim back until then, as if it had never been made; a claim that was lost changes nothing.
pub async fn put_back(tx: &mut Tx, id: &MediaId, fence: i64, until: Millis) -> Result<(), Error> {
    let sql = "update media set status = 'pending', next_attempt_at = $3, lease_owner = null, lease_until = null
               where id = $1 and fence = $2 and status = 'downloading'";
    tx.run(sql, values![id.as_str(), fence, until])
        .await
        .map(drop)
}

/// A media that is being fetched.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// Which media.
    pub id: MediaId,
    /// Of which instance.
    pub instance: String,
    /// Of which kind.
    pub kind: String,
    /// The declared name; a stranger's text.
    pub file_name: Option<String>,
    /// How much has come; nothing for a download that has hardly begun.
    pub fetched_bytes: Option<u64>,
    /// The length that the message told. It may lie.
    pub declared_length: Option<u64>,
}

/// Up to `limit` media that are being fetched, those that take long first.
pub async fn in_flight(
    db: &Db,
    instance: Option<&str>,
    kind: Option<&str>,
    limit: u32,
) -> Result<Vec<InFlight>, Error> {
    let sql = "select id, instance, kind, file_name, fetched_bytes, declared_length from media
               where status = 'downloading' and ($1 is null or instance = $1) and ($2 is null or kind = $2)
               order by case when fetched_bytes is null then 1 else 0 end, id limit $3";
    let rows = db.rows(sql, values![instance, kind, limit]).await?;
    rows.iter()
        .map(|row| {
            let bytes = |column: &str| {
                let told = row.int_or_none(column)?;
                Ok::<_, Error>(told.and_then(|bytes| u64::try_from(bytes).ok()))
            };
            Ok(InFlight {
                id: MediaId(row.text("id")?),
                instance: row.text("instance")?,
                kind: row.text("kind")?,
                file_name: row.text_or_none("file_name")?,
                fetched_bytes: bytes("fetched_bytes")?,
                declared_length: bytes("declared_length")?,
            })
        })
        .collect()
}

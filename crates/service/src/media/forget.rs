//! What is held and is to go by a rule.

use crate::clock::Millis;
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{ChatKind, Direction, InstanceId, MediaId, Reason};

/// Which stored files are meant; what is not given does not matter.
#[derive(Clone, Debug, Default)]
pub struct Meaning {
    /// Of this client.
    pub client: Option<i64>,
    /// Of this kind.
    pub kind: Option<&'static str>,
    /// Which way they went.
    pub direction: Option<Direction>,
    /// In which kind of chat.
    pub chat: Option<ChatKind>,
    /// Received before then.
    pub before: Option<Millis>,
    /// Larger than this.
    pub larger_than_bytes: Option<u64>,
}

/// A stored file that is to go.
#[derive(Clone, Debug)]
pub struct Doomed {
    /// Which media.
    pub id: MediaId,
    /// Whose.
    pub client: i64,
    /// Of which instance.
    pub instance: InstanceId,
    /// Image, audio, …
    pub kind: String,
    /// When it came.
    pub received_at: Millis,
    /// Where it is, below the storage root; nothing when no file is held.
    pub path: Option<String>,
    /// How long it is.
    pub size_bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Option<[u8; 32]>,
}

fn doomed_of(row: &Row) -> Result<Doomed, Error> {
    Ok(Doomed {
        id: MediaId(row.text("id")?),
        client: row.int("client")?,
        instance: InstanceId(row.text("instance")?),
        kind: row.text("kind")?,
        received_at: row.int("received_at")?,
        path: row.text_or_none("path")?,
        size_bytes: row
            .int_or_none("size_bytes")?
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or(0),
        sha256: row.bytes32_or_none("sha256")?,
    })
}

/// What a [`Meaning`] says of a row, with its values as `$1` to `$6`.
macro_rules! meant {
    () => {
        "status = 'stored' and ($1 is null or client = $1) and ($2 is null or kind = $2) and ($3 is null or from_me = $3)
         and ($4 is null or $4 = case when chat_id in ('status', 'status@broadcast') then 'story' when chat_id like '%@newsletter' then 'channel'
                                      when is_group = 1 or chat_id like '%@g.us' then 'group' else 'private' end)
         and received_at < $5 and size_bytes > $6"
    };
}

impl Meaning {
    fn values(&self) -> Vec<crate::db::Value> {
        values![
            self.client,
            self.kind,
            self.direction.map(|direction| direction == Direction::Sent),
            self.chat.map(ChatKind::as_str),
            self.before.unwrap_or(Millis::MAX),
            self.larger_than_bytes
                .map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
        ]
    }
}

/// Up to `limit` files that are meant, the oldest first, after the one that was received then and has that id.
pub async fn doomed(
    db: &Db,
    meaning: &Meaning,
    (received_at, id): (Millis, &str),
    limit: u32,
) -> Result<Vec<Doomed>, Error> {
    let sql = concat!(
        "select id, client, instance, kind, received_at, path, size_bytes, sha256 from media where ",
        meant!(),
        " and (received_at > $7 or (received_at = $7 and id > $8)) order by received_at, id limit $9"
    );
    let mut values = meaning.values();
    values.extend(values![received_at, id, limit]);
    db.rows(sql, values).await?.iter().map(doomed_of).collect()
}

/// One file that is held, as it is let go of.
pub async fn doomed_of_id(db: &Db, id: &MediaId) -> Result<Option<Doomed>, Error> {
    let sql = "select id, client, instance, kind, received_at, path, size_bytes, sha256 from media where id = $1 and status = 'stored'";
    let row = db.row(sql, values![id.as_str()]).await?;
    row.as_ref().map(doomed_of).transpose()
}

/// How large all files together are that are meant.
pub async fn meant_bytes(db: &Db, meaning: &Meaning) -> Result<u64, Error> {
    let sql = concat!(
        "select cast(coalesce(sum(size_bytes), 0) as bigint) as size from media where ",
        meant!()
    );
    let row = db.row(sql, meaning.values()).await?;
    row.map_or(Ok(0), |row| row.count("size"))
}

/// Records that a file is no longer held, by rule; false when it is not there, or is another one now.
pub async fn let_go(tx: &mut Tx, doomed: &Doomed, reason: Reason) -> Result<bool, Error> {
    let sql = "update media set status = 'skipped', reason = $3, path = null, size_bytes = null, sha256 = null, verified = null
               where id = $1 and status = 'stored' and path = $2";
    let values = values![doomed.id.as_str(), doomed.path.clone(), reason.as_str()];
    Ok(tx.run(sql, values).await? == 1)
}

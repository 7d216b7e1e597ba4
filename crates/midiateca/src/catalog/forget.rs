//! What is held and is to go: by a rule, or because a person asked for it.

use crate::clock::Millis;
use crate::db::{Db, Error, Row, Tx, values};
use crate::media::{ChatKind, Direction, InstanceId, MediaId, Reason};

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

/// A person (or a group) as one client knows them, by the part before `@` and `:` of any of their ids.
#[derive(Clone, Debug)]
pub struct Person {
    /// The client.
    pub client: i64,
    /// Such as `5500900000001`.
    pub name: String,
}

/// Another name of the same person.
pub struct Known {
    /// The privacy id that goes with the number, or the number that goes with the privacy id.
    pub name: String,
}

/// What is left of an id when the server and the device are taken off.
macro_rules! is_person {
    ($column:literal) => {
        concat!(
            "(",
            $column,
            " = $2 or ",
            $column,
            " like $2 || '@%' or ",
            $column,
            " like $2 || ':%')"
        )
    };
}

/// The other names under which the same person is known to have sent.
pub async fn known_as(db: &Db, person: &Person) -> Result<Vec<Known>, Error> {
    let sql = concat!(
        "select distinct sender_lid as other from media where client = $1 and sender_lid is not null and ",
        is_person!("sender_id"),
        " union select distinct sender_id as other from media where client = $1 and sender_id is not null and ",
        is_person!("sender_lid")
    );
    let rows = db.rows(sql, values![person.client, &person.name]).await?;
    rows.iter()
        .map(|row| {
            let other = row.text("other")?;
            let name = other.split(['@', ':']).next().unwrap_or(&other).to_owned();
            Ok(Known { name })
        })
        .collect()
}

/// Up to `limit` media after `after` (an id, or empty) that a person sent, or that were sent in the chat with them.
pub async fn of_person(
    db: &Db,
    person: &Person,
    after: &str,
    limit: u32,
) -> Result<Vec<Doomed>, Error> {
    let sql = concat!(
        "select id, client, instance, kind, received_at, path, size_bytes, sha256 from media
         where client = $1 and id > $3 and coalesce(reason, '') <> 'erased' and (",
        is_person!("sender_id"),
        " or ",
        is_person!("sender_lid"),
        " or ",
        is_person!("chat_id"),
        ") order by id limit $4"
    );
    let values = values![person.client, &person.name, after, limit];
    db.rows(sql, values).await?.iter().map(doomed_of).collect()
}

/// Takes everything personal out of a media's row, its tries and its events. The row stays, so that a repeat of the
/// message is known for what it is.
pub async fn erase(tx: &mut Tx, id: &MediaId) -> Result<(), Error> {
    let row = "update media set status = 'skipped', reason = 'erased', next_attempt_at = null, lease_owner = null, lease_until = null,
                 mime_declared = null, file_name = null, caption = null, chat_id = null, sender_id = null, sender_lid = null,
                 sender_name = null, media_key = null, direct_path = null, static_url = null, inline = 0, delivery = '',
                 sha256_told = null, enc_sha256_told = null, length_told = null, mime = null, size_bytes = null, sha256 = null,
                 verified = null, path = null, width = null, height = null, seconds = null, rearmed = 0, fence = fence + 1
               where id = $1";
    tx.run(row, values![id.as_str()]).await?;
    tx.run(
        "delete from attempts where media = $1",
        values![id.as_str()],
    )
    .await
    .map(drop)
}

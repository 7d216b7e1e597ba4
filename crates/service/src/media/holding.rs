//! What one instance holds and waits for. It walks all of the instance's media: for who looks at one of them, not for
//! who watches.

use crate::clock::Millis;
use crate::db::{Db, Error, values};
use crate::model::InstanceId;

/// How many media of one kind stand so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Image, audio, …
    pub kind: String,
    /// How they stand.
    pub status: String,
    /// How many.
    pub count: i64,
    /// Bytes of those that are stored.
    pub size_bytes: u64,
}

/// An instance's media by kind and status.
pub async fn of_instance(db: &Db, id: &InstanceId) -> Result<Vec<Holding>, Error> {
    let sql =
        "select kind, status, count(*) as n, cast(coalesce(sum(size_bytes), 0) as bigint) as size
               from media where instance = $1 group by kind, status order by kind, status";
    let rows = db.rows(sql, values![id.as_str()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Holding {
                kind: row.text("kind")?,
                status: row.text("status")?,
                count: row.int("n")?,
                size_bytes: row.count("size")?,
            })
        })
        .collect()
}

/// What of an instance waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many media.
    pub count: i64,
    /// When the oldest of them came.
    pub oldest: Option<Millis>,
    /// When the first of them can no longer be had.
    pub deadline: Option<Millis>,
}

/// An instance's media that are not fetched yet, and may still be.
pub async fn waiting(db: &Db, id: &InstanceId) -> Result<Waiting, Error> {
    let sql = "select count(*) as n, min(received_at) as oldest, min(deadline) as next from media
               where instance = $1 and status in ('pending', 'downloading')";
    let Some(row) = db.row(sql, values![id.as_str()]).await? else {
        return Ok(Waiting::default());
    };
    Ok(Waiting {
        count: row.int("n")?,
        oldest: row.int_or_none("oldest")?,
        deadline: row.int_or_none("next")?,
    })
}

/// When the first media was received.
pub async fn first_received(db: &Db) -> Result<Option<Millis>, Error> {
    let sql = "select min(received_at) as first from media";
    let row = db.row(sql, vec![]).await?;
    row.map_or(Ok(None), |row| row.int_or_none("first"))
}

/// For whom something is stored: client and instance of each that holds a file.
pub async fn holders(db: &Db) -> Result<Vec<(i64, InstanceId)>, Error> {
    let sql = "select i.id, m.client from instances i join media m on m.id =
                 (select id from media where instance = i.id and status = 'stored' limit 1) order by m.client, i.id";
    let rows = db.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| Ok((row.int("client")?, InstanceId(row.text("id")?))))
        .collect()
}

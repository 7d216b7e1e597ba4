//! The facts that a file's name depends on.

use crate::db::{Db, Error, Value, values};
use crate::model::MediaId;

/// A claimed media, and the name that its bytes should get.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub id: &'a MediaId,
    pub fence: i64,
    pub client: i64,
    pub sha256: &'a [u8; 32],
    pub path: &'a str,
}

impl Wanted<'_> {
    fn values(&self) -> Vec<Value> {
        values![
            self.id.as_str(),
            self.fence,
            self.path,
            self.client,
            self.sha256
        ]
    }
}

/// The rows of the table about a [`Wanted`].
#[derive(Clone, Debug)]
pub struct Known {
    /// False when the claim was lost.
    pub is_claimed: bool,
    /// Whether another media has the path.
    pub is_taken: bool,
    /// The path of a stored file of the client with these bytes.
    pub same_bytes: Option<String>,
}

/// Looks up each of them, in one call.
pub async fn look_up(db: &Db, wanted: &[Wanted<'_>]) -> Result<Vec<Known>, Error> {
    let sql = "select exists (select 1 from media where id = $1 and fence = $2 and status = 'downloading') as claimed,
                 exists (select 1 from media where path = $3 and id <> $1) as taken,
                 (select path from media where client = $4 and sha256 = $5 and status = 'stored'
                  order by stored_at limit 1) as same_bytes";
    let sets = wanted.iter().map(Wanted::values).collect();
    let found = db.rows_each(sql, sets).await?;
    let rows = found.iter().flatten();
    rows.map(|row| {
        Ok(Known {
            is_claimed: row.flag("claimed")?,
            is_taken: row.flag("taken")?,
            same_bytes: row.text_or_none("same_bytes")?,
        })
    })
    .collect()
}

//! Stored files that a retention rule removes.

use super::sql::is_on_hold;
use super::stored_file::{StoredFile, file_columns};
use super::{examinations, search};
use crate::clock::Millis;
use crate::db::{Db, Error, Tx, values};
use crate::model::origin::chat_kind_of_row;
use crate::model::{ChatKind, Direction, MediaKind, Reason};

/// Conditions on stored files; all given ones must match.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    pub client: Option<i64>,
    pub kind: Option<MediaKind>,
    /// The direction of the message.
    pub direction: Option<Direction>,
    pub chat: Option<ChatKind>,
    /// By time of receipt.
    pub before: Option<Millis>,
    pub larger_than_bytes: Option<u64>,
    /// Only files of messages that were deleted for everyone.
    pub is_deleted: bool,
}

/// The condition of a [`Removal`] on a row, with the values `$1` to `$7`.
macro_rules! is_removable {
    () => {
        concat!(
            "status = 'stored' and ($1 is null or client = $1) and ($2 is null or kind = $2) and ($3 is null or from_me = $3)
             and ($4 is null or $4 = ",
            chat_kind_of_row!(),
            ") and received_at < $5 and size_bytes > $6 and ($7 = 0 or (deleted_at is not null and is_group = 0))"
        )
    };
}

impl Removal {
    fn values(&self) -> Vec<crate::db::Value> {
        values![
            self.client,
            self.kind.map(MediaKind::as_str),
            self.direction.map(|direction| direction == Direction::Sent),
            self.chat.map(ChatKind::as_str),
            self.before.unwrap_or(Millis::MAX),
            self.larger_than_bytes
                .map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            self.is_deleted,
        ]
    }
}

/// Up to `limit` matching files that are not on hold, oldest first, after the one with this time and id.
pub async fn removable(
    db: &Db,
    removal: &Removal,
    (received_at, id): (Millis, &str),
    limit: u32,
) -> Result<Vec<StoredFile>, Error> {
    let sql = concat!(
        "select ",
        file_columns!(),
        " from media where ",
        is_removable!(),
        " and not ",
        is_on_hold!(),
        " and (received_at > $8 or (received_at = $8 and id > $9)) order by received_at, id limit $10"
    );
    let mut values = removal.values();
    values.extend(values![received_at, id, limit]);
    db.rows(sql, values)
        .await?
        .iter()
        .map(StoredFile::from_row)
        .collect()
}

/// The bytes of all matching files that are not on hold.
pub async fn removable_bytes(db: &Db, removal: &Removal) -> Result<u64, Error> {
    let sql = concat!(
        "select cast(coalesce(sum(size_bytes), 0) as bigint) as size from media where ",
        is_removable!(),
        " and not ",
        is_on_hold!()
    );
    let row = db.row(sql, removal.values()).await?;
    row.map_or(Ok(0), |row| row.count("size"))
}

/// The number of matching files that are on hold.
pub async fn removable_on_hold(db: &Db, removal: &Removal) -> Result<u64, Error> {
    let sql = concat!(
        "select count(*) as n from media where ",
        is_removable!(),
        " and ",
        is_on_hold!()
    );
    let row = db.row(sql, removal.values()).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

/// Records that a rule deleted the file; false when the media is no longer stored at that path.
pub async fn mark_removed(tx: &mut Tx, file: &StoredFile, reason: Reason) -> Result<bool, Error> {
    let sql = "update media set status = 'skipped', reason = $3, path = null, size_bytes = null, sha256 = null, verified = null
               where id = $1 and status = 'stored' and path = $2";
    let values = values![file.id.as_str(), &file.path, reason.as_str()];
    let is_marked = tx.run(sql, values).await? == 1;
    if is_marked {
        let bytes = Some((file.client, file.sha256));
        examinations::forget(tx, &file.id, bytes).await?;
        search::index_now(tx, &file.id).await?;
    }
    Ok(is_marked)
}

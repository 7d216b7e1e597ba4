//! The files of deliveries that are needed: a row names them, and no stored file has the same bytes.

use crate::db::{Db, Error, Row, Tx, values};
use crate::model::DeliveryId;

/// Whether a file still has a text that is nowhere else.
pub async fn is_needed(db: &Db, delivery: &DeliveryId, file: u32) -> Result<bool, Error> {
    let sql = "select 1 as found from delivery_parts where delivery = $1 and file = $2 and media is null limit 1";
    let row = db.row(sql, values![delivery.as_str(), file]).await?;
    Ok(row.is_some())
}

/// Whether the database has the table of parts; a read-only one of an earlier version does not.
pub async fn are_known(db: &Db) -> Result<bool, Error> {
    db.has_table("delivery_parts").await
}

/// Files of deliveries that still have a text that is nowhere else: up to `limit` after `after` (an id, or empty).
pub async fn needed_files(
    db: &Db,
    after: &str,
    limit: u32,
) -> Result<Vec<(DeliveryId, u32)>, Error> {
    let sql = "select distinct delivery, file from delivery_parts
               where delivery in (select distinct delivery from delivery_parts
                                  where delivery > $1 and file is not null and media is null order by delivery limit $2)
                 and file is not null and media is null order by delivery, file";
    let rows = db.rows(sql, values![after, limit]).await?;
    rows.iter().map(file_of).collect()
}

pub(super) fn file_of(row: &Row) -> Result<(DeliveryId, u32), Error> {
    let file = u32::try_from(row.int("file")?).unwrap_or(u32::MAX);
    Ok((DeliveryId(row.text("delivery")?), file))
}

/// Like [`is_needed`], within a transaction.
pub(super) async fn is_needed_in(
    tx: &mut Tx,
    delivery: &DeliveryId,
    file: u32,
) -> Result<bool, Error> {
    let sql = "select 1 as found from delivery_parts where delivery = $1 and file = $2 and media is null limit 1";
    let row = tx.row(sql, values![delivery.as_str(), file]).await?;
    Ok(row.is_some())
}

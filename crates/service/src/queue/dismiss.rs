//! Acknowledged failures.

use crate::db::{Error, Tx, values};
use crate::model::MediaId;

/// Acknowledges a failed or expired media, which keeps its reason; false when it has another status. A repeat of its
/// message or [`super::requeue`] puts it back in the queue.
pub async fn dismiss(tx: &mut Tx, id: &MediaId) -> Result<bool, Error> {
    let sql =
        "update media set status = 'dismissed' where id = $1 and status in ('failed', 'expired')";
    Ok(tx.run(sql, values![id.as_str()]).await? == 1)
}

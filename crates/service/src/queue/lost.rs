//! Stored media whose files are lost, and those that are found again.

use crate::clock::{DAY, Millis};
use crate::db::{Error, Tx, values};
use crate::model::MediaId;

/// Puts a stored media back in the queue, whose file is not there any more.
pub async fn requeue_lost(tx: &mut Tx, id: &MediaId, now: Millis) -> Result<bool, Error> {
    let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null,
                 deadline = case when deadline < $2 then $2 else deadline end
               where id = $1 and status = 'stored'";
    Ok(tx.run(sql, values![id.as_str(), now + DAY]).await? == 1)
}

/// What became of a stored media whose file is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It is in the queue again, for there is something to fetch it with. Whether the link still works is for its server
    /// to say.
    Requeued,
    /// It is given up, for nothing can bring it back.
    Final,
}

/// Takes a stored media for lost: back into the queue if it can still be fetched, else given up as `file_lost`. Its
/// row goes on naming the path, for what lies in quarantine under it. Whoever calls has seen that it is stored.
pub async fn lose(tx: &mut Tx, id: &MediaId, now: Millis) -> Result<Loss, Error> {
    let requeue = "update media set status = 'pending', reason = 'file_lost', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null,
                     deadline = case when deadline < $2 then $2 else deadline end
                   where id = $1 and status = 'stored'
                     and (static_url is not null or (direct_path is not null and media_key is not null)
                          or (inline = 1 and exists (select 1 from deliveries where deliveries.id = media.delivery)
                              and not exists (select 1 from delivery_parts p where p.delivery = media.delivery and p.media = media.id)))";
    if tx.run(requeue, values![id.as_str(), now + DAY]).await? == 1 {
        return Ok(Loss::Requeued);
    }
    let give_up = "update media set status = 'failed', reason = 'file_lost' where id = $1 and status = 'stored'";
    tx.run(give_up, values![id.as_str()]).await?;
    Ok(Loss::Final)
}

const FIND_AGAIN: &str = "update media set status = 'stored', reason = null, next_attempt_at = null, lease_owner = null, lease_until = null,
                            fence = fence + 1
                          where id = (select id from media where path = $1 and sha256 = $2 and status <> 'stored'
                                        and coalesce(reason, '') not in ('erased', 'retention') limit 1)
                          returning id";

/// What is not stored although its file is where its row says, with the bytes that its row says: stored again, as if
/// nothing had been, whatever was tried and failed meanwhile. Who is fetching it loses the claim. What was erased or
/// removed by rule stays so. Answers with which media it was.
pub async fn find_again(
    tx: &mut Tx,
    path: &str,
    sha256: &[u8; 32],
) -> Result<Option<MediaId>, Error> {
    let row = tx.row(FIND_AGAIN, values![path, sha256]).await?;
    row.map(|row| row.text("id").map(MediaId)).transpose()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::db::Db;

    #[tokio::test]
    async fn what_is_found_again_is_looked_for_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("t.db"), Duration::from_secs(1))
            .await
            .unwrap();
        let plan = db.rows_of(format!("explain query plan {FIND_AGAIN}"), values![]);
        let plan = plan.await.unwrap();
        let steps: Vec<_> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
        assert!(
            steps.iter().any(|step| step.contains("media_path")),
            "{steps:?}"
        );
        db.close().await;
    }
}

//! What was erased on request, and must not come back with a repeat of its message.

use wa_media::FoundMedia;

use crate::db::{Error, Row, Tx, values};
use crate::model::{InstanceId, MediaId, erased_message, erased_print};

/// Whether what a reading tells of, under one of these messages, was erased on request. Message ids are chosen by
/// senders, so media that are surely others than the erased ones are none of them, whatever their id.
pub async fn is_erased(
    tx: &mut Tx,
    instance: &InstanceId,
    messages: &[String],
    media: &[FoundMedia],
) -> Result<bool, Error> {
    let sql = "select media_key, expected_sha256, expected_enc_sha256 from media
               where instance = $1 and message_id in ($2, $3) and reason = 'erased'";
    for message in messages {
        let values = values![instance.as_str(), message, erased_message(message)];
        for row in tx.rows(sql, values).await? {
            let left = Left::of(&row)?;
            if media.is_empty() || !media.iter().all(|found| left.is_other(found)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether a media was told of by a delivery that is no longer kept. What was imported never had one.
pub async fn has_lost_its_delivery(tx: &mut Tx, id: &MediaId) -> Result<bool, Error> {
    let sql = "select 1 as found from media where id = $1 and length(delivery) = 36
                 and not exists (select 1 from deliveries where deliveries.id = media.delivery)";
    Ok(tx.row(sql, values![id.as_str()]).await?.is_some())
}

/// What is left of an erased media to know it by.
struct Left {
    key: Option<[u8; 32]>,
    file: Option<[u8; 32]>,
}

impl Left {
    fn of(row: &Row) -> Result<Self, Error> {
        // While it is being erased, it still has its key, and nothing is surely another.
        let is_under_way = row.bytes32_or_none("media_key")?.is_some();
        let print = |column| Ok::<_, Error>(row.bytes32_or_none(column)?.filter(|_| !is_under_way));
        Ok(Self {
            key: print("expected_sha256")?,
            file: print("expected_enc_sha256")?,
        })
    }

    /// Whether it is surely another one: a link may be a newer one to the same file, so only keys and hashes tell.
    fn is_other(&self, found: &FoundMedia) -> bool {
        let key = found.media_key.as_ref().map(|key| *key.as_bytes());
        let both = [(self.key, key), (self.file, found.enc_sha256)];
        let told = both.into_iter().filter_map(|(left, told)| left.zip(told));
        let mut same = told.map(|(left, told)| left == erased_print(&told));
        same.next()
            .is_some_and(|first| !first && same.all(|same| !same))
    }
}

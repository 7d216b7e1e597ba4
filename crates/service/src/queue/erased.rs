//! What was erased on request, and must not come back with a repeat of its message.

use wa_media::FoundMedia;

use crate::db::{Error, Tx};
use crate::media::{Media, message};
use crate::model::{InstanceId, erased_print};

/// Whether what a delivery brings, under one of these messages, was erased on request. Message ids are chosen by senders,
/// so media that are surely others than the erased ones are none of them, whatever their id.
pub async fn is_erased(
    tx: &mut Tx,
    instance: &InstanceId,
    messages: &[String],
    media: &[FoundMedia],
) -> Result<bool, Error> {
    for message in messages {
        for row in message::erased_of_message(tx, instance, message).await? {
            let prints = Prints::of(&row);
            if media.is_empty() || !media.iter().all(|found| prints.differ_from(found)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Hashes by which an erased media is recognised.
struct Prints {
    key: Option<[u8; 32]>,
    file: Option<[u8; 32]>,
}

impl Prints {
    fn of(row: &Media) -> Self {
        // While it is being erased, it still has its key, and nothing is surely another.
        let is_under_way = row.media_key.is_some();
        Self {
            key: row.expected_sha256.filter(|_| !is_under_way),
            file: row.expected_enc_sha256.filter(|_| !is_under_way),
        }
    }

    /// Whether it is surely another one. A link may be a newer one to the same file, so only keys and hashes count.
    fn differ_from(&self, found: &FoundMedia) -> bool {
        let key = found.media_key.as_ref().map(|key| *key.as_bytes());
        let both = [(self.key, key), (self.file, found.enc_sha256)];
        let known = both.into_iter().filter_map(|(print, new)| print.zip(new));
        let mut same = known.map(|(print, new)| print == erased_print(&new));
        same.next()
            .is_some_and(|first| !first && same.all(|same| !same))
    }
}

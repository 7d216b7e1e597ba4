//! Recognises erased messages, so that a repeat does not bring them back.

use wa_media::FoundMedia;

use crate::db::{Error, Tx};
use crate::media::{Media, counts, message};
use crate::model::{InstanceId, erased_print};

/// Whether a delivery's media under one of these messages were erased. Senders choose message ids, so media that are
/// certainly different from the erased ones do not match.
pub async fn is_erased(
    tx: &mut Tx,
    instance: &InstanceId,
    messages: &[String],
    media: &[FoundMedia],
) -> Result<bool, Error> {
    if !counts::has_erased(tx, instance).await? {
        return Ok(false);
    }
    for message in messages {
        for row in message::erased_of_message(tx, instance, message).await? {
            let prints = Prints::from_row(&row);
            if media.is_empty() || !media.iter().all(|found| prints.differ_from(found)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Digests that identify an erased media.
struct Prints {
    key: Option<[u8; 32]>,
    file: Option<[u8; 32]>,
}

impl Prints {
    fn from_row(row: &Media) -> Self {
        // During its erasure a row still has its key and matches everything.
        let is_under_way = row.media_key.is_some();
        Self {
            key: row.expected_sha256.filter(|_| !is_under_way),
            file: row.expected_enc_sha256.filter(|_| !is_under_way),
        }
    }

    /// Whether the media is certainly a different one. A new link may lead to the same file, so only keys and hashes
    /// count.
    fn differ_from(&self, found: &FoundMedia) -> bool {
        let key = found.media_key.as_ref().map(|key| *key.as_bytes());
        let both = [(self.key, key), (self.file, found.enc_sha256)];
        let known = both.into_iter().filter_map(|(print, new)| print.zip(new));
        let mut same = known.map(|(print, new)| print == erased_print(&new));
        same.next()
            .is_some_and(|first| !first && same.all(|same| !same))
    }
}

//! Putting a media in: new, a duplicate, or a repeat that brings back one that is not stored.

use wa_media::FoundMedia;

use crate::clock::{DAY, Millis};
use crate::db::{Error, Tx, values};
use crate::gateway::{Gateway, Message};
use crate::media::{InstanceId, MediaId, MediaStatus, Reason, fresh_id};

/// When a message brings no expiry: WhatsApp's own files are seen to vanish after two weeks to a month.
const UNKNOWN_EXPIRY: Millis = 14 * DAY;
/// A link that is already dead is still tried this long, for a gateway may be able to answer.
const LEAST_PATIENCE: Millis = DAY;

/// One found media, with what is known of its message.
pub struct NewMedia<'a> {
    /// Which instance received it.
    pub instance: &'a InstanceId,
    /// Whose it is.
    pub client: i64,
    /// From which gateway.
    pub gateway: Gateway,
    /// The delivery that told of it.
    pub delivery: &'a str,
    /// The message's own id, or one made from the media when it has none.
    pub message_id: &'a str,
    /// The message.
    pub message: &'a Message,
    /// Which of the message's files it is.
    pub slot: i64,
    /// What was found.
    pub found: &'a FoundMedia,
    /// Why it is not to be fetched, if it is not.
    pub skip: Option<Reason>,
}

impl NewMedia<'_> {
    fn status(&self) -> MediaStatus {
        match self.skip {
            Some(_) => MediaStatus::Skipped,
            None => MediaStatus::Pending,
        }
    }
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Put {
    /// Its id, old or new.
    pub id: MediaId,
    /// How it stands now.
    pub status: MediaStatus,
    /// Whether it was known before.
    pub duplicate: bool,
}

/// Puts one media in the queue, or merges it with what is known of it. Any number of times, any order: one row.
pub async fn put(tx: &mut Tx, new: &NewMedia<'_>, now: Millis) -> Result<Put, Error> {
    let id = MediaId(fresh_id(now));
    if insert(tx, new, &id, now).await? {
        let status = new.status();
        return Ok(Put {
            id,
            status,
            duplicate: false,
        });
    }
    merge(tx, new, now).await
}

fn deadline(expires_at: Option<Millis>, now: Millis) -> Millis {
    expires_at
        .unwrap_or(now + UNKNOWN_EXPIRY)
        .max(now + LEAST_PATIENCE)
}

fn expires_at(found: &FoundMedia) -> Option<Millis> {
    let link = found.direct_path.as_deref().or(found.url.as_deref())?;
    wa_media::expiry_of(link).map(|at| at.saturating_mul(1_000))
}

async fn insert(tx: &mut Tx, new: &NewMedia<'_>, id: &MediaId, now: Millis) -> Result<bool, Error> {
    let sql = "insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, mime_declared, file_name,
                 caption, chat_id, sender_id, sender_lid, sender_name, from_me, is_group, voice_note, width, height, seconds, sent_at,
                 received_at, named_at, media_key, media_key_malformed, direct_path, sha256_told, enc_sha256_told, length_told,
                 expires_at, deadline, status, reason)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                 $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35)
               on conflict (instance, message_id, slot) do nothing";
    let (message, found) = (new.message, new.found);
    let expires_at = expires_at(found);
    let values = values![
        id.as_str(),
        new.instance.as_str(),
        new.client,
        new.gateway.as_str(),
        new.message_id,
        new.slot,
        new.delivery,
        found.kind.as_str(),
        found.key_kind.wire_type(),
        found.mime.clone(),
        found.file_name.clone(),
        found.caption.clone(),
        message.chat_id.clone(),
        message.sender_id.clone(),
        message.sender_lid.clone(),
        message.sender_name.clone(),
        message.from_me,
        message.is_group,
        found.voice_note,
        found.width,
        found.height,
        found.seconds,
        message.sent_at,
        now,
        message.sent_at.unwrap_or(now),
        found.media_key.as_ref().map(|key| *key.as_bytes()),
        found.media_key_malformed,
        found.direct_path.clone(),
        found.sha256,
        found.enc_sha256,
        found.length_bytes,
        expires_at,
        deadline(expires_at, now),
        new.status().as_str(),
        new.skip.map(Reason::as_str),
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// A second copy fills what the first lacked: names, and a phone number where only a LID was known. What is
/// not stored takes the newer keys and is tried again at once; what is stored stays as it is.
async fn merge(tx: &mut Tx, new: &NewMedia<'_>, now: Millis) -> Result<Put, Error> {
    let (message, found) = (new.message, new.found);
    let lid = message
        .sender_lid
        .as_deref()
        .map(|lid| lid.trim_end_matches("@lid"));
    let told = message.sender_id.as_deref();
    let phone = told.filter(|id| !id.ends_with("@lid") && Some(*id) != lid);
    let sql = "update media set
                 sender_id = case when $4 is not null and (sender_id is null or sender_id like '%@lid'
                     or sender_id || '@lid' = coalesce(sender_lid, '') or sender_id = coalesce($5, ''))
                   then $4 else sender_id end,
                 sender_lid = coalesce(sender_lid, $6), sender_name = coalesce(sender_name, $7), chat_id = coalesce(chat_id, $8),
                 caption = coalesce(caption, $9), file_name = coalesce(file_name, $10), mime_declared = coalesce(mime_declared, $11),
                 sent_at = coalesce(sent_at, $12)
               where instance = $1 and message_id = $2 and slot = $3 returning id, status";
    let values = values![
        new.instance.as_str(),
        new.message_id,
        new.slot,
        phone,
        lid,
        message.sender_lid.clone(),
        message.sender_name.clone(),
        message.chat_id.clone(),
        found.caption.clone(),
        found.file_name.clone(),
        found.mime.clone(),
        message.sent_at,
    ];
    let row = tx.row(sql, values).await?.ok_or(Error::Malformed {
        column: "message_id".to_owned(),
    })?;
    let id = MediaId(row.text("id")?);
    let status = row.parsed("status", MediaStatus::parse)?;
    match status {
        MediaStatus::Stored | MediaStatus::Downloading | MediaStatus::Skipped => Ok(Put {
            id,
            status,
            duplicate: true,
        }),
        MediaStatus::Pending | MediaStatus::Failed | MediaStatus::Expired => {
            rearm(tx, &id, found, now).await?;
            Ok(Put {
                id,
                status: MediaStatus::Pending,
                duplicate: true,
            })
        }
    }
}

async fn rearm(tx: &mut Tx, id: &MediaId, found: &FoundMedia, now: Millis) -> Result<(), Error> {
    if found.media_key.is_some() && found.direct_path.is_some() {
        let sql = "update media set media_key = $2, media_key_malformed = 0, direct_path = $3, sha256_told = coalesce($4, sha256_told),
                     enc_sha256_told = coalesce($5, enc_sha256_told), expires_at = $6 where id = $1";
        let key = found.media_key.as_ref().map(|key| *key.as_bytes());
        let values = values![
            id.as_str(),
            key,
            found.direct_path.clone(),
            found.sha256,
            found.enc_sha256,
            expires_at(found)
        ];
        tx.run(sql, values).await?;
    }
    let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0,
                 deadline = case when deadline < $2 then $2 else deadline end
               where id = $1";
    let least = deadline(expires_at(found), now);
    tx.run(sql, values![id.as_str(), least]).await.map(drop)
}

//! The media of a message: rows that it has already, new rows, and what a repeat adds to them.

use super::row::{Media, columns};
use crate::clock::Millis;
use crate::db::{Db, Error, Tx, values};
use crate::gateway::{Gateway, Message};
use crate::model::contact::better_id;
use crate::model::{
    ChatId, InstanceId, MediaId, MediaStatus, Reason, SenderId, Verification, erased_message,
};
use wa_media::FoundMedia;

/// What all media of one message have in common.
pub struct NewMessage<'a> {
    /// The instance that received it.
    pub instance: &'a InstanceId,
    /// The client.
    pub client: i64,
    /// The gateway.
    pub gateway: Gateway,
    /// Its delivery.
    pub delivery: &'a str,
    /// The message's own id, or one made from the media when it has none.
    pub id: &'a str,
    /// The message.
    pub message: &'a Message,
}

/// A row to insert.
pub struct NewRow<'a> {
    /// Its id.
    pub id: &'a MediaId,
    /// Its number among the files of the message.
    pub slot: i64,
    /// The media in the delivery.
    pub found: &'a FoundMedia,
    /// Why it is not downloaded, if it is not.
    pub skip: Option<Reason>,
    /// When its link expires.
    pub expires_at: Option<Millis>,
    /// When no further round begins.
    pub deadline: Millis,
}

const OF_MESSAGE: &str = concat!(
    "select ",
    columns!(),
    " from media where instance = $1 and message_id = $2 order by slot"
);

/// The rows of a message.
pub async fn of_message_in(
    tx: &mut Tx,
    instance: &InstanceId,
    message: &str,
) -> Result<Vec<Media>, Error> {
    let rows = tx
        .rows(OF_MESSAGE, values![instance.as_str(), message])
        .await?;
    rows.iter().map(Media::of).collect()
}

/// The rows of a message, also if its id was replaced by an erasure.
pub async fn of_message(
    db: &Db,
    instance: &InstanceId,
    message: &str,
) -> Result<Vec<Media>, Error> {
    let sql = concat!(
        "select ",
        columns!(),
        " from media where instance = $1 and message_id in ($2, $3) order by slot"
    );
    let values = values![instance.as_str(), message, erased_message(message)];
    db.rows(sql, values).await?.iter().map(Media::of).collect()
}

/// The erased rows of a message.
pub async fn erased_of_message(
    tx: &mut Tx,
    instance: &InstanceId,
    message: &str,
) -> Result<Vec<Media>, Error> {
    let sql = concat!(
        "select ",
        columns!(),
        " from media where instance = $1 and message_id in ($2, $3) and reason = 'erased'"
    );
    let values = values![instance.as_str(), message, erased_message(message)];
    tx.rows(sql, values).await?.iter().map(Media::of).collect()
}

/// Whether the message has a stored file with these bytes.
pub async fn has_bytes(
    tx: &mut Tx,
    instance: &InstanceId,
    message: &str,
    sha256: &[u8; 32],
) -> Result<bool, Error> {
    let sql = "select 1 as found from media where instance = $1 and message_id = $2 and sha256 = $3 and status = 'stored'";
    let values = values![instance.as_str(), message, sha256];
    Ok(tx.row(sql, values).await?.is_some())
}

/// Inserts a row; false when its slot is taken.
pub async fn insert(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    row: &NewRow<'_>,
    now: Millis,
) -> Result<bool, Error> {
    let sql = "insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, mime_declared, file_name,
                 caption, chat_id, sender_id, sender_lid, sender_name, from_me, is_group, voice_note, width, height, seconds, sent_at,
                 received_at, file_time, media_key, media_key_malformed, direct_path, expected_sha256, expected_enc_sha256, declared_length,
                 expires_at, deadline, status, reason, static_url, inline)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                 $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37)
               on conflict (instance, message_id, slot) do nothing";
    let (message, found) = (new.message, row.found);
    let origin = &message.origin;
    let status = row
        .skip
        .map_or(MediaStatus::Pending, |_| MediaStatus::Skipped);
    let values = values![
        row.id.as_str(),
        new.instance.as_str(),
        new.client,
        new.gateway.as_str(),
        new.id,
        row.slot,
        new.delivery,
        found.kind.as_str(),
        found.key_kind.wire_type(),
        found.mime.clone(),
        found.file_name.clone(),
        found.caption.clone(),
        origin.chat.as_ref().map(ChatId::as_str),
        origin.sender.id.clone(),
        origin.sender.lid.clone(),
        message.sender_name.clone(),
        origin.from_me,
        origin.is_group,
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
        row.expires_at,
        row.deadline,
        status.as_str(),
        row.skip.map(Reason::as_str),
        found.static_url.clone(),
        found.inline.is_some(),
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// Fills what a row lacks with what a repeat brings: names, and a phone number where only a LID was known.
pub async fn fill(
    tx: &mut Tx,
    known: &Media,
    message: &Message,
    found: &FoundMedia,
) -> Result<(), Error> {
    let SenderId { id, lid } = &message.origin.sender;
    let lids = [known.origin.sender.lid.as_deref(), lid.as_deref()];
    let better =
        |known: Option<&str>, new: Option<&str>| better_id(known, new, &lids).map(str::to_owned);
    let chats = [&known.origin, &message.origin].map(|origin| origin.chat.as_ref());
    let [known_chat, chat] = chats.map(|chat| chat.map(ChatId::as_str));
    let sql = "update media set sender_id = $2, sender_lid = coalesce(sender_lid, $3), sender_name = coalesce(sender_name, $4),
                 chat_id = $5, caption = case when caption_edited_at is null then coalesce(caption, $6) else caption end,
                 file_name = coalesce(file_name, $7), mime_declared = coalesce(mime_declared, $8), sent_at = coalesce(sent_at, $9)
               where id = $1";
    let values = values![
        known.id.as_str(),
        better(known.origin.sender.id.as_deref(), id.as_deref()),
        lid.clone(),
        message.sender_name.clone(),
        better(known_chat, chat),
        found.caption.clone().filter(|_| !found.edited),
        found.file_name.clone(),
        found.mime.clone(),
        message.sent_at,
    ];
    tx.run(sql, values).await.map(drop)
}

/// Notes that the bytes of a media are in this delivery.
pub async fn set_inline(tx: &mut Tx, id: &MediaId, delivery: &str) -> Result<(), Error> {
    let sql = "update media set inline = 1, delivery = $2 where id = $1";
    tx.run(sql, values![id.as_str(), delivery]).await.map(drop)
}

/// Takes newer links, and a newer key with its hashes: a key comes with its own hashes or with none.
pub async fn set_links(
    tx: &mut Tx,
    id: &MediaId,
    found: &FoundMedia,
    expires_at: Option<Millis>,
) -> Result<(), Error> {
    let sql = "update media set media_key = coalesce($2, media_key), media_key_malformed = case when $2 is null then media_key_malformed else 0 end,
                 expected_sha256 = case when media_key is null and $2 is not null then $5 else coalesce(expected_sha256, $5) end,
                 expected_enc_sha256 = case when media_key is null and $2 is not null then $6 else coalesce(expected_enc_sha256, $6) end,
                 direct_path = coalesce($3, direct_path), static_url = coalesce($4, static_url), expires_at = coalesce($7, expires_at) where id = $1";
    let values = values![
        id.as_str(),
        found.media_key.as_ref().map(|key| *key.as_bytes()),
        found.direct_path.clone(),
        found.static_url.clone(),
        found.sha256,
        found.enc_sha256,
        expires_at
    ];
    tx.run(sql, values).await.map(drop)
}

/// Notes that a repeat came while the media is downloading.
pub async fn set_repeated(tx: &mut Tx, id: &MediaId) -> Result<(), Error> {
    let sql = "update media set repeated = 1 where id = $1";
    tx.run(sql, values![id.as_str()]).await.map(drop)
}

/// Makes a media ready because a repeat of its message came.
pub async fn requeue_for_repeat(tx: &mut Tx, id: &MediaId, deadline: Millis) -> Result<(), Error> {
    let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null,
                 deadline = case when deadline < $2 then $2 else deadline end
               where id = $1";
    tx.run(sql, values![id.as_str(), deadline]).await.map(drop)
}

/// Sets or removes the caption, unless it was edited later than that.
pub async fn set_caption(
    tx: &mut Tx,
    id: &MediaId,
    caption: Option<&str>,
    edited_at: Millis,
) -> Result<(), Error> {
    let sql = "update media set caption = $2, caption_edited_at = $3 where id = $1 and coalesce(caption_edited_at, $3) <= $3";
    let values = values![id.as_str(), caption, edited_at];
    tx.run(sql, values).await.map(drop)
}

/// A file that another system had.
#[derive(Clone, Debug)]
pub struct AdoptedFile {
    /// When that system stored it.
    pub stored_at: Millis,
    /// The type of the bytes.
    pub mime: String,
    /// Their length.
    pub size_bytes: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// How far they are proven: `full` or `unproven`.
    pub verified: Verification,
    /// Below the storage root.
    pub path: String,
}

/// Stores a media with a file that another system had. A running download of it loses its claim. False when it is stored
/// or erased.
pub async fn adopt_file(tx: &mut Tx, id: &MediaId, file: &AdoptedFile) -> Result<bool, Error> {
    let sql = "update media set status = 'stored', reason = null, next_attempt_at = null, lease_owner = null, lease_until = null,
                 fence = fence + 1, stored_at = $2, mime = $3, size_bytes = $4, sha256 = $5, verified = $6, path = $7
               where id = $1 and status <> 'stored' and coalesce(reason, '') <> 'erased'";
    let values = values![
        id.as_str(),
        file.stored_at,
        &file.mime,
        file.size_bytes,
        file.sha256,
        file.verified.as_str(),
        &file.path
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// Extends the deadline of a pending media; false when it is not pending.
pub async fn extend_deadline(tx: &mut Tx, id: &MediaId, deadline: Millis) -> Result<bool, Error> {
    let sql = "update media set deadline = case when deadline < $2 then $2 else deadline end
               where id = $1 and status = 'pending'";
    Ok(tx.run(sql, values![id.as_str(), deadline]).await? == 1)
}

/// Ends a pending media; false when it is not pending.
pub async fn end_pending(
    tx: &mut Tx,
    id: &MediaId,
    status: MediaStatus,
    reason: Reason,
) -> Result<bool, Error> {
    let sql = "update media set status = $2, reason = $3 where id = $1 and status = 'pending'";
    let values = values![id.as_str(), status.as_str(), reason.as_str()];
    Ok(tx.run(sql, values).await? == 1)
}

/// Deletes the row of a stored file, because another row knows more of it.
pub async fn delete_stored(tx: &mut Tx, id: &MediaId, path: &str) -> Result<bool, Error> {
    let sql = "delete from media where id = $1 and status = 'stored' and path = $2";
    Ok(tx.run(sql, values![id.as_str(), path]).await? == 1)
}

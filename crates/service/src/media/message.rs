//! The media of a message: its rows, new rows, and the updates by a repeat.

use super::row::{Media, columns};
use crate::clock::Millis;
use crate::db::{Db, Error, Tx, values};
use crate::gateway::{Gateway, Message};
use crate::model::contact::better_id;
use crate::model::{
    ChatId, InstanceId, MediaId, MediaStatus, Reason, SenderId, Verification, erased_message,
};
use wa_media::FoundMedia;

/// The fields that all media of a message share.
pub struct NewMessage<'a> {
    pub instance: &'a InstanceId,
    pub client: i64,
    pub gateway: Gateway,
    pub delivery: &'a str,
    /// The message's own id, or one derived from the media.
    pub id: &'a str,
    pub message: &'a Message,
}

/// A row to insert.
pub struct NewRow<'a> {
    pub id: &'a MediaId,
    /// The file's number in the message.
    pub slot: i64,
    /// As read from the delivery.
    pub found: &'a FoundMedia,
    /// Set when it is not downloaded.
    pub skip: Option<Reason>,
    pub expires_at: Option<Millis>,
    /// No round begins later.
    pub deadline: Millis,
    /// When the link in the delivery dies, if that is soon.
    pub link_dies_at: Option<Millis>,
}

/// The rows of an instance's message, with `$1` as the instance and this condition on the message id.
macro_rules! select_of_message {
    ($condition:literal) => {
        concat!(
            "select ",
            columns!(),
            " from media where instance = $1 and message_id ",
            $condition
        )
    };
}

/// All rows of a message.
pub async fn of_message_in(
    tx: &mut Tx,
    instance: &InstanceId,
    message: &str,
) -> Result<Vec<Media>, Error> {
    let sql = select_of_message!("= $2 order by slot");
    let rows = tx.rows(sql, values![instance.as_str(), message]).await?;
    rows.iter().map(Media::from_row).collect()
}

/// All rows of a message, also if an erasure replaced its id.
pub async fn of_message(
    db: &Db,
    instance: &InstanceId,
    message: &str,
) -> Result<Vec<Media>, Error> {
    let sql = select_of_message!("in ($2, $3) order by slot");
    let values = values![instance.as_str(), message, erased_message(message)];
    let rows = db.rows(sql, values).await?;
    rows.iter().map(Media::from_row).collect()
}

/// Only the erased rows of a message.
pub async fn erased_of_message(
    tx: &mut Tx,
    instance: &InstanceId,
    message: &str,
) -> Result<Vec<Media>, Error> {
    let sql = select_of_message!("in ($2, $3) and reason = 'erased'");
    let values = values![instance.as_str(), message, erased_message(message)];
    let rows = tx.rows(sql, values).await?;
    rows.iter().map(Media::from_row).collect()
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

/// False when the slot is taken.
pub async fn insert(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    row: &NewRow<'_>,
    now: Millis,
) -> Result<bool, Error> {
    let sql = "insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, mime_declared, file_name,
                 caption, chat_id, sender_id, sender_lid, sender_name, from_me, is_group, voice_note, width, height, seconds, sent_at,
                 received_at, file_time, media_key, media_key_malformed, direct_path, expected_sha256, expected_enc_sha256, declared_length,
                 expires_at, deadline, status, reason, static_url, inline, link, media_id, link_dies_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                 $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40)
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
        found.link.clone(),
        found.media_id.clone(),
        row.link_dies_at,
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// Fills empty columns from a repeat: names, and a phone number where only a LID was known.
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

/// Records that this delivery contains the bytes of a media.
pub async fn set_inline(tx: &mut Tx, id: &MediaId, delivery: &str) -> Result<(), Error> {
    let sql = "update media set inline = 1, delivery = $2 where id = $1";
    tx.run(sql, values![id.as_str(), delivery]).await.map(drop)
}

/// Updates links, and a key together with its hashes.
pub async fn set_links(
    tx: &mut Tx,
    id: &MediaId,
    found: &FoundMedia,
    expires_at: Option<Millis>,
    link_dies_at: Option<Millis>,
) -> Result<(), Error> {
    let sql = "update media set media_key = coalesce($2, media_key), media_key_malformed = case when $2 is null then media_key_malformed else 0 end,
                 expected_sha256 = case when media_key is null and $2 is not null then $5 else coalesce(expected_sha256, $5) end,
                 expected_enc_sha256 = case when media_key is null and $2 is not null then $6 else coalesce(expected_enc_sha256, $6) end,
                 direct_path = coalesce($3, direct_path), static_url = coalesce($4, static_url), expires_at = coalesce($7, expires_at), link = coalesce($8, link), media_id = coalesce($9, media_id), link_dies_at = case when $8 is null then link_dies_at else $10 end
               where id = $1";
    let values = values![
        id.as_str(),
        found.media_key.as_ref().map(|key| *key.as_bytes()),
        found.direct_path.clone(),
        found.static_url.clone(),
        found.sha256,
        found.enc_sha256,
        expires_at,
        found.link.clone(),
        found.media_id.clone(),
        link_dies_at,
    ];
    tx.run(sql, values).await.map(drop)
}

/// Records a link to the file.
pub async fn set_link(tx: &mut Tx, id: &MediaId, link: &str) -> Result<(), Error> {
    let sql = "update media set link = $2, link_dies_at = null where id = $1";
    tx.run(sql, values![id.as_str(), link]).await.map(drop)
}

/// Records a repeat that came during a download.
pub async fn set_repeated(tx: &mut Tx, id: &MediaId) -> Result<(), Error> {
    let sql = "update media set repeated = 1 where id = $1";
    tx.run(sql, values![id.as_str()]).await.map(drop)
}

/// Makes a media ready because its message was repeated.
pub async fn requeue_for_repeat(tx: &mut Tx, id: &MediaId, deadline: Millis) -> Result<(), Error> {
    let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null,
                 deadline = case when deadline < $2 then $2 else deadline end
               where id = $1";
    tx.run(sql, values![id.as_str(), deadline]).await.map(drop)
}

/// Sets or removes the caption, unless a later edit did.
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

/// Records that the message was deleted for everyone; false when that is known.
pub async fn set_deleted(tx: &mut Tx, id: &MediaId, at: Millis) -> Result<bool, Error> {
    let sql = "update media set deleted_at = $2 where id = $1 and deleted_at is null";
    Ok(tx.run(sql, values![id.as_str(), at]).await? == 1)
}

/// A file that another system stored.
#[derive(Clone, Debug)]
pub struct AdoptedFile {
    pub stored_at: Millis,
    pub mime: String,
    pub size_bytes: u64,
    pub sha256: [u8; 32],
    pub verified: Verification,
    /// Below the storage root.
    pub path: String,
}

/// Sets a media to stored with another system's file. A running download loses its claim. False when the media is
/// stored or erased.
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

/// False when the media is not pending.
pub async fn extend_deadline(tx: &mut Tx, id: &MediaId, deadline: Millis) -> Result<bool, Error> {
    let sql = "update media set deadline = case when deadline < $2 then $2 else deadline end
               where id = $1 and status = 'pending'";
    Ok(tx.run(sql, values![id.as_str(), deadline]).await? == 1)
}

/// False when the media is not pending.
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

/// Deletes the row of a stored file, because another row describes it better.
pub async fn delete_stored(tx: &mut Tx, id: &MediaId, path: &str) -> Result<bool, Error> {
    let bytes = super::examinations::bytes_of(tx, id).await?;
    let sql = "delete from media where id = $1 and status = 'stored' and path = $2";
    let is_deleted = tx.run(sql, values![id.as_str(), path]).await? == 1;
    if is_deleted {
        super::examinations::forget(tx, id, bytes).await?;
    }
    Ok(is_deleted)
}

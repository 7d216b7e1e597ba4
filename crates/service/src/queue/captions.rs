//! New captions of earlier messages. The sender of an edit chooses the message id in it, so an edit applies only if
//! it is from the same person in the same chat. An edit of an unknown message is kept as long as its delivery; of
//! several edits, the latest by their own times applies, in any order of arrival.

use wa_media::FoundMedia;

use crate::clock::{DAY, Millis};
use crate::db::{Error, Row, Tx, values};
use crate::media::message::{self, NewMessage};
use crate::media::{Media, origin_of};
use crate::model::{ChatId, DeliveryId, InstanceId, MediaId, MediaKind, Origin};
use crate::queue::Put;

/// The most kept edits of one message.
const MOST_PER_MESSAGE: i64 = 16;
/// The most kept edits of one instance.
const MOST_PER_INSTANCE: i64 = 10_000;

/// A new caption for a row.
pub(super) struct NewCaption {
    /// `Some(None)` removes the caption; None leaves it.
    caption: Option<Option<String>>,
    edited_at: Millis,
}

impl NewCaption {
    pub(super) fn new(new: &NewMessage<'_>, found: &FoundMedia, now: Millis) -> Self {
        let caption = match &found.caption {
            Some(caption) => Some(Some(caption.clone())),
            None => found.caption_removed.then_some(None),
        };
        // In milliseconds by the sender's clock, unless that is far from the server's time in seconds.
        let edited_at = match (found.edited_at_ms, new.message.sent_at) {
            (Some(stamp), Some(sent)) if stamp.abs_diff(sent) <= DAY.unsigned_abs() => stamp,
            (_, Some(sent)) => sent,
            (Some(stamp), None) => stamp,
            (None, None) => now,
        };
        Self { caption, edited_at }
    }
}

/// Applies an edit without a file, or keeps it until its message comes. Returns the changed row.
pub async fn edit(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    found: &FoundMedia,
    now: Millis,
) -> Result<Option<Put>, Error> {
    let target = found.edits.as_deref().unwrap_or(new.id);
    if target.is_empty() {
        return Ok(None);
    }
    let rows = editable(tx, new.instance, target, &new.message.origin).await?;
    let Some(row) = choose(rows, found.kind) else {
        remember(tx, new, found, now).await?;
        return Ok(None);
    };
    apply(tx, &row.id, &NewCaption::new(new, found, now)).await?;
    Ok(Some(Put {
        id: row.id,
        status: row.status,
        duplicate: true,
        delivery: row.delivery,
    }))
}

/// The rows of a message that this editor may change.
async fn editable(
    tx: &mut Tx,
    instance: &InstanceId,
    message: &str,
    editor: &Origin,
) -> Result<Vec<Media>, Error> {
    let mut rows = message::of_message_in(tx, instance, message).await?;
    rows.retain(|row| !row.is_erased() && row.origin.may_be_edited_by(editor));
    Ok(rows)
}

/// The first row of that kind, else the only row.
fn choose(mut rows: Vec<Media>, kind: MediaKind) -> Option<Media> {
    match rows.iter().position(|row| row.kind == kind) {
        Some(at) => Some(rows.swap_remove(at)),
        None if rows.len() == 1 => rows.pop(),
        None => None,
    }
}

/// Sets a row's caption, unless a later edit did.
pub(super) async fn apply(tx: &mut Tx, id: &MediaId, new: &NewCaption) -> Result<(), Error> {
    let Some(caption) = &new.caption else {
        return Ok(());
    };
    message::set_caption(tx, id, caption.as_deref(), new.edited_at).await
}

/// Keeps an edit of an unknown message, within limits. Not one of an import, which has no delivery.
pub(super) async fn remember(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    found: &FoundMedia,
    now: Millis,
) -> Result<(), Error> {
    if new.delivery == DeliveryId::IMPORTED {
        return Ok(());
    }
    let NewCaption { caption, edited_at } = NewCaption::new(new, found, now);
    let (Some(caption), origin) = (caption, &new.message.origin) else {
        return Ok(());
    };
    let target = found.edits.as_deref().unwrap_or(new.id);
    // The delivery is inserted later in the same transaction.
    let sql = "insert into caption_edits (instance, message_id, delivery, kind, chat_id, sender_id, sender_lid, from_me, is_group, caption, edited_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
               on conflict (instance, message_id, delivery) do update set caption = excluded.caption, edited_at = excluded.edited_at
               where excluded.edited_at >= caption_edits.edited_at";
    let values = values![
        new.instance.as_str(),
        target,
        new.delivery,
        found.kind.as_str(),
        origin.chat.as_ref().map(ChatId::as_str),
        origin.sender.id.clone(),
        origin.sender.lid.clone(),
        origin.from_me,
        origin.is_group,
        caption,
        edited_at,
    ];
    tx.run(sql, values).await?;
    // Ids of deliveries begin with their time.
    let sql = "delete from caption_edits where instance = $1 and message_id = $2 and delivery <= (
                 select delivery from caption_edits where instance = $1 and message_id = $2 order by delivery desc limit 1 offset $3)";
    let values = values![new.instance.as_str(), target, MOST_PER_MESSAGE];
    tx.run(sql, values).await?;
    let sql = "delete from caption_edits where instance = $1 and delivery <= (
                 select delivery from caption_edits where instance = $1 order by delivery desc limit 1 offset $2)";
    let values = values![new.instance.as_str(), MOST_PER_INSTANCE];
    tx.run(sql, values).await.map(drop)
}

/// Applies and deletes the kept edits of a new message.
pub(super) async fn apply_remembered(tx: &mut Tx, new: &NewMessage<'_>) -> Result<(), Error> {
    let sql = "select delivery, kind, caption, edited_at, chat_id, sender_id, sender_lid, from_me, is_group from caption_edits
               where instance = $1 and message_id = $2 order by edited_at, delivery";
    let rows = tx.rows(sql, values![new.instance.as_str(), new.id]).await?;
    for row in &rows {
        apply_one(tx, new, row).await?;
    }
    Ok(())
}

async fn apply_one(tx: &mut Tx, new: &NewMessage<'_>, row: &Row) -> Result<(), Error> {
    let editor = origin_of(row)?;
    let kind = row.parsed("kind", MediaKind::parse)?;
    let known = editable(tx, new.instance, new.id, &editor).await?;
    let Some(media) = choose(known, kind) else {
        return Ok(());
    };
    let caption = NewCaption {
        caption: Some(row.text_or_none("caption")?),
        edited_at: row.int("edited_at")?,
    };
    apply(tx, &media.id, &caption).await?;
    let sql = "delete from caption_edits where instance = $1 and message_id = $2 and delivery = $3";
    let values = values![new.instance.as_str(), new.id, row.text("delivery")?];
    tx.run(sql, values).await.map(drop)
}

/// Deletes the kept edits that are from one of these people or chats, or name one.
pub async fn forget(
    tx: &mut Tx,
    instance: &InstanceId,
    is_named: &(dyn Fn(&str) -> bool + Send + Sync),
) -> Result<(), Error> {
    let sql = "select message_id, delivery, chat_id, sender_id, sender_lid, caption from caption_edits where instance = $1";
    for row in tx.rows(sql, values![instance.as_str()]).await? {
        let texts = [
            "message_id",
            "chat_id",
            "sender_id",
            "sender_lid",
            "caption",
        ];
        let texts = texts.map(|column| row.text_or_none(column));
        let mut is_theirs = false;
        for text in texts {
            is_theirs |= text?.is_some_and(|text| is_named(&text));
        }
        if is_theirs {
            let sql = "delete from caption_edits where instance = $1 and message_id = $2 and delivery = $3";
            let values = values![
                instance.as_str(),
                row.text("message_id")?,
                row.text("delivery")?
            ];
            tx.run(sql, values).await?;
        }
    }
    Ok(())
}

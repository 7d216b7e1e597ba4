//! Messages that were deleted for everyone. Their files stay; the rows say when it was. Who sends a deletion chooses the message id
//! in it, so it counts only within its chat, and in a private chat only from the message's author. One of an unknown message is
//! remembered for some days, because deliveries come in any order.

use crate::clock::{DAY, Millis};
use crate::db::{Error, Tx, values};
use crate::gateway::{Deletion, Message};
use crate::media::Media;
use crate::media::message::{self, NewMessage};
use crate::model::{ChatId, InstanceId, MediaId, MediaKind, Origin};
use crate::queue::Put;

/// How long a deletion of an unknown message is remembered.
const REMEMBERED_FOR: Millis = 7 * DAY;
/// The most of one instance.
const MOST_PER_INSTANCE: i64 = 10_000;

/// The object of a deletion.
pub enum Deleted {
    /// Media of the message, and those of which it is new.
    Recorded(Vec<(MediaKind, Put)>, Vec<Marked>),
    /// No message with media, or one that it may not delete.
    Unknown,
    Erased,
}

/// A media of which it is now known that its message was deleted.
pub struct Marked {
    pub id: MediaId,
    pub client: i64,
    pub kind: MediaKind,
    pub deleted_at: Millis,
}

pub async fn record(
    tx: &mut Tx,
    instance: &InstanceId,
    message: &Message,
    deletion: &Deletion,
    now: Millis,
) -> Result<Deleted, Error> {
    let at = message.sent_at.map_or(now, |at| at.clamp(0, now));
    let chat = message.origin.chat.as_ref();
    let mut is_known = false;
    for id in &deletion.messages {
        if !message::erased_of_message(tx, instance, id)
            .await?
            .is_empty()
        {
            return Ok(Deleted::Erased);
        }
        let rows = message::of_message_in(tx, instance, id).await?;
        is_known |= !rows.is_empty();
        let may = |row: &Media| {
            row.origin
                .may_be_deleted_by(&message.origin, deletion.by_me)
        };
        let rows: Vec<_> = rows.into_iter().filter(may).collect();
        if !rows.is_empty() {
            return mark(tx, rows, at).await;
        }
    }
    if !is_known {
        remember(tx, instance, chat, deletion, (at, now)).await?;
    }
    Ok(Deleted::Unknown)
}

async fn mark(tx: &mut Tx, rows: Vec<Media>, at: Millis) -> Result<Deleted, Error> {
    let (mut media, mut marked) = (Vec::new(), Vec::new());
    for row in rows {
        marked.extend(mark_one(tx, &row, at).await?);
        let put = Put {
            id: row.id,
            status: row.status,
            duplicate: true,
            delivery: row.delivery,
        };
        media.push((row.kind, put));
    }
    Ok(Deleted::Recorded(media, marked))
}

async fn mark_one(tx: &mut Tx, row: &Media, at: Millis) -> Result<Option<Marked>, Error> {
    let is_new = message::set_deleted(tx, &row.id, at).await?;
    Ok(is_new.then(|| Marked {
        id: row.id.clone(),
        client: row.client,
        kind: row.kind,
        deleted_at: at,
    }))
}

async fn remember(
    tx: &mut Tx,
    instance: &InstanceId,
    chat: Option<&ChatId>,
    deletion: &Deletion,
    (at, now): (Millis, Millis),
) -> Result<(), Error> {
    for id in &deletion.messages {
        let sql = "insert into early_deletions (instance, message_id, chat_id, by_me, deleted_at, at) values ($1, $2, $3, $4, $5, $6)
                   on conflict (instance, message_id) do nothing";
        let chat = chat.map(ChatId::as_str);
        let values = values![instance.as_str(), id, chat, deletion.by_me, at, now];
        tx.run(sql, values).await?;
    }
    let sql = "delete from early_deletions where instance = $1 and at < coalesce(
                 (select at from early_deletions where instance = $1 order by at desc limit 1 offset $2), 0)";
    let values = values![instance.as_str(), MOST_PER_INSTANCE];
    tx.run(sql, values).await?;
    let sql = "delete from early_deletions where instance = $1 and at < $2";
    let values = values![instance.as_str(), now - REMEMBERED_FOR];
    tx.run(sql, values).await.map(drop)
}

/// Deletes what is remembered for too long, of instances that are quiet or removed, too.
pub async fn prune(tx: &mut Tx, now: Millis) -> Result<(), Error> {
    let sql = "delete from early_deletions where at < $1";
    tx.run(sql, values![now - REMEMBERED_FOR]).await.map(drop)
}

/// Applies what was remembered of a new message.
pub async fn apply_remembered(tx: &mut Tx, new: &NewMessage<'_>) -> Result<Vec<Marked>, Error> {
    let sql = "select chat_id, by_me, deleted_at from early_deletions where instance = $1 and message_id = $2";
    let Some(row) = tx.row(sql, values![new.instance.as_str(), new.id]).await? else {
        return Ok(Vec::new());
    };
    let by_me = row.int_or_none("by_me")?.map(|by_me| by_me != 0);
    let deleter = Origin {
        chat: row.text_or_none("chat_id")?.map(ChatId),
        from_me: by_me.unwrap_or_default(),
        ..Origin::default()
    };
    let at = row.int("deleted_at")?;
    let mut marked = Vec::new();
    for media in message::of_message_in(tx, new.instance, new.id).await? {
        if !media.is_erased() && media.origin.may_be_deleted_by(&deleter, by_me) {
            marked.extend(mark_one(tx, &media, at).await?);
        }
    }
    let sql = "delete from early_deletions where instance = $1 and message_id = $2";
    let values = values![new.instance.as_str(), new.id];
    tx.run(sql, values).await?;
    Ok(marked)
}

/// Deletes what was remembered of one of these people or chats.
pub async fn forget(
    tx: &mut Tx,
    instance: &InstanceId,
    is_named: &(dyn Fn(&str) -> bool + Send + Sync),
) -> Result<(), Error> {
    let sql = "select message_id, chat_id from early_deletions where instance = $1";
    for row in tx.rows(sql, values![instance.as_str()]).await? {
        let message = row.text("message_id")?;
        let chat = row.text_or_none("chat_id")?;
        if is_named(&message) || chat.is_some_and(|chat| is_named(&chat)) {
            let sql = "delete from early_deletions where instance = $1 and message_id = $2";
            tx.run(sql, values![instance.as_str(), message]).await?;
        }
    }
    Ok(())
}

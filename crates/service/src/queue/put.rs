//! Enqueues the media of a message: new ones, duplicates, and repeats that revive one that is not stored.

use wa_media::FoundMedia;

use crate::clock::{DAY, Millis};
use crate::db::{Error, Tx};
use crate::gateway::Message;
use crate::media::Media;
use crate::media::message::{self, NewMessage, NewRow};
use crate::model::contact::Match;
use crate::model::{DeliveryId, InstanceId, MediaId, MediaStatus, Reason, fresh_id};
use crate::queue::captions;

/// The observed life of WhatsApp's links after their key's creation.
const USUAL_LIFE: Millis = 30 * DAY;
/// For messages without a time. WhatsApp's files were observed to vanish after two to four weeks.
const UNKNOWN_EXPIRY: Millis = 14 * DAY;
/// An expired link is still tried for this long, because a gateway may deliver the file.
const LEAST_PATIENCE: Millis = DAY;
/// The expiry is unproven, and every media ends at some time.
pub(super) const MOST_PATIENCE: Millis = 60 * DAY;

pub struct NewMedia<'a> {
    /// As read from the delivery.
    pub found: &'a FoundMedia,
    /// Set when it is not downloaded.
    pub skip: Option<Reason>,
}

/// A media of a message, new or known.
#[derive(Clone, Debug)]
pub struct Put {
    /// The existing id, or a new one.
    pub id: MediaId,
    /// After this delivery.
    pub status: MediaStatus,
    /// It existed before.
    pub duplicate: bool,
    /// The delivery in its row: this one when it is new.
    pub delivery: DeliveryId,
}

/// Enqueues the media of one message, or merges them with existing rows. Idempotent, in any order.
pub async fn put(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    media: &[NewMedia<'_>],
    now: Millis,
) -> Result<Vec<Put>, Error> {
    let (id, slots) = place(tx, new, media).await?;
    let new = &NewMessage { id, ..*new };
    let mut puts = Vec::with_capacity(media.len());
    for ((slot, known), media) in slots.into_iter().zip(media) {
        let known = match known {
            Some(known) => known,
            None => {
                let id = MediaId(fresh_id(now));
                if insert(tx, new, media, slot, &id, now).await? {
                    puts.push(inserted(id, new, media));
                    remember_edit(tx, new, media, now).await?;
                    continue;
                }
                // Another node inserted rows since the first read.
                let mut rows = message::of_message_in(tx, new.instance, new.id)
                    .await?
                    .into_iter();
                rows.find(|row| row.slot == slot).ok_or(Error::Malformed {
                    column: "slot".to_owned(),
                })?
            }
        };
        puts.push(merge(tx, new, &known, media.found, now).await?);
        remember_edit(tx, new, media, now).await?;
    }
    if puts.iter().any(|put| !put.duplicate) {
        captions::apply_remembered(tx, new).await?;
    }
    Ok(puts)
}

fn inserted(id: MediaId, new: &NewMessage<'_>, media: &NewMedia<'_>) -> Put {
    Put {
        id,
        status: media
            .skip
            .map_or(MediaStatus::Pending, |_| MediaStatus::Skipped),
        duplicate: false,
        delivery: DeliveryId(new.delivery.to_owned()),
    }
}

/// Keeps an edit until its message is received.
async fn remember_edit(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    media: &NewMedia<'_>,
    now: Millis,
) -> Result<(), Error> {
    let found = media.found;
    if found.edited && new.id != found.edits.as_deref().unwrap_or(new.id) {
        captions::remember(tx, new, found, now).await?;
    }
    Ok(())
}

/// The slot of each media, and its existing row.
type Slots = Vec<(i64, Option<Media>)>;

/// The message whose rows the media belong to, and their slots. An edit's media belong to the edited message only if
/// they are certainly the same, because the sender of an edit chooses the id in it.
async fn place<'a>(
    tx: &mut Tx,
    new: &NewMessage<'a>,
    media: &[NewMedia<'a>],
) -> Result<(&'a str, Slots), Error> {
    let edits = media.iter().find_map(|media| media.found.edits.as_deref());
    if let Some(edited) = edits.filter(|edited| *edited != new.id) {
        let mut known = message::of_message_in(tx, new.instance, edited).await?;
        // A forwarded file has the original's key, so a key alone does not identify the editor.
        known.retain(|row| row.is_erased() || row.origin.may_be_edited_by(&new.message.origin));
        let slots = slots(known, new.message, media);
        if slots.iter().all(|(_, known)| known.is_some()) {
            return Ok((edited, slots));
        }
    }
    let known = message::of_message_in(tx, new.instance, new.id).await?;
    Ok((new.id, slots(known, new.message, media)))
}

fn has_key(row: &Media, found: &FoundMedia) -> bool {
    let key = found.media_key.as_ref().map(|key| *key.as_bytes());
    key.is_some() && key_of(row) == key
}

fn key_of(row: &Media) -> Option<[u8; 32]> {
    row.media_key.as_ref().map(|key| *key.as_bytes())
}

/// Whether the found media is certainly another file than the row's: one of its marks differs, or its chat or sender does and
/// no hash is the same. Ids of messages are unique only within a chat and a sender.
fn is_other(row: &Media, message: &Message, found: &FoundMedia) -> bool {
    let path = |path: Option<&str>| path.map(|path| path.split('?').next().map(str::to_owned));
    // A new link to a file with the same hash is the same file.
    let same_hash =
        same(row.expected_enc_sha256, found.enc_sha256) || same(row.expected_sha256, found.sha256);
    let paths_differ = differ(
        path(row.direct_path.as_deref()),
        path(found.direct_path.as_deref()),
    );
    let origins_differ = row.origin.compare(&message.origin) == Match::Different;
    promises_differ(row, found) || !same_hash && (paths_differ || origins_differ)
}

/// Whether the key or a promised hash differs from the row's.
pub(super) fn promises_differ(row: &Media, found: &FoundMedia) -> bool {
    let key = found.media_key.as_ref().map(|key| *key.as_bytes());
    differ(key_of(row), key)
        || differ(row.expected_enc_sha256, found.enc_sha256)
        || differ(row.expected_sha256, found.sha256)
}

fn differ<T: PartialEq>(known: Option<T>, new: Option<T>) -> bool {
    known.is_some() && new.is_some() && known != new
}

fn same<T: PartialEq>(known: Option<T>, new: Option<T>) -> bool {
    known.is_some() && known == new
}

/// The slot of each media, and its existing row: the row with the same key, else the next row of the same kind that
/// is not certainly another file. A repeat may add a missing key, or have more or fewer files. Senders choose message
/// ids, so two files with one id stay two files.
fn slots(mut known: Vec<Media>, message: &Message, media: &[NewMedia<'_>]) -> Slots {
    let mut next = known.iter().map(|row| row.slot + 1).max().unwrap_or(0);
    known.retain(|row| !row.is_erased());
    let mut found: Vec<Option<Media>> = media.iter().map(|_| None).collect();
    for by_key in [true, false] {
        let open = found.iter_mut().zip(media).filter(|(row, _)| row.is_none());
        for (row, new) in open {
            let is_same = |row: &Media| {
                row.kind == new.found.kind
                    && (has_key(row, new.found) || !(by_key || is_other(row, message, new.found)))
            };
            *row = known.iter().position(is_same).map(|at| known.remove(at));
        }
    }
    let mut take_next = || {
        next += 1;
        next - 1
    };
    found
        .into_iter()
        .map(|row| {
            (
                row.as_ref().map_or_else(&mut take_next, |row| row.slot),
                row,
            )
        })
        .collect()
}

fn expires_at(found: &FoundMedia) -> Option<Millis> {
    let link = [&found.direct_path, &found.url, &found.static_url];
    let expiry = link
        .into_iter()
        .flatten()
        .find_map(|link| wa_media::expiry_of(link));
    expiry.map(|at| at.saturating_mul(1_000))
}

fn link_dies_at(new: &NewMessage<'_>, found: &FoundMedia, now: Millis) -> Option<Millis> {
    new.gateway.link_dies_at(found.link.as_deref()?, now)
}

fn deadline(found: &FoundMedia, now: Millis) -> Millis {
    let by_key = || Some(found.media_key_at?.saturating_mul(1_000) + USUAL_LIFE);
    expires_at(found)
        .or_else(by_key)
        .unwrap_or(now + UNKNOWN_EXPIRY)
        .clamp(now + LEAST_PATIENCE, now + MOST_PATIENCE)
}

pub(super) async fn insert(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    media: &NewMedia<'_>,
    slot: i64,
    id: &MediaId,
    now: Millis,
) -> Result<bool, Error> {
    let row = NewRow {
        id,
        slot,
        found: media.found,
        skip: media.skip,
        expires_at: expires_at(media.found),
        deadline: deadline(media.found, now),
        link_dies_at: link_dies_at(new, media.found, now),
    };
    message::insert(tx, new, &row, now).await
}

/// Fills missing columns of a row. A row that is not stored takes the newer keys and becomes ready, unless it was
/// skipped. A stored row stays.
async fn merge(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    known: &Media,
    found: &FoundMedia,
    now: Millis,
) -> Result<Put, Error> {
    let (id, mut status) = (&known.id, known.status);
    message::fill(tx, known, new.message, found).await?;
    if found.edited && known.origin.may_be_edited_by(&new.message.origin) {
        captions::apply(tx, id, &captions::NewCaption::new(new, found, now)).await?;
    }
    if status != MediaStatus::Stored {
        take_newer_keys(tx, id, new, found, now).await?;
    }
    match status {
        // The running download may use older keys; if it fails, the media becomes ready at once.
        MediaStatus::Downloading => message::set_repeated(tx, id).await?,
        MediaStatus::Pending
        | MediaStatus::Failed
        | MediaStatus::Expired
        | MediaStatus::Dismissed => {
            message::requeue_for_repeat(tx, id, deadline(found, now)).await?;
            status = MediaStatus::Pending;
        }
        MediaStatus::Stored | MediaStatus::Skipped => {}
    }
    Ok(Put {
        id: id.clone(),
        status,
        duplicate: true,
        delivery: known.delivery.clone(),
    })
}

/// Gives a message's media that are not stored a link that came later, and makes them ready. A media that was skipped stays so.
pub async fn add_link(
    tx: &mut Tx,
    instance: &InstanceId,
    message: &str,
    link: &str,
    now: Millis,
) -> Result<(), Error> {
    for known in message::of_message_in(tx, instance, message).await? {
        let is_open = !matches!(known.status, MediaStatus::Stored | MediaStatus::Skipped);
        // One link cannot be the file of several media, but its bytes are verified.
        if !is_open || known.link.as_deref() == Some(link) {
            continue;
        }
        message::set_link(tx, &known.id, link).await?;
        if known.status == MediaStatus::Downloading {
            message::set_repeated(tx, &known.id).await?;
        } else {
            message::requeue_for_repeat(tx, &known.id, now + LEAST_PATIENCE).await?;
        }
    }
    Ok(())
}

async fn take_newer_keys(
    tx: &mut Tx,
    id: &MediaId,
    new: &NewMessage<'_>,
    found: &FoundMedia,
    now: Millis,
) -> Result<(), Error> {
    if found.inline.is_some() {
        message::set_inline(tx, id, new.delivery).await?;
    }
    let has_link = [
        &found.direct_path,
        &found.static_url,
        &found.link,
        &found.media_id,
    ]
    .into_iter()
    .any(Option::is_some);
    if found.media_key_malformed || !has_link {
        return Ok(());
    }
    let dies_at = link_dies_at(new, found, now);
    message::set_links(tx, id, found, expires_at(found), dies_at).await
}

#[cfg(test)]
mod tests;

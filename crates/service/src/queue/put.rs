//! Putting a message's media in: new, a duplicate, or a repeat that brings back one that is not stored.

use wa_media::FoundMedia;

use crate::clock::{DAY, Millis};
use crate::db::{Error, Row, Tx, values};
use crate::gateway::{Gateway, Message};
use crate::model::contact::{Match, better_id};
use crate::model::{InstanceId, MediaId, MediaKind, MediaStatus, Reason, fresh_id};
use crate::queue::captions;
use crate::queue::origin::Origin;

/// WhatsApp's links are seen to live so long from the making of their key.
const USUAL_LIFE: Millis = 30 * DAY;
/// When a message tells no time at all: WhatsApp's own files are seen to vanish after two weeks to a month.
const UNKNOWN_EXPIRY: Millis = 14 * DAY;
/// A link that is already dead is still tried this long, for a gateway may be able to answer.
const LEAST_PATIENCE: Millis = DAY;
/// The expiry is the sender's word, and nothing is tried for ever.
pub(super) const MOST_PATIENCE: Millis = 60 * DAY;

/// What all media of one message share.
pub struct NewMessage<'a> {
    /// Which instance received it.
    pub instance: &'a InstanceId,
    /// Whose it is.
    pub client: i64,
    /// From which gateway.
    pub gateway: Gateway,
    /// The delivery that told of it.
    pub delivery: &'a str,
    /// The message's own id, or one made from the media when it has none.
    pub id: &'a str,
    /// The message.
    pub message: &'a Message,
}

/// One media of it.
pub struct NewMedia<'a> {
    /// What was found.
    pub found: &'a FoundMedia,
    /// Why it is not to be fetched, if it is not.
    pub skip: Option<Reason>,
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

/// Puts the media of one message in the queue, or merges them with what is known of them. Any number of times,
/// any order: one row each.
pub async fn put(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    media: &[NewMedia<'_>],
    now: Millis,
) -> Result<Vec<Put>, Error> {
    let (id, slots) = place(tx, new, media).await?;
    let new = &NewMessage { id, ..*new };
    let mut puts = Vec::with_capacity(media.len());
    for ((slot, is_known), media) in slots.into_iter().zip(media) {
        let id = MediaId(fresh_id(now));
        let is_new = !is_known && insert(tx, new, media, slot, &id, now).await?;
        puts.push(if is_new {
            Put {
                id,
                status: status_of(media),
                duplicate: false,
            }
        } else {
            merge(tx, new, media.found, slot, now).await?
        });
        if media.found.edited && new.id != media.found.edits.as_deref().unwrap_or(new.id) {
            // The message that it changes is not here yet.
            captions::remember(tx, new, media.found, now).await?;
        }
    }
    if puts.iter().any(|put| !put.duplicate) {
        captions::apply_remembered(tx, new).await?;
    }
    Ok(puts)
}

/// Which message's rows the media belong to, and where. An edit's are those of the message that it changes, but
/// only if they truly are the same: whoever writes an edit chooses the id in it.
async fn place<'a>(
    tx: &mut Tx,
    new: &NewMessage<'a>,
    media: &[NewMedia<'a>],
) -> Result<(&'a str, Vec<(i64, bool)>), Error> {
    let edits = media.iter().find_map(|media| media.found.edits.as_deref());
    if let Some(edited) = edits.filter(|edited| *edited != new.id) {
        let mut known = known(tx, new.instance, edited).await?;
        // A forwarded file has the key of the first one, so a key alone does not say who edits.
        let origin = Origin::of(new.message);
        known.retain(|row| row.is_erased || row.origin.may_be_edited_by(&origin));
        let slots = slots(known, new.message, media);
        if slots.iter().all(|(_, is_known)| *is_known) {
            return Ok((edited, slots));
        }
    }
    let known = known(tx, new.instance, new.id).await?;
    Ok((new.id, slots(known, new.message, media)))
}

async fn known(tx: &mut Tx, instance: &InstanceId, id: &str) -> Result<Vec<Known>, Error> {
    let sql = "select slot, kind, reason, media_key, expected_enc_sha256, expected_sha256, direct_path, chat_id, sender_id, sender_lid, from_me, is_group
               from media where instance = $1 and message_id = $2 order by slot";
    let rows = tx.rows(sql, values![instance.as_str(), id]).await?;
    rows.iter().map(Known::of).collect()
}

fn status_of(media: &NewMedia<'_>) -> MediaStatus {
    media
        .skip
        .map_or(MediaStatus::Pending, |_| MediaStatus::Skipped)
}

/// A row that the message has already.
struct Known {
    slot: i64,
    kind: MediaKind,
    /// Only its slot is still taken.
    is_erased: bool,
    media_key: Option<[u8; 32]>,
    enc_sha256: Option<[u8; 32]>,
    sha256: Option<[u8; 32]>,
    direct_path: Option<String>,
    origin: Origin,
}

impl Known {
    fn of(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            slot: row.int("slot")?,
            kind: row.parsed("kind", MediaKind::parse)?,
            is_erased: row.text_or_none("reason")?.as_deref() == Some(Reason::Erased.as_str()),
            media_key: row.bytes32_or_none("media_key")?,
            enc_sha256: row.bytes32_or_none("expected_enc_sha256")?,
            sha256: row.bytes32_or_none("expected_sha256")?,
            direct_path: row.text_or_none("direct_path")?,
            origin: Origin::of_row(row)?,
        })
    }

    fn has_key(&self, found: &FoundMedia) -> bool {
        let key = found.media_key.as_ref().map(|key| *key.as_bytes());
        key.is_some() && self.media_key == key
    }

    /// Whether it is surely another file, or told by somebody else who knows less of it.
    fn is_other(&self, message: &Message, found: &FoundMedia) -> bool {
        let key = found.media_key.as_ref().map(|key| *key.as_bytes());
        let path = |path: Option<&str>| path.map(|path| path.split('?').next().map(str::to_owned));
        // A new link to a file of the same hash is the same file.
        let same_hash = same(self.enc_sha256, found.enc_sha256) || same(self.sha256, found.sha256);
        let files_differ = differ(self.media_key, key)
            || differ(self.enc_sha256, found.enc_sha256)
            || differ(self.sha256, found.sha256)
            || !same_hash
                && differ(
                    path(self.direct_path.as_deref()),
                    path(found.direct_path.as_deref()),
                );
        let by_a_stranger = self.media_key.is_some()
            && key.is_none()
            && self.origin.compare(&Origin::of(message)) == Match::Different;
        files_differ || by_a_stranger
    }
}

pub(super) fn differ<T: PartialEq>(known: Option<T>, told: Option<T>) -> bool {
    known.is_some() && told.is_some() && known != told
}

fn same<T: PartialEq>(known: Option<T>, told: Option<T>) -> bool {
    known.is_some() && known == told
}

/// Which slot each media has, and whether it is a known one: that of the same key, else the next one of the same
/// kind that is not surely another file. A repeat may bring the key that the first copy lacked, or tell of more or
/// fewer files; but ids are chosen by senders, and two files under one id are two files.
fn slots(mut known: Vec<Known>, message: &Message, media: &[NewMedia<'_>]) -> Vec<(i64, bool)> {
    let mut next = known.iter().map(|row| row.slot + 1).max().unwrap_or(0);
    known.retain(|row| !row.is_erased);
    let mut slots = vec![None; media.len()];
    for by_key in [true, false] {
        for (slot, new) in slots
            .iter_mut()
            .zip(media)
            .filter(|(slot, _)| slot.is_none())
        {
            let same = |row: &Known| {
                let same_key = row.has_key(new.found);
                row.kind == new.found.kind
                    && (same_key || !(by_key || row.is_other(message, new.found)))
            };
            *slot = known.iter().position(same).map(|at| known.remove(at).slot);
        }
    }
    let mut take_next = || {
        next += 1;
        next - 1
    };
    slots
        .into_iter()
        .map(|slot| slot.map_or_else(|| (take_next(), false), |slot| (slot, true)))
        .collect()
}

fn expires_at(found: &FoundMedia) -> Option<Millis> {
    let link = [&found.direct_path, &found.url, &found.static_url];
    let told = link
        .into_iter()
        .flatten()
        .find_map(|link| wa_media::expiry_of(link));
    told.map(|at| at.saturating_mul(1_000))
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
    let sql = "insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, mime_declared, file_name,
                 caption, chat_id, sender_id, sender_lid, sender_name, from_me, is_group, voice_note, width, height, seconds, sent_at,
                 received_at, file_time, media_key, media_key_malformed, direct_path, expected_sha256, expected_enc_sha256, declared_length,
                 expires_at, deadline, status, reason, static_url, inline)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                 $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37)
               on conflict (instance, message_id, slot) do nothing";
    let (message, found) = (new.message, media.found);
    let status = status_of(media);
    let values = values![
        id.as_str(),
        new.instance.as_str(),
        new.client,
        new.gateway.as_str(),
        new.id,
        slot,
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
        expires_at(found),
        deadline(found, now),
        status.as_str(),
        media.skip.map(Reason::as_str),
        found.static_url.clone(),
        found.inline.is_some(),
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// A second copy fills what the first lacked: names, and a phone number where only a LID was known. What is
/// not stored takes the newer keys, and is tried again at once unless it was skipped; what is stored stays.
async fn merge(
    tx: &mut Tx,
    new: &NewMessage<'_>,
    found: &FoundMedia,
    slot: i64,
    now: Millis,
) -> Result<Put, Error> {
    let message = new.message;
    let sql = "select id, chat_id, sender_id, sender_lid, from_me, is_group from media where instance = $1 and message_id = $2 and slot = $3";
    let values = values![new.instance.as_str(), new.id, slot];
    let known = tx.row(sql, values).await?.ok_or(Error::Malformed {
        column: "message_id".to_owned(),
    })?;
    let [chat_id, sender_id, sender_lid] =
        ["chat_id", "sender_id", "sender_lid"].map(|column| known.text_or_none(column));
    let (chat_id, sender_id, sender_lid) = (chat_id?, sender_id?, sender_lid?);
    let lids = [sender_lid.as_deref(), message.sender_lid.as_deref()];
    let better = |known: &Option<String>, new: &Option<String>| {
        better_id(known.as_deref(), new.as_deref(), &lids).map(str::to_owned)
    };
    let sql = "update media set sender_id = $2, sender_lid = coalesce(sender_lid, $3), sender_name = coalesce(sender_name, $4),
                 chat_id = $5, caption = case when caption_edited_at is null then coalesce(caption, $6) else caption end,
                 file_name = coalesce(file_name, $7), mime_declared = coalesce(mime_declared, $8), sent_at = coalesce(sent_at, $9)
               where id = $1 returning id, status";
    let values = values![
        known.text("id")?,
        better(&sender_id, &message.sender_id),
        message.sender_lid.clone(),
        message.sender_name.clone(),
        better(&chat_id, &message.chat_id),
        found.caption.clone().filter(|_| !found.edited),
        found.file_name.clone(),
        found.mime.clone(),
        message.sent_at,
    ];
    let row = tx.row(sql, values).await?.ok_or(Error::Malformed {
        column: "id".to_owned(),
    })?;
    let id = MediaId(row.text("id")?);
    let mut status = row.parsed("status", MediaStatus::parse)?;
    if found.edited && Origin::of_row(&known)?.may_be_edited_by(&Origin::of(message)) {
        captions::apply(tx, &id, &captions::NewCaption::of(new, found, now)).await?;
    }
    if status != MediaStatus::Stored {
        take_newer_keys(tx, &id, new.delivery, found).await?;
    }
    if status == MediaStatus::Downloading {
        // What runs now may still run with what this copy has better: should it fail, it is tried again at once.
        let sql = "update media set repeated = 1 where id = $1";
        tx.run(sql, values![id.as_str()]).await?;
    }
    if matches!(
        status,
        MediaStatus::Pending | MediaStatus::Failed | MediaStatus::Expired | MediaStatus::Dismissed
    ) {
        let sql = "update media set status = 'pending', next_attempt_at = null, rounds = 0, refused_rounds = 0, refused_since = null,
                     deadline = case when deadline < $2 then $2 else deadline end
                   where id = $1";
        tx.run(sql, values![id.as_str(), deadline(found, now)])
            .await?;
        status = MediaStatus::Pending;
    }
    Ok(Put {
        id,
        status,
        duplicate: true,
    })
}

/// A key comes with its own hashes or with none: what one copy told is never mixed with what another did.
async fn take_newer_keys(
    tx: &mut Tx,
    id: &MediaId,
    delivery: &str,
    found: &FoundMedia,
) -> Result<(), Error> {
    if found.inline.is_some() {
        let sql = "update media set inline = 1, delivery = $2 where id = $1";
        tx.run(sql, values![id.as_str(), delivery]).await?;
    }
    if found.media_key_malformed || (found.direct_path.is_none() && found.static_url.is_none()) {
        return Ok(());
    }
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
        expires_at(found)
    ];
    tx.run(sql, values).await.map(drop)
}

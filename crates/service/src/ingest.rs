//! From an authenticated body to committed rows. An `Ok` from here may be answered with 2xx.
//!
//! Reading is pure, everything to be kept goes into one transaction, and that shares its commit with
//! whatever else waits at the moment. The same body twice makes the same rows once.

pub mod policy;
mod replaced;
mod replay;
pub mod tally;

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

use crate::clock::{Clock, Millis};
use crate::config::Keep;
use crate::db::{Db, Error, Key, Tx};
use crate::deliveries::{self, Bodies, Body, BodyReader, Delivery, Incoming, SavedDelivery, parts};
use crate::events::{self, News};
use crate::gateway::{DeliveryContent, Gateway, ParsedDelivery, Reader};
use crate::instances::{self, Instance};
use crate::model::{DeliveryId, DeliveryReason, MediaKind, MediaStatus};
use crate::queue::{self, NewMedia, NewMessage, Put, captions};
use crate::storage::Storage;

pub use replaced::Replaced;
pub use replay::{Replay, Replayed, look_again, replay};
pub use tally::Tally;

/// Length of the id of a delivery (UUIDv7).
const ID_LENGTH: usize = 36;

/// Such a media cannot be distinguished from any other: its repeats, its chat and its instance are unknown.
const ANONYMOUS: DeliveryReason = DeliveryReason::AnonymousMedia;
const TOO_LARGE: DeliveryReason = DeliveryReason::MessageTooLarge;

/// What taking in deliveries uses; cheap to clone.
#[derive(Clone)]
pub struct Ingest {
    pub db: Db,
    pub clock: Clock,
    pub bodies: Bodies,
    pub storage: Storage,
    pub reader: Reader,
    pub keep: Keep,
    pub tally: Arc<Tally>,
    /// Notified when there may be work for the worker.
    pub work: Arc<Notify>,
}

/// What became of a delivery.
#[derive(Debug)]
pub enum Receipt {
    /// It has media, or news of the instance, and is kept, unless it only repeats stored media whose delivery is pruned.
    Accepted {
        /// Its id.
        delivery: DeliveryId,
        /// Its media, in the order of their slots.
        media: Vec<(MediaKind, Put)>,
    },
    /// It has nothing to keep.
    Ignored {
        /// Why.
        reason: DeliveryReason,
    },
    /// It is not what it claims to be; kept, and read again by `deliveries replay`.
    SetAside {
        /// What is wrong with it.
        reason: DeliveryReason,
        /// Where it is not JSON: line and column, from 1.
        place: Option<(usize, usize)>,
    },
    /// It names another instance than its token belongs to; kept, but nothing is done with it.
    WrongInstance {
        /// Which one it names.
        named: String,
    },
}

/// Takes in one body that came with the token of `instance`.
pub async fn receive(ingest: &Ingest, instance: &Instance, body: Body) -> Result<Receipt, Error> {
    let now = ingest.clock.now();
    if body.is_cut {
        let receipt = set_aside(ingest, instance, TOO_LARGE, Arc::new(body), now).await?;
        ingest.tally.add(&instance.id, false, now);
        return Ok(receipt);
    }
    let reading = ingest.reader.read(instance.gateway, &body.text);
    let readings = reading.await.map_err(|_| Error::Panicked)?;
    let body = Arc::new(match &readings {
        Ok(readings) => with_media_in_files(readings, body).await?,
        Err(_) => body,
    });
    let receipt = match readings {
        Err(problem) => {
            let mut receipt = set_aside(ingest, instance, problem.reason(), body, now).await?;
            if let Receipt::SetAside { place, .. } = &mut receipt {
                *place = problem.place();
            }
            receipt
        }
        Ok(readings) => match other_instance(instance, &readings) {
            Some(named) => refuse(ingest, instance, named, body, now).await?,
            None => accept(ingest, instance, readings, body, now).await?,
        },
    };
    ingest.tally.add(
        &instance.id,
        matches!(receipt, Receipt::Ignored { .. }),
        now,
    );
    Ok(receipt)
}

/// How many envelopes around a body are opened.
pub const MOST_OPENED: usize = 4;

/// How to read a body without what hides the texts in it: a form, or base64 around JSON; nothing when there is none of
/// that.
pub async fn open<'b>(
    ingest: &Ingest,
    gateway: Gateway,
    body: &'b Body,
) -> Result<Option<BodyReader<'b>>, Error> {
    if let Some(form) = body.open_form() {
        return Ok(Some(form));
    }
    if body.is_cut || !body.may_carry_json() {
        return Ok(None);
    }
    let sealed = ingest.reader.unreadable_texts(gateway, &body.text);
    let sealed = sealed.await.map_err(|_| Error::Panicked)?;
    let parts: Vec<_> = sealed
        .iter()
        .flat_map(|text| parts::parts_in(&body.id, text))
        .collect();
    Ok(body.open_parts(&parts))
}

/// A body that is here as a whole, without what hides the texts in it.
pub async fn opened(ingest: &Ingest, gateway: Gateway, mut body: Body) -> Result<Body, Error> {
    for _ in 0..MOST_OPENED {
        let Some(mut opening) = open(ingest, gateway, &body).await? else {
            break;
        };
        let mut incoming = Incoming::new(&ingest.bodies, ingest.clock.now());
        while let Some(piece) = opening.next().await.map_err(cannot_write)? {
            incoming.take(&piece).await.map_err(cannot_write)?;
        }
        body = incoming.finish().await.map_err(cannot_write)?;
    }
    Ok(body)
}

/// Keeps a body that could not be brought into a form that can be read.
pub async fn keep_unread(
    ingest: &Ingest,
    instance: &Instance,
    reason: DeliveryReason,
    body: Body,
) -> Result<Receipt, Error> {
    let now = ingest.clock.now();
    ingest.tally.add(&instance.id, false, now);
    set_aside(ingest, instance, reason, Arc::new(body), now).await
}

/// The database grows by nothing that goes to a stored file anyway.
async fn with_media_in_files(readings: &[ParsedDelivery], body: Body) -> Result<Body, Error> {
    let inline = readings
        .iter()
        .flat_map(|reading| &reading.media)
        .filter_map(|found| found.inline.as_ref());
    let parts: Vec<_> = inline
        .flat_map(|inline| parts::parts_in(&body.id, inline.text()))
        .collect();
    body.to_files(&parts).await.map_err(cannot_write)
}

fn cannot_write(error: io::Error) -> Error {
    tracing::error!(%error, "the texts of a delivery cannot be written");
    Error::Unavailable(None)
}

/// The first other instance that a body names.
fn other_instance(instance: &Instance, readings: &[ParsedDelivery]) -> Option<String> {
    let mut named = readings
        .iter()
        .filter_map(|reading| reading.instance.clone());
    named.find(|named| named != instance.id.as_str())
}

/// Whether a reading has media of which nothing says to which message and instance they belong.
fn is_anonymous(reading: &ParsedDelivery) -> bool {
    !reading.media.is_empty() && reading.message.id.is_empty() && reading.instance.is_none()
}

async fn set_aside(
    ingest: &Ingest,
    instance: &Instance,
    reason: DeliveryReason,
    body: Arc<Body>,
    now: Millis,
) -> Result<Receipt, Error> {
    let id = keep(ingest, instance, deliveries::SET_ASIDE, reason, body, now).await?;
    tracing::warn!(delivery = %id, instance = %instance.id, reason = reason.as_str(), "delivery set aside");
    Ok(Receipt::SetAside {
        reason,
        place: None,
    })
}

async fn refuse(
    ingest: &Ingest,
    instance: &Instance,
    named: String,
    body: Arc<Body>,
    now: Millis,
) -> Result<Receipt, Error> {
    keep(
        ingest,
        instance,
        "refused",
        DeliveryReason::OtherInstance,
        body,
        now,
    )
    .await?;
    Ok(Receipt::WrongInstance { named })
}

/// Keeps a delivery of which nothing comes, once.
async fn keep(
    ingest: &Ingest,
    instance: &Instance,
    verdict: &'static str,
    reason: DeliveryReason,
    body: Arc<Body>,
    now: Millis,
) -> Result<DeliveryId, Error> {
    let delivery = Delivery::new(&instance.id, now, verdict, Some(reason), Arc::clone(&body));
    let bodies = ingest.bodies.clone();
    let key = Key::instance(instance.id.as_str());
    let keeping = ingest.db.write(key, async move |tx| {
        Ok(match delivery.find_same(tx, &bodies).await? {
            Some(same) => (same, None),
            None => (delivery.id.clone(), Some(delivery.insert(tx, &[]).await?)),
        })
    });
    let kept = Delivery::committed(&body, keeping.await, |(_, kept)| kept.as_ref())?;
    Ok(kept.0)
}

async fn accept(
    ingest: &Ingest,
    instance: &Instance,
    mut readings: Vec<ParsedDelivery>,
    body: Arc<Body>,
    now: Millis,
) -> Result<Receipt, Error> {
    let cut_short = readings.iter().any(|reading| reading.cut_short);
    let has_anonymous = readings.iter().any(is_anonymous);
    let nothing = readings.iter().find_map(|reading| match reading.content {
        DeliveryContent::Nothing(reason) => Some(reason),
        _ => None,
    });
    readings.retain(|reading| {
        !matches!(reading.content, DeliveryContent::Nothing(_)) && !is_anonymous(reading)
    });
    if readings.is_empty() {
        let too_large = (cut_short || body.lost_json).then_some(TOO_LARGE);
        if let Some(reason) = has_anonymous.then_some(ANONYMOUS).or(too_large) {
            return set_aside(ingest, instance, reason, body, now).await;
        }
        let reason = nothing.unwrap_or(DeliveryReason::NoMessage);
        return Ok(Receipt::Ignored { reason });
    }
    let delivery = Delivery::new(&instance.id, now, "accepted", None, Arc::clone(&body));
    let unknown = readings.iter().flat_map(|reading| reading.unknown.clone());
    let unknown: Vec<_> = unknown.collect();
    let (instance, keep) = (instance.clone(), ingest.keep.clone());
    let bodies = ingest.bodies.clone();
    let key = key_of(&instance, &readings, &delivery.id);
    let writing = ingest.db.write(key, async move |tx| {
        let same = delivery.find_same(tx, &bodies).await?;
        let id = same.as_ref().unwrap_or(&delivery.id);
        let Some(taken) = take_all(tx, &instance, id, &readings, &keep, now).await? else {
            return Ok(None);
        };
        let kept = match taken.is_kept && same.is_none() {
            true => {
                let media = taken.media.iter().map(|(_, put)| put.id.clone());
                Some(delivery.insert(tx, &media.collect::<Vec<_>>()).await?)
            }
            false => None,
        };
        Ok(Some((id.clone(), taken.media, kept)))
    });
    let written = Delivery::committed(&body, writing.await, |written| kept_in(written.as_ref()))?;
    let Some((id, media, _)) = written else {
        let reason = DeliveryReason::Erased;
        return Ok(Receipt::Ignored { reason });
    };
    ingest.work.notify_one();
    if cut_short {
        tracing::warn!(delivery = %id, "not all of the delivery can be read, so there may be more media in it");
    }
    if has_anonymous {
        tracing::warn!(delivery = %id, "the delivery has media without message id and instance as well, which are left out");
    }
    if !unknown.is_empty() {
        tracing::warn!(delivery = %id, fields = unknown.join(","), "media found in fields that this version does not know");
    }
    for (kind, put) in &media {
        tracing::info!(delivery = %id, media = %put.id, kind = kind.as_str(), status = put.status.as_str(), duplicate = put.duplicate, "media accepted");
    }
    Ok(Receipt::Accepted {
        delivery: id,
        media,
    })
}

/// What one delivery left behind: its id, its media, and its body if that is kept.
type Written = (DeliveryId, Vec<(MediaKind, Put)>, Option<SavedDelivery>);

fn kept_in(written: Option<&Written>) -> Option<&SavedDelivery> {
    written.and_then(|(.., kept)| kept.as_ref())
}

/// What was taken in of one body.
struct Taken {
    media: Vec<(MediaKind, Put)>,
    /// Whether there is a reason to keep the body.
    is_kept: bool,
}

/// Ingests all readings of one body. None when all of them were erased on request.
async fn take_all(
    tx: &mut Tx,
    instance: &Instance,
    delivery: &DeliveryId,
    readings: &[ParsedDelivery],
    keep: &Keep,
    now: Millis,
) -> Result<Option<Taken>, Error> {
    let (mut media, mut is_new, mut erased) = (Vec::new(), false, 0);
    for reading in readings {
        let Some(puts) = take(tx, instance, delivery, reading, keep, now).await? else {
            erased += 1;
            continue;
        };
        let kinds = reading.media.iter().map(|found| found.kind);
        let puts = kinds.zip(puts).filter_map(|(kind, put)| Some((kind, put?)));
        let puts: Vec<_> = puts.collect();
        is_new |= !tells_nothing_new(tx, reading, &puts).await?;
        media.extend(puts);
    }
    // A body that holds an erased message as well is kept only for bytes that are nowhere else.
    let has_bytes =
        |reading: &ParsedDelivery| reading.media.iter().any(|found| found.inline.is_some());
    let is_kept = is_new && (erased == 0 || readings.iter().any(has_bytes));
    Ok((erased < readings.len()).then_some(Taken { media, is_kept }))
}

/// Ingests one reading: a row for each of its media, unless that is an edit of a message that is not here.
/// Nothing at all when it was erased on request.
async fn take(
    tx: &mut Tx,
    instance: &Instance,
    delivery: &DeliveryId,
    reading: &ParsedDelivery,
    keep: &Keep,
    now: Millis,
) -> Result<Option<Vec<Option<Put>>>, Error> {
    let messages = messages(reading, delivery);
    if queue::is_erased(tx, &instance.id, &messages, &reading.media).await? {
        return Ok(None);
    }
    match reading.content {
        DeliveryContent::Connection { connected } => {
            record_connection(tx, instance, connected, now).await?;
            Ok(Some(Vec::new()))
        }
        _ => put_all(tx, instance, delivery, reading, keep, now)
            .await
            .map(Some),
    }
}

/// Whether a delivery only repeats what is stored, or was and is not kept by a rule, and its first delivery is no longer
/// kept: because of its age, or because it named a person whose data was erased, and would again. What failed is not
/// meant: a repeat may have what it takes, so it is kept.
async fn tells_nothing_new(
    tx: &mut Tx,
    reading: &ParsedDelivery,
    puts: &[(MediaKind, Put)],
) -> Result<bool, Error> {
    // Where the bytes come along, those of a skipped one are nowhere else.
    let has_bytes = reading.media.iter().any(|found| found.inline.is_some());
    let is_done = |put: &Put| match put.status {
        MediaStatus::Stored => true,
        MediaStatus::Skipped => !has_bytes,
        _ => false,
    };
    let is_repeat = |put: &Put| put.duplicate && is_done(put);
    let is_edit = reading.media.iter().any(|found| found.edited);
    if puts.is_empty() || is_edit || !puts.iter().all(|(_, put)| is_repeat(put)) {
        return Ok(false);
    }
    for (_, put) in puts {
        // The delivery of an imported media has another kind of name, and was never kept.
        let was_kept = put.delivery.as_str().len() == ID_LENGTH;
        if !was_kept || deliveries::exists(tx, &put.delivery).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn record_connection(
    tx: &mut Tx,
    instance: &Instance,
    connected: bool,
    now: Millis,
) -> Result<(), Error> {
    instances::set_state(tx, &instance.id, connected, now).await?;
    let news = News {
        kind: if connected {
            "instance.connected"
        } else {
            "instance.disconnected"
        },
        client: instance.client,
        instance: instance.id.as_str(),
        media: None,
        data: serde_json::json!({}),
    };
    events::append(tx, now, news);
    Ok(())
}

async fn put_all(
    tx: &mut Tx,
    instance: &Instance,
    delivery: &DeliveryId,
    reading: &ParsedDelivery,
    keep: &Keep,
    now: Millis,
) -> Result<Vec<Option<Put>>, Error> {
    let id = &reading.message.id;
    let message = NewMessage {
        instance: &instance.id,
        client: instance.client,
        gateway: instance.gateway,
        delivery: delivery.as_str(),
        id,
        message: &reading.message,
    };
    let mut puts = vec![None; reading.media.len()];
    let (mut places, mut media) = (Vec::new(), Vec::new());
    for (place, found) in reading.media.iter().enumerate() {
        let skip = policy::skip(keep, &reading.message, found);
        if found.is_caption_edit() {
            puts[place] = captions::edit(tx, &message, found, now).await?;
        } else if id.is_empty() {
            let id = &id_of(found, delivery);
            let message = NewMessage { id, ..message };
            let put = queue::put(tx, &message, &[NewMedia { found, skip }], now).await?;
            puts[place] = put.into_iter().next();
        } else {
            places.push(place);
            media.push(NewMedia { found, skip });
        }
    }
    if !media.is_empty() {
        let new = queue::put(tx, &message, &media, now).await?;
        for (place, put) in places.into_iter().zip(new) {
            puts[place] = Some(put);
        }
    }
    Ok(puts)
}

/// Under which messages the media of a reading are, or may be: the message's own, the one that it edits, or when it
/// has no id, one that is made for each media.
fn messages(reading: &ParsedDelivery, delivery: &DeliveryId) -> Vec<String> {
    let media = reading.media.iter();
    if reading.message.id.is_empty() {
        return media.map(|found| id_of(found, delivery)).collect();
    }
    let edited = media.filter_map(|found| found.edits.clone());
    std::iter::once(reading.message.id.clone())
        .chain(edited)
        .collect()
}

/// What taking in these readings must be alone with: the media of the messages that they name.
fn key_of(instance: &Instance, readings: &[ParsedDelivery], delivery: &DeliveryId) -> Key {
    let with_media = readings.iter().filter(|reading| !reading.media.is_empty());
    let messages: Vec<_> = with_media
        .flat_map(|reading| messages(reading, delivery))
        .collect();
    match messages.is_empty() {
        true => Key::instance(instance.id.as_str()),
        false => Key::Messages {
            instance: instance.id.as_str().to_owned(),
            messages,
        },
    }
}

/// An id for a media whose message has none.
fn id_of(found: &wa_media::FoundMedia, delivery: &DeliveryId) -> String {
    id_from_media(found).unwrap_or_else(|| format!("noid-{delivery}"))
}

/// A message without an id is still the same message when its media is the same; none when nothing says which
/// media it is.
fn id_from_media(found: &wa_media::FoundMedia) -> Option<String> {
    let path = found
        .direct_path
        .as_deref()
        .and_then(|path| path.split('?').next());
    let key = found.media_key.as_ref().map(|key| *key.as_bytes());
    if found.enc_sha256.or(found.sha256).or(key).is_none() && path.is_none() {
        return None;
    }
    let mut hash = Sha256::new();
    hash.update(found.enc_sha256.or(found.sha256).unwrap_or_default());
    hash.update(key.as_ref().map_or(&[][..], |key| key));
    hash.update(path.unwrap_or(""));
    let id = hash.finalize()[..16]
        .iter()
        .fold("noid-".to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
    Some(id)
}

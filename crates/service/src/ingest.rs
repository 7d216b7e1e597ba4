//! From an authenticated body to committed rows. `Ok` from here may be answered with 2xx.
//!
//! Parsing is pure. All rows of a body go into one transaction, which shares its commit with others. The same body
//! twice makes the same rows once.

mod connections;
mod ids;
mod long_texts;
mod other_source;
mod others;
mod own;
pub mod policy;
mod replaced;
mod replay;
pub mod signed;
pub mod tally;

use std::io;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::clock::{Clock, Millis};
use crate::config::Keep;
use crate::db::{Db, Error, Key, Tx};
use crate::deliveries::{self, Bodies, Body, BodyReader, Delivery, LeftOut, SavedDelivery, parts};
use crate::events::facts::{Fact, MediaDeletedForEveryone};
use crate::events::{self, News};
use crate::gateway::signature::Headers;
use crate::gateway::{self, DeliveryContent, Gateway, ParsedDelivery, Reader, Reading};
use crate::instances::{self, Directory, Instance};
use crate::model::{Arrival, DeliveryId, DeliveryReason, DeliveryVerdict, MediaKind, MediaStatus};
use crate::queue::deletions::{self, Deleted, Marked};
use crate::queue::{self, NewMedia, NewMessage, Put, captions};
use crate::secrets::Secrets;
use crate::storage::Storage;

use connections::record_connection;
use ids::{id_of, key_of, messages};
use others::OwnReadings;
pub use replaced::Replaced;
pub use replay::{Replay, Replayed, look_again, replay};
pub use tally::Tally;

/// The length of a delivery's id (UUIDv7).
const ID_LENGTH: usize = 36;

/// Without message id and instance, a media cannot be matched with its repeats.
const ANONYMOUS: DeliveryReason = DeliveryReason::AnonymousMedia;
const TOO_LARGE: DeliveryReason = DeliveryReason::MessageTooLarge;
const UNREAD: DeliveryReason = DeliveryReason::UnreadMedia;

/// The dependencies of ingest; cheap to clone.
#[derive(Clone)]
pub struct Ingest {
    pub db: Db,
    pub clock: Clock,
    pub bodies: Bodies,
    pub storage: Storage,
    pub reader: Reader,
    pub keep: Keep,
    pub tally: Arc<Tally>,
    pub secrets: Arc<Secrets>,
    pub directory: Arc<Directory>,
    /// Notifies the worker.
    pub work: Arc<Notify>,
}

/// The result of a delivery.
#[derive(Debug)]
pub enum Receipt {
    /// With media or an instance event. Stored, unless it only repeats stored media whose delivery was pruned.
    Accepted {
        delivery: DeliveryId,
        /// In the order of their slots.
        media: Vec<(MediaKind, Put)>,
        left_out: LeftOut,
    },
    /// Nothing to store.
    Ignored { reason: DeliveryReason },
    /// Unreadable; stored for `deliveries replay`.
    SetAside {
        reason: DeliveryReason,
        /// The JSON error's line and column, from 1.
        place: Option<(usize, usize)>,
        /// The gateway whose form it has, if that is not the instance's.
        gateway: Option<Gateway>,
    },
    /// For another instance than its token's; stored, but not ingested.
    WrongInstance { named: String },
}

/// Ingests a body that came with the token of `instance`.
pub async fn receive(ingest: &Ingest, instance: &Instance, body: Body) -> Result<Receipt, Error> {
    receive_from(ingest, instance, body, &Headers::default()).await
}

/// Ingests a message from the gateway's list whose webhook never came. It counts as undelivered if any of its media is new, and
/// not as a delivery, so that silence stays visible.
pub async fn receive_listed(
    ingest: &Ingest,
    instance: &Instance,
    body: Body,
    arrival: Arrival,
) -> Result<Receipt, Error> {
    let now = ingest.clock.now();
    receive_at(ingest, instance, body, &Headers::default(), arrival, now).await
}

/// Like [`receive`], with the headers of the delivery, which may show another gateway's.
pub async fn receive_from(
    ingest: &Ingest,
    instance: &Instance,
    body: Body,
    headers: &Headers,
) -> Result<Receipt, Error> {
    let now = ingest.clock.now();
    let arrival = Arrival::Webhook;
    let receipt = receive_at(ingest, instance, body, headers, arrival, now).await?;
    let is_ignored = matches!(receipt, Receipt::Ignored { .. });
    ingest.tally.add(&instance.id, is_ignored, now);
    Ok(receipt)
}

async fn receive_at(
    ingest: &Ingest,
    instance: &Instance,
    mut body: Body,
    headers: &Headers,
    arrival: Arrival,
    now: Millis,
) -> Result<Receipt, Error> {
    if let Some(masked) = gateway::without_tokens(&body.text) {
        body.text = masked.body.into();
    }
    if body.is_cut {
        return set_aside(ingest, instance, TOO_LARGE, Arc::new(body), now).await;
    }
    let reader = &ingest.reader;
    let reading = reader.read_from(instance.gateway, &body.text, headers);
    Ok(match reading.await.map_err(|_| Error::Panicked)? {
        Err(problem) => {
            let body = Arc::new(body);
            let mut receipt = set_aside(ingest, instance, problem.reason(), body, now).await?;
            if let Receipt::SetAside { place, .. } = &mut receipt {
                *place = problem.place();
            }
            receipt
        }
        Ok(Reading::Other(source)) => {
            other_source::set_aside(ingest, instance, source, Arc::new(body), now).await?
        }
        Ok(Reading::Own(mut readings)) => {
            let body = Arc::new(with_media_in_files(&readings, body).await?);
            long_texts::restore(&mut readings, body.long_texts()).await;
            match others::separate(ingest, instance, readings).await? {
                Err(named) => refuse(ingest, instance, named, body, now).await?,
                Ok(own) => accept(ingest, instance, own, body, arrival, now).await?,
            }
        }
    })
}

/// The most nested envelopes that are opened.
pub const MOST_OPENED: usize = 4;

/// How to read a body through an envelope that hides its texts: a form, or base64 of JSON. None without such an
/// envelope.
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

/// Opens all envelopes of a complete body.
pub async fn opened(ingest: &Ingest, gateway: Gateway, mut body: Body) -> Result<Body, Error> {
    for _ in 0..MOST_OPENED {
        let Some(mut opening) = open(ingest, gateway, &body).await? else {
            break;
        };
        let mut incoming = body.successor(ingest.clock.now());
        while let Some(piece) = opening.next().await.map_err(cannot_write)? {
            incoming.take(&piece).await.map_err(cannot_write)?;
        }
        body = incoming.finish().await.map_err(cannot_write)?;
    }
    Ok(body)
}

/// Stores a body that could not be opened.
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

/// Bytes that become stored files are not written to the database.
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

/// Whether a reading has media without message id and instance.
fn is_anonymous(reading: &ParsedDelivery) -> bool {
    !reading.media.is_empty() && reading.message.id.is_empty() && reading.instance.is_none()
}

fn left_out(readings: &[ParsedDelivery], of_others: i64) -> LeftOut {
    let is_unreadable = |it: &&ParsedDelivery| is_anonymous(it) || it.is_unread();
    let unreadable = readings.iter().filter(is_unreadable).count();
    LeftOut {
        unreadable: i64::try_from(unreadable).unwrap_or(i64::MAX),
        other_instance: of_others,
    }
}

async fn set_aside(
    ingest: &Ingest,
    instance: &Instance,
    reason: DeliveryReason,
    body: Arc<Body>,
    now: Millis,
) -> Result<Receipt, Error> {
    let id = keep(
        ingest,
        instance,
        DeliveryVerdict::SetAside,
        reason,
        body,
        now,
    )
    .await?;
    tracing::warn!(delivery = %id, instance = %instance.id, reason = reason.as_str(), "delivery set aside");
    Ok(Receipt::SetAside {
        reason,
        place: None,
        gateway: None,
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
        DeliveryVerdict::Refused,
        DeliveryReason::OtherInstance,
        body,
        now,
    )
    .await?;
    Ok(Receipt::WrongInstance { named })
}

/// Stores a delivery without ingesting it; a repeat is stored once.
async fn keep(
    ingest: &Ingest,
    instance: &Instance,
    verdict: DeliveryVerdict,
    reason: DeliveryReason,
    body: Arc<Body>,
    now: Millis,
) -> Result<DeliveryId, Error> {
    let delivery = Delivery::new(&instance.id, now, verdict, Some(reason), Arc::clone(&body));
    let bodies = ingest.bodies.clone();
    let key = Key::instance(instance.id.as_str());
    let write = ingest.db.write(key, async move |tx| {
        Ok(match delivery.find_same(tx, &bodies).await? {
            Some(same) => (same, None),
            None => (delivery.id.clone(), Some(delivery.insert(tx, &[]).await?)),
        })
    });
    let kept = Delivery::committed(&body, write.await, |(_, kept)| kept.as_ref())?;
    Ok(kept.0)
}

async fn accept(
    ingest: &Ingest,
    instance: &Instance,
    own_readings: OwnReadings,
    body: Arc<Body>,
    arrival: Arrival,
    now: Millis,
) -> Result<Receipt, Error> {
    let mut readings = own_readings.readings;
    own::mark(&mut readings, instance);
    let cut_short = readings.iter().any(|reading| reading.cut_short);
    let left_out = left_out(&readings, own_readings.of_others);
    let is_any_anonymous = readings.iter().any(is_anonymous);
    let is_any_unread = readings.iter().any(ParsedDelivery::is_unread);
    let nothing = readings.iter().find_map(|reading| match reading.content {
        DeliveryContent::Nothing(reason) => Some(reason),
        _ => None,
    });
    readings.retain(|reading| {
        !matches!(reading.content, DeliveryContent::Nothing(_)) && !is_anonymous(reading)
    });
    if readings.is_empty() {
        let too_large = (cut_short || body.lost_json).then_some(TOO_LARGE);
        let anonymous = is_any_anonymous.then_some(ANONYMOUS);
        let unread = is_any_unread.then_some(UNREAD);
        if let Some(reason) = anonymous.or(too_large).or(unread) {
            return set_aside(ingest, instance, reason, body, now).await;
        }
        let reason = nothing.unwrap_or(DeliveryReason::NoMessage);
        return Ok(Receipt::Ignored { reason });
    }
    let (verdict, of) = (DeliveryVerdict::Accepted, Arc::clone(&body));
    let delivery = Delivery::new(&instance.id, now, verdict, None, of);
    let delivery = delivery.with_arrival(arrival).with_left_out(left_out);
    let unknown = readings.iter().flat_map(|reading| reading.unknown.clone());
    let unknown: Vec<_> = unknown.collect();
    let (instance, keep) = (instance.clone(), ingest.keep.clone());
    let bodies = ingest.bodies.clone();
    let key = key_of(&instance, &readings, &delivery.id);
    let write = ingest.db.write(key, async move |tx| {
        let same = delivery.find_same(tx, &bodies).await?;
        let id = same.as_ref().unwrap_or(&delivery.id);
        let ingested = ingest_all(tx, &instance, id, &readings, &keep, now).await?;
        let ingested = match ingested {
            Ok(ingested) => ingested,
            Err(reason) => return Ok(Err(reason)),
        };
        let media: Vec<_> = ingested.media.into_iter().flatten().collect();
        let is_new = media.iter().any(|(_, put)| !put.duplicate);
        if is_new && arrival != Arrival::Webhook {
            instances::count_undelivered(tx, &instance.id, now).await?;
        }
        let kept = if ingested.is_kept && same.is_none() {
            let ids: Vec<_> = media.iter().map(|(_, put)| put.id.clone()).collect();
            Some(delivery.insert(tx, &ids).await?)
        } else {
            None
        };
        Ok(Ok((id.clone(), media, kept)))
    });
    let written =
        Delivery::committed(&body, write.await, |written| kept_in(written.as_ref().ok()))?;
    let (id, media, _) = match written {
        Ok(written) => written,
        Err(reason) => return Ok(Receipt::Ignored { reason }),
    };
    ingest.work.notify_one();
    if cut_short {
        tracing::warn!(delivery = %id, "not all of the delivery can be read, so there may be more media in it");
    }
    if !left_out.is_nothing() {
        tracing::warn!(delivery = %id, unreadable = left_out.unreadable, other_instance = left_out.other_instance, "messages of the delivery are left out: media that are not found or have neither message id nor instance, or another instance's");
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
        left_out,
    })
}

/// The rows of a delivery: its id, its media, and its body if that is stored.
type Written = (DeliveryId, Vec<(MediaKind, Put)>, Option<SavedDelivery>);

fn kept_in(written: Option<&Written>) -> Option<&SavedDelivery> {
    written.and_then(|(.., kept)| kept.as_ref())
}

/// The result of ingesting one body.
#[derive(Default)]
struct Ingested {
    /// In the order of the slots; none for an edit of an unknown message.
    media: Vec<Option<(MediaKind, Put)>>,
    /// Whether the body must be stored.
    is_kept: bool,
}

/// Ingests all readings of a body; why there is nothing to keep, when all their messages were erased or are unknown.
async fn ingest_all(
    tx: &mut Tx,
    instance: &Instance,
    delivery: &DeliveryId,
    readings: &[ParsedDelivery],
    keep: &Keep,
    now: Millis,
) -> Result<Result<Ingested, DeliveryReason>, Error> {
    let (mut media, mut is_new, mut erased, mut unknown) = (Vec::new(), false, 0, 0);
    for reading in readings {
        match ingest_reading(tx, instance, delivery, reading, keep, now).await? {
            Ok(ingested) => {
                is_new |= ingested.is_kept;
                media.extend(ingested.media);
            }
            Err(DeliveryReason::UnknownMessage) => unknown += 1,
            Err(_) => erased += 1,
        }
    }
    // A body with an erased message is stored only for bytes that exist nowhere else.
    let has_bytes =
        |reading: &ParsedDelivery| reading.media.iter().any(|found| found.inline.is_some());
    let is_kept = is_new && (erased == 0 || readings.iter().any(has_bytes));
    Ok(match readings.len() - erased - unknown {
        0 if unknown > 0 => Err(DeliveryReason::UnknownMessage),
        0 => Err(DeliveryReason::Erased),
        _ => Ok(Ingested { media, is_kept }),
    })
}

/// Ingests one reading: a row for each of its media, except for edits of unknown messages. An error when its message was
/// erased, or is unknown and not to come.
async fn ingest_reading(
    tx: &mut Tx,
    instance: &Instance,
    delivery: &DeliveryId,
    reading: &ParsedDelivery,
    keep: &Keep,
    now: Millis,
) -> Result<Result<Ingested, DeliveryReason>, Error> {
    let messages = messages(reading, delivery);
    if queue::is_erased(tx, &instance.id, &messages, &reading.media).await? {
        return Ok(Err(DeliveryReason::Erased));
    }
    let without_media = Ingested {
        is_kept: true,
        ..Ingested::default()
    };
    match reading.content {
        DeliveryContent::Link(ref late) => {
            let id = &reading.message.id;
            queue::add_link(tx, &instance.id, id, &late.url, now).await?;
            Ok(Ok(without_media))
        }
        DeliveryContent::Connection { connected } => {
            record_connection(tx, instance, connected, now).await?;
            Ok(Ok(without_media))
        }
        DeliveryContent::Deleted(ref deletion) => {
            let message = &reading.message;
            let deleted = deletions::record(tx, &instance.id, message, deletion, now).await?;
            Ok(match deleted {
                Deleted::Recorded(media, marked) => {
                    let is_kept = !marked.is_empty();
                    report_deleted(tx, instance, marked, now);
                    let media = media.into_iter().map(Some).collect();
                    Ok(Ingested { media, is_kept })
                }
                Deleted::Unknown => Err(DeliveryReason::UnknownMessage),
                Deleted::Erased => Err(DeliveryReason::Erased),
            })
        }
        _ => {
            let puts = put_all(tx, instance, delivery, reading, keep, now).await?;
            let kinds = reading.media.iter().map(|found| found.kind);
            let media = kinds.zip(puts).map(|(kind, put)| Some((kind, put?)));
            let media: Vec<_> = media.collect();
            let is_kept = !is_repeat_of_done(tx, reading, &media).await?;
            Ok(Ok(Ingested { media, is_kept }))
        }
    }
}

/// Whether a delivery only repeats media that are stored or were skipped, and whose first delivery was deleted
/// because of its age or because of an erasure. A repeat of a failed media is stored, because it may bring what the
/// first one lacked.
async fn is_repeat_of_done(
    tx: &mut Tx,
    reading: &ParsedDelivery,
    puts: &[Option<(MediaKind, Put)>],
) -> Result<bool, Error> {
    let puts: Vec<_> = puts.iter().flatten().collect();
    // Bytes of a skipped media exist only in the delivery.
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
        // An imported media's delivery has another form of id and was never stored.
        let was_kept = put.delivery.as_str().len() == ID_LENGTH;
        if !was_kept || deliveries::exists(tx, &put.delivery).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn report_deleted(tx: &mut Tx, instance: &Instance, marked: Vec<Marked>, now: Millis) {
    for media in marked {
        let news = News {
            client: Some(media.client),
            instance: Some(instance.id.as_str()),
            media: Some(media.id.as_str()),
            fact: Fact::MediaDeletedForEveryone(MediaDeletedForEveryone {
                kind: media.kind.as_str(),
                deleted_at: media.deleted_at,
            }),
        };
        events::append(tx, now, news);
    }
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
        if new.iter().any(|put| !put.duplicate) {
            let marked = deletions::apply_remembered(tx, &message).await?;
            report_deleted(tx, instance, marked, now);
        }
        for (place, put) in places.into_iter().zip(new) {
            puts[place] = Some(put);
        }
    }
    Ok(puts)
}

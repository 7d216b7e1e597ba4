//! Reads stored deliveries again with the current version.

use bytes::Bytes;

use super::{
    ANONYMOUS, Ingest, Replaced, UNREAD, ingest_reading, is_anonymous, key_of, left_out,
    long_texts, other_source,
    others::{self, OwnReadings},
    replaced,
};
use crate::db::Error;
use crate::deliveries::{self, LongTexts, parts};
use crate::gateway::signature::Headers;
use crate::gateway::{ParsedDelivery, Reading};
use crate::instances::Instance;
use crate::model::{DeliveryId, DeliveryReason, MediaKind};
use crate::queue::Put;

/// The result of reading a delivery again.
#[derive(Debug)]
pub enum Replay {
    /// Unreadable, or for another instance.
    Unreadable { reason: DeliveryReason },
    /// Without media.
    Nothing,
    /// Its message was erased.
    Erased,
    /// In the order of their slots. Known and stored media are unchanged.
    Media(Vec<Replayed>),
}

/// A media of a replayed delivery.
#[derive(Debug)]
pub struct Replayed {
    pub kind: MediaKind,
    pub put: Put,
    /// The stored file that replaced the bytes in the delivery, if any.
    pub bytes: Option<Replaced>,
}

/// Reads a stored delivery again and ingests its media: adds what an earlier version missed, merges what is known,
/// retries what is not stored. Idempotent.
pub async fn replay(
    ingest: &Ingest,
    instance: &Instance,
    id: &DeliveryId,
    body: &Bytes,
) -> Result<Replay, Error> {
    let own = match own_readings(ingest, instance, body).await? {
        Ok(own) => own,
        Err(reason) => return Ok(Replay::Unreadable { reason }),
    };
    let mut readings = own.readings;
    restore(ingest, id, &mut readings).await?;
    let left_out = left_out(&readings, own.of_others);
    readings.retain(|reading| !reading.media.is_empty() && !is_anonymous(reading));
    if readings.is_empty() {
        return Ok(Replay::Nothing);
    }
    let now = ingest.clock.now();
    let mut media = Vec::new();
    for found in readings.iter().flat_map(|reading| &reading.media) {
        let bytes = replaced::look(ingest, instance.client, id, found).await?;
        media.push((found.kind, bytes));
    }
    let (instance, id, keep) = (instance.clone(), id.clone(), ingest.keep.clone());
    let puts = ingest
        .db
        .write(key_of(&instance, &readings, &id), async move |tx| {
            let (mut puts, mut is_erased) = (Vec::new(), true);
            for reading in &readings {
                match ingest_reading(tx, &instance, &id, reading, &keep, now).await? {
                    Ok(taken) => {
                        puts.extend(taken.media);
                        is_erased = false;
                    }
                    Err(_) => puts.extend(reading.media.iter().map(|_| None)),
                }
            }
            if !is_erased {
                deliveries::accept(tx, &id, left_out).await?;
            }
            Ok((!is_erased).then_some(puts))
        })
        .await?;
    let Some(puts) = puts else {
        return Ok(Replay::Erased);
    };
    ingest.work.notify_one();
    let media = media.into_iter().zip(puts);
    let media = media.filter_map(|((kind, bytes), put)| {
        let (_, put) = put?;
        Some(Replayed { kind, put, bytes })
    });
    Ok(Replay::Media(media.collect()))
}

async fn restore(
    ingest: &Ingest,
    id: &DeliveryId,
    readings: &mut [ParsedDelivery],
) -> Result<(), Error> {
    let parts = parts::list(&ingest.db, id).await?;
    let texts = LongTexts {
        delivery: id,
        bodies: &ingest.bodies,
        parts: &parts,
    };
    long_texts::restore(readings, texts).await;
    Ok(())
}

/// The current version's reading of a stored delivery, or why it reads nothing. Changes nothing.
pub async fn look_again(
    ingest: &Ingest,
    instance: &Instance,
    body: &Bytes,
) -> Result<Result<Vec<ParsedDelivery>, DeliveryReason>, Error> {
    let own = own_readings(ingest, instance, body).await?;
    Ok(own.map(|own| own.readings))
}

async fn own_readings(
    ingest: &Ingest,
    instance: &Instance,
    body: &Bytes,
) -> Result<Result<OwnReadings, DeliveryReason>, Error> {
    let headers = Headers::default();
    let reading = ingest.reader.read_from(instance.gateway, body, &headers);
    Ok(match reading.await.map_err(|_| Error::Panicked)? {
        Err(problem) => Err(problem.reason()),
        Ok(Reading::Other(source)) => Err(other_source::reason(source)),
        Ok(Reading::Own(readings)) => match others::separate(ingest, instance, readings).await? {
            Err(_) => Err(DeliveryReason::OtherInstance),
            Ok(own) if own.readings.iter().all(is_anonymous) => Err(ANONYMOUS),
            Ok(own) if is_unread(&own.readings) => Err(UNREAD),
            Ok(own) => Ok(own),
        },
    })
}

/// Whether all media in it are not found.
fn is_unread(readings: &[ParsedDelivery]) -> bool {
    let has_media = readings.iter().any(|reading| !reading.media.is_empty());
    !has_media && readings.iter().any(ParsedDelivery::is_unread)
}

//! Deliveries whose signature is refused: kept within limits, and checked again once the secret is corrected.

use std::sync::Arc;

use super::{Ingest, Receipt, opened, receive};
use crate::clock::Millis;
use crate::db::{Error, Key};
use crate::deliveries::parts::{self, Pieces, Segment, Unavailable};
use crate::deliveries::{self, Body, Delivery, DeliverySummary, Incoming};
use crate::gateway::Signature;
use crate::gateway::signature::{Signed, Verifier};
use crate::instances::{self, Instance};
use crate::model::DeliveryReason;

/// Begins to check a delivery of an instance; `None` when nothing but its address proves it. Fails when the secret cannot be
/// unsealed: then nothing can be accepted, nor refused for good.
pub fn verifier(
    ingest: &Ingest,
    instance: &Instance,
    signed: &Signed,
    at: Millis,
) -> Result<Option<Verifier>, Error> {
    let signature = instance.gateway.signature();
    let Some(sealed) = instance
        .secret_sealed
        .as_deref()
        .filter(|_| signature != Signature::None)
    else {
        return Ok(None);
    };
    let secret = ingest
        .secrets
        .unseal(&instances::secret_context(&instance.id), sealed);
    let secret = secret.map_err(|error| {
        tracing::error!(instance = %instance.id, error = crate::telemetry::chain(&error), "the secret cannot be unsealed");
        Error::Unavailable(None)
    })?;
    Ok(Some(signed.verifier(signature, &secret, at)))
}

/// Keeps a delivery whose signature was refused. It is not read.
pub async fn keep_refused(
    ingest: &Ingest,
    instance: &Instance,
    reason: DeliveryReason,
    body: Body,
    signed: &Signed,
) -> Result<(), Error> {
    let now = ingest.clock.now();
    let body = Arc::new(body);
    let signed = serde_json::to_string(signed).unwrap_or_default();
    let delivery = Delivery::new(
        &instance.id,
        now,
        "refused",
        Some(reason),
        Arc::clone(&body),
    );
    let delivery = delivery.with_signed(signed);
    let id = instance.id.clone();
    let writing = ingest
        .db
        .write(Key::instance(instance.id.as_str()), async move |tx| {
            let saved = delivery.insert(tx, &[]).await?;
            deliveries::bound_unsigned(tx, &id, now).await?;
            Ok(saved)
        });
    Delivery::committed(&body, writing.await, |saved| Some(saved))?;
    Ok(())
}

/// Why a refused delivery is still not accepted.
#[derive(Debug)]
pub enum Refused {
    /// Its signature is not right with the present secret either.
    Still(DeliveryReason),
    /// It cannot be read as it came.
    Gone,
}

/// Checks a refused delivery with the present secret, and receives it if it is right. In a dry run nothing is received.
pub async fn receive_again(
    ingest: &Ingest,
    instance: &Instance,
    entry: &DeliverySummary,
    dry_run: bool,
) -> Result<Result<Option<Receipt>, Refused>, Error> {
    let signed = deliveries::signed(&ingest.db, &entry.id).await?;
    let signed: Option<Signed> = signed.and_then(|signed| serde_json::from_str(&signed).ok());
    let text = deliveries::body(&ingest.db, &entry.id).await?;
    let (Some(signed), Some(text)) = (signed, text) else {
        return Ok(Err(Refused::Gone));
    };
    // A token is valid for a time, so it is checked as of when it came.
    let mut verifier = match verifier(ingest, instance, &signed, entry.received_at)? {
        Some(verifier) => verifier,
        // Without a secret the address alone decides, as for every delivery.
        None => Verifier::new(Signature::None, b"", &signed.headers, "", 0),
    };
    let segments = match String::from_utf8(text) {
        Ok(text) => parts::segments(&ingest.db, &ingest.bodies, &entry.id, &text).await,
        // Nothing was taken out of a body that is no text.
        Err(error) => Ok(vec![Segment::Here(error.into_bytes())]),
    };
    let segments = match segments {
        Ok(segments) => segments,
        Err(Unavailable::Db(error)) => return Err(error),
        Err(_) => return Ok(Err(Refused::Gone)),
    };
    let mut incoming = Incoming::new(&ingest.bodies, ingest.clock.now());
    for segment in segments {
        let mut pieces = match segment {
            Segment::Here(text) => Pieces::Here(text),
            Segment::File {
                file,
                start,
                length,
            } => Pieces::of_file(file, start, length).map_err(super::cannot_write)?,
            // A refused delivery has no media.
            Segment::Stored { .. } => return Ok(Err(Refused::Gone)),
        };
        while let Some(piece) = pieces.next().await.map_err(super::cannot_write)? {
            if signed.fields.is_none() {
                verifier.update(&piece);
            }
            incoming.take(&piece).await.map_err(super::cannot_write)?;
        }
    }
    if let Some(fields) = &signed.fields {
        verifier.update(fields.as_bytes());
    }
    if let Err(refusal) = verifier.finish() {
        return Ok(Err(Refused::Still(refusal.into())));
    }
    if dry_run {
        return Ok(Ok(None));
    }
    let body = incoming.finish().await.map_err(super::cannot_write)?;
    let body = opened(ingest, instance.gateway, body).await?;
    let receipt = receive(ingest, instance, body).await?;
    let (id, key) = (entry.id.clone(), Key::instance(instance.id.as_str()));
    let deleting = ingest
        .db
        .write(key, async move |tx| deliveries::delete(tx, &id).await);
    deleting.await?;
    Ok(Ok(Some(receipt)))
}

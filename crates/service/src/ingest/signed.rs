//! Deliveries whose signature is refused: kept within limits, and checked again once the secret is corrected.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Ingest, Receipt, opened, receive_from};
use crate::clock::Millis;
use crate::db::{Error, Key};
use crate::deliveries::parts::{self, Pieces, Segment, Unavailable};
use crate::deliveries::{self, Body, Delivery, DeliverySummary, Incoming};
use crate::gateway::multipart::Multipart;
use crate::gateway::signature::{Refusal, Signed, Verifier};
use crate::gateway::wide_text::{WideText, Widening};
use crate::gateway::{self, Signature, Unmasking, unmasked};
use crate::instances::{self, Instance};
use crate::model::{DeliveryReason, DeliveryVerdict};

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

/// Keeps a delivery whose signature was refused. It is not read. Its tokens, headers and address are sealed.
pub async fn keep_refused(
    ingest: &Ingest,
    instance: &Instance,
    reason: DeliveryReason,
    mut body: Body,
    mut signed: Signed,
) -> Result<(), Error> {
    let now = ingest.clock.now();
    if let Some(masked) = gateway::without_tokens(&body.text) {
        body.text = masked.body.into();
        signed.taken = masked.taken;
    }
    signed.rest_taken = std::mem::take(&mut body.rest_taken);
    let body = Arc::new(body);
    let signed = serde_json::to_string(&signed).unwrap_or_default();
    let sealed = ingest.secrets.seal(&context(instance), &signed);
    let sealed = sealed.map_err(|error| {
        tracing::error!(instance = %instance.id, error = crate::telemetry::chain(&error), "a refused delivery cannot be sealed");
        Error::Unavailable(None)
    })?;
    let delivery = Delivery::new(
        &instance.id,
        now,
        DeliveryVerdict::Refused,
        Some(reason),
        Arc::clone(&body),
    );
    let delivery = delivery.with_signed(STANDARD.encode(sealed));
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

fn context(instance: &Instance) -> String {
    format!("refused delivery of {}", instance.id)
}

/// The values that [`keep_refused`] sealed; earlier versions stored it in clear. `None` when it cannot be read.
fn unsealed(ingest: &Ingest, instance: &Instance, signed: &str) -> Option<Signed> {
    if signed.starts_with('{') {
        return serde_json::from_str(signed).ok();
    }
    let sealed = STANDARD.decode(signed).ok()?;
    let plain = ingest.secrets.unseal(&context(instance), &sealed).ok()?;
    serde_json::from_str(&plain).ok()
}

/// Why a refused delivery is still not accepted.
#[derive(Debug)]
pub enum Refused {
    /// Its signature is not right with the present secret either.
    Still(DeliveryReason),
    /// It cannot be read as it came.
    Gone,
}

/// Checks a refused delivery with the present secret, and receives it if it is right: under its id, as of when it came. In a
/// dry run nothing is received.
pub async fn receive_again(
    ingest: &Ingest,
    instance: &Instance,
    entry: &DeliverySummary,
    dry_run: bool,
) -> Result<Result<Option<Receipt>, Refused>, Error> {
    let signed = deliveries::signed(&ingest.db, &entry.id).await?;
    let signed = signed.and_then(|signed| unsealed(ingest, instance, &signed));
    let text = deliveries::body(&ingest.db, &entry.id).await?;
    let (Some(signed), Some(text)) = (signed, text) else {
        return Ok(Err(Refused::Gone));
    };
    let Some(text) = unmasked(&text, &signed.taken) else {
        return Ok(Err(Refused::Gone));
    };
    // A token is valid for a time, so it is checked as of when it came.
    let verifier = match verifier(ingest, instance, &signed, entry.received_at)? {
        Some(verifier) => verifier,
        // Without a secret the address alone decides, as for every delivery.
        None => Verifier::new(Signature::None, b"", &signed.headers, &[], 0),
    };
    let segments = parts::segments_of_body(&ingest.db, &ingest.bodies, &entry.id, &text).await;
    let (segments, rest) = match segments {
        Ok(segments) => segments,
        Err(Unavailable::Db(error)) => return Err(error),
        Err(_) => return Ok(Err(Refused::Gone)),
    };
    let files = parts::list(&ingest.db, &entry.id).await?;
    let files = files.iter().filter_map(|part| Some(part.file? + 1)).max();
    let files = files.unwrap_or(0);
    let incoming = || Incoming::again(&ingest.bodies, &entry.id, entry.received_at, files);
    let mut checked = Checked::new(&signed, verifier, incoming());
    for (number, segment) in segments.into_iter().enumerate() {
        let mut whole = (Some(number) == rest).then(|| Unmasking::new(&signed.rest_taken));
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
            let piece = match &mut whole {
                Some(whole) => whole.update(&piece),
                None => piece,
            };
            checked.take(&piece).await.map_err(super::cannot_write)?;
        }
    }
    let (verdict, incoming) = checked.finish().await.map_err(super::cannot_write)?;
    if let Err(refusal) = verdict {
        return Ok(Err(Refused::Still(refusal.into())));
    }
    if dry_run {
        return Ok(Ok(None));
    }
    let body = incoming.finish().await.map_err(super::cannot_write)?;
    let body = opened(ingest, instance.gateway, body).await?;
    let receipt = receive_from(ingest, instance, body, &signed.headers).await?;
    let (id, key) = (entry.id.clone(), Key::instance(instance.id.as_str()));
    let deleting = ingest.db.write(key, async move |tx| {
        deliveries::delete_refused(tx, &id).await
    });
    deleting.await?;
    let old: Vec<_> = (0..files).map(|file| (entry.id.clone(), file)).collect();
    ingest.bodies.remove(&old);
    Ok(Ok(Some(receipt)))
}

/// A refused body that is read and checked again.
struct Checked {
    raw: Verifier,
    /// The fields of a multipart body are signed in its place.
    fields: Option<Verifier>,
    multipart: Option<Multipart>,
    /// In UTF-16 or UTF-32, as an earlier version stored it; known from the first bytes on.
    wide: Option<WideText>,
    /// Of a body that came in UTF-16 or UTF-32 and is stored as UTF-8.
    widening: Option<Widening>,
    is_begun: bool,
    coded: Option<Verifier>,
    incoming: Incoming,
}

impl Checked {
    fn new(signed: &Signed, verifier: Verifier, incoming: Incoming) -> Self {
        let mut fields = signed.boundary.as_ref().map(|_| verifier.clone());
        if let Some(text) = &signed.fields {
            let verifier = fields.insert(verifier.clone());
            verifier.update(text.as_bytes());
        }
        let coded = signed.coded.as_ref().and_then(|coded| {
            let mut verifier = verifier.clone();
            verifier.update(&STANDARD.decode(coded).ok()?);
            Some(verifier)
        });
        Self {
            raw: verifier,
            fields,
            multipart: signed.boundary.as_deref().map(Multipart::new),
            wide: None,
            widening: signed.wide.as_ref().map(Widening::new),
            is_begun: false,
            coded,
            incoming,
        }
    }

    async fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        if let Some(widening) = &mut self.widening {
            self.raw.update(&widening.update(piece));
            return self.incoming.take(piece).await;
        }
        self.raw.update(piece);
        if !self.is_begun && self.multipart.is_none() {
            self.wide = WideText::detect(piece);
        }
        self.is_begun |= !piece.is_empty();
        match (&mut self.multipart, &mut self.wide) {
            (Some(multipart), _) => {
                let json = multipart.update(piece);
                self.incoming.take(&json).await
            }
            (None, Some(wide)) => {
                let text = wide.update(piece);
                self.incoming.take(&text).await
            }
            (None, None) => self.incoming.take(piece).await,
        }
    }

    /// The verdict, and the body to read.
    async fn finish(mut self) -> io::Result<(Result<(), Refusal>, Incoming)> {
        if let Some(Ok((rest, fields))) = self.multipart.map(Multipart::finish) {
            self.incoming.take(&rest).await?;
            if let (Some(verifier), Some(fields)) = (&mut self.fields, fields) {
                verifier.update(&fields);
            }
        }
        if let Some(wide) = self.wide {
            self.incoming.take(&wide.finish().0).await?;
        }
        let verifiers = [Some(self.raw), self.fields, self.coded];
        Ok((
            Verifier::any(verifiers.into_iter().flatten()),
            self.incoming,
        ))
    }
}

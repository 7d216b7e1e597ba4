//! Deliveries in the form of another gateway than the instance's.

use std::sync::Arc;

use super::{Ingest, Receipt};
use crate::clock::Millis;
use crate::db::Error;
use crate::deliveries::Body;
use crate::gateway::signature::Headers;
use crate::gateway::{DeliveryContent, ParsedDelivery, Source};
use crate::instances::Instance;
use crate::model::DeliveryReason;

/// Longer bodies without media are not looked at again.
const LONGEST_RECOGNISED_BYTES: usize = 256 << 10;

/// The source of a delivery in which the instance's gateway sends nothing, if its shape is another's.
pub(super) fn find(
    instance: &Instance,
    readings: &[ParsedDelivery],
    body: &[u8],
    headers: &Headers,
) -> Option<Source> {
    let is_empty = |reading: &ParsedDelivery| {
        matches!(reading.content, DeliveryContent::Nothing(_)) && reading.media.is_empty()
    };
    if body.len() > LONGEST_RECOGNISED_BYTES || !readings.iter().all(is_empty) {
        return None;
    }
    instance.gateway.source_of(body, headers)
}

pub(super) async fn set_aside(
    ingest: &Ingest,
    instance: &Instance,
    source: Source,
    body: Arc<Body>,
    now: Millis,
) -> Result<Receipt, Error> {
    let (reason, other) = match source {
        Source::Chatwoot => (DeliveryReason::Hub, None),
        Source::Gateway(other) => (DeliveryReason::OtherGateway, Some(other)),
    };
    if let Some(other) = other {
        tracing::warn!(instance = %instance.id, gateway = instance.gateway.as_str(), shape = other.as_str(), "the delivery has the form of another gateway");
    }
    let mut receipt = super::set_aside(ingest, instance, reason, body, now).await?;
    if let Receipt::SetAside { gateway, .. } = &mut receipt {
        *gateway = other;
    }
    Ok(receipt)
}

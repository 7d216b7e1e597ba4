//! Deliveries in the form of another gateway than the instance's.

use std::sync::Arc;

use super::{Ingest, Receipt};
use crate::clock::Millis;
use crate::db::Error;
use crate::deliveries::Body;
use crate::gateway::DeliverySource;
use crate::instances::Instance;
use crate::model::DeliveryReason;

/// Why a delivery of that source is not read.
pub(super) fn reason(source: DeliverySource) -> DeliveryReason {
    match source {
        DeliverySource::Chatwoot => DeliveryReason::Hub,
        DeliverySource::Gateway(_) => DeliveryReason::OtherGateway,
    }
}

pub(super) async fn set_aside(
    ingest: &Ingest,
    instance: &Instance,
    source: DeliverySource,
    body: Arc<Body>,
    now: Millis,
) -> Result<Receipt, Error> {
    let reason = reason(source);
    let other = match source {
        DeliverySource::Chatwoot => None,
        DeliverySource::Gateway(other) => Some(other),
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

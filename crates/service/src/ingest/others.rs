//! Messages that name another instance than that of the address: an address may be entered at the wrong number.

use std::collections::HashMap;
use std::sync::Arc;

use super::Ingest;
use crate::db::Error;
use crate::gateway::{DeliveryContent, Gateway, ParsedDelivery};
use crate::instances::Instance;
use crate::model::InstanceId;

/// The readings that are not of another instance.
pub(super) struct OwnReadings {
    pub readings: Vec<ParsedDelivery>,
    /// How many were left out.
    pub of_others: i64,
}

/// Separates the readings of a body; the other instance when none is of this one.
pub(super) async fn separate(
    ingest: &Ingest,
    instance: &Instance,
    mut readings: Vec<ParsedDelivery>,
) -> Result<Result<OwnReadings, String>, Error> {
    let known = match instance.gateway {
        Gateway::Wapi => Arc::default(),
        _ => ingest.directory.by_id().await?,
    };
    let (mut first, mut of_others) = (None, 0);
    readings.retain(|reading| {
        let other = match instance.gateway {
            // Its name of an instance is the id.
            Gateway::Wapi => reading
                .instance
                .clone()
                .filter(|named| named != instance.id.as_str()),
            _ if !has_content(reading) => None,
            _ => other(&known, instance, &reading.names).map(|other| other.0),
        };
        if let Some(other) = &other {
            of_others += 1;
            first.get_or_insert_with(|| other.clone());
        }
        other.is_none()
    });
    Ok(match first {
        Some(named) if !readings.iter().any(has_content) => Err(named),
        _ => Ok(OwnReadings {
            readings,
            of_others,
        }),
    })
}

fn has_content(reading: &ParsedDelivery) -> bool {
    !matches!(reading.content, DeliveryContent::Nothing(_))
}

/// The other instance of the gateway that has one of these names. People name instances freely: an unknown name says nothing.
fn other(
    known: &HashMap<InstanceId, Arc<Instance>>,
    instance: &Instance,
    names: &[String],
) -> Option<InstanceId> {
    let has_name = |of: &Instance| {
        let is_named = |name: &String| of.id.as_str() == name || of.session.as_ref() == Some(name);
        names.iter().any(is_named)
    };
    if names.is_empty() || has_name(instance) {
        return None;
    }
    let is_other = |of: &&Arc<Instance>| {
        !of.removed && of.id != instance.id && of.gateway.is_alike(instance.gateway)
    };
    let by_id = names
        .iter()
        .find_map(|name| known.get(&InstanceId(name.clone())).filter(is_other));
    // Two servers of a gateway may each have one of that name.
    let is_at_same = |of: &&Arc<Instance>| of.api_base == instance.api_base && has_name(of);
    let mut all = known.values().filter(is_other);
    let found = by_id.or_else(|| all.find(is_at_same));
    found.map(|of| of.id.clone())
}

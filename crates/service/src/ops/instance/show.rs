//! Everything that is known of one instance, and what its gateway's webhook slots hold now.

use serde::Serialize;
use serde_json::json;

use super::GatewayDeps;
use super::webhooks::{Slot, read_slots};
use crate::clock::{Millis, rfc3339};
use crate::db;
use crate::deliveries::rhythm;
use crate::instances::{self, Instance};
use crate::media::counts::{self, Backlog, InstanceCount};
use crate::ops::gateway_admin;
use crate::ops::status::{InstanceStatus, RefusedDeliveries};

#[derive(Debug)]
pub enum SlotsRead {
    Read(Vec<Slot>),
    NotAsked,
    /// The gateway has no call that reads them.
    NoCall,
    Failed(gateway_admin::Error),
}

/// Whether the gateway signs, as far as it says so, and whether this server has the secret to verify it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureState {
    Verified,
    /// The secret is stored, and the gateway does not say whether it signs.
    Expected,
    /// Every delivery is refused.
    NotSigned,
    /// The gateway signs, and no secret is stored.
    NotVerified,
    None,
}

impl SignatureState {
    fn of(instance: &Instance, signs: Option<bool>) -> Self {
        match (signs, instance.secret_sealed.is_some()) {
            (Some(true), true) => Self::Verified,
            (None, true) => Self::Expected,
            (Some(false), true) => Self::NotSigned,
            (Some(true), false) => Self::NotVerified,
            (_, false) => Self::None,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct InstanceReport {
    #[serde(flatten)]
    pub status: InstanceStatus,
    pub client_name: Option<String>,
    #[serde(serialize_with = "crate::ops::json::time_or_null")]
    pub state_at: Option<Millis>,
    pub connected_now: Option<bool>,
    /// Whether the gateway signs and this server verifies it.
    pub signature: SignatureState,
    #[serde(rename = "last_delivery_ago_ms")]
    pub silence: Option<Millis>,
    #[serde(rename = "usual_gap_ms")]
    pub usual_gap: Option<Millis>,
    #[serde(rename = "longest_usual_gap_ms")]
    pub longest_gap: Option<Millis>,
    /// Whether the silence is longer than usual; unknown without enough deliveries.
    pub silent: Option<bool>,
    #[serde(serialize_with = "media")]
    pub media: Vec<InstanceCount>,
    #[serde(serialize_with = "waiting")]
    pub waiting: Backlog,
    /// Deliveries of this instance, or at its address, that were refused.
    pub refusals: Vec<RefusedDeliveries>,
    #[serde(serialize_with = "slots")]
    pub slots: SlotsRead,
    #[serde(skip)]
    pub now: Millis,
}

fn media<S: serde::Serializer>(counts: &[InstanceCount], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(counts.iter().map(|one| {
        json!({"kind": one.kind.as_str(), "status": one.status, "count": one.count, "size": one.size_bytes})
    }))
}

fn waiting<S: serde::Serializer>(backlog: &Backlog, serializer: S) -> Result<S::Ok, S::Error> {
    let waiting = json!({
        "count": backlog.count,
        "oldest": backlog.oldest.map(rfc3339),
        "next_deadline": backlog.deadline.map(rfc3339),
    });
    waiting.serialize(serializer)
}

fn slots<S: serde::Serializer>(read: &SlotsRead, serializer: S) -> Result<S::Ok, S::Error> {
    match read {
        SlotsRead::Read(slots) => slots.serialize(serializer),
        SlotsRead::NotAsked | SlotsRead::NoCall | SlotsRead::Failed(_) => {
            serializer.serialize_none()
        }
    }
}

pub async fn show(
    deps: GatewayDeps<'_>,
    instance: &Instance,
    offline: bool,
) -> Result<InstanceReport, db::Error> {
    let (slots, connected_now, signs) = if offline {
        (SlotsRead::NotAsked, None, None)
    } else {
        match read_slots(deps, instance).await {
            Ok(read) => {
                let slots = match read.slots {
                    Some(Ok(slots)) => SlotsRead::Read(slots),
                    Some(Err(error)) => SlotsRead::Failed(error),
                    None => SlotsRead::NoCall,
                };
                (slots, read.connected, read.signs)
            }
            Err(gateway_admin::Error::NoCall) => (SlotsRead::NoCall, None, None),
            Err(error) => (SlotsRead::Failed(error), None, None),
        }
    };
    let clients = instances::every_client(deps.db).await?;
    let client = clients.into_iter().find(|one| one.id == instance.client);
    let rhythm = match instance.last_delivery_at {
        Some(last) => rhythm::rhythm(deps.db, &instance.id, last).await?,
        None => None,
    };
    let mut refused = instances::refusals(deps.db).await?;
    let id = Some(&instance.id);
    refused.retain(|(one, _)| one.instance.as_ref() == id || one.address_of.as_ref() == id);
    let now = deps.clock.now();
    let silence = instance.last_delivery_at.map(|last| (now - last).max(0));
    Ok(InstanceReport {
        status: InstanceStatus::new(instance),
        client_name: client.map(|client| client.name),
        state_at: instance.state_at,
        connected_now,
        signature: SignatureState::of(instance, signs),
        silence,
        usual_gap: rhythm.map(|rhythm| rhythm.usual),
        longest_gap: rhythm.map(|rhythm| rhythm.longest),
        silent: rhythm
            .zip(silence)
            .map(|(rhythm, silence)| rhythm.is_broken_by(silence)),
        media: counts::of_instance(deps.db, &instance.id).await?,
        waiting: counts::backlog(deps.db, &instance.id, now).await?,
        refusals: refused.iter().map(RefusedDeliveries::new).collect(),
        slots,
        now,
    })
}

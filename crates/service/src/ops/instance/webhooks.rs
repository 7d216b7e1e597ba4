//! The webhook slots of an instance at its gateway: read, set to a new address, and restored.
//!
//! Only a hash of the webhook address is stored, so setting the slots makes a new one. Earlier addresses stay accepted
//! until `rotate-hook`: no delivery is lost, whichever slots took the new one, and whenever they did.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::GatewayDeps;
use crate::db::{self, Key};
use crate::gateway::{self, Gateway};
use crate::instances::{self, Instance, PreviousSlot};
use crate::ops::Progress;
use crate::ops::gateway_admin::{self, GatewayAdmin, is_ours, without_secret};
use crate::secrets;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    Ours,
    Other,
    Empty,
    /// It is switched off, whatever it holds.
    Off,
}

#[derive(Debug, Serialize)]
pub struct Slot {
    #[serde(rename = "slot")]
    pub name: &'static str,
    pub state: Holder,
    /// The address without a possible secret.
    pub holds: Option<String>,
}

#[derive(Debug)]
pub struct Slots {
    pub slots: Vec<Slot>,
    pub connected: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotResult {
    WouldBeSet,
    Set,
    NotSet,
    /// It contains an address of ours that is no longer accepted, so it keeps the current one.
    Unchanged,
}

#[derive(Debug, Serialize)]
pub struct SlotReport {
    pub slot: &'static str,
    pub result: SlotResult,
    /// The address without a possible secret.
    pub holds: Option<String>,
    pub ours: bool,
    #[serde(skip)]
    pub error: Option<gateway_admin::Error>,
}

#[derive(Debug, Default, Serialize)]
pub struct WebhooksReport {
    pub instance: String,
    pub slots: Vec<SlotReport>,
    /// The slots that do not hold what they should.
    pub missing: Vec<&'static str>,
    /// The new address, if a slot did not take it: it must be pasted by hand.
    pub address: Option<String>,
    /// Slots whose previous address cannot be unsealed.
    #[serde(skip)]
    pub not_remembered: Vec<(String, secrets::Error)>,
    #[serde(skip)]
    pub unread: Option<gateway_admin::Error>,
}

#[derive(Debug, thiserror::Error)]
pub enum WebhooksError {
    #[error("the slots of this instance were not set by this server")]
    NothingToUndo,
    #[error(transparent)]
    Gateway(#[from] gateway_admin::Error),
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error(transparent)]
    Secrets(#[from] secrets::Error),
}

pub fn webhook_address(base: &str, gateway: Gateway, token: &str) -> String {
    let base = base.trim_end_matches('/');
    format!("{base}/hooks/{}/{token}", gateway.as_str())
}

pub async fn read_slots(
    deps: GatewayDeps<'_>,
    instance: &Instance,
) -> Result<Slots, gateway_admin::Error> {
    let admin = GatewayAdmin::open(deps.client, deps.secrets, instance)?;
    let answer = admin.read().await?.body;
    let slots = instance.gateway.slots().iter().map(|slot| {
        let address = instance.gateway.read_slot(slot, &answer);
        let state = match &address {
            None => Holder::Empty,
            Some(_) if instance.gateway.is_slot_off(slot, &answer) => Holder::Off,
            Some(address) if is_ours(instance, address) => Holder::Ours,
            Some(_) => Holder::Other,
        };
        Slot {
            name: slot.name,
            state,
            holds: address.as_deref().map(without_secret),
        }
    });
    Ok(Slots {
        slots: slots.collect(),
        connected: instance.gateway.read_session(&answer).connected,
    })
}

pub async fn preview(
    deps: GatewayDeps<'_>,
    instance: &Instance,
) -> Result<WebhooksReport, WebhooksError> {
    let admin = GatewayAdmin::open(deps.client, deps.secrets, instance)?;
    let answer = admin.read().await?.body;
    let mut report = WebhooksReport::of(instance);
    for slot in instance.gateway.slots() {
        let address = instance.gateway.read_slot(slot, &answer);
        report.add(instance, slot, SlotResult::WouldBeSet, address.as_deref());
    }
    Ok(report)
}

/// Sets every slot to a new address of the instance at `base`. Reports the name of each slot before it is set.
pub async fn set(
    deps: GatewayDeps<'_>,
    instance: &Instance,
    base: &str,
    progress: &impl Progress<&'static str>,
) -> Result<WebhooksReport, WebhooksError> {
    let admin = GatewayAdmin::open(deps.client, deps.secrets, instance)?;
    let before = admin.read().await?.body;
    remember(deps, instance, &before).await?;
    let token = secrets::random_token();
    let hash = secrets::hash_token(&token);
    let (id, key) = (instance.id.clone(), Key::instance(instance.id.as_str()));
    let adding = deps.db.write(key, async move |tx| {
        instances::add_hook(tx, &id, &hash).await
    });
    adding.await?;
    // The report counts the new address as ours.
    let mut instance = instance.clone();
    instance.hooks_before.push(hash.to_vec());
    let address = webhook_address(base, instance.gateway, &token);
    let wanted = |_: &gateway::Slot| Some(address.clone());
    let mut report = set_all((&instance, &admin), &before, wanted, true, progress).await;
    report.address = (!report.missing.is_empty()).then_some(address);
    Ok(report)
}

/// Restores the addresses from before the slots were first set.
pub async fn undo(
    deps: GatewayDeps<'_>,
    instance: &Instance,
    progress: &impl Progress<&'static str>,
) -> Result<WebhooksReport, WebhooksError> {
    let admin = GatewayAdmin::open(deps.client, deps.secrets, instance)?;
    let (mut before, mut not_remembered) = (BTreeMap::new(), Vec::new());
    for slot in instances::previous_slots(deps.db, &instance.id).await? {
        match unsealed(deps, instance, &slot) {
            Ok(address) => {
                // An address of ours that `rotate-hook` replaced would be refused.
                let is_dead = slot.ours && !is_ours(instance, &address);
                before.insert(slot.field, (!is_dead).then_some(address));
            }
            Err(error) => {
                before.insert(slot.field.clone(), None);
                not_remembered.push((slot.field, error));
            }
        }
    }
    if before.is_empty() {
        return Err(WebhooksError::NothingToUndo);
    }
    // Fails before anything is set when the gateway cannot be asked.
    let now = admin.read().await?.body;
    let wanted = |slot: &gateway::Slot| before.get(slot.field).cloned().flatten();
    let mut report = set_all((instance, &admin), &now, wanted, false, progress).await;
    report.not_remembered = not_remembered;
    if report.missing.is_empty() {
        let (id, key) = (instance.id.clone(), Key::instance(instance.id.as_str()));
        let deleting = deps.db.write(key, async move |tx| {
            instances::delete_previous_slots(tx, &id).await
        });
        deleting.await?;
    }
    Ok(report)
}

/// Sets each slot that is to hold something, and reads all of them back.
async fn set_all(
    (instance, admin): (&Instance, &GatewayAdmin<'_>),
    current: &Value,
    wanted: impl Fn(&gateway::Slot) -> Option<String>,
    must_be_on: bool,
    progress: &impl Progress<&'static str>,
) -> WebhooksReport {
    let mut errors = BTreeMap::new();
    for slot in instance.gateway.slots() {
        let Some(address) = wanted(slot) else {
            continue;
        };
        progress.finding(&slot.name);
        if let Err(error) = admin.set(slot, &address, current).await {
            let is_silent = matches!(error, gateway_admin::Error::Silent(_));
            errors.insert(slot.name, error);
            // The other slots would wait for the same timeout.
            if is_silent {
                break;
            }
        }
    }
    let (answer, unread) = match admin.read().await {
        Ok(answer) => (Some(answer.body), None),
        Err(error) => (None, Some(error)),
    };
    let mut report = WebhooksReport::of(instance);
    report.unread = unread;
    for slot in instance.gateway.slots() {
        let read = answer.as_ref();
        let address = read.and_then(|read| instance.gateway.read_slot(slot, read));
        let is_off = |read| must_be_on && instance.gateway.is_slot_off(slot, read);
        let is_on = read.is_some_and(|read| !is_off(read));
        let result = match wanted(slot) {
            None => SlotResult::Unchanged,
            Some(wanted) if is_on && address.as_deref().unwrap_or("") == wanted => SlotResult::Set,
            Some(_) => SlotResult::NotSet,
        };
        report.add(instance, slot, result, address.as_deref());
    }
    for slot in &mut report.slots {
        slot.error = errors.remove(slot.slot);
    }
    report
}

impl WebhooksReport {
    fn of(instance: &Instance) -> Self {
        Self {
            instance: instance.id.0.clone(),
            ..Self::default()
        }
    }

    fn add(
        &mut self,
        instance: &Instance,
        slot: &gateway::Slot,
        result: SlotResult,
        address: Option<&str>,
    ) {
        if result == SlotResult::NotSet {
            self.missing.push(slot.name);
        }
        self.slots.push(SlotReport {
            slot: slot.name,
            result,
            holds: address.map(without_secret),
            ours: address.is_some_and(|address| is_ours(instance, address)),
            error: None,
        });
    }
}

fn seal_context(instance: &Instance, field: &str) -> String {
    format!("instances:{}:slot:{field}", instance.id)
}

fn unsealed(
    deps: GatewayDeps<'_>,
    instance: &Instance,
    slot: &PreviousSlot,
) -> Result<String, secrets::Error> {
    let context = seal_context(instance, &slot.field);
    let unseal = |sealed: &Vec<u8>| deps.secrets.unseal(&context, sealed);
    let address = slot.sealed.as_ref().map(unseal).transpose()?;
    Ok(address.unwrap_or_default())
}

/// Stores what the slots hold, sealed, unless their earlier content is stored and can still be unsealed.
async fn remember(
    deps: GatewayDeps<'_>,
    instance: &Instance,
    answer: &Value,
) -> Result<(), WebhooksError> {
    let known = instances::previous_slots(deps.db, &instance.id).await?;
    let mut saved = Vec::new();
    for slot in instance.gateway.slots() {
        let before = known.iter().find(|before| before.field == slot.field);
        if before.is_some_and(|before| unsealed(deps, instance, before).is_ok()) {
            continue;
        }
        let address = instance.gateway.read_slot(slot, answer);
        let context = seal_context(instance, slot.field);
        let seal = |address: &String| deps.secrets.seal(&context, address);
        saved.push(PreviousSlot {
            field: slot.field.to_owned(),
            ours: address.as_ref().is_some_and(|one| is_ours(instance, one)),
            sealed: address.as_ref().map(seal).transpose()?,
        });
    }
    let (id, key) = (instance.id.clone(), Key::instance(instance.id.as_str()));
    let saving = deps.db.write(key, async move |tx| {
        for slot in &saved {
            instances::save_previous_slot(tx, &id, slot).await?;
        }
        Ok(())
    });
    Ok(saving.await?)
}

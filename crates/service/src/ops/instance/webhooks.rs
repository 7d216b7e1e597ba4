//! The webhook slots of an instance at its gateway: read, set to a new address, and restored.
//!
//! Only a hash of the webhook address is stored, so setting the slots makes a new one. Earlier addresses stay accepted
//! until `rotate-hook`: no delivery is lost, whichever slots took the new one, and whenever they did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GatewayDeps, entry};
use crate::access::Actor;
use crate::access::audit::{append, record};
use crate::db::{self, Key};
use crate::gateway::{self, Gateway, SlotContent, Wanted};
use crate::instances::{self, Instance, PreviousSlot};
use crate::model::ChangeKind;
use crate::ops::Progress;
use crate::ops::gateway_admin::{self, GatewayAdmin, is_ours, slot_content, without_secret};
use crate::secrets;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    Ours,
    Other,
    Empty,
    /// It is switched off, whatever it holds.
    Off,
    /// It is this server's, and does not send all that it should.
    Incomplete,
}

#[derive(Debug, Serialize)]
pub struct Slot {
    #[serde(rename = "slot")]
    pub name: &'static str,
    pub state: Holder,
    /// The address without a possible secret.
    pub holds: Option<String>,
    /// The events and switches that it lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<&'static str>,
}

#[derive(Debug)]
pub struct Slots {
    /// `None` where the gateway cannot be asked for them.
    pub slots: Option<Result<Vec<Slot>, gateway_admin::Error>>,
    pub connected: Option<bool>,
    pub signs: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotResult {
    WouldBeSet,
    Set,
    NotSet,
    /// It has the address and lacks events or switches.
    Incomplete,
    /// The gateway accepted it, and has no call that reads it back.
    NotReadBack,
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
    /// The events and switches that it lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<&'static str>,
    /// Whether what it contains is known.
    #[serde(skip)]
    pub is_read: bool,
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
    let answer = admin.read().await?;
    let view = |slot: &gateway::Slot, answer: &Value| {
        let content = slot_content(instance, slot, answer, None);
        let state = match &content {
            None => Holder::Empty,
            Some(content) if content.is_off => Holder::Off,
            Some(content) if !is_ours(instance, &content.address) => Holder::Other,
            Some(content) if !content.lacks.is_empty() => Holder::Incomplete,
            Some(_) => Holder::Ours,
        };
        Slot {
            name: slot.name,
            state,
            holds: content
                .as_ref()
                .map(|content| without_secret(&content.address)),
            lacks: content.map(|content| content.lacks).unwrap_or_default(),
        }
    };
    let slots = instance.gateway.slots().iter();
    Ok(Slots {
        slots: answer
            .slots
            .map(|read| read.map(|answer| slots.map(|slot| view(slot, &answer)).collect())),
        connected: answer.session.connected,
        signs: answer.session.signs,
    })
}

pub async fn preview(
    deps: GatewayDeps<'_>,
    instance: &Instance,
) -> Result<WebhooksReport, WebhooksError> {
    let admin = GatewayAdmin::open(deps.client, deps.secrets, instance)?;
    let answer = admin.slots().await?;
    let mut report = WebhooksReport::of(instance);
    for slot in instance.gateway.slots() {
        let content = answer
            .as_ref()
            .map(|answer| slot_content(instance, slot, answer, None));
        report.add(instance, slot, SlotResult::WouldBeSet, content);
    }
    Ok(report)
}

/// Sets every slot to a new address of the instance at `base`. Reports the name of each slot before it is set.
pub async fn set(
    deps: GatewayDeps<'_>,
    actor: &Actor,
    instance: &Instance,
    base: &str,
    progress: &impl Progress<&'static str>,
) -> Result<WebhooksReport, WebhooksError> {
    let admin = GatewayAdmin::open(deps.client, deps.secrets, instance)?;
    let before = admin.slots().await?;
    if let Some(before) = &before {
        remember(deps, instance, before).await?;
    }
    let token = secrets::random_token();
    let hash = secrets::hash_token(&token);
    let (id, key) = (instance.id.clone(), Key::instance(instance.id.as_str()));
    let (actor, client, now) = (actor.clone(), instance.client, deps.clock.now());
    let adding = deps.db.write(key, async move |tx| {
        instances::add_hook(tx, &id, &hash).await?;
        append(tx, &actor, entry(&id, client, ChangeKind::WebhooksSet), now).await
    });
    adding.await?;
    // The report counts the new address as ours.
    let mut instance = instance.clone();
    instance.hooks_before.push(hash.to_vec());
    let address = webhook_address(base, instance.gateway, &token);
    let wanted = |_: &gateway::Slot| {
        Some(Previous {
            address: address.clone(),
            setting: None,
        })
    };
    let mut report = set_all((&instance, &admin), before.as_ref(), wanted, true, progress).await;
    let is_needed =
        |slot: &SlotReport| matches!(slot.result, SlotResult::NotSet | SlotResult::NotReadBack);
    report.address = report.slots.iter().any(is_needed).then_some(address);
    Ok(report)
}

/// Restores the addresses from before the slots were first set.
pub async fn undo(
    deps: GatewayDeps<'_>,
    actor: &Actor,
    instance: &Instance,
    progress: &impl Progress<&'static str>,
) -> Result<WebhooksReport, WebhooksError> {
    let admin = GatewayAdmin::open(deps.client, deps.secrets, instance)?;
    let (mut before, mut not_remembered) = (BTreeMap::new(), Vec::new());
    for slot in instances::previous_slots(deps.db, &instance.id).await? {
        match unsealed(deps, instance, &slot) {
            Ok(previous) => {
                // An address of ours that `rotate-hook` replaced would be refused.
                let is_dead = slot.ours && !is_ours(instance, &previous.address);
                before.insert(slot.field, (!is_dead).then_some(previous));
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
    let now = admin.slots().await?;
    let restored = entry(&instance.id, instance.client, ChangeKind::WebhooksRestored);
    record(deps.db, deps.clock, actor, restored).await?;
    let wanted = |slot: &gateway::Slot| before.get(slot.field).cloned().flatten();
    let mut report = set_all((instance, &admin), now.as_ref(), wanted, false, progress).await;
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

/// The content of a slot before it was first set; sealed as JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Previous {
    /// Empty for none.
    address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    setting: Option<Value>,
}

impl Previous {
    fn of(content: &SlotContent) -> Self {
        let setting = Some(&content.setting).filter(|setting| !setting.is_null());
        Self {
            address: content.address.clone(),
            setting: setting.cloned(),
        }
    }

    /// Earlier versions sealed an address alone, or JSON where the gateway has more settings.
    fn of_earlier_version(text: &str) -> Self {
        let parsed: Option<Value> = serde_json::from_str(text).ok();
        match parsed.as_ref().and_then(Value::as_object) {
            Some(parts) => Self {
                address: parts["address"].as_str().unwrap_or_default().to_owned(),
                setting: parts.get("setting").cloned(),
            },
            None => Self {
                address: text.to_owned(),
                setting: None,
            },
        }
    }
}

/// Sets each slot that is to hold something, and reads all of them back.
async fn set_all(
    (instance, admin): (&Instance, &GatewayAdmin<'_>),
    current: Option<&Value>,
    wanted: impl Fn(&gateway::Slot) -> Option<Previous>,
    must_be_on: bool,
    progress: &impl Progress<&'static str>,
) -> WebhooksReport {
    let mut errors = BTreeMap::new();
    for slot in instance.gateway.slots() {
        let Some(previous) = wanted(slot) else {
            continue;
        };
        progress.finding(&slot.name);
        let setting = Wanted {
            address: &previous.address,
            setting: previous.setting.as_ref(),
            current: current.unwrap_or(&Value::Null),
            is_own: &|address| is_ours(instance, address),
        };
        if let Err(error) = admin.set(slot, &setting).await {
            let is_silent = matches!(error, gateway_admin::Error::Silent(_));
            errors.insert(slot.name, error);
            // The other slots would wait for the same timeout.
            if is_silent {
                break;
            }
        }
    }
    let (answer, unread) = match admin.slots().await {
        Ok(answer) => (answer, None),
        Err(error) => (None, Some(error)),
    };
    let can_be_read = answer.is_some() || unread.is_some();
    let mut report = WebhooksReport::of(instance);
    report.unread = unread;
    for slot in instance.gateway.slots() {
        let wanted = wanted(slot).map(|wanted| wanted.address);
        let read = answer.as_ref();
        let content = read.map(|read| slot_content(instance, slot, read, wanted.as_deref()));
        let result = match &wanted {
            None => SlotResult::Unchanged,
            Some(_) if !can_be_read && errors.contains_key(slot.name) => SlotResult::NotSet,
            Some(_) if !can_be_read => SlotResult::NotReadBack,
            Some(wanted) => compare(wanted, content.as_ref(), must_be_on),
        };
        report.add(instance, slot, result, content);
    }
    for slot in &mut report.slots {
        slot.error = errors.remove(slot.slot);
    }
    report
}

/// Compares what a slot should contain with what it does, as far as that could be read.
fn compare(wanted: &str, content: Option<&Option<SlotContent>>, must_be_on: bool) -> SlotResult {
    match content {
        None => SlotResult::NotSet,
        Some(None) if wanted.is_empty() => SlotResult::Set,
        Some(None) => SlotResult::NotSet,
        Some(Some(content)) if wanted.is_empty() && content.is_off => SlotResult::Set,
        Some(Some(content)) if content.address != wanted => SlotResult::NotSet,
        Some(Some(content)) if must_be_on && content.is_off => SlotResult::NotSet,
        Some(Some(content)) if must_be_on && !content.lacks.is_empty() => SlotResult::Incomplete,
        Some(Some(_)) => SlotResult::Set,
    }
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
        content: Option<Option<SlotContent>>,
    ) {
        if matches!(result, SlotResult::NotSet | SlotResult::Incomplete) {
            self.missing.push(slot.name);
        }
        let is_read = content.is_some();
        let content = content.flatten();
        let address = content.as_ref().map(|content| content.address.as_str());
        self.slots.push(SlotReport {
            slot: slot.name,
            result,
            holds: address.map(without_secret),
            ours: address.is_some_and(|address| is_ours(instance, address)),
            lacks: content.map(|content| content.lacks).unwrap_or_default(),
            is_read,
            error: None,
        });
    }
}

/// The encryption context of a [`Previous`].
fn content_context(instance: &Instance, field: &str) -> String {
    format!("instances:{}:slot_content:{field}", instance.id)
}

/// That of earlier versions.
fn address_context(instance: &Instance, field: &str) -> String {
    format!("instances:{}:slot:{field}", instance.id)
}

fn unsealed(
    deps: GatewayDeps<'_>,
    instance: &Instance,
    slot: &PreviousSlot,
) -> Result<Previous, secrets::Error> {
    let Some(sealed) = &slot.sealed else {
        return Ok(Previous::default());
    };
    let content = deps
        .secrets
        .unseal(&content_context(instance, &slot.field), sealed);
    if let Ok(content) = content
        && let Ok(previous) = serde_json::from_str(&content)
    {
        return Ok(previous);
    }
    let text = deps
        .secrets
        .unseal(&address_context(instance, &slot.field), sealed)?;
    Ok(Previous::of_earlier_version(&text))
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
        let content = slot_content(instance, slot, answer, None);
        let context = content_context(instance, slot.field);
        let seal = |content: &SlotContent| {
            let previous = json!(Previous::of(content));
            deps.secrets.seal(&context, &previous.to_string())
        };
        saved.push(PreviousSlot {
            field: slot.field.to_owned(),
            ours: content
                .as_ref()
                .is_some_and(|content| is_ours(instance, &content.address)),
            sealed: content.as_ref().map(seal).transpose()?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_of_a_slot_is_the_same_after_it_was_sealed() {
        // An address of a gateway may look like the JSON of earlier versions.
        for address in [
            "https://a.example/x",
            "",
            r#"{"address":"https://b.example"}"#,
        ] {
            for setting in [None, Some(json!({"events": ["message"]}))] {
                let previous = Previous {
                    address: address.to_owned(),
                    setting,
                };
                let read: Previous = serde_json::from_str(&json!(previous).to_string()).unwrap();
                assert_eq!(read, previous);
            }
        }
    }

    #[test]
    fn both_forms_of_earlier_versions_are_read() {
        let address = Previous::of_earlier_version("https://a.example/x");
        assert_eq!(address.address, "https://a.example/x");
        assert_eq!(address.setting, None);
        let text = r#"{"address":"https://a.example/x","setting":{"enabled":true}}"#;
        let with_setting = Previous::of_earlier_version(text);
        assert_eq!(with_setting.address, "https://a.example/x");
        assert_eq!(with_setting.setting, Some(json!({"enabled": true})));
    }
}

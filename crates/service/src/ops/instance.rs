//! An instance: added, shown, and connected with its gateway.

mod add;
mod problem;
mod show;
mod webhooks;

use serde_json::json;

use crate::access::Actor;
use crate::access::audit::{Action, NewEntry, append};
use crate::clock::{Clock, Millis};
use crate::db::{self, Db, Key, Tx};
use crate::instances::{self, Instance, NewInstance};
use crate::model::{ChangeKind, InstanceId, Reason};
use crate::net::HttpClient;
use crate::queue;
use crate::secrets::{self, Secrets};
use crate::storage::{self, Storage};

pub use add::{
    Access, AddError, LONGEST_ID, NewOptions, TokenCheck, ask_gateway, check, check_address,
    existing,
};
pub use problem::{note_answer, record_problem};
pub use show::{InstanceReport, SignatureState, SlotsRead, show};
pub use webhooks::{
    Holder, Slot, SlotReport, SlotResult, Slots, WebhooksError, WebhooksReport, preview,
    read_slots, set, undo, webhook_address,
};

#[derive(Clone, Copy)]
pub struct GatewayDeps<'a> {
    pub db: &'a Db,
    pub secrets: &'a Secrets,
    pub client: &'a HttpClient,
    pub clock: &'a Clock,
}

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub db: &'a Db,
    pub storage: &'a Storage,
    pub secrets: &'a Secrets,
    pub clock: &'a Clock,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error(transparent)]
    Secrets(#[from] secrets::Error),
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

fn entry(instance: &InstanceId, client: i64, change: ChangeKind) -> NewEntry {
    let data = json!({"change": change});
    let entry = NewEntry::new(Action::InstanceChanged, Some(client), data);
    entry.instance(instance.as_str())
}

/// Encrypts an instance's token, and the secret with which its gateway signs deliveries, and gives it a new webhook address, of which only the hash is stored. Returns the token
/// of that address too.
pub fn sealed(
    secrets: &Secrets,
    instance: NewInstance,
    token: Option<&str>,
    secret: Option<&str>,
) -> Result<(NewInstance, String), secrets::Error> {
    let seal = |context: String, text: Option<&str>| {
        text.map(|text| secrets.seal(&context, text)).transpose()
    };
    let hook = secrets::random_token();
    let new = NewInstance {
        token_sealed: seal(instances::token_context(&instance.id), token)?,
        secret_sealed: seal(instances::secret_context(&instance.id), secret)?,
        hook_hash: secrets::hash_token(&hook),
        ..instance
    };
    Ok((new, hook))
}

/// Adds an instance, or changes an existing one. Returns whether it uses the new webhook address.
pub async fn put(tx: &mut Tx, new: &NewInstance, now: Millis) -> Result<bool, db::Error> {
    if new.token_sealed.is_some() || new.api_base.is_some() {
        queue::retry_now(tx, &new.id, &Reason::OF_ACCESS).await?;
        instances::set_problem(tx, &new.id, None).await?;
    }
    instances::put_instance(tx, new, now).await
}

/// Adds an instance, or changes an existing one, and creates its folders. Returns the token of its webhook address, if
/// the instance had none.
pub async fn add(
    deps: Deps<'_>,
    actor: &Actor,
    instance: NewInstance,
    access: &Access,
) -> Result<(Instance, Option<String>), Error> {
    let (new, hook) = sealed(deps.secrets, instance, access.token(), access.secret())?;
    let (id, actor, now) = (new.id.clone(), actor.clone(), deps.clock.now());
    let adding = deps.db.write(Key::instance(id.as_str()), async move |tx| {
        let is_new = put(tx, &new, now).await?;
        let change = if is_new {
            ChangeKind::Added
        } else {
            ChangeKind::Changed
        };
        append(tx, &actor, entry(&new.id, new.client, change), now).await?;
        Ok(is_new)
    });
    let is_new = adding.await?;
    let added = instances::instance(deps.db, &id).await?;
    let added = added.ok_or_else(|| db::Error::Malformed {
        column: "removed_at".to_owned(),
    })?;
    deps.storage.make_folders(added.client, &added.id)?;
    Ok((added, is_new.then_some(hook)))
}

/// Stops an instance from receiving; its media stay. False when it was removed before.
pub async fn remove(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    instance: &Instance,
) -> Result<bool, db::Error> {
    let (id, client, actor, now) = (
        instance.id.clone(),
        instance.client,
        actor.clone(),
        clock.now(),
    );
    let removing = db.write(Key::instance(instance.id.as_str()), async move |tx| {
        let is_removed = instances::remove_instance(tx, &id, now).await?;
        if is_removed {
            append(tx, &actor, entry(&id, client, ChangeKind::Removed), now).await?;
        }
        Ok(is_removed)
    });
    removing.await
}

/// Gives an instance a new webhook address, whose token it returns; the earlier ones are refused within a second.
pub async fn rotate(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    instance: &Instance,
) -> Result<String, db::Error> {
    let token = secrets::random_token();
    let hash = secrets::hash_token(&token);
    let (id, client, actor, now) = (
        instance.id.clone(),
        instance.client,
        actor.clone(),
        clock.now(),
    );
    let setting = db.write(Key::instance(instance.id.as_str()), async move |tx| {
        instances::set_hook(tx, &id, &hash).await?;
        append(
            tx,
            &actor,
            entry(&id, client, ChangeKind::AddressRotated),
            now,
        )
        .await
    });
    setting.await?;
    Ok(token)
}

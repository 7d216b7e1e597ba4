//! An instance: added, shown, and connected with its gateway.

mod add;
mod show;
mod webhooks;

use crate::clock::{Clock, Millis};
use crate::db::{self, Db, Key, Tx};
use crate::instances::{self, Instance, NewInstance};
use crate::model::Reason;
use crate::net::HttpClient;
use crate::queue;
use crate::secrets::{self, Secrets};
use crate::storage::{self, Storage};

pub use add::{
    AddError, NewOptions, TokenCheck, ask_gateway, check, check_address, check_secret,
    check_signature, check_token, record_problem,
};
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

/// Encrypts an instance's token and gives it a new webhook address, of which only the hash is stored. Returns the token
/// of that address too.
pub fn sealed(
    secrets: &Secrets,
    instance: NewInstance,
    token: Option<&str>,
) -> Result<(NewInstance, String), secrets::Error> {
    let context = instances::token_context(&instance.id);
    let token_sealed = token
        .map(|token| secrets.seal(&context, token))
        .transpose()?;
    let hook = secrets::random_token();
    let new = NewInstance {
        token_sealed,
        hook_hash: secrets::hash_token(&hook),
        ..instance
    };
    Ok((new, hook))
}

/// Encrypts the secret with which the gateway signs its deliveries.
pub fn with_secret(
    secrets: &Secrets,
    instance: NewInstance,
    secret: Option<&str>,
) -> Result<NewInstance, secrets::Error> {
    let context = instances::secret_context(&instance.id);
    let seal = |secret| secrets.seal(&context, secret);
    Ok(NewInstance {
        secret_sealed: secret.map(seal).transpose()?,
        ..instance
    })
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
    instance: NewInstance,
    token: Option<&str>,
) -> Result<(Instance, Option<String>), Error> {
    let (new, hook) = sealed(deps.secrets, instance, token)?;
    let (id, now) = (new.id.clone(), deps.clock.now());
    let adding = deps.db.write(Key::instance(id.as_str()), async move |tx| {
        put(tx, &new, now).await
    });
    let is_new = adding.await?;
    let added = instances::instance(deps.db, &id).await?;
    let added = added.ok_or_else(|| db::Error::Malformed {
        column: "removed_at".to_owned(),
    })?;
    deps.storage.make_folders(added.client, &added.id)?;
    Ok((added, is_new.then_some(hook)))
}

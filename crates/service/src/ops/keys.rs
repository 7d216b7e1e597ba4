//! API keys: made and revoked, each with an entry in the audit log.

use serde_json::json;

use crate::access::Actor;
use crate::access::audit::{Action, NewEntry, append};
use crate::access::keys::{self, ApiKey, Created, NewKey};
use crate::clock::{Clock, DAY, Millis, SECOND};
use crate::config::Span;
use crate::db::{self, Db, Key};
use crate::instances;
use crate::model::{Role, Scope, name};

/// In bytes.
const LONGEST_NAME: usize = 200;
/// A hundred years.
const LONGEST_LIFE: Millis = 36_500 * DAY;

/// The fields of a key to make.
#[derive(Clone, Debug)]
pub struct Options {
    pub name: String,
    pub role: Role,
    pub scope: Scope,
    /// A duration; without it for ever, or as long as the key that makes it.
    pub expires_in: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the name of the key is empty, too long, or has control characters")]
    Name,
    #[error("{text} is not a duration such as 90d")]
    Duration { text: String },
    #[error("a key that expires makes no key that expires later")]
    Outlives { end: Millis },
    #[error("there is no client {client}")]
    NoClient { client: i64 },
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl KeyError {
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Db(_))
    }
}

pub async fn create(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    options: Options,
) -> Result<Created, KeyError> {
    let name = name::valid(&options.name, LONGEST_NAME).ok_or(KeyError::Name)?;
    let now = clock.now();
    let duration = |text: &String| {
        let span: Option<Span> = text.parse().ok();
        let span = span.filter(|span| (SECOND..=LONGEST_LIFE).contains(&span.ms()));
        span.ok_or_else(|| KeyError::Duration { text: text.clone() })
    };
    let life = options.expires_in.as_ref().map(duration).transpose()?;
    let new = NewKey {
        name,
        role: options.role,
        scope: options.scope,
        expires_at: life.map(|life| now.saturating_add(life.ms())),
    };
    let actor = actor.clone();
    let creating = db.write(Key::Everything, async move |tx| {
        let (mut new, client) = (new.clone(), new.scope.client());
        if let Some(client) = client
            && !instances::has_client(tx, client).await?
        {
            return Ok(Err(KeyError::NoClient { client }));
        }
        if let Some(end) = keys::end_of(tx, &actor).await? {
            if new.expires_at.is_some_and(|expires| expires > end) {
                return Ok(Err(KeyError::Outlives { end }));
            }
            new.expires_at.get_or_insert(end);
        }
        let created = keys::create(tx, new, now).await?;
        let data =
            json!({"key": created.key.id, "name": created.key.name, "role": created.key.role});
        append(
            tx,
            &actor,
            NewEntry::new(Action::KeyCreated, client, data),
            now,
        )
        .await?;
        Ok(Ok(created))
    });
    creating.await?
}

/// False when there is no such key, or it was revoked before.
pub async fn revoke(db: &Db, clock: &Clock, actor: &Actor, key: &ApiKey) -> Result<bool, KeyError> {
    let (actor, id, client, now) = (actor.clone(), key.id.clone(), key.client, clock.now());
    let name = key.name.clone();
    let revoking = db.write(Key::Nothing, async move |tx| {
        let is_revoked = keys::revoke(tx, &id, now).await?;
        if is_revoked {
            let entry = NewEntry::new(Action::KeyRevoked, client, json!({"key": id, "name": name}));
            append(tx, &actor, entry, now).await?;
        }
        Ok(is_revoked)
    });
    Ok(revoking.await?)
}

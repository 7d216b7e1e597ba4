//! Endpoints of outgoing webhooks: added, changed, rotated, removed, and their notifications sent again.

use serde::Serialize;
use serde_json::json;

use crate::access::Actor;
use crate::access::audit::{Action, NewEntry, append};
use crate::clock::Clock;
use crate::db::{self, Db, Key};
use crate::events::endpoints::{self, DisabledReason, Endpoint, NewEndpoint};
use crate::events::notifications::{self, Period};
use crate::events::{self, KINDS, signing};
use crate::instances;
use crate::model::{ChangeKind, Scope, fresh_id, name};
use crate::net;
use crate::net::guard::Guard;
use crate::ops::Progress;
use crate::secrets::{self, Secrets};
use crate::shutdown::CancellationToken;
use crate::terminal::is_hostile;

/// Of an address, in bytes.
pub const LONGEST_URL: usize = 2_048;
/// Notifications or events in one commit.
const AT_ONCE: u32 = 1_000;

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub db: &'a Db,
    pub clock: &'a Clock,
    pub secrets: &'a Secrets,
    /// Hosts that may have private addresses.
    pub allowed_hosts: &'a [String],
}

#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error("{kind} is not a type of event")]
    UnknownType { kind: String },
    #[error("there is no client {client}")]
    NoClient { client: i64 },
    #[error("the address is longer than {LONGEST_URL} bytes")]
    TooLong,
    #[error("the address cannot be used")]
    Address(#[source] net::guard::Error),
    #[error(transparent)]
    Secrets(#[from] secrets::Error),
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl EndpointError {
    pub fn is_usage(&self) -> bool {
        match self {
            Self::UnknownType { .. } | Self::NoClient { .. } | Self::TooLong | Self::Address(_) => {
                true
            }
            Self::Secrets(_) | Self::Db(_) => false,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Options {
    pub url: String,
    pub scope: Scope,
    /// None for all.
    pub types: Option<Vec<String>>,
}

/// An empty list means all types, as none does.
fn types_of(types: Option<Vec<String>>) -> Option<Vec<String>> {
    let mut types = types.filter(|types| !types.is_empty())?;
    types.sort_unstable();
    types.dedup();
    Some(types)
}

fn check(deps: Deps<'_>, url: &str, types: Option<&[String]>) -> Result<(), EndpointError> {
    if url.len() > LONGEST_URL {
        return Err(EndpointError::TooLong);
    }
    // What parses an address leaves out characters that a person does not see.
    if url.chars().any(is_hostile) {
        return Err(EndpointError::Address(net::guard::Error::NotAUrl));
    }
    let guard = Guard::for_endpoints(deps.allowed_hosts);
    guard.check(url).map_err(EndpointError::Address)?;
    let unknown = types
        .into_iter()
        .flatten()
        .find(|kind| !KINDS.contains(&kind.as_str()));
    match unknown {
        Some(kind) => Err(EndpointError::UnknownType { kind: kind.clone() }),
        None => Ok(()),
    }
}

fn change(client: Option<i64>, id: &str, what: ChangeKind) -> NewEntry {
    let data = json!({"endpoint": id, "change": what});
    NewEntry::new(Action::EndpointChanged, client, data)
}

/// Returns the endpoint's id and its secret, which is stored encrypted only.
pub async fn add(
    deps: Deps<'_>,
    actor: &Actor,
    options: Options,
) -> Result<(String, String), EndpointError> {
    let (url, types) = (name::tidy(&options.url), types_of(options.types));
    check(deps, &url, types.as_deref())?;
    let now = deps.clock.now();
    let (id, secret) = (fresh_id(now), signing::new_secret());
    let new = NewEndpoint {
        secret_sealed: deps.secrets.seal(&Endpoint::secret_context(&id), &secret)?,
        id: id.clone(),
        url,
        client: options.scope.client(),
        types,
    };
    let actor = actor.clone();
    let adding = deps.db.write(Key::endpoint(&new.id), async move |tx| {
        if let Some(client) = new.client
            && !instances::has_client(tx, client).await?
        {
            return Ok(Err(EndpointError::NoClient { client }));
        }
        endpoints::add(tx, &new, now).await?;
        append(
            tx,
            &actor,
            change(new.client, &new.id, ChangeKind::Added),
            now,
        )
        .await?;
        Ok(Ok(()))
    });
    adding.await??;
    Ok((id, secret))
}

#[derive(Clone, Debug, Default)]
pub struct Change {
    pub url: Option<String>,
    /// Whose events it gets.
    pub scope: Option<Scope>,
    /// An empty list for all.
    pub types: Option<Vec<String>>,
    pub enabled: Option<bool>,
}

pub async fn alter(
    deps: Deps<'_>,
    actor: &Actor,
    endpoint: &Endpoint,
    wanted: Change,
) -> Result<(), EndpointError> {
    let url = wanted.url.as_deref().map(name::tidy);
    let url = url.unwrap_or_else(|| endpoint.url.clone());
    let types = match wanted.types {
        None => endpoint.types.clone(),
        Some(types) => types_of(Some(types)),
    };
    check(deps, &url, types.as_deref())?;
    let scope = wanted.scope.unwrap_or(endpoint.scope());
    let (id, before, now) = (endpoint.id.clone(), endpoint.client, deps.clock.now());
    let actor = actor.clone();
    // Alone: no event may be queued for the clients that it had.
    let altering = deps.db.write(Key::Everything, async move |tx| {
        let client = scope.client();
        if let Some(client) = client.filter(|_| client != before)
            && !instances::has_client(tx, client).await?
        {
            return Ok(Err(EndpointError::NoClient { client }));
        }
        if !endpoints::change(tx, &id, &url, scope, types.as_deref()).await? {
            return Ok(Ok(()));
        }
        if !scope.covers(Scope::of(before)) {
            // Those of other clients are not for whom it is now.
            endpoints::forget_notifications(tx, &id).await?;
        }
        if let Some(enabled) = wanted.enabled {
            let reason = (!enabled).then_some(DisabledReason::Operator);
            endpoints::set_disabled(tx, &id, reason, now).await?;
        }
        append(tx, &actor, change(client, &id, ChangeKind::Changed), now).await?;
        Ok(Ok(()))
    });
    altering.await?
}

/// Returns the new secret. The one before signs as well for a day.
pub async fn rotate(
    deps: Deps<'_>,
    actor: &Actor,
    endpoint: &Endpoint,
) -> Result<String, EndpointError> {
    let secret = signing::new_secret();
    let context = Endpoint::secret_context(&endpoint.id);
    let sealed = deps.secrets.seal(&context, &secret)?;
    let (id, client, now) = (endpoint.id.clone(), endpoint.client, deps.clock.now());
    let actor = actor.clone();
    let rotating = deps.db.write(Key::endpoint(&id), async move |tx| {
        endpoints::rotate(tx, &id, &sealed, now).await?;
        append(
            tx,
            &actor,
            change(client, &id, ChangeKind::SecretRotated),
            now,
        )
        .await
    });
    rotating.await?;
    Ok(secret)
}

/// Removes an endpoint with its notifications.
pub async fn remove(
    deps: Deps<'_>,
    actor: &Actor,
    endpoint: &Endpoint,
) -> Result<(), EndpointError> {
    let (id, client, now) = (endpoint.id.clone(), endpoint.client, deps.clock.now());
    let actor = actor.clone();
    // Alone: no event may be queued for an endpoint that is gone.
    let removing = deps.db.write(Key::Everything, async move |tx| {
        endpoints::remove(tx, &id).await?;
        append(tx, &actor, change(client, &id, ChangeKind::Removed), now).await
    });
    Ok(removing.await?)
}

/// Which notifications are sent again.
#[derive(Clone, Copy, Debug)]
pub enum Again {
    /// Those that failed in the period.
    Failed(Period),
    /// The events of the period that never had one.
    Missing(Period),
}

impl Again {
    fn change(self) -> ChangeKind {
        match self {
            Self::Failed(_) => ChangeKind::Recovered,
            Self::Missing(_) => ChangeKind::MissingReplayed,
        }
    }
}

/// The number of queued notifications.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct AgainReport {
    /// Notifications.
    pub count: u64,
    pub stopped: bool,
}

/// How many would be sent again now, by client.
pub async fn count_again(
    db: &Db,
    endpoint: &Endpoint,
    which: Again,
) -> Result<Vec<(Option<i64>, u64)>, db::Error> {
    match which {
        Again::Failed(period) => notifications::failed_by_client(db, &endpoint.id, period).await,
        Again::Missing(period) => notifications::missing_by_client(db, endpoint, period).await,
    }
}

/// Progress counts notifications that failed, or events.
pub async fn send_again(
    deps: Deps<'_>,
    actor: &Actor,
    endpoint: &Endpoint,
    which: Again,
    progress: &dyn Progress<()>,
    cancelled: &CancellationToken,
) -> Result<AgainReport, EndpointError> {
    let (id, client, now) = (endpoint.id.clone(), endpoint.client, deps.clock.now());
    let actor = actor.clone();
    let recording = deps.db.write(Key::Nothing, {
        let (id, what) = (id.clone(), which.change());
        async move |tx| append(tx, &actor, change(client, &id, what), now).await
    });
    recording.await?;
    let report = match which {
        Again::Failed(period) => recover(deps, id, period, progress, cancelled).await?,
        Again::Missing(period) => replay_missing(deps, id, period, progress, cancelled).await?,
    };
    Ok(report)
}

async fn recover(
    deps: Deps<'_>,
    id: String,
    period: Period,
    progress: &dyn Progress<()>,
    cancelled: &CancellationToken,
) -> Result<AgainReport, db::Error> {
    let counts = notifications::failed_by_client(deps.db, &id, period).await?;
    progress.expect(counts.iter().map(|(_, count)| count).sum());
    let mut report = AgainReport::default();
    // One that fails while this runs is not sent twice: it is after the period.
    let now = deps.clock.now();
    loop {
        let id = id.clone();
        let batch = deps.db.write(Key::endpoint(&id), async move |tx| {
            notifications::recover(tx, &id, period, now, AT_ONCE).await
        });
        let count = batch.await?;
        report.count += count;
        progress.advance(count);
        report.stopped = cancelled.is_cancelled();
        if count < u64::from(AT_ONCE) || report.stopped {
            return Ok(report);
        }
    }
}

async fn replay_missing(
    deps: Deps<'_>,
    id: String,
    period: Period,
    progress: &dyn Progress<()>,
    cancelled: &CancellationToken,
) -> Result<AgainReport, db::Error> {
    let newest = events::before_time(deps.db, period.before).await?;
    let mut after = events::before_time(deps.db, period.since).await?;
    progress.expect((newest - after).max(0).unsigned_abs());
    let (mut report, now) = (AgainReport::default(), deps.clock.now());
    while after < newest && !report.stopped {
        let until = newest.min(after + i64::from(AT_ONCE));
        let id = id.clone();
        let batch = deps.db.write(Key::endpoint(&id), async move |tx| {
            notifications::replay_missing(tx, &id, period, after, until, now).await
        });
        report.count += batch.await?;
        progress.advance((until - after).unsigned_abs());
        after = until;
        report.stopped = cancelled.is_cancelled();
    }
    Ok(report)
}

/// Sends one notification again. False when there is none of this id.
pub async fn resend(
    deps: Deps<'_>,
    actor: &Actor,
    endpoint: &Endpoint,
    notification: &str,
) -> Result<bool, EndpointError> {
    let (id, notification) = (endpoint.id.clone(), notification.to_owned());
    let (actor, client, now) = (actor.clone(), endpoint.client, deps.clock.now());
    let sending = deps.db.write(Key::endpoint(&id), async move |tx| {
        let is_sent = notifications::resend(tx, &id, &notification, now).await?;
        if is_sent {
            append(tx, &actor, change(client, &id, ChangeKind::Resent), now).await?;
        }
        Ok(is_sent)
    });
    Ok(sending.await?)
}

/// Queues a notification that says only that it is a test.
pub async fn test(
    deps: Deps<'_>,
    actor: &Actor,
    endpoint: &Endpoint,
) -> Result<String, EndpointError> {
    let (id, client, now) = (endpoint.id.clone(), endpoint.client, deps.clock.now());
    let actor = actor.clone();
    let queuing = deps.db.write(Key::endpoint(&id), async move |tx| {
        append(tx, &actor, change(client, &id, ChangeKind::Tested), now).await?;
        notifications::enqueue_test(tx, &id, now).await
    });
    Ok(queuing.await?)
}

//! Who sends a request to the API, and how often it may.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};

use super::error::{ApiError, Result, scope_too_small};
use crate::access::keys::ApiKey;
use crate::access::users::User;
use crate::access::{Actor, Grant, keys};
use crate::clock::MINUTE;
use crate::db::Key;
use crate::http::HttpState;
use crate::http::client_address::{ClientAddress, ClientNetwork};
use crate::http::session;
use crate::i18n::keys as texts;
use crate::model::{Role, Scope};
use crate::telemetry;

/// A caller that may read.
pub struct Viewer(pub Grant);
/// A caller that may also act on media.
pub struct Operator(pub Grant);
/// A caller that may also change the settings of its clients.
pub struct Admin(pub Grant);
/// A caller that may change everything.
pub struct GlobalAdmin(pub Grant);

macro_rules! caller {
    ($($name:ident: $role:expr;)*) => {$(
        impl $name {
            /// For a caller that is known already.
            pub fn of(grant: Grant) -> Result<Self> {
                with_role(grant, $role).map(Self)
            }
        }

        impl FromRequestParts<HttpState> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self> {
                authorized(parts, state, $role).await.map(Self)
            }
        }
    )*};
}
caller! {
    Viewer: Role::Viewer;
    Operator: Role::Operator;
    Admin: Role::Admin;
}

impl FromRequestParts<HttpState> for GlobalAdmin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self> {
        let grant = authorized(parts, state, Role::Admin).await?;
        match grant.scope {
            Scope::All => Ok(Self(grant)),
            Scope::Client(_) => Err(scope_too_small()),
        }
    }
}

async fn authorized(parts: &Parts, state: &HttpState, role: Role) -> Result<Grant> {
    with_role(grant(parts, state).await?, role)
}

fn with_role(grant: Grant, role: Role) -> Result<Grant> {
    if grant.role.includes(role) {
        return Ok(grant);
    }
    let values = vec![("role", role.as_str().to_owned())];
    let (status, key) = (StatusCode::FORBIDDEN, texts::api::ROLE_TOO_LOW);
    Err(ApiError::with(status, key, values))
}

async fn grant(parts: &Parts, state: &HttpState) -> Result<Grant> {
    let address = parts.extensions.get::<ClientAddress>();
    let network = address.map(|address| ClientNetwork::from(address.0));
    let unauthorized = |key| {
        let error = ApiError::new(StatusCode::UNAUTHORIZED, key);
        error.header(header::WWW_AUTHENTICATE, "Bearer realm=\"midiateca\"")
    };
    let Some(token) = bearer(parts) else {
        let found = user_of_session(parts, state).await?;
        let grant = found.map(|(grant, _)| grant);
        return grant.ok_or_else(|| unauthorized(texts::api::MISSING_KEY));
    };
    let (app, now) = (&state.app, state.app.clock.now());
    let key = keys::by_token(&app.db, token).await?;
    let Some(key) = key.filter(|key| key.is_valid(now)) else {
        if let Some(network) = network {
            state.limits.count_failure(network)?;
        }
        tracing::warn!(address = ?network.map(|it| it.to_string()), "an invalid API key was refused");
        return Err(unauthorized(texts::api::INVALID_KEY));
    };
    state.limits.check_requests(&key.id)?;
    record_use(state, &key).await;
    Ok(Grant {
        role: key.role,
        scope: key.scope(),
        actor: Actor::Key(key.id),
        session: None,
    })
}

/// A signed-in user, with what the user may do; None without a session.
pub(in crate::http) async fn user_of_session(
    parts: &Parts,
    state: &HttpState,
) -> Result<Option<(Grant, User)>> {
    let Some(session) = session::session(parts, state).await? else {
        return Ok(None);
    };
    let user = session.user;
    state.limits.check_requests(&user.id)?;
    let grant = Grant {
        role: user.role,
        scope: user.scope(),
        actor: Actor::User(user.id.clone()),
        session: Some(session.hash),
    };
    Ok(Some((grant, user)))
}

/// Records once a minute that a key is in use. A database that cannot be written must not stop readers.
async fn record_use(state: &HttpState, key: &ApiKey) {
    let now = state.app.clock.now();
    if key.last_used_at.is_some_and(|last| now - last < MINUTE) {
        return;
    }
    let id = key.id.clone();
    let recording = state.app.db.write(Key::Nothing, async move |tx| {
        keys::set_used(tx, &id, now).await
    });
    if let Err(error) = recording.await {
        let error = telemetry::chain(&error);
        tracing::warn!(error, "cannot record the use of an API key");
    }
}

/// The token of `Authorization: Bearer`.
fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

//! `/session`: a browser signs in and out. `/setup`: a person sets a password by a link.

use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::users::show;
use crate::access::Grant;
use crate::access::users::User;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::query::Body;
use crate::http::session::{Private, check_sign_in, count_attempt, network, private};
use crate::i18n::keys::api as texts;
use crate::model::{Role, Scope};
use crate::ops::users::{self as operation, Setup, SignedIn, Target};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    #[schema(max_length = 100)]
    name: String,
    #[schema(max_length = 1024)]
    password: String,
}

/// Who is calling.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Myself {
    /// `key:ID` or `user:ID`.
    actor: String,
    role: Role,
    /// None for all clients.
    client: Option<i64>,
    /// None for an API key.
    user: Option<User>,
}

fn with_cookie(private: Private, token: &str, body: Response) -> Response {
    let mut response = body;
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, private.set_cookie(token));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Signs in, with a cookie for the session
///
/// Only over https by a trusted proxy, or on the server's own machine.
#[utoipa::path(post, path = "/session", tag = "users", request_body = Credentials, security(()),
    responses((status = OK, body = User), (status = "4XX", body = ErrorBody)))]
pub async fn sign_in(
    State(state): State<HttpState>,
    parts: Parts,
    Body(credentials): Body<Credentials>,
) -> Result<Response> {
    let private = check_sign_in(&parts, &state)?;
    let Credentials { name, password } = credentials;
    let signed_in = checked(&state, &parts, &name, &password).await?;
    let body = Json(signed_in.user).into_response();
    Ok(with_cookie(private, &signed_in.token, body))
}

/// Also for the form of the dashboard.
pub(in crate::http) async fn checked(
    state: &HttpState,
    parts: &Parts,
    name: &str,
    password: &str,
) -> Result<SignedIn> {
    count_attempt(parts, state)?;
    let signed_in = operation::sign_in(state.app.user_deps(), name, password).await?;
    signed_in.ok_or_else(|| {
        let address = network(parts).map(|network| network.to_string());
        tracing::warn!(address, "an attempt to sign in was refused");
        ApiError::new(StatusCode::UNAUTHORIZED, texts::WRONG_PASSWORD)
    })
}

/// Who is calling
#[utoipa::path(get, path = "/session", tag = "users", security(("key" = ["viewer"]), ("session" = ["viewer"])),
    responses((status = OK, body = Myself), (status = "4XX", body = ErrorBody)))]
pub async fn get(State(state): State<HttpState>, Viewer(grant): Viewer) -> Result<Json<Myself>> {
    let user = match &grant.actor {
        crate::access::Actor::User(id) => Some(show(&state, Scope::All, id).await?),
        _ => None,
    };
    Ok(Json(Myself {
        actor: grant.actor.code(),
        role: grant.role,
        client: grant.scope.client(),
        user,
    }))
}

/// Ends a session of a grant; nothing happens for a key.
pub(in crate::http) async fn end(state: &HttpState, grant: &Grant) -> Result<()> {
    if let Some(session) = &grant.session {
        let deps = state.app.user_deps();
        operation::sign_out(deps, &grant.actor, grant.scope, session).await?;
    }
    Ok(())
}

/// Signs out
#[utoipa::path(delete, path = "/session", tag = "users", security(("key" = ["viewer"]), ("session" = ["viewer"])),
    responses((status = NO_CONTENT, description = "Signed out"), (status = "4XX", body = ErrorBody)))]
pub async fn sign_out(
    State(state): State<HttpState>,
    parts: Parts,
    Viewer(grant): Viewer,
) -> Result<Response> {
    end(&state, &grant).await?;
    let body = StatusCode::NO_CONTENT.into_response();
    Ok(match private(&parts, &state) {
        Some(private) => with_cookie(private, "", body),
        None => body,
    })
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password until now.
    #[schema(max_length = 1024)]
    current: String,
    #[schema(max_length = 1024)]
    password: String,
}

/// Changes one's own password, and ends all sessions of the user
#[utoipa::path(put, path = "/session/password", tag = "users", security(("key" = ["viewer"]), ("session" = ["viewer"])), request_body = PasswordChange,
    responses((status = NO_CONTENT, description = "Changed; sign in again"), (status = "4XX", body = ErrorBody)))]
pub async fn change_password(
    State(state): State<HttpState>,
    parts: Parts,
    Viewer(grant): Viewer,
    Body(change): Body<PasswordChange>,
) -> Result<StatusCode> {
    let crate::access::Actor::User(id) = &grant.actor else {
        return Err(ApiError::conflict(texts::NOT_A_USER));
    };
    let user = show(&state, Scope::All, id).await?;
    count_attempt(&parts, &state)?;
    let deps = state.app.user_deps();
    if !operation::is_password(deps, &user, &change.current).await? {
        let (status, key) = (StatusCode::UNAUTHORIZED, texts::WRONG_PASSWORD);
        return Err(ApiError::new(status, key));
    }
    let target = Target {
        id,
        within: Scope::All,
    };
    operation::set_password(deps, &grant.actor, target, &change.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all sessions of the user who calls
#[utoipa::path(delete, path = "/session/all", tag = "users", security(("key" = ["viewer"]), ("session" = ["viewer"])),
    responses((status = NO_CONTENT, description = "Signed out everywhere"), (status = "4XX", body = ErrorBody)))]
pub async fn sign_out_everywhere(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
) -> Result<StatusCode> {
    let crate::access::Actor::User(id) = &grant.actor else {
        return Err(ApiError::conflict(texts::NOT_A_USER));
    };
    operation::sign_out_everywhere(state.app.user_deps(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupBody {
    /// The last part of the link.
    token: String,
    /// Of the first administrator: `admin` without it.
    #[schema(max_length = 100)]
    name: Option<String>,
    #[schema(max_length = 1024)]
    password: String,
}

/// Sets a password by a link, and signs in
#[utoipa::path(post, path = "/setup", tag = "users", request_body = SetupBody, security(()),
    responses((status = OK, body = User), (status = "4XX", body = ErrorBody)))]
pub async fn set_up(
    State(state): State<HttpState>,
    parts: Parts,
    Body(body): Body<SetupBody>,
) -> Result<Response> {
    let private = check_sign_in(&parts, &state)?;
    let setup = Setup {
        token: body.token,
        name: body.name,
        password: body.password,
    };
    let signed_in = use_link(&state, &parts, setup).await?;
    let body = Json(signed_in.user).into_response();
    Ok(with_cookie(private, &signed_in.token, body))
}

/// Also for the form of the dashboard.
pub(in crate::http) async fn use_link(
    state: &HttpState,
    parts: &Parts,
    setup: Setup,
) -> Result<SignedIn> {
    count_attempt(parts, state)?;
    let deps = state.app.user_deps();
    let user = operation::set_up(deps, setup).await?;
    Ok(operation::begin_session(deps, user).await?)
}

//! `/users`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::Id;
use crate::access::password::PasswordError;
use crate::access::users::{self, User};
use crate::http::HttpState;
use crate::http::api::caller::Admin;
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::filter::OfClient;
use crate::http::api::page::{Page, PageQuery, Place};
use crate::http::api::query::{Body, Query};
use crate::i18n::keys::api as texts;
use crate::model::{Role, Scope};
use crate::ops::users::{self as operation, Target, UserError};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiUser {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// `viewer` without it.
    role: Option<Role>,
    /// The number of a client; all clients without it.
    client: Option<i64>,
    /// Without it, the answer has a link with which the user sets one.
    #[schema(max_length = 1024)]
    password: Option<String>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    role: Option<Role>,
    /// The number of a client.
    client: Option<i64>,
    /// `true` for all clients in place of one.
    all_clients: Option<bool>,
    /// Another password.
    #[schema(max_length = 1024)]
    password: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct AddedUser {
    #[serde(flatten)]
    user: User,
    /// A link for setting a password, valid for a day and shown only here.
    address: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct SetupLink {
    /// Valid for a day and once, and shown only here.
    address: String,
}

impl From<UserError> for ApiError {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Db(error) => error.into(),
            UserError::Password(PasswordError::Busy) => Self::unavailable(),
            UserError::NameTaken { .. } | UserError::LastAdmin => {
                Self::of(StatusCode::CONFLICT, error)
            }
            UserError::Link => Self::of(StatusCode::NOT_FOUND, error),
            UserError::KeyExpires => Self::of(StatusCode::FORBIDDEN, error),
            UserError::Unknown => Self::not_found(texts::USER_NOT_FOUND),
            error => Self::of(StatusCode::BAD_REQUEST, error),
        }
    }
}

pub(super) async fn show(state: &HttpState, scope: Scope, id: &str) -> Result<User> {
    let found = users::find(&state.app.db, scope, id).await?;
    found.ok_or_else(|| ApiError::not_found(texts::USER_NOT_FOUND))
}

/// Users by name
#[utoipa::path(get, path = "/users", tag = "users", security(("key" = ["admin"]), ("session" = ["admin"])), params(OfClient, PageQuery),
    responses((status = OK, body = Page<User>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Query(OfClient { client }, page): Query<OfClient, PageQuery>,
) -> Result<Json<Page<User>>> {
    let users = match grant.scope.limited_to(client) {
        Some(scope) => users::list(&state.app.db_for_lists(), scope).await?,
        None => Vec::new(),
    };
    page.of(users, |user| ByName(user.name.clone())).map(Json)
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ByName(String);

/// In base64url: names may be e-mail addresses, which do not belong in the logs of proxies.
impl Place for ByName {
    fn parse(cursor: &str) -> Option<Self> {
        let name = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        (!name.is_empty()).then_some(Self(name))
    }

    fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }
}

/// Adds a user
///
/// An administrator of one client adds users of this client only, whose names begin with its number: `ana` becomes `2/ana`.
#[utoipa::path(post, path = "/users", tag = "users", security(("key" = ["admin"]), ("session" = ["admin"])), request_body = NewApiUser,
    responses((status = CREATED, body = AddedUser), (status = "4XX", body = ErrorBody)))]
pub async fn create(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Body(new): Body<NewApiUser>,
) -> Result<Response> {
    let client = new.client.or(grant.scope.client());
    if client.is_some_and(|client| !grant.scope.includes(client)) {
        return Err(ApiError::not_found(texts::CLIENT_NOT_FOUND));
    }
    let options = operation::Options {
        name: new.name,
        within: grant.scope,
        role: new.role.unwrap_or(Role::Viewer),
        scope: Scope::of(client),
        password: new.password,
    };
    let added = operation::add(state.app.user_deps(), &grant.actor, options).await?;
    let body = AddedUser {
        user: added.user,
        address: added.setup.map(|token| state.app.setup_address(&token)),
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// One user
#[utoipa::path(get, path = "/users/{id}", tag = "users", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = OK, body = User), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<Json<User>> {
    show(&state, grant.scope, &id).await.map(Json)
}

/// Changes the given fields of a user, and ends the user's sessions
#[utoipa::path(patch, path = "/users/{id}", tag = "users", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)), request_body = UserChange,
    responses((status = OK, body = User), (status = "4XX", body = ErrorBody)))]
pub async fn change(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
    Body(change): Body<UserChange>,
) -> Result<Json<User>> {
    let scope = match (change.client, change.all_clients) {
        (Some(client), _) => Some(Scope::Client(client)),
        (None, Some(true)) => Some(Scope::All),
        (None, _) => None,
    };
    if !scope.is_none_or(|scope| grant.scope.covers(scope)) {
        return Err(ApiError::not_found(texts::CLIENT_NOT_FOUND));
    }
    let change = operation::Change {
        role: change.role,
        scope,
        password: change.password,
    };
    let target = Target {
        id: &id,
        within: grant.scope,
    };
    operation::change(state.app.user_deps(), &grant.actor, target, change).await?;
    show(&state, grant.scope, &id).await.map(Json)
}

/// Removes a user, with the sessions and the signed links
#[utoipa::path(delete, path = "/users/{id}", tag = "users", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = NO_CONTENT, description = "Removed"), (status = "4XX", body = ErrorBody)))]
pub async fn remove(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<StatusCode> {
    let target = Target {
        id: &id,
        within: grant.scope,
    };
    operation::remove(state.app.user_deps(), &grant.actor, target).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the password of a user, and ends the user's sessions
///
/// Signing in as this user then needs another password, set by a link or here.
#[utoipa::path(delete, path = "/users/{id}/password", tag = "users", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = OK, body = User), (status = "4XX", body = ErrorBody)))]
pub async fn take_password(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<Json<User>> {
    let target = Target {
        id: &id,
        within: grant.scope,
    };
    operation::take_password(state.app.user_deps(), &grant.actor, target).await?;
    show(&state, grant.scope, &id).await.map(Json)
}

/// Makes a link with which a user sets a password; the one before is no longer valid
#[utoipa::path(post, path = "/users/{id}/setup-link", tag = "users", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = CREATED, body = SetupLink), (status = "4XX", body = ErrorBody)))]
pub async fn setup_link(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<Response> {
    let target = Target {
        id: &id,
        within: grant.scope,
    };
    let deps = state.app.user_deps();
    let token = operation::make_setup_link(deps, &grant.actor, Some(target)).await?;
    let address = state.app.setup_address(&token);
    Ok((StatusCode::CREATED, Json(SetupLink { address })).into_response())
}

//! `/keys`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::Id;
use crate::access::keys::{self, ApiKey};
use crate::http::HttpState;
use crate::http::api::caller::Admin;
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::filter::OfClient;
use crate::http::api::page::{NewestFirst, Page, PageQuery};
use crate::http::api::query::{Body, Query};
use crate::i18n::keys as texts;
use crate::model::{Role, Scope};
use crate::ops::keys::{self as operation, KeyError};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// `viewer` without it.
    role: Option<Role>,
    /// The number of a client; all clients without it.
    client: Option<i64>,
    /// How long it is valid, such as `90d`; without it for ever, or as long as the key that makes it.
    expires_in: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct CreatedKey {
    #[serde(flatten)]
    details: ApiKey,
    /// The key itself, shown only here.
    key: String,
}

impl From<KeyError> for ApiError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Db(error) => error.into(),
            error => Self::of(StatusCode::BAD_REQUEST, error),
        }
    }
}

/// Makes an API key
///
/// A key of one client makes keys of this client only, and a key that expires makes keys that expire no later.
#[utoipa::path(post, path = "/keys", tag = "keys", security(("key" = ["admin"]), ("session" = ["admin"])), request_body = NewApiKey,
    responses((status = CREATED, body = CreatedKey), (status = "4XX", body = ErrorBody)))]
pub async fn create(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Body(new): Body<NewApiKey>,
) -> Result<Response> {
    let client = new.client.or(grant.scope.client());
    if client.is_some_and(|client| !grant.scope.includes(client)) {
        return Err(ApiError::not_found(texts::api::CLIENT_NOT_FOUND));
    }
    let options = operation::Options {
        name: new.name,
        role: new.role.unwrap_or(Role::Viewer),
        scope: Scope::of(client),
        expires_in: new.expires_in,
    };
    let app = &state.app;
    let created = operation::create(&app.db, &app.clock, &grant.actor, options).await?;
    let body = CreatedKey {
        details: created.key,
        key: created.token,
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// API keys, newest first, revoked ones too
#[utoipa::path(get, path = "/keys", tag = "keys", security(("key" = ["admin"]), ("session" = ["admin"])), params(OfClient, PageQuery),
    responses((status = OK, body = Page<ApiKey>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Query(OfClient { client }, page): Query<OfClient, PageQuery>,
) -> Result<Json<Page<ApiKey>>> {
    let keys = match grant.scope.limited_to(client) {
        Some(scope) => keys::list(&state.app.db_for_lists(), scope).await?,
        None => Vec::new(),
    };
    page.of(keys, |key| NewestFirst::new(&key.id)).map(Json)
}

async fn visible(state: &HttpState, scope: Scope, id: &str) -> Result<ApiKey> {
    let found = keys::find(&state.app.db, scope, id).await?;
    found.ok_or_else(|| ApiError::not_found(texts::api::KEY_NOT_FOUND))
}

/// One API key
#[utoipa::path(get, path = "/keys/{id}", tag = "keys", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = OK, body = ApiKey), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<Json<ApiKey>> {
    visible(&state, grant.scope, &id).await.map(Json)
}

/// Revokes an API key, with the links that it made
#[utoipa::path(delete, path = "/keys/{id}", tag = "keys", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = OK, body = ApiKey), (status = "4XX", body = ErrorBody)))]
pub async fn revoke(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<Json<ApiKey>> {
    let key = visible(&state, grant.scope, &id).await?;
    let app = &state.app;
    operation::revoke(&app.db, &app.clock, &grant.actor, &key).await?;
    visible(&state, grant.scope, &id).await.map(Json)
}

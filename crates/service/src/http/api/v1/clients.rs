//! `/clients`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Id;
use crate::http::HttpState;
use crate::http::api::caller::{GlobalAdmin, Viewer};
use crate::http::api::error::{ApiError, Detail, ErrorBody, Result};
use crate::http::api::page::{Page, PageQuery};
use crate::http::api::query::{Body, None as NoOther, Query, flag};
use crate::i18n::keys as texts;
use crate::instances::{self, Client, LARGEST_CLIENT};
use crate::ops::clients::{self, ClientError, Named, RemovedClient};

impl From<Client> for Named {
    fn from(client: Client) -> Self {
        Self {
            client: client.id,
            name: client.name,
        }
    }
}

impl From<ClientError> for ApiError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Name => Self::bad(texts::api::BAD_BODY, texts::api::DETAIL_CLIENT_NAME),
            ClientError::Number { .. } => {
                let detail = Detail::with(texts::api::DETAIL_CLIENT_ID, "most", LARGEST_CLIENT);
                Self::bad(texts::api::BAD_BODY, detail)
            }
            ClientError::Taken { .. } | ClientError::Removed { .. } => {
                Self::conflict(texts::api::NAME_TAKEN)
            }
            ClientError::NoClient { .. } => Self::not_found(texts::api::CLIENT_NOT_FOUND),
            ClientError::HasMedia { .. } => Self::conflict(texts::api::CLIENT_HAS_MEDIA),
            ClientError::Db(error) => error.into(),
        }
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    #[schema(min_length = 1, max_length = 500)]
    name: String,
    /// Its number; the next free one without it.
    id: Option<i64>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientChange {
    #[schema(min_length = 1, max_length = 500)]
    name: String,
}

/// Clients, by number
#[utoipa::path(get, path = "/clients", tag = "clients", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(PageQuery),
    responses((status = OK, body = Page<Named>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(_, page): Query<NoOther, PageQuery>,
) -> Result<Json<Page<Named>>> {
    let mut clients = instances::clients(&state.app.db_for_lists()).await?;
    clients.retain(|client| grant.scope.includes(client.id));
    let clients = clients.into_iter().map(Named::from).collect();
    page.of(clients, |named| named.client).map(Json)
}

/// The number of a client in an address.
fn number(text: &str) -> Result<i64> {
    let number = text.parse().ok();
    number.ok_or_else(|| ApiError::not_found(texts::api::CLIENT_NOT_FOUND))
}

/// One client
#[utoipa::path(get, path = "/clients/{id}", tag = "clients", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("id" = i64, Path)),
    responses((status = OK, body = Named), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
) -> Result<Json<Named>> {
    let id = number(&id)?;
    let clients = instances::clients(&state.app.db).await?;
    let mut visible = clients.into_iter();
    let found = visible.find(|client| client.id == id && grant.scope.includes(client.id));
    let found = found.ok_or_else(|| ApiError::not_found(texts::api::CLIENT_NOT_FOUND))?;
    Ok(Json(found.into()))
}

/// Adds a client
#[utoipa::path(post, path = "/clients", tag = "clients", security(("key" = ["admin"]), ("session" = ["admin"])), request_body = NewClient,
    responses((status = CREATED, body = Named), (status = "4XX", body = ErrorBody)))]
pub async fn create(
    State(state): State<HttpState>,
    GlobalAdmin(grant): GlobalAdmin,
    Body(new): Body<NewClient>,
) -> Result<Response> {
    let options = clients::Options {
        name: new.name.clone(),
        number: new.id,
    };
    let app = &state.app;
    let added = clients::add(&app.db, &app.clock, &grant.actor, options).await?;
    let added = Named {
        client: added.client,
        name: new.name,
    };
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

/// Gives a client another name
#[utoipa::path(patch, path = "/clients/{id}", tag = "clients", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = i64, Path)), request_body = ClientChange,
    responses((status = OK, body = Named), (status = "4XX", body = ErrorBody)))]
pub async fn rename(
    State(state): State<HttpState>,
    GlobalAdmin(grant): GlobalAdmin,
    Id(id): Id,
    Body(change): Body<ClientChange>,
) -> Result<Json<Named>> {
    let (app, client) = (&state.app, number(&id)?);
    let named = clients::rename(&app.db, &app.clock, &grant.actor, client, &change.name);
    Ok(Json(named.await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RemoveQuery {
    /// `true`: also a client that has media; they stay.
    #[serde(default, deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    keep_files: bool,
}

/// Stops a client from receiving; refuses while it has media
#[utoipa::path(delete, path = "/clients/{id}", tag = "clients", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = i64, Path), RemoveQuery),
    responses((status = OK, body = RemovedClient), (status = "4XX", body = ErrorBody)))]
pub async fn remove(
    State(state): State<HttpState>,
    GlobalAdmin(grant): GlobalAdmin,
    Id(id): Id,
    Query(query, _): Query<RemoveQuery>,
) -> Result<Json<RemovedClient>> {
    let (app, client) = (&state.app, number(&id)?);
    let (db, clock) = (&app.db, &app.clock);
    let removed = clients::remove(db, clock, &grant.actor, client, query.keep_files);
    Ok(Json(removed.await?))
}

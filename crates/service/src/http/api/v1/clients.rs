//! `/clients`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::IntoParams;

use super::{Id, record};
use crate::access::audit::{Action, NewEntry};
use crate::db::Key;
use crate::http::HttpState;
use crate::http::api::caller::{GlobalAdmin, Viewer};
use crate::http::api::error::{ApiError, Detail, ErrorBody, Result};
use crate::http::api::page::Page;
use crate::http::api::query::{Body, Query, flag};
use crate::i18n::keys as texts;
use crate::instances::{self, Client, LARGEST_CLIENT, Renaming};
use crate::ops::remove_client;
use crate::terminal::is_hostile;

#[derive(Serialize, utoipa::ToSchema)]
pub struct ApiClient {
    client: i64,
    name: String,
}

impl From<Client> for ApiClient {
    fn from(client: Client) -> Self {
        Self {
            client: client.id,
            name: client.name,
        }
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    name: String,
    /// Its number; the next free one without it.
    id: Option<i64>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientChange {
    name: String,
}

fn checked(name: &str) -> Result<()> {
    if name.trim().is_empty() || name.len() > 500 || name.chars().any(is_hostile) {
        let detail = texts::api::DETAIL_CLIENT_NAME;
        return Err(ApiError::bad(texts::api::BAD_BODY, detail));
    }
    Ok(())
}

/// Clients, by number
#[utoipa::path(get, path = "/clients", tag = "clients",
    responses((status = OK, body = Page<ApiClient>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
) -> Result<Json<Page<ApiClient>>> {
    let mut clients = instances::clients(&state.app.db).await?;
    clients.retain(|client| grant.scope.includes(client.id));
    let clients = clients.into_iter().map(ApiClient::from).collect();
    Ok(Json(Page::whole(clients)))
}

/// The number of a client in an address.
fn number(text: &str) -> Result<i64> {
    let number = text.parse().ok();
    number.ok_or_else(|| ApiError::not_found(texts::api::CLIENT_NOT_FOUND))
}

/// One client
#[utoipa::path(get, path = "/clients/{id}", tag = "clients", params(("id" = i64, Path)),
    responses((status = OK, body = ApiClient), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
) -> Result<Json<ApiClient>> {
    let id = number(&id)?;
    let clients = instances::clients(&state.app.db).await?;
    let mut visible = clients.into_iter();
    let found = visible.find(|client| client.id == id && grant.scope.includes(client.id));
    let found = found.ok_or_else(|| ApiError::not_found(texts::api::CLIENT_NOT_FOUND))?;
    Ok(Json(found.into()))
}

/// Adds a client
#[utoipa::path(post, path = "/clients", tag = "clients", request_body = NewClient,
    responses((status = CREATED, body = ApiClient), (status = "4XX", body = ErrorBody)))]
pub async fn create(
    State(state): State<HttpState>,
    GlobalAdmin(grant): GlobalAdmin,
    Body(new): Body<NewClient>,
) -> Result<Response> {
    checked(&new.name)?;
    if new.id.is_some_and(|id| !(1..=LARGEST_CLIENT).contains(&id)) {
        let detail = Detail::with(texts::api::DETAIL_CLIENT_ID, "most", LARGEST_CLIENT);
        return Err(ApiError::bad(texts::api::BAD_BODY, detail));
    }
    let (app, now) = (&state.app, state.app.clock.now());
    let (name, id) = (new.name.clone(), new.id);
    let adding = app.db.write(Key::Everything, async move |tx| {
        instances::add_client(tx, &name, id, now).await
    });
    let client = adding.await?;
    let client = client.ok_or_else(|| ApiError::conflict(texts::api::NAME_TAKEN))?;
    let entry = NewEntry::new(
        Action::ClientChanged,
        Some(client),
        json!({"change": "added"}),
    );
    record(&state, &grant, entry).await?;
    let added = ApiClient {
        client,
        name: new.name,
    };
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

/// Gives a client another name
#[utoipa::path(patch, path = "/clients/{id}", tag = "clients", params(("id" = i64, Path)), request_body = ClientChange,
    responses((status = OK, body = ApiClient), (status = "4XX", body = ErrorBody)))]
pub async fn rename(
    State(state): State<HttpState>,
    GlobalAdmin(grant): GlobalAdmin,
    Id(id): Id,
    Body(change): Body<ClientChange>,
) -> Result<Json<ApiClient>> {
    let client = number(&id)?;
    checked(&change.name)?;
    let name = change.name.clone();
    let renaming = state.app.db.write(Key::Everything, async move |tx| {
        instances::rename_client(tx, client, &name).await
    });
    match renaming.await? {
        Renaming::Renamed => {}
        Renaming::NameTaken => return Err(ApiError::conflict(texts::api::NAME_TAKEN)),
        Renaming::NoClient => return Err(ApiError::not_found(texts::api::CLIENT_NOT_FOUND)),
    }
    let entry = NewEntry::new(
        Action::ClientChanged,
        Some(client),
        json!({"change": "renamed"}),
    );
    record(&state, &grant, entry).await?;
    Ok(Json(ApiClient {
        client,
        name: change.name,
    }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RemoveQuery {
    /// `true`: also a client that has media; they stay.
    #[serde(default, deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    keep_files: bool,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct RemovedClient {
    client: i64,
    /// Its instances that were removed with it.
    instances: Vec<String>,
    /// Its media, which stay.
    media: u64,
}

/// Stops a client from receiving; refuses while it has media
#[utoipa::path(delete, path = "/clients/{id}", tag = "clients", params(("id" = i64, Path), RemoveQuery),
    responses((status = OK, body = RemovedClient), (status = "4XX", body = ErrorBody)))]
pub async fn remove(
    State(state): State<HttpState>,
    GlobalAdmin(grant): GlobalAdmin,
    Id(id): Id,
    Query(query, _): Query<RemoveQuery>,
) -> Result<Json<RemovedClient>> {
    let options = remove_client::Options {
        client: number(&id)?,
        keep_files: query.keep_files,
    };
    let app = &state.app;
    let report = match remove_client::run(&app.db, &app.clock, options).await {
        Ok(report) => report,
        Err(remove_client::Error::NoClient { .. }) => {
            return Err(ApiError::not_found(texts::api::CLIENT_NOT_FOUND));
        }
        Err(remove_client::Error::HasMedia { .. }) => {
            return Err(ApiError::conflict(texts::api::CLIENT_HAS_MEDIA));
        }
        Err(remove_client::Error::Db(error)) => return Err(error.into()),
    };
    let data = json!({"change": "removed"});
    record(
        &state,
        &grant,
        NewEntry::new(Action::ClientChanged, Some(report.client), data),
    )
    .await?;
    Ok(Json(RemovedClient {
        client: report.client,
        instances: report.instances.into_iter().map(|id| id.0).collect(),
        media: report.media,
    }))
}

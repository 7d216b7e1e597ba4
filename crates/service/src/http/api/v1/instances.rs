//! `/instances`: WhatsApp numbers, their webhook addresses and what their gateways have in their slots.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Id, apart};
use crate::access::Grant;
use crate::clock::{Millis, as_rfc3339_or_null};
use crate::http::HttpState;
use crate::http::api::caller::{Admin, Viewer};
use crate::http::api::error::{ApiError, ErrorBody, Result, scope_too_small};
use crate::http::api::filter::OfClient;
use crate::http::api::page::{Page, PageQuery, Place};
use crate::http::api::query::{Body, Query};
use crate::i18n::keys as texts;
use crate::instances::{self, Instance};
use crate::model::{InstanceId, InstanceState, Route};
use crate::ops::instance::{
    self as operation, Access, AddError, NewOptions, WebhooksError, webhook_address,
};

/// An instance without its token and hashes.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ApiInstance {
    instance: String,
    client: i64,
    #[schema(value_type = crate::gateway::Gateway)]
    gateway: &'static str,
    api_base: String,
    cdn_base: Option<String>,
    routes: Option<Vec<Route>>,
    session: Option<String>,
    /// As the gateway reported it.
    state: InstanceState,
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    state_at: Option<Millis>,
    /// Why the gateway refuses calls.
    problem: Option<String>,
    /// Whether it has the gateway's token.
    token: bool,
    /// Whether its deliveries must be signed.
    secret: bool,
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_delivery_at: Option<Millis>,
    deliveries: i64,
    ignored: i64,
    /// Messages whose delivery never came and that were found in the gateway's list.
    undelivered: i64,
}

impl From<&Instance> for ApiInstance {
    fn from(instance: &Instance) -> Self {
        Self {
            instance: instance.id.0.clone(),
            client: instance.client,
            gateway: instance.gateway.as_str(),
            api_base: instance.api_base.clone(),
            cdn_base: instance.cdn_base.clone(),
            routes: instance.routes.clone(),
            session: instance.session.clone(),
            state: instance.state,
            state_at: instance.state_at,
            problem: instance.problem.clone(),
            token: instance.token_sealed.is_some(),
            secret: instance.secret_sealed.is_some(),
            last_delivery_at: instance.last_delivery_at,
            deliveries: instance.delivery_count,
            ignored: instance.ignored_count,
            undelivered: instance.undelivered_count,
        }
    }
}

/// Instances, by client and id
#[utoipa::path(get, path = "/instances", tag = "instances", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(OfClient, PageQuery),
    responses((status = OK, body = Page<ApiInstance>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(OfClient { client }, page): Query<OfClient, PageQuery>,
) -> Result<Json<Page<ApiInstance>>> {
    let scope = grant.scope.limited_to(client);
    let all = instances::instances(&state.app.db_for_lists()).await?;
    let is_visible = |it: &&Instance| scope.is_some_and(|scope| scope.includes(it.client));
    let visible = all.iter().filter(is_visible);
    let visible = visible.map(ApiInstance::from).collect();
    page.of(visible, ByClient::of).map(Json)
}

/// The client and the id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ByClient(i64, String);

impl ByClient {
    fn of(instance: &ApiInstance) -> Self {
        Self(instance.client, instance.instance.clone())
    }
}

impl Place for ByClient {
    fn parse(cursor: &str) -> Option<Self> {
        let (client, id) = cursor.split_once(':')?;
        Some(Self(client.parse().ok()?, id.to_owned()))
    }

    fn cursor(&self) -> String {
        format!("{}:{}", self.0, self.1)
    }
}

/// An instance that the caller may see.
pub(in crate::http) async fn visible(
    state: &HttpState,
    grant: &Grant,
    id: String,
) -> Result<Instance> {
    let found = instances::instance(&state.app.db, &InstanceId(id)).await?;
    let found = found.filter(|instance| grant.scope.includes(instance.client));
    found.ok_or_else(|| ApiError::not_found(texts::api::INSTANCE_NOT_FOUND))
}

/// One instance
#[utoipa::path(get, path = "/instances/{id}", tag = "instances", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("id" = String, Path)),
    responses((status = OK, body = ApiInstance), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
) -> Result<Json<ApiInstance>> {
    let found = visible(&state, &grant, id).await?;
    Ok(Json((&found).into()))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiInstance {
    /// Its id at the gateway.
    #[schema(min_length = 1, max_length = 200)]
    id: String,
    client: i64,
    /// The name of a gateway; `wapi` without it.
    gateway: Option<String>,
    /// Where the gateway's API is; its own without it. Needs a key of all clients, as `cdn_base` does.
    api_base: Option<String>,
    cdn_base: Option<String>,
    /// Separated by commas.
    routes: Option<String>,
    /// Its name at the gateway, if that is not the id.
    #[schema(max_length = 200)]
    session: Option<String>,
    /// The gateway's token.
    token: Option<String>,
    /// The secret with which the gateway signs its deliveries.
    secret: Option<String>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceChange {
    gateway: Option<String>,
    api_base: Option<String>,
    /// Separated by commas, or `default`.
    cdn_base: Option<String>,
    /// Separated by commas, or `default`.
    routes: Option<String>,
    /// `default` for the id.
    #[schema(max_length = 200)]
    session: Option<String>,
    token: Option<String>,
    secret: Option<String>,
}

/// An instance with its webhook address, which is shown only here.
#[derive(Serialize, utoipa::ToSchema)]
pub struct InstanceAddress {
    #[serde(flatten)]
    details: ApiInstance,
    /// Without `http.public_url` it begins with the path.
    address: Option<String>,
}

impl From<AddError> for ApiError {
    fn from(error: AddError) -> Self {
        match error {
            AddError::Db(error) => error.into(),
            error => Self::of(StatusCode::BAD_REQUEST, error),
        }
    }
}

impl From<operation::Error> for ApiError {
    fn from(error: operation::Error) -> Self {
        match error {
            operation::Error::Db(error) => error.into(),
            operation::Error::Secrets(error) => Self::of(StatusCode::SERVICE_UNAVAILABLE, error),
            operation::Error::Storage(error) => Self::of(StatusCode::SERVICE_UNAVAILABLE, error),
        }
    }
}

async fn put(
    state: &HttpState,
    grant: &Grant,
    new: NewApiInstance,
) -> Result<(Instance, InstanceAddress)> {
    if !grant.scope.includes(new.client) {
        return Err(ApiError::not_found(texts::api::CLIENT_NOT_FOUND));
    }
    let is_elsewhere = new.api_base.is_some() || new.cdn_base.is_some();
    if is_elsewhere && grant.scope.client().is_some() {
        // The gateway's token goes there, and what is there may be read.
        return Err(scope_too_small());
    }
    let app = &state.app;
    let options = NewOptions {
        id: new.id,
        client: new.client,
        gateway: new.gateway,
        api_base: new.api_base,
        cdn_base: new.cdn_base,
        routes: new.routes,
        session: new.session,
    };
    let checked = operation::check(&app.db, &options).await;
    let checked = checked.map_err(|error| hide_owner(error, grant))?;
    let (token, secret) = (new.token.as_deref(), new.secret.as_deref());
    let access = Access::check(checked.gateway, token, secret)?;
    let adding = operation::add(app.instance_deps(), &grant.actor, checked, &access);
    let (instance, hook) = adding.await?;
    let base = &app.config.http.public_url;
    let address = hook.map(|token| webhook_address(base, instance.gateway, &token));
    let shown = InstanceAddress {
        details: (&instance).into(),
        address,
    };
    Ok((instance, shown))
}

/// To a caller of one client, an instance of another client does not exist, and its id is taken.
fn hide_owner(error: AddError, grant: &Grant) -> ApiError {
    match error {
        AddError::OtherClient { .. } if grant.scope.client().is_some() => {
            ApiError::conflict(texts::api::NAME_TAKEN)
        }
        error => error.into(),
    }
}

/// Adds an instance
///
/// The id is the gateway's, so that no other client can have it here: 409 `name_taken`, and 429 for one who tries many.
#[utoipa::path(post, path = "/instances", tag = "instances", security(("key" = ["admin"]), ("session" = ["admin"])), request_body = NewApiInstance,
    responses((status = CREATED, body = InstanceAddress), (status = "4XX", body = ErrorBody)))]
pub async fn create(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Body(new): Body<NewApiInstance>,
) -> Result<Response> {
    if let Some(existing) = operation::existing(&state.app.db, &new.id).await? {
        if let Some(client) = grant.scope.client().filter(|own| *own != existing.client) {
            state.limits.count_guess(client)?;
            tracing::warn!(client, "an instance of another client was to be added");
        }
        return Err(ApiError::conflict(texts::api::NAME_TAKEN));
    }
    let (_, shown) = put(&state, &grant, new).await?;
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// Changes the given fields of an instance
#[utoipa::path(patch, path = "/instances/{id}", tag = "instances", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)), request_body = InstanceChange,
    responses((status = OK, body = ApiInstance), (status = "4XX", body = ErrorBody)))]
pub async fn change(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
    Body(change): Body<InstanceChange>,
) -> Result<Json<ApiInstance>> {
    let found = visible(&state, &grant, id).await?;
    let new = NewApiInstance {
        id: found.id.0,
        client: found.client,
        gateway: change.gateway,
        api_base: change.api_base,
        cdn_base: change.cdn_base,
        routes: change.routes,
        session: change.session,
        token: change.token,
        secret: change.secret,
    };
    let (changed, _) = put(&state, &grant, new).await?;
    Ok(Json((&changed).into()))
}

/// Stops an instance from receiving; its media stay
#[utoipa::path(delete, path = "/instances/{id}", tag = "instances", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = NO_CONTENT, description = "Removed"), (status = "4XX", body = ErrorBody)))]
pub async fn remove(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<StatusCode> {
    let found = visible(&state, &grant, id).await?;
    let (db, clock) = (&state.app.db, &state.app.clock);
    operation::remove(db, clock, &grant.actor, &found).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an instance a new webhook address; the earlier ones are refused
#[utoipa::path(post, path = "/instances/{id}/rotate-hook", tag = "instances", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = OK, body = InstanceAddress), (status = "4XX", body = ErrorBody)))]
pub async fn rotate(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<Json<InstanceAddress>> {
    let found = visible(&state, &grant, id).await?;
    let (db, clock) = (&state.app.db, &state.app.clock);
    let token = operation::rotate(db, clock, &grant.actor, &found).await?;
    let base = &state.app.config.http.public_url;
    Ok(Json(InstanceAddress {
        details: (&found).into(),
        address: Some(webhook_address(base, found.gateway, &token)),
    }))
}

/// What a gateway's webhook slots contain.
#[derive(Serialize, utoipa::ToSchema)]
pub struct InstanceWebhooks {
    connected: Option<bool>,
    /// Null where the gateway has no call that reads them.
    #[schema(value_type = Option<Vec<Object>>)]
    slots: Option<Value>,
}

fn gateway_failed(error: crate::ops::gateway_admin::Error) -> ApiError {
    ApiError::of(StatusCode::BAD_GATEWAY, error)
}

/// The webhook slots of an instance, read from its gateway
#[utoipa::path(get, path = "/instances/{id}/webhooks", tag = "instances", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("id" = String, Path)),
    responses((status = OK, body = InstanceWebhooks), (status = "4XX", body = ErrorBody),
        (status = 502, description = "The gateway does not answer or refuses", body = ErrorBody)))]
pub async fn webhooks(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
) -> Result<Json<InstanceWebhooks>> {
    let found = visible(&state, &grant, id).await?;
    let read = operation::read_slots(state.app.gateway_deps(), &found).await;
    operation::note_answer(&state.app.db, &found, read.as_ref()).await;
    let read = read.map_err(gateway_failed)?;
    let slots = read.slots.transpose().map_err(gateway_failed)?;
    Ok(Json(InstanceWebhooks {
        connected: read.connected,
        slots: slots.map(|slots| json!(slots)),
    }))
}

/// Sets every webhook slot of an instance to a new address of this server, and reads them back
#[utoipa::path(put, path = "/instances/{id}/webhooks", tag = "instances", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = OK, description = "The slots as read back, and `missing`: those that do not have the address", body = Object),
        (status = "4XX", body = ErrorBody), (status = 502, description = "The gateway does not answer or refuses", body = ErrorBody)))]
pub async fn set_webhooks(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<Json<Value>> {
    let found = visible(&state, &grant, id).await?;
    let app = Arc::clone(&state.app);
    if app.config.http.public_url.is_empty() {
        return Err(ApiError::conflict(texts::api::NO_PUBLIC_URL));
    }
    let report = apart(async move || {
        let base = &app.config.http.public_url;
        let set = operation::set(app.gateway_deps(), &grant.actor, &found, base, &()).await;
        if let Err(WebhooksError::Gateway(error)) = &set {
            operation::note_answer::<()>(&app.db, &found, Err(error)).await;
        }
        set
    });
    let report = report.await?;
    let report = report.map_err(|error| match error {
        WebhooksError::Db(error) => error.into(),
        WebhooksError::Gateway(error) => gateway_failed(error),
        WebhooksError::Secrets(error) => ApiError::of(StatusCode::SERVICE_UNAVAILABLE, error),
        error => ApiError::of(StatusCode::SERVICE_UNAVAILABLE, error),
    })?;
    Ok(Json(json!(report)))
}

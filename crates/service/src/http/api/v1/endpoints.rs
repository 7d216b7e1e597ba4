//! `/endpoints`: outgoing webhooks, their notifications and attempts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::IntoParams;

use super::bulk::{ApiRun, Counting, RunAction, counted, start};
use super::{Id, Ids};
use crate::access::Grant;
use crate::events::endpoints::{self, Endpoint};
use crate::events::notifications::{
    self, Notification, NotificationAttempt, NotificationCursor, NotificationStatus, Period,
};
use crate::http::HttpState;
use crate::http::api::caller::{Admin, Operator, Viewer};
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::filter::{OfClient, time};
use crate::http::api::page::{NewestFirst, Page, PageQuery};
use crate::http::api::query::{Body, Query};
use crate::http::api::runs::Outcome;
use crate::i18n::keys as texts;
use crate::model::Scope;
use crate::ops::endpoints::{self as operation, Again, EndpointError};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiEndpoint {
    /// An http or https address of a public server.
    #[schema(min_length = 1, max_length = 2048)]
    url: String,
    /// The number of a client; the events of all clients without it.
    client: Option<i64>,
    /// Types of events; all without it.
    types: Option<Vec<String>>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointChange {
    #[schema(min_length = 1, max_length = 2048)]
    url: Option<String>,
    /// The number of a client. The notifications until now are deleted if it was another one, or all.
    client: Option<i64>,
    /// `true` for the events of all clients in place of one.
    all_clients: Option<bool>,
    /// An empty list for all.
    types: Option<Vec<String>>,
    /// `true` also enables one that was disabled for its failures.
    enabled: Option<bool>,
}

/// An endpoint with its secret, which is shown only here.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EndpointSecret {
    #[serde(flatten)]
    details: Endpoint,
    /// Verifies notifications (Standard Webhooks).
    secret: String,
}

impl From<EndpointError> for ApiError {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::Db(error) => error.into(),
            EndpointError::Secrets(error) => Self::of(StatusCode::SERVICE_UNAVAILABLE, error),
            error => Self::of(StatusCode::BAD_REQUEST, error),
        }
    }
}

async fn visible(state: &HttpState, grant: &Grant, id: &str) -> Result<Endpoint> {
    let found = endpoints::find(&state.app.db, grant.scope, id).await?;
    found.ok_or_else(|| ApiError::not_found(texts::api::ENDPOINT_NOT_FOUND))
}

/// To a disabled endpoint nothing is sent.
fn refuse_disabled(endpoint: &Endpoint) -> Result<()> {
    match endpoint.disabled_at {
        Some(_) => Err(ApiError::conflict(texts::api::ENDPOINT_DISABLED)),
        None => Ok(()),
    }
}

/// Endpoints, newest first
#[utoipa::path(get, path = "/endpoints", tag = "endpoints", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(OfClient, PageQuery),
    responses((status = OK, body = Page<Endpoint>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(OfClient { client }, page): Query<OfClient, PageQuery>,
) -> Result<Json<Page<Endpoint>>> {
    let endpoints = match grant.scope.limited_to(client) {
        Some(scope) => endpoints::list(&state.app.db_for_lists(), scope).await?,
        None => Vec::new(),
    };
    let place = |endpoint: &Endpoint| NewestFirst::new(&endpoint.id);
    page.of(endpoints, place).map(Json)
}

/// Adds an endpoint
#[utoipa::path(post, path = "/endpoints", tag = "endpoints", security(("key" = ["admin"]), ("session" = ["admin"])), request_body = NewApiEndpoint,
    responses((status = CREATED, body = EndpointSecret), (status = "4XX", body = ErrorBody)))]
pub async fn create(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Body(new): Body<NewApiEndpoint>,
) -> Result<Response> {
    let client = new.client.or(grant.scope.client());
    if client.is_some_and(|client| !grant.scope.includes(client)) {
        return Err(ApiError::not_found(texts::api::CLIENT_NOT_FOUND));
    }
    let options = operation::Options {
        url: new.url,
        scope: Scope::of(client),
        types: new.types,
    };
    let deps = state.app.endpoint_deps();
    let (id, secret) = operation::add(deps, &grant.actor, options).await?;
    let details = visible(&state, &grant, &id).await?;
    Ok((
        StatusCode::CREATED,
        Json(EndpointSecret { details, secret }),
    )
        .into_response())
}

/// One endpoint
#[utoipa::path(get, path = "/endpoints/{id}", tag = "endpoints", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("id" = String, Path)),
    responses((status = OK, body = Endpoint), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
) -> Result<Json<Endpoint>> {
    visible(&state, &grant, &id).await.map(Json)
}

/// Changes the given fields of an endpoint
#[utoipa::path(patch, path = "/endpoints/{id}", tag = "endpoints", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)), request_body = EndpointChange,
    responses((status = OK, body = Endpoint), (status = "4XX", body = ErrorBody)))]
pub async fn change(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
    Body(change): Body<EndpointChange>,
) -> Result<Json<Endpoint>> {
    let endpoint = visible(&state, &grant, &id).await?;
    let scope = match (change.client, change.all_clients) {
        (Some(client), _) => Some(Scope::Client(client)),
        (None, Some(true)) => Some(Scope::All),
        (None, _) => None,
    };
    if !scope.is_none_or(|scope| grant.scope.covers(scope)) {
        return Err(ApiError::not_found(texts::api::CLIENT_NOT_FOUND));
    }
    let change = operation::Change {
        url: change.url,
        scope,
        types: change.types,
        enabled: change.enabled,
    };
    operation::alter(state.app.endpoint_deps(), &grant.actor, &endpoint, change).await?;
    visible(&state, &grant, &id).await.map(Json)
}

/// Removes an endpoint with its notifications
#[utoipa::path(delete, path = "/endpoints/{id}", tag = "endpoints", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = NO_CONTENT, description = "Removed"), (status = "4XX", body = ErrorBody)))]
pub async fn remove(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<StatusCode> {
    let endpoint = visible(&state, &grant, &id).await?;
    operation::remove(state.app.endpoint_deps(), &grant.actor, &endpoint).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an endpoint another secret; the one before signs as well for a day
#[utoipa::path(post, path = "/endpoints/{id}/rotate-secret", tag = "endpoints", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = OK, body = EndpointSecret), (status = "4XX", body = ErrorBody)))]
pub async fn rotate(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<Json<EndpointSecret>> {
    let endpoint = visible(&state, &grant, &id).await?;
    let secret = operation::rotate(state.app.endpoint_deps(), &grant.actor, &endpoint).await?;
    let details = visible(&state, &grant, &id).await?;
    Ok(Json(EndpointSecret { details, secret }))
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Queued {
    /// The id of the notification.
    notification: String,
}

/// Sends a test notification
#[utoipa::path(post, path = "/endpoints/{id}/test", tag = "endpoints", security(("key" = ["operator"]), ("session" = ["operator"])), params(("id" = String, Path)),
    responses((status = ACCEPTED, body = Queued), (status = "4XX", body = ErrorBody)))]
pub async fn test(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Id(id): Id,
) -> Result<Response> {
    let endpoint = visible(&state, &grant, &id).await?;
    refuse_disabled(&endpoint)?;
    let notification = operation::test(state.app.endpoint_deps(), &grant.actor, &endpoint).await?;
    Ok((StatusCode::ACCEPTED, Json(Queued { notification })).into_response())
}

#[derive(Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NotificationsQuery {
    status: Option<NotificationStatus>,
}

/// Notifications of an endpoint, newest first
#[utoipa::path(get, path = "/endpoints/{id}/notifications", tag = "endpoints", security(("key" = ["viewer"]), ("session" = ["viewer"])),
    params(("id" = String, Path), NotificationsQuery, PageQuery),
    responses((status = OK, body = Page<Notification>), (status = "4XX", body = ErrorBody)))]
pub async fn notifications(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
    Query(query, page): Query<NotificationsQuery, PageQuery>,
) -> Result<Json<Page<Notification>>> {
    let endpoint = visible(&state, &grant, &id).await?;
    let (limit, db) = (page.limit()?, &state.app.db_for_lists());
    let after = page.after(NotificationCursor::parse)?;
    let found = notifications::of_endpoint(db, &endpoint.id, query.status, after, limit + 1);
    let cursor = |found: &Notification| NotificationCursor::of(found).to_string();
    let page = Page::of(found.await?, limit, cursor);
    Ok(Json(page))
}

/// A notification with its attempts.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NotificationDetail {
    #[serde(flatten)]
    notification: Notification,
    /// Oldest first.
    log: Vec<NotificationAttempt>,
}

/// One notification with its attempts
#[utoipa::path(get, path = "/endpoints/{id}/notifications/{notification}", tag = "endpoints", security(("key" = ["viewer"]), ("session" = ["viewer"])),
    params(("id" = String, Path), ("notification" = String, Path)),
    responses((status = OK, body = NotificationDetail), (status = "4XX", body = ErrorBody)))]
pub async fn notification(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Ids(id, notification): Ids,
) -> Result<Json<NotificationDetail>> {
    let endpoint = visible(&state, &grant, &id).await?;
    let db = &state.app.db;
    let found = notifications::find(db, &endpoint.id, &notification).await?;
    let notification =
        found.ok_or_else(|| ApiError::not_found(texts::api::NOTIFICATION_NOT_FOUND))?;
    let log = notifications::attempts(db, &notification.id).await?;
    Ok(Json(NotificationDetail { notification, log }))
}

/// Sends a notification again, with the same id
#[utoipa::path(post, path = "/endpoints/{id}/notifications/{notification}/resend", tag = "endpoints", security(("key" = ["operator"]), ("session" = ["operator"])),
    params(("id" = String, Path), ("notification" = String, Path)),
    responses((status = ACCEPTED, body = Queued), (status = "4XX", body = ErrorBody)))]
pub async fn resend(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Ids(id, notification): Ids,
) -> Result<Response> {
    let endpoint = visible(&state, &grant, &id).await?;
    refuse_disabled(&endpoint)?;
    let deps = state.app.endpoint_deps();
    if !operation::resend(deps, &grant.actor, &endpoint, &notification).await? {
        return Err(ApiError::not_found(texts::api::NOTIFICATION_NOT_FOUND));
    }
    Ok((StatusCode::ACCEPTED, Json(Queued { notification })).into_response())
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SinceBody {
    /// A day, a time, or so long ago (`24h`).
    since: String,
    /// Only what was before then. Now without it.
    before: Option<String>,
    /// Only count: `total`, and the clients in `result`.
    #[serde(default)]
    dry_run: bool,
}

async fn send_again(
    state: HttpState,
    grant: Grant,
    id: &str,
    body: SinceBody,
    action: RunAction,
    which: fn(Period) -> Again,
) -> Result<Response> {
    let endpoint = visible(&state, &grant, id).await?;
    let app = Arc::clone(&state.app);
    let which = which(Period {
        since: time(&app, "since", Some(&body.since))?.unwrap_or(0),
        before: time(&app, "before", body.before.as_deref())?
            .unwrap_or_else(|| app.clock.now() + 1),
    });
    if body.dry_run {
        let counts = operation::count_again(&app.db, &endpoint, which).await?;
        let counted = counted(&app, &grant, action, &counts).await?;
        return Ok((StatusCode::ACCEPTED, Json(counted)).into_response());
    }
    let actor = grant.actor.clone();
    let shown = start(&state, &grant, action, 0, async move |run| {
        let deps = app.endpoint_deps();
        let (progress, cancelled) = (Counting(Arc::clone(&run)), run.cancelled.clone());
        let sending = operation::send_again(deps, &actor, &endpoint, which, &progress, &cancelled);
        match sending.await {
            Ok(report) => Outcome::of(report.stopped, json!(report)),
            Err(error) => Outcome::failed(&error),
        }
    });
    Ok((StatusCode::ACCEPTED, Json(shown.await?)).into_response())
}

/// Sends the notifications again that failed since then, as a run (`/bulk/{id}`)
#[utoipa::path(post, path = "/endpoints/{id}/recover", tag = "endpoints", security(("key" = ["operator"]), ("session" = ["operator"])), params(("id" = String, Path)), request_body = SinceBody,
    responses((status = ACCEPTED, body = ApiRun), (status = "4XX", body = ErrorBody)))]
pub async fn recover(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Id(id): Id,
    Body(body): Body<SinceBody>,
) -> Result<Response> {
    let action = RunAction::Recover;
    send_again(state, grant, &id, body, action, Again::Failed).await
}

/// Sends the events since then that never had a notification here, as a run (`/bulk/{id}`)
#[utoipa::path(post, path = "/endpoints/{id}/replay-missing", tag = "endpoints", security(("key" = ["operator"]), ("session" = ["operator"])), params(("id" = String, Path)), request_body = SinceBody,
    responses((status = ACCEPTED, body = ApiRun), (status = "4XX", body = ErrorBody)))]
pub async fn replay_missing(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Id(id): Id,
    Body(body): Body<SinceBody>,
) -> Result<Response> {
    let action = RunAction::ReplayMissing;
    send_again(state, grant, &id, body, action, Again::Missing).await
}

//! `/deliveries`: raw webhooks, with masked keys, and replay.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::IntoParams;

use super::{Id, record};
use crate::access::Grant;
use crate::access::audit::{Action, NewEntry};
use crate::clock::{Millis, as_rfc3339};
use crate::deliveries::{self, DeliveryFilter, DeliverySummary, LeftOut, masked};
use crate::gateway::Gateway;
use crate::http::HttpState;
use crate::http::api::caller::{Operator, Viewer};
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::filter::{end, time};
use crate::http::api::page::{Page, PageQuery, id_of};
use crate::http::api::query::{Query, bit, number};
use crate::i18n::keys as texts;
use crate::instances;
use crate::model::{DeliveryId, DeliveryReason, DeliveryVerdict, InstanceId, Role, Scope};
use crate::ops::ownership::belongs_to;
use crate::ops::replay;

#[derive(Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// The number of a client.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<i64>)]
    client: Option<i64>,
    instance: Option<String>,
    #[param(inline)]
    verdict: Option<DeliveryVerdict>,
    #[param(inline)]
    gateway: Option<Gateway>,
    /// Received at or after: a day, a time, or so long ago (`24h`).
    from: Option<String>,
    /// Received before; a day is included to its end.
    to: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct ApiDelivery {
    id: String,
    instance: String,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    received_at: Millis,
    verdict: DeliveryVerdict,
    /// Why it was not accepted.
    #[schema(value_type = Option<String>)]
    reason: Option<DeliveryReason>,
    /// Bytes of the body.
    size: i64,
    /// Its messages that are not filed, though it was accepted.
    left_out: LeftOut,
}

impl From<DeliverySummary> for ApiDelivery {
    fn from(found: DeliverySummary) -> Self {
        Self {
            id: found.id.0,
            instance: found.instance.0,
            received_at: found.received_at,
            verdict: found.verdict,
            reason: found.reason,
            size: found.body_size,
            left_out: found.left_out,
        }
    }
}

/// Deliveries, newest first
#[utoipa::path(get, path = "/deliveries", tag = "deliveries", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(DeliveriesQuery, PageQuery),
    responses((status = OK, body = Page<ApiDelivery>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(query, page): Query<DeliveriesQuery, PageQuery>,
) -> Result<Json<Page<ApiDelivery>>> {
    let (limit, db) = (page.limit()?, &state.app.db_for_lists());
    let before = page.after(id_of)?;
    let filter = DeliveryFilter {
        instance: query.instance,
        verdict: query.verdict,
        since: time(&state.app, "from", query.from.as_deref())?,
        until: end(&state.app, "to", query.to.as_deref())?,
    };
    let Some(scope) = grant.scope.limited_to(query.client) else {
        return Ok(Json(Page::empty()));
    };
    let gateway = query.gateway;
    let of_instances = if scope.client().is_some() || gateway.is_some() {
        let mut all = instances::every_instance(db).await?;
        all.retain(|instance| {
            scope.includes(instance.client)
                && gateway.is_none_or(|gateway| gateway == instance.gateway)
        });
        let ids = all.into_iter().map(|instance| instance.id);
        Some(ids.collect::<Vec<InstanceId>>())
    } else {
        None
    };
    let found = deliveries::list_before(
        db,
        &filter,
        of_instances.as_deref(),
        before.as_deref(),
        limit + 1,
    );
    let page = Page::of(found.await?, limit, |found| found.id.0.clone());
    let mut visible = Page {
        items: Vec::new(),
        next: page.next,
    };
    for found in page.items {
        if is_visible(&state, scope, &found).await? {
            visible.items.push(found.into());
        }
    }
    Ok(Json(visible))
}

/// An instance may have been another client's before.
async fn is_visible(state: &HttpState, scope: Scope, found: &DeliverySummary) -> Result<bool> {
    match scope.client() {
        None => Ok(true),
        Some(client) => Ok(belongs_to(&state.app.db, found, client).await?),
    }
}

async fn visible(state: &HttpState, grant: &Grant, id: String) -> Result<DeliverySummary> {
    let found = deliveries::find(&state.app.db, &DeliveryId(id)).await?;
    if let Some(found) = found
        && is_visible(state, grant.scope, &found).await?
    {
        return Ok(found);
    }
    Err(ApiError::not_found(texts::api::DELIVERY_NOT_FOUND))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BodyQuery {
    /// `1`: with media keys. Needs the role admin, and is in the audit log. Tokens stay masked.
    #[serde(default, deserialize_with = "bit")]
    #[param(value_type = Option<String>)]
    keys: bool,
}

impl BodyQuery {
    pub fn has_keys(&self) -> bool {
        self.keys
    }
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct DeliveryDetail {
    #[serde(flatten)]
    delivery: ApiDelivery,
    /// As JSON; null when it was deleted, or is neither JSON nor a form.
    body: Option<Value>,
}

/// One delivery with its body
#[utoipa::path(get, path = "/deliveries/{id}", tag = "deliveries", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("id" = String, Path), BodyQuery),
    responses((status = OK, body = DeliveryDetail), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
    Query(query, _): Query<BodyQuery>,
) -> Result<Json<DeliveryDetail>> {
    let found = visible(&state, &grant, id).await?;
    let body = deliveries::body(&state.app.db, &found.id).await?;
    let body = if query.keys {
        if !grant.role.includes(Role::Admin) {
            let values = vec![("role", Role::Admin.as_str().to_owned())];
            let status = axum::http::StatusCode::FORBIDDEN;
            return Err(ApiError::with(status, texts::api::ROLE_TOO_LOW, values));
        }
        let instance = instances::instance_or_removed(&state.app.db, &found.instance).await?;
        let data = json!({"delivery": found.id.as_str()});
        let client = instance.map(|instance| instance.client);
        let entry = NewEntry::new(Action::RawBodyRead, client, data);
        record(&state, &grant, entry.instance(found.instance.as_str())).await?;
        body.as_deref().and_then(deliveries::masked_tokens)
    } else {
        body.as_deref()
            .and_then(masked)
            .map(deliveries::without_files)
    };
    Ok(Json(DeliveryDetail {
        delivery: found.into(),
        body,
    }))
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct ReplayResult {
    delivery: String,
    /// `read`, `no_media`, `erased`, `unreadable`, `instance_removed`, `body_deleted` or `not_found`.
    result: String,
    #[schema(value_type = Option<String>)]
    reason: Option<DeliveryReason>,
    media: Vec<ReplayedMedia>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ReplayedMedia {
    id: Option<String>,
    kind: &'static str,
    status: Option<crate::model::MediaStatus>,
    duplicate: Option<bool>,
}

impl From<replay::Item> for ReplayResult {
    fn from(item: replay::Item) -> Self {
        let media = item.media.into_iter().map(|media| ReplayedMedia {
            id: media.id.map(|id| id.0),
            kind: media.kind.as_str(),
            status: media.status,
            duplicate: media.duplicate,
        });
        Self {
            delivery: item.delivery.0,
            result: json!(item.result).as_str().unwrap_or_default().to_owned(),
            reason: item.reason,
            media: media.collect(),
        }
    }
}

/// Reads a delivery again with this version
#[utoipa::path(post, path = "/deliveries/{id}/replay", tag = "deliveries", security(("key" = ["operator"]), ("session" = ["operator"])), params(("id" = String, Path)),
    responses((status = OK, body = ReplayResult), (status = "4XX", body = ErrorBody)))]
pub async fn replay(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Id(id): Id,
) -> Result<Json<ReplayResult>> {
    let found = visible(&state, &grant, id).await?;
    let options = replay::Options {
        deliveries: replay::Deliveries::Ids(vec![found.id.clone()]),
        dry_run: false,
        actor: grant.actor.clone(),
    };
    let last = Arc::new(std::sync::Mutex::new(None));
    let seen = Arc::clone(&last);
    let progress = move |item: &replay::Item| {
        *seen
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(item.clone());
    };
    let cancelled = state.app.shutdown.token();
    replay::run(&state.app.ingest, options, Arc::new(progress), cancelled).await?;
    let item = last
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .take();
    let item = item.ok_or_else(|| ApiError::not_found(texts::api::DELIVERY_NOT_FOUND))?;
    Ok(Json(item.into()))
}

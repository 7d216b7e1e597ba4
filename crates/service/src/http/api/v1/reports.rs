//! `/status`, `/stats`, `/health`, `/usage`: what `status`, `check` and `doctor` report.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::apart;
use crate::http::HttpState;
use crate::http::api::caller::{Operator, Viewer};
use crate::http::api::error::{ApiError, ErrorBody, Result, scope_too_small};
use crate::http::api::filter::{OfClient, time};
use crate::http::api::page::{Page, PageQuery, Place};
use crate::http::api::query::{Query, flag, number};
use crate::media::counts;
use crate::media::usage::{self, MonthlyUsage};
use crate::model::Scope;
use crate::ops::{health, status};

/// The reports about the whole server are for callers of all clients.
pub(in crate::http) fn global(scope: Scope) -> Result<()> {
    match scope {
        Scope::All => Ok(()),
        Scope::Client(_) => Err(scope_too_small()),
    }
}

/// What runs, what waits, what needs a person
#[utoipa::path(get, path = "/status", tag = "reports", security(("key" = ["viewer"]), ("session" = ["viewer"])),
    responses((status = OK, description = "As `midiateca status --json`", body = Object), (status = "4XX", body = ErrorBody)))]
pub async fn status(State(state): State<HttpState>, Viewer(grant): Viewer) -> Result<Json<Value>> {
    global(grant.scope)?;
    let report = status::run(state.app.status_deps()).await?;
    Ok(Json(json!(report)))
}

/// The full report, with every stored file compared with the disk
#[utoipa::path(get, path = "/check", tag = "reports", security(("key" = ["operator"]), ("session" = ["operator"])),
    responses((status = OK, description = "As `midiateca check --json`", body = Object), (status = "4XX", body = ErrorBody)))]
pub async fn check(
    State(state): State<HttpState>,
    Operator(grant): Operator,
) -> Result<Json<Value>> {
    global(grant.scope)?;
    let report = status::check(state.app.status_deps()).await?;
    Ok(Json(json!(report)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HealthQuery {
    /// `true`: also ask gateways and the CDN.
    #[serde(default, deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    online: bool,
}

impl HealthQuery {
    pub fn is_online(&self) -> bool {
        self.online
    }
}

/// Probes with hints
#[utoipa::path(get, path = "/health", tag = "reports", security(("key" = ["operator"]), ("session" = ["operator"])), params(HealthQuery),
    responses((status = OK, description = "As `midiateca doctor --json`", body = Object), (status = "4XX", body = ErrorBody)))]
pub async fn health(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Query(query, _): Query<HealthQuery>,
) -> Result<Json<Value>> {
    global(grant.scope)?;
    let app = Arc::clone(&state.app);
    let options = health::Options {
        offline: !query.online,
        ..health::Options::default()
    };
    let probing = apart(async move || {
        let deps = health::Deps {
            data: &app.data,
            config: &app.config,
            clock: &app.clock,
        };
        health::run(deps, &options, &())
            .await
            .map(|report| json!(report))
    });
    let report = probing.await?;
    report.map(Json).map_err(|error| ApiError::internal(&error))
}

/// Media in a status, by kind.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Stats {
    by_status: Vec<NamedCount>,
    by_kind: Vec<NamedCount>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct NamedCount {
    name: String,
    count: i64,
    /// Bytes of the stored ones.
    size: i64,
}

impl From<counts::Count> for NamedCount {
    fn from(count: counts::Count) -> Self {
        Self {
            name: count.name,
            count: count.count,
            size: count.size,
        }
    }
}

/// How many media there are, by status and kind
#[utoipa::path(get, path = "/stats", tag = "reports", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(OfClient),
    responses((status = OK, body = Stats), (status = "4XX", body = ErrorBody)))]
pub async fn stats(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(OfClient { client }, _): Query<OfClient>,
) -> Result<Json<Stats>> {
    let found = match grant.scope.limited_to(client) {
        Some(scope) => counts::of_scope(&state.app.db, scope).await?,
        None => counts::ScopeCounts::default(),
    };
    let named = |counts: Vec<counts::Count>| counts.into_iter().map(NamedCount::from).collect();
    Ok(Json(Stats {
        by_status: named(found.by_status),
        by_kind: named(found.by_kind),
    }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// The number of a client.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<i64>)]
    client: Option<i64>,
    /// From then on; all months without it.
    from: Option<String>,
}

/// The newest month first, then by client.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ByMonth(Reverse<String>, i64);

impl ByMonth {
    fn of(usage: &MonthlyUsage) -> Self {
        Self(Reverse(usage.month.clone()), usage.client)
    }
}

impl Place for ByMonth {
    fn parse(cursor: &str) -> Option<Self> {
        let (month, client) = cursor.split_once(':')?;
        Some(Self(Reverse(month.to_owned()), client.parse().ok()?))
    }

    fn cursor(&self) -> String {
        format!("{}:{}", self.0.0, self.1)
    }
}

/// Stored media and bytes, by client and month of receipt (UTC), the newest month first
#[utoipa::path(get, path = "/usage", tag = "reports", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(UsageQuery, PageQuery),
    responses((status = OK, body = Page<MonthlyUsage>), (status = "4XX", body = ErrorBody)))]
pub async fn usage(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(query, page): Query<UsageQuery, PageQuery>,
) -> Result<Json<Page<MonthlyUsage>>> {
    let from = time(&state.app, "from", query.from.as_deref())?.unwrap_or(0);
    let usage = match grant.scope.limited_to(query.client) {
        Some(scope) => usage::monthly_usage(&state.app.db, scope, from).await?,
        None => Vec::new(),
    };
    page.of(usage, ByMonth::of).map(Json)
}

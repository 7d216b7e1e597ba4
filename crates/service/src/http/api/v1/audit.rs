//! `/audit`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::access::audit::{self, Action, AuditEntry, AuditFilter};
use crate::http::HttpState;
use crate::http::api::caller::Admin;
use crate::http::api::error::{ErrorBody, Result};
use crate::http::api::filter::{end, time};
use crate::http::api::page::{Page, PageQuery};
use crate::http::api::query::{Query, number};

#[derive(Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// The number of a client.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<i64>)]
    client: Option<i64>,
    /// `key:ID`, `user:ID`, `link:ID`, `anonymous`, `command_line`, or the name that a user or a key had.
    actor: Option<String>,
    #[param(inline)]
    action: Option<Action>,
    /// At or after: a day, a time, or so long ago (`24h`).
    from: Option<String>,
    /// Before; a day is included to its end.
    to: Option<String>,
}

/// Who did what, newest first
#[utoipa::path(get, path = "/audit", tag = "audit", security(("key" = ["admin"]), ("session" = ["admin"])), params(AuditQuery, PageQuery),
    responses((status = OK, body = Page<AuditEntry>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Query(query, page): Query<AuditQuery, PageQuery>,
) -> Result<Json<Page<AuditEntry>>> {
    let limit = page.limit()?;
    let before = page.after(|text| text.parse::<i64>().ok())?;
    let before = before.unwrap_or(i64::MAX);
    let filter = AuditFilter {
        actor: query.actor,
        action: query.action,
        since: time(&state.app, "from", query.from.as_deref())?,
        until: end(&state.app, "to", query.to.as_deref())?,
    };
    let db = &state.app.db_for_lists();
    let Some(scope) = grant.scope.limited_to(query.client) else {
        return Ok(Json(Page::empty()));
    };
    let found = audit::selected(db, scope, &filter, before, limit + 1).await?;
    Ok(Json(Page::of(found, limit, |entry| entry.seq.to_string())))
}

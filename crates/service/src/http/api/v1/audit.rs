//! `/audit`.

use axum::Json;
use axum::extract::State;

use crate::access::audit::{self, AuditEntry};
use crate::http::HttpState;
use crate::http::api::caller::Admin;
use crate::http::api::error::{ErrorBody, Result};
use crate::http::api::page::{Page, PageQuery};
use crate::http::api::query::Query;

/// Who did what, newest first
#[utoipa::path(get, path = "/audit", tag = "audit", params(PageQuery),
    responses((status = OK, body = Page<AuditEntry>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Query(page, _): Query<PageQuery>,
) -> Result<Json<Page<AuditEntry>>> {
    let limit = page.limit()?;
    let before = page.after(|text| text.parse::<i64>().ok())?;
    let before = before.unwrap_or(i64::MAX);
    let found = audit::before(&state.app.db, grant.scope, before, limit + 1).await?;
    Ok(Json(Page::of(found, limit, |entry| entry.seq.to_string())))
}

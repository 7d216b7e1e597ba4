//! `/holds`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::Id;
use crate::http::HttpState;
use crate::http::api::caller::Admin;
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::filter::OfClient;
use crate::http::api::page::{NewestFirst, Page, PageQuery};
use crate::http::api::query::{Body, Query};
use crate::i18n::keys as texts;
use crate::media::holds::{self, Hold};
use crate::model::Scope;
use crate::ops::holds::{self as operation, HoldError};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// The number of a client; that of the key without it.
    client: Option<i64>,
    /// Only this chat: its id, or for a private chat the phone number or the LID.
    #[schema(min_length = 1, max_length = 200)]
    chat: Option<String>,
    /// Only this person, by phone number or LID: the chat with them, and what they sent in any chat.
    #[schema(min_length = 1, max_length = 200)]
    person: Option<String>,
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct CountedHold {
    #[serde(flatten)]
    hold: Hold,
    /// The number of media that it covers now; 0 once it is released.
    media: i64,
    /// False when it may cover more: at most 10,000 are counted.
    complete: bool,
}

impl CountedHold {
    async fn new(state: &HttpState, hold: Hold) -> Result<Self> {
        let covered = holds::covered(&state.app.db_for_lists(), &hold).await?;
        Ok(Self {
            media: covered.media,
            complete: covered.is_complete,
            hold,
        })
    }
}

impl From<HoldError> for ApiError {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::Db(error) => error.into(),
            error => Self::of(StatusCode::BAD_REQUEST, error),
        }
    }
}

/// Adds a legal hold
///
/// What it covers is not deleted by retention rules, nor by an erasure, until the hold is released.
#[utoipa::path(post, path = "/holds", tag = "holds", security(("key" = ["admin"]), ("session" = ["admin"])), request_body = NewHold,
    responses((status = CREATED, body = CountedHold), (status = "4XX", body = ErrorBody)))]
pub async fn create(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Body(new): Body<NewHold>,
) -> Result<Response> {
    let client = new.client.or(grant.scope.client());
    let Some(client) = client else {
        return Err(ApiError::bad(
            texts::api::BAD_BODY,
            texts::api::DETAIL_NO_CLIENT,
        ));
    };
    if !grant.scope.includes(client) {
        return Err(ApiError::not_found(texts::api::CLIENT_NOT_FOUND));
    }
    let options = operation::Options {
        client,
        chat: new.chat,
        person: new.person,
        reason: new.reason,
    };
    let app = &state.app;
    let hold = operation::add(&app.db, &app.clock, &grant.actor, options).await?;
    let hold = CountedHold::new(&state, hold).await?;
    Ok((StatusCode::CREATED, Json(hold)).into_response())
}

/// Legal holds, newest first, released ones too
#[utoipa::path(get, path = "/holds", tag = "holds", security(("key" = ["admin"]), ("session" = ["admin"])), params(OfClient, PageQuery),
    responses((status = OK, body = Page<CountedHold>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Query(OfClient { client }, page): Query<OfClient, PageQuery>,
) -> Result<Json<Page<CountedHold>>> {
    let holds = match grant.scope.limited_to(client) {
        Some(scope) => holds::list(&state.app.db_for_lists(), scope).await?,
        None => Vec::new(),
    };
    let found = page.of(holds, |hold| NewestFirst::new(&hold.id))?;
    let mut counted = Page {
        items: Vec::with_capacity(found.items.len()),
        next: found.next,
    };
    for hold in found.items {
        counted.items.push(CountedHold::new(&state, hold).await?);
    }
    Ok(Json(counted))
}

async fn visible(state: &HttpState, scope: Scope, id: &str) -> Result<Hold> {
    let found = holds::find(&state.app.db, scope, id).await?;
    found.ok_or_else(|| ApiError::not_found(texts::api::HOLD_NOT_FOUND))
}

/// One legal hold
#[utoipa::path(get, path = "/holds/{id}", tag = "holds", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = OK, body = CountedHold), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<Json<CountedHold>> {
    let hold = visible(&state, grant.scope, &id).await?;
    CountedHold::new(&state, hold).await.map(Json)
}

/// Releases a legal hold; it stays in the list
#[utoipa::path(delete, path = "/holds/{id}", tag = "holds", security(("key" = ["admin"]), ("session" = ["admin"])), params(("id" = String, Path)),
    responses((status = OK, body = CountedHold), (status = "4XX", body = ErrorBody)))]
pub async fn release(
    State(state): State<HttpState>,
    Admin(grant): Admin,
    Id(id): Id,
) -> Result<Json<CountedHold>> {
    let hold = visible(&state, grant.scope, &id).await?;
    let app = &state.app;
    operation::release(&app.db, &app.clock, &grant.actor, &hold).await?;
    let hold = visible(&state, grant.scope, &id).await?;
    CountedHold::new(&state, hold).await.map(Json)
}

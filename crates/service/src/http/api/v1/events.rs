//! `/events`: a page, or server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json_, json};
use utoipa::IntoParams;

use crate::clock::{Millis, as_rfc3339};
use crate::events::{self, Event};
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::query::{Query, number};
use crate::i18n::keys as texts;
use crate::model::Scope;
use crate::telemetry;

const DEFAULT_LIMIT: u32 = 100;
const MOST: u32 = 1_000;
/// Comments keep connections alive through proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What happened.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ApiEvent {
    /// Increasing, in the order of commits.
    pub seq: i64,
    /// `erased` when the media was erased since.
    pub r#type: String,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    #[schema(value_type = Object)]
    pub data: Json_,
}

impl From<&Event> for ApiEvent {
    fn from(event: &Event) -> Self {
        let is_erased = event.kind == events::ERASED;
        Self {
            seq: event.seq,
            r#type: event.kind.clone(),
            at: event.at,
            client: event.client.filter(|_| !is_erased),
            instance: event.instance.clone().filter(|_| !is_erased),
            media: event.media.clone().filter(|_| !is_erased),
            data: event.data.clone(),
        }
    }
}

/// Events, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EventPage {
    items: Vec<ApiEvent>,
    /// `after` of the next page: also where nothing is new yet.
    next: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// The number of the last event that the caller has.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<i64>,
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Events after a number, or live
///
/// With `Accept: text/event-stream` a stream that goes on, from `Last-Event-ID`, `after`, or now. The event `reset` says that
/// older events were deleted.
#[utoipa::path(get, path = "/events", tag = "events", params(EventQuery, ("Last-Event-ID" = Option<String>, Header)),
    responses((status = OK, content((EventPage = "application/json"), (String = "text/event-stream"))),
        (status = 410, description = "The events after this number were deleted", body = ErrorBody), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(query, _): Query<EventQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    if query.after.is_some_and(|after| after < 0) {
        return Err(ApiError::bad(texts::api::BAD_QUERY, "after is negative"));
    }
    if wants_stream(&headers) {
        return live(state, grant.scope, query.after, &headers).await;
    }
    let limit = match query.limit {
        None => DEFAULT_LIMIT,
        Some(limit @ 1..=MOST) => limit,
        Some(_) => {
            let detail = format!("limit is not between 1 and {MOST}");
            return Err(ApiError::bad(texts::api::BAD_QUERY, detail));
        }
    };
    let db = &state.app.db;
    let after = match (query.after, first_missing(&state, query.after).await?) {
        (_, Some(first)) => {
            let values = vec![("first_seq", first.to_string())];
            let error = ApiError::with(StatusCode::GONE, texts::api::CURSOR_EXPIRED, values);
            return Err(error);
        }
        (after, None) => after.unwrap_or(0),
    };
    let newest = events::newest(db).await?;
    let found = events::visible_after(db, grant.scope, after, limit).await?;
    let next = if found.len() < limit as usize {
        newest.max(after)
    } else {
        found.last().map_or(after, |event| event.seq)
    };
    Ok(Json(EventPage {
        items: found.iter().map(ApiEvent::from).collect(),
        next: next.to_string(),
    })
    .into_response())
}

/// The first event that is kept, if some after `after` were deleted. Without a number nothing is missing.
async fn first_missing(state: &HttpState, after: Option<i64>) -> Result<Option<i64>> {
    let Some(after) = after else {
        return Ok(None);
    };
    let db = &state.app.db;
    let oldest = events::oldest(db).await?;
    // Without events, the next one's number is the first.
    let first = match oldest {
        Some(first) => first,
        None => events::last_given(db).await? + 1,
    };
    Ok((after.saturating_add(1) < first).then_some(first))
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok()).unwrap_or("");
    accept.contains("text/event-stream")
}

/// Where a reader of the stream is.
struct Place {
    state: HttpState,
    scope: Scope,
    seq: i64,
    waiting: std::vec::IntoIter<Arc<Event>>,
    reset: Option<i64>,
}

async fn live(
    state: HttpState,
    scope: Scope,
    after: Option<i64>,
    headers: &HeaderMap,
) -> Result<Response> {
    let last = headers.get("last-event-id");
    let last = last.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let after: Option<i64> = last.or(after).filter(|after| *after >= 0);
    let reset = first_missing(&state, after).await?;
    let seq = match (after, reset) {
        (_, Some(first)) => first - 1,
        (Some(after), None) => after,
        (None, None) => events::newest(&state.app.db).await?,
    };
    let place = Place {
        state,
        scope,
        seq,
        waiting: Vec::new().into_iter(),
        reset,
    };
    let stream = Sse::new(stream_from(place));
    let mut response = stream
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    // nginx passes the stream on at once.
    let headers = response.headers_mut();
    headers.insert("x-accel-buffering", header::HeaderValue::from_static("no"));
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    Ok(response)
}

fn stream_from(place: Place) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    let latest = place.state.app.feed.latest();
    stream::unfold((place, latest), async |(mut place, mut latest)| {
        if let Some(first) = place.reset.take() {
            let data = json!({"first_seq": first}).to_string();
            let event = sse::Event::default().event("reset").data(data);
            return Some((Ok(event), (place, latest)));
        }
        loop {
            if let Some(event) = place.waiting.next() {
                place.seq = event.seq;
                return Some((Ok(written(&event)), (place, latest)));
            }
            let shutdown = place.state.app.shutdown.clone();
            latest.mark_unchanged();
            match place.state.app.feed.after(place.scope, place.seq).await {
                Ok((found, seen)) if !found.is_empty() => {
                    place.waiting = found.into_iter();
                    let _ = seen;
                    continue;
                }
                Ok((_, seen)) => place.seq = seen,
                Err(error) => {
                    let error = telemetry::chain(&error);
                    tracing::warn!(
                        error,
                        "a stream of events ends: the database cannot be read"
                    );
                    return None;
                }
            }
            tokio::select! {
                changed = latest.changed() => if changed.is_err() {
                    return None;
                },
                () = shutdown.begun() => return None,
            }
        }
    })
}

fn written(event: &Event) -> sse::Event {
    let shown = ApiEvent::from(event);
    let data = serde_json::to_string(&shown).unwrap_or_default();
    sse::Event::default()
        .id(shown.seq.to_string())
        .event(shown.r#type)
        .data(data)
}

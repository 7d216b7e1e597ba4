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

use crate::access::Grant;
use crate::clock::{Millis, as_rfc3339};
use crate::events::{self, Event};
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::error::{ApiError, Detail, ErrorBody, Result};
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
    /// The number of a client: only events of this one. The numbers stay those of the caller.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<i64>)]
    client: Option<i64>,
}

/// Events after a number, or live
///
/// Without `after`, from the oldest event that is kept. `next` is the `after` of the next page, also where nothing is new yet.
///
/// With `Accept: text/event-stream` a stream that goes on, from `Last-Event-ID`, `after`, or now. The event `reset`, with the
/// data `{"first_seq": N}`, says that events after the caller's number were deleted, or that no event had it yet; the stream
/// goes on with number N. The id of each event is its `seq`.
///
/// This list has numbers in place of `cursor` and other limits than the other lists: up to 1,000 events, 100 without `limit`.
///
/// A caller of one client gets the events of this client only, and what it asks for is compared with these only. The events of
/// all clients are numbered together: the gaps between two numbers show how many events others had in between, and nothing else
/// about them.
#[utoipa::path(get, path = "/events", tag = "events", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(EventQuery, ("Last-Event-ID" = Option<String>, Header)),
    responses((status = OK, content((EventPage = "application/json"), (String = "text/event-stream"))),
        (status = 410, description = "`cursor_expired`: events after this number were deleted for their age. `cursor_unknown`: no event had this number yet. The hint has the `after` with which to go on", body = ErrorBody), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(query, _): Query<EventQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    if query.after.is_some_and(|after| after < 0) {
        return Err(ApiError::bad(
            texts::api::BAD_QUERY,
            texts::api::DETAIL_AFTER,
        ));
    }
    if wants_stream(&headers) {
        return live(state, grant, query, &headers).await;
    }
    let limit = match query.limit {
        None => DEFAULT_LIMIT,
        Some(limit @ 1..=MOST) => limit,
        Some(_) => {
            let detail = Detail::with(texts::api::DETAIL_LIMIT, "most", MOST);
            return Err(ApiError::bad(texts::api::BAD_QUERY, detail));
        }
    };
    let db = &state.app.db;
    let after = match place_of(&state, grant.scope, query.after).await? {
        PlaceOf::Known(after) => after,
        PlaceOf::Deleted { first } => {
            let values = vec![
                ("first_seq", first.to_string()),
                ("after", (first - 1).to_string()),
            ];
            let error = ApiError::with(StatusCode::GONE, texts::api::CURSOR_EXPIRED, values);
            return Err(error);
        }
        PlaceOf::Unknown { last } => {
            let values = vec![("last_seq", last.to_string())];
            let error = ApiError::with(StatusCode::GONE, texts::api::CURSOR_UNKNOWN, values);
            return Err(error);
        }
    };
    let after = after.unwrap_or(0);
    let newest = events::newest(db).await?;
    let found = match grant.scope.limited_to(query.client) {
        Some(scope) => events::visible_after(db, scope, after, limit).await?,
        None => Vec::new(),
    };
    let last = found.last().map_or(after, |event| event.seq);
    // A caller of one client does not learn how much happens elsewhere.
    let next = match grant.scope {
        Scope::All if found.len() < limit as usize => newest.max(last),
        _ => last,
    };
    Ok(Json(EventPage {
        items: found.iter().map(ApiEvent::from).collect(),
        next: next.to_string(),
    })
    .into_response())
}

/// Where a reader is.
enum PlaceOf {
    /// Nothing after it was deleted; none without a number.
    Known(Option<i64>),
    Deleted {
        first: i64,
    },
    /// No event that the caller may see had this number yet: the database was restored from a backup, or the reader has another one's number.
    Unknown {
        last: i64,
    },
}

async fn place_of(state: &HttpState, scope: Scope, after: Option<i64>) -> Result<PlaceOf> {
    let Some(after) = after else {
        return Ok(PlaceOf::Known(None));
    };
    let db = &state.app.db;
    // A caller of one client is compared with its own events, so that the answer says nothing about those of others.
    let (last, deleted) = match scope {
        Scope::All => {
            let last = events::last_given(db).await?;
            (
                last,
                events::oldest(db).await?.map_or(last, |first| first - 1),
            )
        }
        Scope::Client(client) => {
            let deleted = events::last_deleted(db, client).await?;
            (
                events::newest_visible(db, scope).await?.max(deleted),
                deleted,
            )
        }
    };
    Ok(match after {
        _ if after > last => PlaceOf::Unknown { last },
        _ if after < deleted => PlaceOf::Deleted { first: deleted + 1 },
        _ => PlaceOf::Known(Some(after)),
    })
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT).iter();
    let mut types = lists.flat_map(|list| list.to_str().unwrap_or("").split(','));
    types.any(|kind| {
        let (kind, weight) = kind.split_once(';').unwrap_or((kind, ""));
        let is_refused = weight.trim().trim_end_matches(['0', '.']) == "q=";
        kind.trim().eq_ignore_ascii_case("text/event-stream") && !is_refused
    })
}

/// Where a reader of the stream is.
struct Place {
    state: HttpState,
    grant: Grant,
    /// None when the caller may see nothing of the client that it asked for.
    scope: Option<Scope>,
    seq: i64,
    waiting: std::vec::IntoIter<Arc<Event>>,
    reset: Option<i64>,
}

async fn live(
    state: HttpState,
    grant: Grant,
    query: EventQuery,
    headers: &HeaderMap,
) -> Result<Response> {
    let last = headers.get("last-event-id");
    let last = last.map(|value| {
        value
            .to_str()
            .ok()
            .and_then(|text| text.trim().parse().ok())
    });
    let after: Option<i64> = match last {
        // A number that cannot be read is as good as one of long ago.
        Some(last) => Some(last.filter(|last| *last >= 0).unwrap_or(-1)),
        None => query.after,
    };
    let db = &state.app.db;
    let (seq, reset) = match place_of(&state, grant.scope, after).await? {
        PlaceOf::Known(Some(after)) if after >= 0 => (after, None),
        PlaceOf::Known(None) => (events::newest(db).await?, None),
        PlaceOf::Known(Some(_)) => (0, Some(1)),
        PlaceOf::Deleted { first } => (first - 1, Some(first)),
        PlaceOf::Unknown { last } => (last, Some(last + 1)),
    };
    let place = Place {
        state,
        scope: grant.scope.limited_to(query.client),
        grant,
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
            let app = Arc::clone(&place.state.app);
            let keys = &place.state.live_keys;
            // A key that was revoked, or has expired, reads no further.
            if !matches!(keys.is_valid(&app, &place.grant).await, Ok(true)) {
                return None;
            }
            latest.mark_unchanged();
            let Some(scope) = place.scope else {
                tokio::select! {
                    () = app.shutdown.begun() => return None,
                    () = tokio::time::sleep(KEEP_ALIVE) => continue,
                }
            };
            match app.feed.after(scope, place.seq).await {
                Ok((found, seen)) if found.is_empty() => place.seq = seen,
                Ok((found, _)) => {
                    place.waiting = found.into_iter();
                    continue;
                }
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
                () = app.shutdown.begun() => return None,
                // The key is looked up again.
                () = tokio::time::sleep(KEEP_ALIVE) => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_answered_only_where_it_is_accepted() {
        let asks = |lists: &[&str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(header::ACCEPT, list.parse().unwrap());
            }
            wants_stream(&headers)
        };
        assert!(asks(&["text/event-stream"]) && asks(&["Text/Event-Stream; q=0.5"]));
        assert!(asks(&["application/json", "text/html, text/event-stream"]));
        for lists in [
            &[][..],
            &["*/*"],
            &["application/json, text/event-stream;q=0"],
            &["text/event-stream; q=0.000"],
            &["text/event-stream-like"],
        ] {
            assert!(!asks(lists), "{lists:?}");
        }
    }
}

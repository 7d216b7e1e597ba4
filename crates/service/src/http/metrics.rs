//! `/metrics`, and the counting of webhooks.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::HttpState;
use super::api::{self, caller::Viewer};
use super::client_address::{ClientAddress, is_trusted};
use super::error::{Error, Outcome};
use crate::app::App;
use crate::clock::Millis;
use crate::db;
use crate::events;
use crate::events::notifications::{self, NotificationStatus};
use crate::gateway::Gateway;
use crate::instances;
use crate::media::counts;
use crate::metrics::Gauges;
use crate::model::{MediaStatus, Scope};
use crate::net::loopback::is_loopback_ip;

/// Counts an answered webhook by gateway and outcome.
pub(super) async fn count(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let name = path
        .strip_prefix("/hooks/")
        .and_then(|rest| rest.split('/').next());
    // The original system's addresses are W-API's.
    let gateway = match name {
        None => Gateway::Wapi.as_str(),
        Some("auto") => "auto",
        Some(name) => Gateway::parse(name).map_or("unknown", Gateway::as_str),
    };
    let began = Instant::now();
    let response = next.run(request).await;
    let outcome = response.extensions().get::<Outcome>();
    let outcome = match (outcome, response.status()) {
        (Some(Outcome(outcome)), _) => outcome,
        (None, StatusCode::OK) => "handshake",
        (None, StatusCode::SERVICE_UNAVAILABLE) => "unavailable",
        (None, _) => "invalid",
    };
    let metrics = &state.app.metrics;
    metrics.count_delivery(gateway, outcome, began.elapsed());
    response
}

/// The figures, for callers from loopback, from `http.metrics_from`, or with a key of all clients.
pub(super) async fn show(State(state): State<HttpState>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let address = parts
        .extensions
        .get::<ClientAddress>()
        .map(|address| address.0);
    let settings = &state.app.config.http;
    let is_near = address.is_some_and(|address| {
        is_loopback_ip(address) || is_trusted(address.to_canonical(), &settings.metrics_from)
    });
    if !is_near {
        match Viewer::from_request_parts(&mut parts, &state).await {
            Ok(Viewer(grant)) if grant.scope == Scope::All => {}
            Ok(_) => return api::scope_too_small().into_response(),
            Err(error) => return error.into_response(),
        }
    }
    let encoded = match gauges(&state.app).await {
        Ok(gauges) => state.app.metrics.encode(&gauges),
        Err(error) => return Error::from(error).into_response(),
    };
    let Ok(text) = encoded else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let format =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, format);
    response
}

async fn gauges(app: &Arc<App>) -> Result<Gauges, db::Error> {
    let (db, now) = (&app.db, app.clock.now());
    let media = counts::by_status(db).await?;
    let queue = counts::ages(db, now).await?;
    let all = instances::instances(db).await?;
    app.metrics.expect_deliveries("auto");
    for instance in all.iter().filter(|instance| !instance.removed) {
        app.metrics.expect_deliveries(instance.gateway.as_str());
    }
    let refusals = instances::refusals(db).await?;
    let oldest_notification = notifications::oldest_waiting(db).await?;
    let free = app.storage.free_bytes().ok();
    let least = app.config.storage.pause_below.bytes();
    let age_seconds = |at: Option<Millis>| at.map(|at| (now - at).max(0) / 1_000);
    let stored = media.iter().map(|count| count.size);
    Ok(Gauges {
        media_bytes: stored.sum(),
        media: from_zero(
            MediaStatus::ALL.map(MediaStatus::as_str),
            media.into_iter().map(|count| (count.name, count.count)),
        ),
        queue: queue
            .counts
            .iter()
            .map(|(status, age, count)| ((status.as_str(), age.as_str()), *count))
            .collect(),
        oldest_waiting_seconds: age_seconds(queue.oldest),
        next_deadline_seconds: queue.next_deadline.map(|at| (at - now) / 1_000),
        disk_free_bytes: free,
        disk_size_bytes: app.storage.disk_size_bytes().ok(),
        downloads_paused: free.is_some_and(|free| free < least),
        refused_deliveries: refusals.iter().map(|(_, count)| count.count).sum(),
        undelivered_messages: all.iter().map(|instance| instance.undelivered_count).sum(),
        instances: from_zero(
            [],
            all.iter()
                .map(|instance| (instance.state.as_str().to_owned(), 1)),
        ),
        outbox: outbox(db).await?,
        oldest_notification_seconds: age_seconds(oldest_notification),
        last_event: events::newest(db).await?,
        version: env!("CARGO_PKG_VERSION"),
    })
}

async fn outbox(db: &db::Db) -> Result<Vec<(String, i64)>, db::Error> {
    let counts = notifications::counts(db).await?.into_iter();
    let counts = counts.map(|(status, count)| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        (status.as_str().to_owned(), count)
    });
    let known = [NotificationStatus::Pending, NotificationStatus::Failed];
    Ok(from_zero(known.map(NotificationStatus::as_str), counts))
}

/// Sums by name; those of `known` are there also without a count, because an alert sees no change of a series that begins.
fn from_zero<const N: usize>(
    known: [&str; N],
    counts: impl Iterator<Item = (String, i64)>,
) -> Vec<(String, i64)> {
    let mut sums = known.map(|name| (name.to_owned(), 0)).to_vec();
    for (name, count) in counts {
        match sums.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += count,
            None => sums.push((name, count)),
        }
    }
    sums
}

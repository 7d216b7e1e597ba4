//! The gateway's settings: webhook slots, connection.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::Shared;
use super::link::authorised;

/// The last part of the path that sets a slot, and the field that returns it.
const SLOTS: [(&str, &str); 6] = [
    ("update-webhook-received", "webhookReceivedUrl"),
    ("update-webhook-delivery", "webhookDeliveryUrl"),
    ("update-webhook-message-status", "webhookStatusUrl"),
    ("update-webhook-connected", "webhookConnectedUrl"),
    ("update-webhook-disconnected", "webhookDisconnectedUrl"),
    ("update-webhook-chat-presence", "webhookPresenceUrl"),
];

/// Answers "updated" to everything, but stores only `value`, like the real gateway.
pub(super) async fn set_slot(
    State(shared): State<Shared>,
    Path(slot): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let id = authorised(&shared.world, &query, &headers)?;
    let (_, field) = SLOTS
        .iter()
        .find(|(path, _)| *path == slot)
        .ok_or(StatusCode::NOT_FOUND)?;
    if let Some(value) = body.get("value").and_then(Value::as_str)
        && let Some(account) = shared.world.lock().accounts.get_mut(&id)
        && !account.stubborn.iter().any(|slot| slot == field)
    {
        account.slots.insert((*field).to_owned(), value.to_owned());
    }
    Ok(Json(json!({"error": false, "message": "updated"})))
}

pub(super) async fn fetch_instance(
    State(shared): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, StatusCode> {
    let id = authorised(&shared.world, &query, &headers)?;
    let account = shared
        .world
        .lock()
        .accounts
        .get(&id)
        .cloned()
        .unwrap_or_default();
    let session = account.session;
    if let Some((status, body)) = session.instead {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Ok((status, body).into_response());
    }
    let named = session.names.unwrap_or(id);
    let mut answer = json!({"error": false, "instanceId": named, "connected": session.connected, "connectedPhone": session.number});
    if let Some(ignores) = session.ignores_groups {
        answer["ignoreGroups"] = json!(ignores);
    }
    for (_, field) in SLOTS {
        answer[field] = json!(account.slots.get(field).filter(|slot| !slot.is_empty()));
    }
    let mut response = Json(answer).into_response();
    if session.clock_ahead_seconds != 0 {
        let date = date_in(session.clock_ahead_seconds);
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(header::DATE, date);
        }
    }
    Ok(response)
}

/// An HTTP date this many seconds from now.
#[expect(clippy::disallowed_methods, reason = "a clock that can be wrong")]
fn date_in(seconds: i64) -> String {
    let now = SystemTime::now();
    let shift = Duration::from_secs(seconds.unsigned_abs());
    let shifted = match seconds {
        0.. => now.checked_add(shift),
        _ => now.checked_sub(shift),
    };
    httpdate::fmt_http_date(shifted.unwrap_or(now))
}

//! What an operator sets and reads at the gateway: webhook slots, connection.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::Shared;
use super::link::authorised;

/// The last part of the path that sets a slot, and the field in which the slot is read back.
const SLOTS: [(&str, &str); 6] = [
    ("update-webhook-received", "webhookReceivedUrl"),
    ("update-webhook-delivery", "webhookDeliveryUrl"),
    ("update-webhook-message-status", "webhookStatusUrl"),
    ("update-webhook-connected", "webhookConnectedUrl"),
    ("update-webhook-disconnected", "webhookDisconnectedUrl"),
    ("update-webhook-chat-presence", "webhookPresenceUrl"),
];

/// Says "updated" to whatever it is sent, but keeps `value` only, as the real one does.
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
) -> Result<Json<Value>, StatusCode> {
    let id = authorised(&shared.world, &query, &headers)?;
    let account = shared
        .world
        .lock()
        .accounts
        .get(&id)
        .cloned()
        .unwrap_or_default();
    let mut answer = json!({"error": false, "instanceId": id, "connected": true, "connectedPhone": "5500900000000"});
    for (_, field) in SLOTS {
        answer[field] = json!(account.slots.get(field));
    }
    Ok(Json(answer))
}

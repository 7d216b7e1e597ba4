//! Liveness, and readiness to commit and store a delivery.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Door;
use super::error::Error;

pub(super) async fn alive(State(door): State<Door>) -> Json<Value> {
    Json(json!({"status": "alive", "service": "midiateca", "folder": *door.folder}))
}

pub(super) async fn ready(State(door): State<Door>) -> Result<Json<Value>, Error> {
    match door.readiness.is_ready(&door.app).await {
        true => Ok(Json(json!({"status": "ready"}))),
        false => Err(Error::Unavailable),
    }
}

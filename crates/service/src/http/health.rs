//! Liveness, and readiness to commit and store a delivery.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::HttpState;
use super::error::Error;

pub(super) async fn alive(State(state): State<HttpState>) -> Json<Value> {
    Json(json!({"status": "alive", "service": "midiateca", "folder": *state.folder}))
}

pub(super) async fn ready(State(state): State<HttpState>) -> Result<Json<Value>, Error> {
    if state.readiness.is_ready(&state.app).await {
        Ok(Json(json!({"status": "ready"})))
    } else {
        Err(Error::Unavailable)
    }
}

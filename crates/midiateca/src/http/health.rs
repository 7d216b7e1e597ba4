//! Whether the process lives, and whether it could take a delivery now.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Door;
use super::error::Error;

pub(super) async fn alive(State(door): State<Door>) -> Json<Value> {
    Json(json!({"status": "alive", "service": "midiateca", "folder": *door.folder}))
}

/// Commits an empty transaction and writes, reads and removes a file.
pub(super) async fn ready(State(door): State<Door>) -> Result<Json<Value>, Error> {
    door.app.db.write(async |_| Ok(())).await?;
    door.app.vault.probe().await.map_err(|error| {
        tracing::error!(
            error = crate::telemetry::chain(&error),
            "the vault cannot store"
        );
        Error::Unavailable
    })?;
    Ok(Json(json!({"status": "ready"})))
}

//! The call for a link: `POST /v1/message/download-media?instanceId=…`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Shared, call};
use crate::world::Entry;
use crate::{Fault, Gateway, LinkExpiry, World, webhook};

const EXPIRES_MS: i64 = 4_000_000_000_000;
const LONG_AGO_MS: i64 = 1_000_000_000_000;

/// Checks the token of the instance: 404 without one, 401 for a wrong one.
pub(super) fn authorised(
    world: &World,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
) -> Result<String, StatusCode> {
    let id = query.get("instanceId").ok_or(StatusCode::NOT_FOUND)?;
    let state = world.lock();
    let account = state.accounts.get(id).ok_or(StatusCode::NOT_FOUND)?;
    let shown = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let right =
        shown.and_then(|shown| shown.strip_prefix("Bearer ")) == Some(account.token.as_str());
    if right {
        Ok(id.clone())
    } else {
        Err(StatusCode::UNAUTHORIZED)
    }
}

pub(super) async fn ask(
    State(shared): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if let Some(down) = call::begin(&shared.world).await {
        return down;
    }
    if let Err(status) = authorised(&shared.world, &query, &headers) {
        return (
            status,
            Json(json!({"error": true, "message": "unauthorised"})),
        )
            .into_response();
    }
    let text = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let (Some(_), Some(path), Some(kind), Some(_)) = (
        text("mediaKey"),
        text("directPath"),
        text("type"),
        text("mimetype"),
    ) else {
        return failure(
            StatusCode::BAD_REQUEST,
            "mediaKey, directPath, type and mimetype are required",
        );
    };
    if !["image", "video", "audio", "document"].contains(&kind) {
        return failure(StatusCode::BAD_REQUEST, "unknown type");
    }
    if let Some(name) = path
        .strip_prefix("/v/t62.7117-24/gen-")
        .and_then(|rest| rest.split_once("_n.enc"))
    {
        let link = format!("{}/media/file/gen-{}_audio.oga", shared.origin, name.0);
        return link_until(&link, json!(EXPIRES_MS));
    }
    match call::take_fault(&shared.world, path) {
        Some(entry) => answer(&entry, &shared).await,
        None => call::lost(Gateway::Wapi),
    }
}

async fn answer(entry: &Entry, shared: &Shared) -> Response {
    let fault = &entry.current;
    if let Some(refused) = call::refused(Gateway::Wapi, fault).await {
        return refused;
    }
    let origins = shared.world.lock().origins.clone();
    let link = webhook::link(Gateway::Wapi, &origins, &entry.media, fault);
    let expires = match fault {
        Fault::ExpiredLink => json!(LONG_AGO_MS),
        Fault::LinkExpires(expires) => serde_json::from_str(expires).unwrap_or_default(),
        Fault::LinkTo(_) => json!(EXPIRES_MS),
        _ => expiry(entry.media.link_expiry),
    };
    link_until(&link, expires)
}

/// When a link expires, in the form that the media selects.
fn expiry(written: LinkExpiry) -> Value {
    match written {
        LinkExpiry::Milliseconds => json!(EXPIRES_MS),
        LinkExpiry::Seconds => json!(EXPIRES_MS / 1_000),
        LinkExpiry::Text => json!(EXPIRES_MS.to_string()),
        LinkExpiry::Zero => json!(0),
        LinkExpiry::Absent => Value::Null,
    }
}

/// A link; without an expiry when `expires` is `null`.
fn link_until(link: &str, expires: Value) -> Response {
    let mut answer = json!({"error": false, "fileLink": link, "expires": expires});
    if let Some(answer) = answer.as_object_mut() {
        answer.retain(|_, value| !value.is_null());
    }
    Json(answer).into_response()
}

fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": true, "message": message}))).into_response()
}

//! The call for a link: `POST /v1/message/download-media?instanceId=…`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Shared;
use crate::{Fault, LinkExpiry, World};

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
    let (delay, down) = {
        let state = shared.world.lock();
        (state.delay, state.down)
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    if down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
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
        return success(&shared.origin, &format!("gen-{}_audio.oga", name.0));
    }
    let fault = take_fault(&shared.world, path);
    answer(&shared, path, fault).await
}

/// The fault of this call, which applies to the file too.
fn take_fault(world: &World, path: &str) -> Option<Fault> {
    let mut state = world.lock();
    let entry = state.media.get_mut(path)?;
    entry.link_requests += 1;
    let now = entry.fault.take();
    entry.current = now.clone();
    Some(now)
}

async fn answer(shared: &Shared, path: &str, fault: Option<Fault>) -> Response {
    let origin = shared.origin.as_str();
    match fault {
        None | Some(Fault::ApiErrorObject) => {
            let message = json!({"error": false, "data": {"error": true, "message": "Falha ao fazer o download do conteúdo."}});
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                Json(json!({"error": true, "message": message})),
            )
                .into_response()
        }
        Some(Fault::ApiErrorTrue) => failure(StatusCode::OK, "download failed"),
        Some(Fault::TooManyRequests { retry_after_s }) => {
            let mut response = failure(StatusCode::TOO_MANY_REQUESTS, "slow down");
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            response
        }
        Some(Fault::ApiStatus(status)) => StatusCode::from_u16(status)
            .unwrap_or(StatusCode::BAD_GATEWAY)
            .into_response(),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::RefusedConnection) => success(&shared.closed, &link_name(shared, path)),
        Some(Fault::ExpiredLink) => {
            link_until(origin, &link_name(shared, path), json!(LONG_AGO_MS))
        }
        Some(Fault::LinkExpires(expires)) => {
            let link = format!("{origin}/media/file/{}", link_name(shared, path));
            let mut answer = json!({"error": false, "fileLink": link});
            if let Ok(expires) = serde_json::from_str(&expires) {
                let expires: Value = expires;
                answer["expires"] = expires;
            }
            Json(answer).into_response()
        }
        Some(Fault::LinkTo(link)) => {
            Json(json!({"error": false, "fileLink": link, "expires": EXPIRES_MS})).into_response()
        }
        Some(Fault::LinkAt(other)) => success(&other, &link_name(shared, path)),
        Some(_) => link_until(origin, &link_name(shared, path), expiry(shared, path)),
    }
}

/// When a link expires, in the form that the media selects.
fn expiry(shared: &Shared, path: &str) -> Value {
    let state = shared.world.lock();
    let written = state.media.get(path).map(|entry| entry.media.link_expiry);
    match written.unwrap_or_default() {
        LinkExpiry::Milliseconds => json!(EXPIRES_MS),
        LinkExpiry::Seconds => json!(EXPIRES_MS / 1_000),
        LinkExpiry::Text => json!(EXPIRES_MS.to_string()),
        LinkExpiry::Zero => json!(0),
        LinkExpiry::Absent => Value::Null,
    }
}

fn link_name(shared: &Shared, path: &str) -> String {
    let mut state = shared.world.lock();
    let name = state.media.get(path).map(|entry| {
        entry.media.link_name.clone().unwrap_or_else(|| {
            let id: String = entry
                .media
                .message_id
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(64)
                .collect();
            format!("{id}_{}.bin", entry.media.kind.as_str())
        })
    });
    let name = name.unwrap_or_default();
    state.files.insert(name.clone(), path.to_owned());
    name
}

fn success(origin: &str, name: &str) -> Response {
    link_until(origin, name, json!(EXPIRES_MS))
}

/// A link; without an expiry when `expires` is `null`.
fn link_until(origin: &str, name: &str, expires: Value) -> Response {
    let mut answer = json!({"error": false, "fileLink": format!("{origin}/media/file/{name}"), "expires": expires});
    if let Some(answer) = answer.as_object_mut() {
        answer.retain(|_, value| !value.is_null());
    }
    Json(answer).into_response()
}

fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": true, "message": message}))).into_response()
}

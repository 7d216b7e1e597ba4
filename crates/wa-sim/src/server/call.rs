//! The common part of all gateways' calls for a file.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::world::Entry;
use crate::{Fault, Gateway, World};

/// Waits as long as every call takes; an answer if everything is down.
pub(super) async fn begin(world: &World) -> Option<Response> {
    let (delay, down) = {
        let state = world.lock();
        (state.delay, state.down)
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    down.then(|| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

/// The media of a path, with the fault of this call, which applies to its file too.
pub(super) fn take_fault(world: &World, path: &str) -> Option<Entry> {
    let mut state = world.lock();
    let entry = state.media.get_mut(path)?;
    entry.link_requests += 1;
    entry.current = entry.fault.take();
    let now = entry.clone();
    if matches!(entry.current, Fault::Reuploads { .. }) {
        (entry.cdn_fault, entry.fallback_fault) = (Fault::None, Fault::None);
        entry.current = Fault::None;
    }
    let entry = now;
    // Several instances may have messages with the same id.
    state.files.insert(entry.media.file_id(), path.to_owned());
    Some(entry)
}

/// The answer to a call that fails.
pub(super) async fn refused(gateway: Gateway, fault: &Fault) -> Option<Response> {
    Some(match fault {
        Fault::ApiErrorObject => error(gateway, StatusCode::INTERNAL_SERVER_ERROR),
        Fault::ApiErrorTrue => error(gateway, StatusCode::OK),
        Fault::TooManyRequests { retry_after_s } => {
            let mut response = error(gateway, StatusCode::TOO_MANY_REQUESTS);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
            response
        }
        Fault::ApiStatus(status) => StatusCode::from_u16(*status)
            .unwrap_or(StatusCode::BAD_GATEWAY)
            .into_response(),
        Fault::Lost => lost(gateway),
        Fault::Hang => std::future::pending().await,
        Fault::Reuploads { after_ms } => {
            tokio::time::sleep(Duration::from_millis(*after_ms)).await;
            return None;
        }
        _ => return None,
    })
}

/// The answer for a message that the gateway does not have.
pub(super) fn lost(gateway: Gateway) -> Response {
    match gateway {
        Gateway::Evolution => (StatusCode::CREATED, Json(Value::Null)).into_response(),
        Gateway::Wapi => error(gateway, StatusCode::INTERNAL_SERVER_ERROR),
        Gateway::Meta | Gateway::Dialog360 | Gateway::Wppconnect | Gateway::Quepasa => {
            error(gateway, StatusCode::BAD_REQUEST)
        }
        _ => error(gateway, StatusCode::NOT_FOUND),
    }
}

/// An error as a gateway writes it.
pub(super) fn error(gateway: Gateway, status: StatusCode) -> Response {
    let code = status.as_u16();
    let text = match code {
        400 | 404 => "Message not found",
        401 => "unauthorised",
        429 => "slow down",
        _ => "download failed",
    };
    let body = match gateway {
        Gateway::Wapi if code == 500 => {
            let inner = json!({"error": true, "message": "Falha ao fazer o download do conteúdo."});
            json!({"error": true, "message": {"error": false, "data": inner}})
        }
        Gateway::Wapi => json!({"error": true, "message": text}),
        Gateway::Evolution => {
            json!({"status": code, "error": status.canonical_reason(), "response": {"message": [text]}})
        }
        Gateway::Meta | Gateway::Dialog360 if code == 400 => {
            json!({"error": {"message": "Unsupported get request. Object with ID does not exist", "type": "GraphMethodException", "code": 100, "error_subcode": 33}})
        }
        Gateway::Meta | Gateway::Dialog360 => {
            json!({"error": {"message": text, "type": "OAuthException", "code": 190}})
        }
        Gateway::Waha => json!({"statusCode": code, "message": text}),
        Gateway::Wuzapi => json!({"code": code, "error": text, "success": false}),
        Gateway::Wppconnect => json!({"status": "error", "message": text}),
        Gateway::Gowa => json!({"status": code, "code": "ERROR", "message": text, "results": null}),
        _ => json!({"error": text}),
    };
    (status, Json(body)).into_response()
}

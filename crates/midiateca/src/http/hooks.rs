//! The webhook door: token first, then the body as bytes within a limit, then an answer as soon as it is committed.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::sync::SemaphorePermit;

use super::Door;
use super::error::Error;
use crate::config::millis;
use crate::gateway::Gateway;
use crate::intake::{self, Receipt};
use crate::media::InstanceId;
use crate::registry::Instance;
use crate::secrets;

/// The addresses of the system that this one takes over from, without their last slash.
pub(super) const ORIGINAL_PATHS: [&str; 7] = [
    "/webhook/whatsapp",
    "/webhook/receive-message",
    "/webhook/send-message",
    "/webhook/chat-presence",
    "/webhook/message-status",
    "/webhook/connect",
    "/webhook/disconnect",
];

/// How much of a refused body is still read, so that its sender gets to hear the refusal.
const MOST_DRAINED_BYTES: usize = 256 << 20;

/// Most webhooks are smaller than this.
const ROOM_STEP_KIB: u32 = 16;

pub(super) async fn by_path(
    State(door): State<Door>,
    path: Result<Path<(String, String)>, PathRejection>,
    body: Body,
) -> Response {
    match path {
        Ok(Path((gateway, _))) if Gateway::parse(&gateway).is_none() => {
            refuse(&door, Error::UnknownGateway, body).await
        }
        Ok(Path((_, token))) => take(&door, Some(token), body).await,
        Err(_) => refuse(&door, Error::WrongToken, body).await,
    }
}

/// `/hooks/{gateway}` without any token.
pub(super) async fn without_token(State(door): State<Door>, body: Body) -> Response {
    refuse(&door, Error::WrongToken, body).await
}

pub(super) async fn by_query_or_header(
    State(door): State<Door>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned());
    let query = query.unwrap_or_default();
    let in_query = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, value)| name == "token" && !value.is_empty())
        .map(|(_, token)| token.into_owned());
    take(&door, in_query.or(bearer), body).await
}

async fn take(door: &Door, token: Option<String>, mut body: Body) -> Response {
    let instance = match authenticate(door, token).await {
        Ok(instance) => instance,
        Err(error) => return refuse(door, error, body).await,
    };
    let limit_bytes = door.app.config.door.max_body_bytes;
    if http_body::Body::size_hint(&body).lower() > limit_bytes as u64 {
        return refuse(door, Error::BodyTooLarge { limit_bytes }, body).await;
    }
    match read(door, &mut body, limit_bytes).await {
        Ok((bytes, _room)) => receive(door, &instance, &bytes)
            .await
            .unwrap_or_else(IntoResponse::into_response),
        Err(error) => refuse(door, error, body).await,
    }
}

async fn authenticate(door: &Door, token: Option<String>) -> Result<Arc<Instance>, Error> {
    let hash = secrets::hash_of(&token.ok_or(Error::WrongToken)?);
    let known = door.app.directory.by_hook(&hash).await?;
    if known.is_none() {
        // A gateway does not repeat after a 401, so it is given only by the right database.
        door.app.db.verify().await?;
    }
    known.ok_or(Error::WrongToken)
}

/// The whole body, and the room that it takes in memory, which grows as the bytes come: what a sender merely
/// announces takes nothing from others.
async fn read<'d>(
    door: &'d Door,
    body: &mut Body,
    limit_bytes: usize,
) -> Result<(Bytes, SemaphorePermit<'d>), Error> {
    let take = |kib| {
        door.room
            .try_acquire_many(kib)
            .map_err(|_| Error::Unavailable)
    };
    let mut room = take(ROOM_STEP_KIB)?;
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Error::BodyIncomplete)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > limit_bytes {
            return Err(Error::BodyTooLarge { limit_bytes });
        }
        while room.num_permits() * 1_024 < bytes.len() + data.len() {
            room.merge(take(ROOM_STEP_KIB)?);
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes.freeze(), room))
}

/// Reads the rest of a refused body and throws it away: a sender that is still writing would otherwise see
/// a broken connection instead of the answer.
pub(super) async fn refuse(door: &Door, error: Error, mut body: Body) -> Response {
    let drain = async {
        let mut drained = 0;
        while let Some(Ok(frame)) = body.frame().await {
            drained += frame.data_ref().map_or(0, Bytes::len);
            if drained > MOST_DRAINED_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(millis(door.app.config.door.body_timeout_ms), drain).await;
    error.into_response()
}

async fn receive(door: &Door, instance: &Instance, body: &Bytes) -> Result<Response, Error> {
    let (status, answer) = match intake::receive(&door.app, instance, body).await? {
        Receipt::Accepted { delivery, media } => {
            let media: Vec<_> = media
                .iter()
                .map(|(kind, put)| json!({"id": put.id.as_str(), "kind": kind.as_str(), "status": put.status.as_str(), "duplicate": put.duplicate}))
                .collect();
            (
                StatusCode::OK,
                json!({"status": "accepted", "delivery": delivery.as_str(), "media": media}),
            )
        }
        Receipt::Ignored { reason } => (
            StatusCode::OK,
            json!({"status": "ignored", "reason": reason}),
        ),
        Receipt::Quarantined { reason } => (
            StatusCode::ACCEPTED,
            json!({"status": "quarantined", "reason": reason}),
        ),
        Receipt::WrongInstance { named } => {
            let known = door.app.directory.by_id().await?;
            let exists = known
                .get(&InstanceId(named))
                .is_some_and(|instance| !instance.removed);
            return Err(if exists {
                Error::OtherInstance
            } else {
                Error::UnknownInstance
            });
        }
    };
    Ok((status, Json(answer)).into_response())
}

//! Webhooks: check the token, read the body within a limit, answer as soon as it is committed.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http_body_util::BodyExt as _;
use serde_json::json;

use super::body::ReadBody;
use super::client_address::ClientAddress;
use super::error::Error;
use super::refusals::Sender;
use super::{HttpState, body};
use crate::gateway::Gateway;
use crate::ingest::{self, Receipt};
use crate::instances::Instance;
use crate::model::{DeliveryReason, InstanceId};

/// How much of a refused body is searched for the instance that it names.
const BEGINNING_BYTES: usize = 16 << 10;
/// How long to wait for it.
const BEGINNING_PATIENCE: Duration = Duration::from_millis(200);

pub(super) async fn by_path(
    State(state): State<HttpState>,
    Extension(ClientAddress(client)): Extension<ClientAddress>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (gateway, token) = match &path {
        Ok(Path((gateway, token))) => (Gateway::parse(gateway), Some(token.as_str())),
        // A token that is no text is a wrong one.
        Err(_) => (Some(Gateway::Wapi), Some("")),
    };
    let sender = Sender::new(gateway, token, client);
    match gateway {
        Some(_) => take(&state, &sender, &headers, body).await,
        None => {
            sender
                .refuse(&state, None, Error::UnknownGateway, body, &headers)
                .await
        }
    }
}

pub(super) async fn without_token(
    State(state): State<HttpState>,
    Extension(ClientAddress(client)): Extension<ClientAddress>,
    gateway: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let gateway = gateway.ok().and_then(|Path(name)| Gateway::parse(&name));
    let sender = Sender::new(gateway, None, client);
    take(&state, &sender, &headers, body).await
}

pub(super) async fn by_query_or_header(
    State(state): State<HttpState>,
    Extension(ClientAddress(client)): Extension<ClientAddress>,
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
    let token = in_query.or(bearer);
    let sender = Sender::new(Some(Gateway::Wapi), token.as_deref(), client);
    take(&state, &sender, &headers, body).await
}

async fn take(
    state: &HttpState,
    sender: &Sender,
    headers: &HeaderMap,
    mut stream: Body,
) -> Response {
    let instance = match authenticate(state, sender).await {
        Ok(instance) => instance,
        Err(error) => return sender.refuse(state, None, error, stream, headers).await,
    };
    let limit_bytes = state.app.config.http.max_body.as_usize();
    if http_body::Body::size_hint(&stream).lower() > limit_bytes as u64 {
        let error = Error::BodyTooLarge { limit_bytes };
        return sender
            .refuse(state, Some(&instance), error, stream, headers)
            .await;
    }
    match body::read(state, instance.gateway, headers, &mut stream, limit_bytes).await {
        Ok((body, _share)) => receive(state, sender, &instance, body)
            .await
            .unwrap_or_else(IntoResponse::into_response),
        Err(error) => {
            sender
                .refuse(state, Some(&instance), error, stream, headers)
                .await
        }
    }
}

async fn authenticate(state: &HttpState, sender: &Sender) -> Result<Arc<Instance>, Error> {
    let hash = sender.hash.as_ref().ok_or(Error::WrongToken)?;
    let known = state.app.directory.by_hook(hash).await?;
    if known.is_none() {
        // A gateway does not repeat after a 401, so only the right database may answer it.
        state.app.db.verify().await?;
    }
    known.ok_or(Error::WrongToken)
}

/// The beginning of a refused body, as far as it has arrived: the answer does not wait for the rest. A client that asks
/// first whether to send the body (`Expect: 100-continue`) is answered without it.
pub(super) async fn beginning(mut body: Body, headers: &HeaderMap) -> Vec<u8> {
    let mut beginning = Vec::new();
    if headers.contains_key(header::EXPECT) {
        return beginning;
    }
    let reading = async {
        while beginning.len() < BEGINNING_BYTES {
            let Some(Ok(frame)) = body.frame().await else {
                break;
            };
            let Some(data) = frame.data_ref() else {
                continue;
            };
            let remaining = BEGINNING_BYTES - beginning.len();
            beginning.extend_from_slice(&data[..data.len().min(remaining)]);
        }
    };
    let _ = tokio::time::timeout(BEGINNING_PATIENCE, reading).await;
    beginning
}

async fn receive(
    state: &HttpState,
    sender: &Sender,
    instance: &Instance,
    body: ReadBody,
) -> Result<Response, Error> {
    let receipt = match body {
        ReadBody::Read(body) => ingest::receive(&state.app.ingest, instance, body).await?,
        ReadBody::Undecodable(body) => {
            ingest::keep_unread(
                &state.app.ingest,
                instance,
                DeliveryReason::UndecodableBody,
                body,
            )
            .await?
        }
        ReadBody::UnknownEncoding(body) => {
            ingest::keep_unread(
                &state.app.ingest,
                instance,
                DeliveryReason::UnknownEncoding,
                body,
            )
            .await?;
            return Err(Error::UnknownEncoding);
        }
    };
    let (status, answer) = match receipt {
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
        // Not 202: some gateways repeat anything but 200.
        Receipt::SetAside { reason, place } => {
            let mut answer = json!({"status": "set_aside", "reason": reason});
            if let Some((line, column)) = place {
                answer["line"] = json!(line);
                answer["column"] = json!(column);
            }
            (StatusCode::OK, answer)
        }
        Receipt::WrongInstance { named } => {
            let named = InstanceId(named);
            return Err(sender.count_other_instance(state, instance, &named).await?);
        }
    };
    Ok((status, Json(answer)).into_response())
}

//! Webhooks: check the token, read the body within a limit, answer as soon as it is committed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;

use super::body::{Arrival, ReadBody};
use super::client_address::ClientAddress;
use super::error::{Error, Outcome};
use super::refusals::Sender;
use super::{HttpState, body};
use crate::gateway::Gateway;
use crate::gateway::multipart;
use crate::gateway::signature::{Headers, Signed};
use crate::ingest::{self, Receipt};
use crate::instances::{self, Instance};
use crate::model::{DeliveryReason, InstanceId};
use crate::secrets;

/// The most addresses by which the sender may know this one.
const MOST_URLS: usize = 12;

/// In an address, in place of a gateway's name: the delivery is the gateway's that the instance has.
const AUTO: &str = "auto";

/// The parts of a webhook's address.
struct Address<'a> {
    gateway: Option<Gateway>,
    is_known: bool,
    token: &'a str,
}

impl<'a> Address<'a> {
    fn new(gateway: &str, token: &'a str) -> Self {
        let parsed = Gateway::parse(gateway);
        Self {
            gateway: parsed,
            is_known: parsed.is_some() || gateway == AUTO,
            token,
        }
    }
}

pub(super) async fn by_path(
    State(state): State<HttpState>,
    Extension(ClientAddress(client)): Extension<ClientAddress>,
    path: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let address = match &path {
        Ok(Path((gateway, token))) => Address::new(gateway, token),
        // A token that is no text is a wrong one.
        Err(_) => Address::new(Gateway::Wapi.as_str(), ""),
    };
    at_address(&state, &address, client, (&uri, &headers), body).await
}

/// Some gateways append the name of the event to the address.
pub(super) async fn by_longer_path(
    State(state): State<HttpState>,
    Extension(ClientAddress(client)): Extension<ClientAddress>,
    path: Result<Path<(String, String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let address = match &path {
        Ok(Path((gateway, token, _))) => Address::new(gateway, token),
        Err(_) => Address::new(Gateway::Wapi.as_str(), ""),
    };
    at_address(&state, &address, client, (&uri, &headers), body).await
}

async fn at_address(
    state: &HttpState,
    address: &Address<'_>,
    client: std::net::IpAddr,
    (uri, headers): (&Uri, &HeaderMap),
    body: Body,
) -> Response {
    let sender = Sender::new(address.gateway, Some(address.token), client);
    if address.is_known {
        take(state, &sender, (uri, headers), body).await
    } else {
        let error = Error::UnknownGateway;
        sender.refuse(state, None, error, body, headers).await
    }
}

/// The handshake with which Meta and its partners verify an address (developers.facebook.com, "Webhooks: Getting Started").
/// The verify token is the token in the address, or the secret of the instance.
pub(super) async fn handshake(
    State(state): State<HttpState>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Response {
    let Ok(Path((_, token))) = path else {
        return Error::WrongToken.into_response();
    };
    answer_handshake(&state, &token, &query.unwrap_or_default())
        .await
        .unwrap_or_else(|error| error.into_response())
}

async fn answer_handshake(state: &HttpState, token: &str, query: &str) -> Result<Response, Error> {
    let fields: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let value = |name: &str| {
        let field = fields.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_ref())
    };
    let Some(mode) = value("hub.mode") else {
        return Err(Error::WrongMethod);
    };
    let instance = state
        .app
        .directory
        .by_hook(&secrets::hash_token(token))
        .await?;
    let instance = instance.ok_or(Error::WrongToken)?;
    let given = value("hub.verify_token").unwrap_or_default();
    let sealed = instance.secret_sealed.as_deref();
    let secret = sealed.and_then(|sealed| {
        let context = instances::secret_context(&instance.id);
        state.app.secrets.unseal(&context, sealed).ok()
    });
    let hash = secrets::hash_token(given);
    let is_right = [Some(token), secret.as_deref()]
        .into_iter()
        .flatten()
        .any(|known| secrets::hash_token(known) == hash);
    match (mode, is_right, value("hub.challenge")) {
        ("subscribe", true, Some(challenge)) => {
            let kind = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            Ok((kind, challenge.to_owned()).into_response())
        }
        _ => Err(Error::WrongVerifyToken),
    }
}

pub(super) async fn without_token(
    State(state): State<HttpState>,
    Extension(ClientAddress(client)): Extension<ClientAddress>,
    gateway: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let gateway = gateway.ok().and_then(|Path(name)| Gateway::parse(&name));
    let sender = Sender::new(gateway, None, client);
    take(&state, &sender, (&uri, &headers), body).await
}

pub(super) async fn by_query_or_header(
    State(state): State<HttpState>,
    Extension(ClientAddress(client)): Extension<ClientAddress>,
    RawQuery(query): RawQuery,
    uri: Uri,
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
    take(&state, &sender, (&uri, &headers), body).await
}

async fn take(
    state: &HttpState,
    sender: &Sender,
    (uri, headers): (&Uri, &HeaderMap),
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
    let mut arrival = match arrival(state, &instance, uri, headers) {
        Ok(arrival) => arrival,
        Err(error) => return Error::from(error).into_response(),
    };
    let reading = body::read(
        state,
        instance.gateway,
        headers,
        &mut stream,
        limit_bytes,
        &mut arrival,
    );
    match reading.await {
        Ok((ReadBody::Refused(body, refusal), _share)) => {
            let keeping = ingest::signed::keep_refused(
                &state.app.ingest,
                &instance,
                refusal.into(),
                body,
                arrival.signed,
            );
            if let Err(error) = keeping.await {
                return Error::from(error).into_response();
            }
            sender.count_signature(state, &instance);
            Error::WrongSignature.into_response()
        }
        Ok((body, _share)) => receive(state, sender, &instance, (headers, body))
            .await
            .unwrap_or_else(IntoResponse::into_response),
        Err(error) => {
            sender
                .refuse(state, Some(&instance), error, stream, headers)
                .await
        }
    }
}

/// How the body of a delivery is checked and converted while it arrives.
fn arrival(
    state: &HttpState,
    instance: &Instance,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Arrival, crate::db::Error> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|it| it.to_str().ok());
    let boundary = content_type.and_then(multipart::boundary);
    let mut signed = Signed::default();
    if instance.secret_sealed.is_some() {
        let mut urls = requested_urls(&state.app.config.http.public_url, uri, headers);
        signed = Signed {
            headers: known_headers(headers).of_signature(),
            url: urls.remove(0),
            other_urls: urls,
            ..Signed::default()
        };
    }
    let now = state.app.clock.now();
    Ok(Arrival {
        verifier: ingest::signed::verifier(&state.app.ingest, instance, &signed, now)?,
        boundary,
        signed,
    })
}

fn known_headers(headers: &HeaderMap) -> Headers {
    Headers::new(
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
    )
}

/// The addresses by which the sender may know this one, the likeliest first: the public one, and those by the headers of proxies,
/// which may end TLS, cut off a prefix of the path, or pass on the name of their own host. A signature of one of them still
/// needs the secret.
fn requested_urls(public_url: &str, uri: &Uri, headers: &HeaderMap) -> Vec<String> {
    // A chain of proxies lists what each of them saw; the first one is the sender's.
    let first = |name: &str| {
        let text = headers.get(name).and_then(|it| it.to_str().ok())?;
        let first = text.split(',').next().unwrap_or_default().trim();
        (!first.is_empty()).then(|| first.to_owned())
    };
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let mut paths = vec![path.to_owned()];
    let prefix = first("x-forwarded-prefix").filter(|prefix| prefix.starts_with('/'));
    paths.extend(prefix.map(|prefix| format!("{}{path}", prefix.trim_end_matches('/'))));
    let originals = ["x-original-uri", "x-original-url", "x-forwarded-uri"];
    let originals = originals.into_iter().filter_map(first);
    paths.extend(originals.filter(|path| path.starts_with('/')));

    let public = public_url.trim_end_matches('/');
    let mut origins: Vec<_> = Some(public.to_owned())
        .into_iter()
        .filter(|it| !it.is_empty())
        .collect();
    let scheme = first("x-forwarded-proto").unwrap_or_else(|| "https".to_owned());
    let (forwarded, host) = (first("x-forwarded-host"), first("host"));
    let named = forwarded.iter().chain(&host);
    let by_headers = named.clone().map(|host| format!("{scheme}://{host}"));
    let with_tls = named.map(|host| format!("https://{host}"));
    origins.extend(by_headers.chain(with_tls));

    let mut urls: Vec<String> = Vec::new();
    for origin in &origins {
        for path in &paths {
            let url = format!("{origin}{path}");
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
    }
    urls.truncate(MOST_URLS);
    if urls.is_empty() {
        urls.push(path.to_owned());
    }
    urls
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

async fn receive(
    state: &HttpState,
    sender: &Sender,
    instance: &Instance,
    (headers, body): (&HeaderMap, ReadBody),
) -> Result<Response, Error> {
    let receipt = match body {
        ReadBody::Refused(..) => return Err(Error::WrongSignature),
        ReadBody::Read(body) => {
            let source = known_headers(headers);
            ingest::receive_from(&state.app.ingest, instance, body, &source).await?
        }
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
    let (outcome, answer) = match receipt {
        Receipt::Accepted {
            delivery,
            media,
            left_out,
        } => {
            let media: Vec<_> = media
                .iter()
                .map(|(kind, put)| json!({"id": put.id.as_str(), "kind": kind.as_str(), "status": put.status.as_str(), "duplicate": put.duplicate}))
                .collect();
            let mut answer =
                json!({"status": "accepted", "delivery": delivery.as_str(), "media": media});
            if !left_out.is_nothing() {
                answer["left_out"] = json!(left_out);
            }
            (Outcome("accepted"), answer)
        }
        Receipt::Ignored { reason } => (
            Outcome("ignored"),
            json!({"status": "ignored", "reason": reason}),
        ),
        // Not 202: some gateways repeat anything but 200.
        Receipt::SetAside {
            reason,
            place,
            gateway,
        } => {
            let mut answer = json!({"status": "set_aside", "reason": reason});
            if let Some((line, column)) = place {
                answer["line"] = json!(line);
                answer["column"] = json!(column);
            }
            if let Some(gateway) = gateway {
                answer["gateway"] = json!(gateway);
            }
            (Outcome("set_aside"), answer)
        }
        Receipt::WrongInstance { named } => {
            let named = InstanceId(named);
            return Err(sender.count_other_instance(state, instance, &named).await?);
        }
    };
    let mut response = (StatusCode::OK, Json(answer)).into_response();
    response.extensions_mut().insert(outcome);
    Ok(response)
}

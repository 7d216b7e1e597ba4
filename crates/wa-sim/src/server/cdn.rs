//! WhatsApp's CDN: `GET` of a direct path, signature and expiry and all, gives the encrypted file or a range of it.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use wa_media::KeyKind;

use super::Shared;
use crate::Fault;
use crate::world::Entry;

pub(super) async fn fetch(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = uri.path_and_query().map_or("", |asked| asked.as_str());
    let (entry, fault) = {
        let mut state = shared.world.lock();
        if state.down {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        state.bearers_on_files += u32::from(headers.contains_key(header::AUTHORIZATION));
        let now = state.now;
        let Some(entry) = state.media.get_mut(asked) else {
            let path = format!("{}?", uri.path());
            let altered = state.media.keys().any(|known| known.starts_with(&path));
            return if altered {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::NOT_FOUND
            }
            .into_response();
        };
        entry.cdn_requests += 1;
        if wa_media::expiry_of(asked).is_some_and(|at| at <= now) {
            return (StatusCode::FORBIDDEN, "URL signature expired").into_response();
        }
        let fault = entry.cdn_fault.take();
        (entry.clone(), fault)
    };
    answer(&entry, fault, &headers).await
}

/// The whole encrypted file. Generated media are encrypted whole as well, so they should be small here.
fn encrypted(entry: &Entry) -> Bytes {
    let media = &entry.media;
    let mut plain = Vec::new();
    while (plain.len() as u64) < media.content.size_bytes() {
        plain.extend_from_slice(&media.content.piece(plain.len() as u64));
    }
    let kind = media.key_kind.unwrap_or_else(|| KeyKind::from(media.kind));
    wa_media::encrypt::encrypt(&media.media_key, kind, &plain)
        .body
        .into()
}

async fn answer(entry: &Entry, fault: Fault, headers: &HeaderMap) -> Response {
    let mut body = encrypted(entry);
    match fault {
        Fault::FileStatus(status) | Fault::ApiStatus(status) => {
            return StatusCode::from_u16(status)
                .unwrap_or(StatusCode::BAD_GATEWAY)
                .into_response();
        }
        Fault::TooManyRequests { retry_after_s } => {
            let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            return response;
        }
        Fault::Hang => std::future::pending().await,
        Fault::HtmlPage => {
            return "<!DOCTYPE html><html><body>Bad gateway</body></html>".into_response();
        }
        Fault::Empty => return ().into_response(),
        Fault::WrongBytes => {
            let mut altered = body.to_vec();
            let middle = altered.len() / 2;
            altered[middle] ^= 1;
            body = altered.into();
        }
        _ => {}
    }
    let from = headers.get(header::RANGE).and_then(|range| {
        range
            .to_str()
            .ok()?
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse::<usize>()
            .ok()
    });
    let whole = body.len();
    let rest = body.slice(from.unwrap_or(0).min(whole)..);
    let length = rest.len();
    let mut response = match fault {
        Fault::CutShort { after_bytes } => {
            Body::from_stream(cut(rest, after_bytes)).into_response()
        }
        _ => Body::from(rest).into_response(),
    };
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(from) = from {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {from}-{}/{whole}", whole.saturating_sub(1));
        if let Ok(range) = HeaderValue::from_str(&range) {
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
    }
    response
}

/// The beginning, and then a broken connection.
pub(super) fn cut(
    body: Bytes,
    after_bytes: usize,
) -> impl stream::Stream<Item = io::Result<Bytes>> {
    let pieces = [
        Ok(body.slice(..after_bytes.min(body.len()))),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ];
    // Head and first bytes must be on their way before the connection breaks.
    stream::iter(pieces).then(async |piece| {
        if piece.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        piece
    })
}

//! The file behind a link: `GET /media/file/{name}`, public.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use super::Shared;
use super::cdn::{cut, dripping};
use super::{generated, redirect};
use crate::{Content, Fault};

pub(super) async fn fetch(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(content) = generated(&name) {
        return whole(&content);
    }
    let entry = {
        let mut state = shared.world.lock();
        if state.down {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        state.bearers_on_files += u32::from(headers.contains_key(header::AUTHORIZATION));
        let path = state.files.get(&name).cloned();
        path.and_then(|path| {
            let entry = state.media.get_mut(&path)?;
            entry.file_requests += 1;
            Some(entry.clone())
        })
    };
    let Some(entry) = entry else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let content = &entry.media.content;
    match entry.current {
        Fault::Empty => whole(&Content::Bytes(Bytes::new())),
        Fault::HtmlPage => page(
            "text/html",
            "<!DOCTYPE html><html><body>Bad gateway</body></html>",
        ),
        Fault::JsonPage => page(
            "application/json",
            "{\"error\":true,\"message\":\"expired\"}",
        ),
        Fault::FileStatus(status) => StatusCode::from_u16(status)
            .unwrap_or(StatusCode::BAD_GATEWAY)
            .into_response(),
        Fault::DrippingError(status) => dripping_error(status),
        Fault::RedirectTo(target) => redirect(&target),
        Fault::StillEncrypted => {
            let kind = entry.media.label();
            let plain = content.piece(0);
            whole(&Content::Bytes(
                wa_media::encrypt::encrypt(&entry.media.media_key, kind, &plain)
                    .body
                    .into(),
            ))
        }
        Fault::WrongBytes => whole(&Content::Generated {
            seed: 99,
            size_bytes: content.size_bytes(),
        }),
        Fault::ContentLength(bytes) => sized(
            bytes,
            Body::from_stream(stream::pending::<io::Result<Bytes>>()),
        ),
        Fault::HangBody => sized(
            content.size_bytes(),
            Body::from_stream(stream::pending::<io::Result<Bytes>>()),
        ),
        Fault::CutShort { after_bytes } => {
            let pieces = cut(pieces(content), after_bytes);
            sized(content.size_bytes(), Body::from_stream(pieces))
        }
        Fault::Drip { bytes_per_second } => {
            let pieces = dripping(pieces(content), bytes_per_second);
            sized(content.size_bytes(), Body::from_stream(pieces))
        }
        Fault::ExpiredLink => StatusCode::GONE.into_response(),
        Fault::Gzip => compressed(content.gzip().map(|content| whole(&content))),
        _ => whole(content),
    }
}

/// An error whose body arrives slowly and never ends.
pub(super) fn dripping_error(status: u16) -> Response {
    let bytes = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok::<_, io::Error>(Bytes::from_static(b".")), ()))
    });
    let mut response = Response::new(Body::from_stream(bytes));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response
}

fn sized(size_bytes: u64, body: Body) -> Response {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(size_bytes));
    response
}

/// Declares the body of a response as compressed.
pub(super) fn compressed(response: io::Result<Response>) -> Response {
    let Ok(mut response) = response else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let gzip = HeaderValue::from_static("gzip");
    response
        .headers_mut()
        .insert(header::CONTENT_ENCODING, gzip);
    response
}

fn whole(content: &Content) -> Response {
    let first = content.piece(0);
    let body = if first.len() as u64 == content.size_bytes() {
        Body::from(first)
    } else {
        Body::from_stream(pieces(content))
    };
    sized(content.size_bytes(), body)
}

fn pieces(content: &Content) -> stream::BoxStream<'static, io::Result<Bytes>> {
    let pieces = stream::unfold((content.clone(), 0_u64), |(content, offset)| async move {
        let piece = content.piece(offset);
        let next = offset + piece.len() as u64;
        (!piece.is_empty()).then_some((Ok::<_, io::Error>(piece), (content, next)))
    });
    pieces.boxed()
}

fn page(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

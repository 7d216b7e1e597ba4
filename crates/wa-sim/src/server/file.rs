//! The file behind a link: `GET /media/file/{name}`, public.

use std::io;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use super::body::{Pieces, compressed, cut, dripping, dripping_error};
use super::{Shared, generated, redirect};
use crate::gateway::TOKEN_HEADERS;
use crate::world::Entry;
use crate::{Content, Fault, SimMedia, World};

pub(super) async fn fetch(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(content) = generated(&name) {
        return whole(&content);
    }
    match take(&shared.world, &name, &headers) {
        Ok(entry) => serve(&entry),
        Err(status) => status.into_response(),
    }
}

/// The media of a link and its fault this time: that of the call for the link, or the next one if there was no call.
pub(super) fn take(world: &World, name: &str, headers: &HeaderMap) -> Result<Entry, StatusCode> {
    let mut state = world.lock();
    if state.down {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let shows_token = TOKEN_HEADERS.iter().any(|it| headers.contains_key(*it));
    state.bearers_on_files += u32::from(shows_token);
    let path = state.files.get(name).cloned();
    let entry = path.and_then(|path| state.media.get_mut(&path));
    let entry = entry.ok_or(StatusCode::NOT_FOUND)?;
    entry.file_requests += 1;
    if entry.link_requests == 0 {
        entry.current = entry.fault.take();
    }
    Ok(entry.clone())
}

/// The content of a media with a fault that changes all of it.
pub(super) fn altered(media: &SimMedia, fault: &Fault) -> Content {
    let content = &media.content;
    match fault {
        Fault::Empty => Content::Bytes(Bytes::new()),
        Fault::StillEncrypted => {
            let plain = content.piece(0);
            let encrypted = wa_media::encrypt::encrypt(&media.media_key, media.label(), &plain);
            Content::Bytes(encrypted.body.into())
        }
        Fault::WrongBytes => Content::Generated {
            seed: 99,
            size_bytes: content.size_bytes(),
        },
        _ => content.clone(),
    }
}

pub(super) fn serve(entry: &Entry) -> Response {
    let content = &entry.media.content;
    match entry.current.clone() {
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
        ref fault => whole(&altered(&entry.media, fault)),
    }
}

fn sized(size_bytes: u64, body: Body) -> Response {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(size_bytes));
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

fn pieces(content: &Content) -> Pieces {
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

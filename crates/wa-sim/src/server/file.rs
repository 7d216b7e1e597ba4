//! The file behind a link: `GET /media/file/{name}`, public.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use wa_media::KeyKind;

use super::Shared;
use super::cdn::cut;
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
        Fault::RedirectTo(target) => redirect(&target),
        Fault::StillEncrypted => {
            let kind = KeyKind::from(entry.media.kind);
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
        Fault::HangBody => sized(
            content.size_bytes(),
            Body::from_stream(stream::pending::<io::Result<Bytes>>()),
        ),
        Fault::CutShort { after_bytes } => {
            let cut = cut(content.piece(0), after_bytes);
            sized(content.size_bytes(), Body::from_stream(cut))
        }
        Fault::Drip { bytes_per_second } => drip(content, bytes_per_second),
        _ => whole(content),
    }
}

/// `gen-{size}-{seed}_audio.oga`: made up on the spot, for load generators.
fn generated(name: &str) -> Option<Content> {
    let (size, seed) = name
        .strip_prefix("gen-")?
        .split_once('_')?
        .0
        .split_once('-')?;
    Some(Content::Generated {
        size_bytes: size.parse().ok()?,
        seed: seed.parse().ok()?,
    })
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
    if first.len() as u64 == content.size_bytes() {
        return sized(content.size_bytes(), Body::from(first));
    }
    let pieces = stream::unfold((content.clone(), 0_u64), |(content, offset)| async move {
        let piece = content.piece(offset);
        let next = offset + piece.len() as u64;
        (!piece.is_empty()).then_some((Ok::<_, io::Error>(piece), (content, next)))
    });
    sized(content.size_bytes(), Body::from_stream(pieces))
}

fn drip(content: &Content, bytes_per_second: u32) -> Response {
    let step = usize::try_from(bytes_per_second / 10).unwrap_or(1).max(1);
    let pieces = stream::unfold((content.piece(0), step), |(mut left, step)| async move {
        if left.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let piece = left.split_to(step.min(left.len()));
        Some((Ok::<_, io::Error>(piece), (left, step)))
    });
    sized(content.piece(0).len() as u64, Body::from_stream(pieces))
}

fn page(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn redirect(target: &str) -> Response {
    let mut response = StatusCode::FOUND.into_response();
    if let Ok(value) = HeaderValue::from_str(target) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

//! Bodies that arrive slowly, in part, or compressed.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

pub(super) type Pieces = stream::BoxStream<'static, io::Result<Bytes>>;

/// The beginning, then a broken connection.
pub(super) fn cut(pieces: Pieces, after_bytes: usize) -> Pieces {
    let mut left = after_bytes;
    let beginning = pieces.map(move |piece| {
        piece.map(|mut piece| {
            piece.truncate(left);
            left -= piece.len();
            piece
        })
    });
    // Head and first bytes must be sent before the connection breaks.
    let broken = stream::once(async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    beginning
        .take_while(|piece| {
            let goes_on = piece.as_ref().is_ok_and(|piece| !piece.is_empty());
            std::future::ready(goes_on)
        })
        .chain(broken)
        .boxed()
}

/// Ten small pieces a second.
pub(super) fn dripping(pieces: Pieces, bytes_per_second: u32) -> Pieces {
    let step = usize::try_from(bytes_per_second / 10).unwrap_or(1).max(1);
    pieces
        .flat_map(move |piece| {
            let piece = piece.unwrap_or_default();
            let starts = (0..piece.len()).step_by(step);
            let parts: Vec<_> = starts
                .map(|start| piece.slice(start..(start + step).min(piece.len())))
                .collect();
            stream::iter(parts)
        })
        .then(async |piece| {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(piece)
        })
        .boxed()
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

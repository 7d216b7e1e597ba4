//! WhatsApp's CDN: `GET` of a direct path with signature and expiry returns the encrypted file or a range of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use wa_media::encrypt::{Encryptor, encrypted_bytes};
use wa_media::{KeyKind, MediaKey, MediaKind};

use super::body::{Pieces, compressed, cut, dripping, dripping_error};
use super::{Host, Shared};
use crate::media::gzip;
use crate::{Content, DOCUMENTED_KEY, Fault, SimMedia};

type Refusal = (StatusCode, &'static str);

pub(super) async fn fetch(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = uri.path_and_query().map_or("", |asked| asked.as_str());
    let (file, fault) = match found(&shared, asked, &headers) {
        Ok(found) => found,
        Err(refusal) => return refusal.into_response(),
    };
    answer(&file, fault, from(&headers)).await
}

/// The content of a path, and its fault this time.
fn found(shared: &Shared, asked: &str, headers: &HeaderMap) -> Result<(File, Fault), Refusal> {
    let mut state = shared.world.lock();
    if state.cdn_down || state.down {
        return Err((StatusCode::SERVICE_UNAVAILABLE, ""));
    }
    state.bearers_on_files += u32::from(headers.contains_key(header::AUTHORIZATION));
    if wa_media::expiry_of(asked).is_some_and(|at| at <= state.now) {
        return Err((StatusCode::FORBIDDEN, "URL signature expired"));
    }
    if let Some(content) = super::generated(asked) {
        return Ok((File::made_up(content), Fault::None));
    }
    let path = asked.split('?').next().unwrap_or("");
    let altered = state
        .media
        .keys()
        .any(|known| known.split('?').next() == Some(path));
    let Some(entry) = state.media.get_mut(asked) else {
        let status = if altered {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::NOT_FOUND
        };
        return Err((status, ""));
    };
    let fault = match shared.host {
        Host::Main => {
            entry.cdn_requests += 1;
            entry.cdn_fault.take()
        }
        Host::Fallback => {
            entry.fallback_requests += 1;
            entry.fallback_fault.take()
        }
    };
    Ok((File::new(&entry.media), fault))
}

/// The first requested byte.
fn from(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::RANGE)?.to_str().ok()?;
    range
        .strip_prefix("bytes=")?
        .strip_suffix('-')?
        .parse()
        .ok()
}

/// A file on the CDN, generated while it is sent.
#[derive(Clone)]
struct File {
    content: Content,
    /// `None` when it is unencrypted.
    encrypted: Option<(MediaKey, KeyKind)>,
}

impl File {
    fn new(media: &Arc<SimMedia>) -> Self {
        Self {
            content: media.content.clone(),
            encrypted: (!media.in_the_clear).then(|| (media.media_key.clone(), media.label())),
        }
    }

    fn made_up(content: Content) -> Self {
        let key = MediaKey::new(DOCUMENTED_KEY);
        Self {
            content,
            encrypted: Some((key, KeyKind::from(MediaKind::Audio))),
        }
    }

    fn size_bytes(&self) -> u64 {
        match self.encrypted {
            Some(_) => encrypted_bytes(self.content.size_bytes()),
            None => self.content.size_bytes(),
        }
    }

    /// The complete file, in constant memory.
    fn pieces(&self) -> impl Iterator<Item = Bytes> + Send + use<> {
        let content = self.content.clone();
        let mut encryptor = self
            .encrypted
            .as_ref()
            .map(|(key, kind)| Encryptor::new(key, *kind));
        let mut offset = Some(0);
        std::iter::from_fn(move || {
            let plain = content.piece(offset?);
            if plain.is_empty() {
                offset = None;
                let mut last = Vec::new();
                encryptor.take()?.finish(&mut last);
                return Some(last.into());
            }
            offset = offset.map(|offset| offset + plain.len() as u64);
            let Some(encryptor) = &mut encryptor else {
                return Some(plain);
            };
            let mut piece = Vec::with_capacity(plain.len() + 16);
            encryptor.update(&plain, &mut piece);
            Some(piece.into())
        })
    }

    /// The bytes in `from..to`, with one bit of byte `wrong` flipped.
    fn range(&self, from: u64, to: u64, wrong: Option<u64>) -> Pieces {
        let mut at = 0;
        let pieces = self.pieces().filter_map(move |piece| {
            let (start, end) = (at, at + piece.len() as u64);
            at = end;
            let (first, last) = (start.max(from), end.min(to));
            if first >= last {
                return None;
            }
            let index = |offset: u64| usize::try_from(offset - start).unwrap_or(0);
            let cut = piece.slice(index(first)..index(last));
            Some(match wrong.filter(|wrong| (first..last).contains(wrong)) {
                Some(wrong) => {
                    let mut altered = cut.to_vec();
                    altered[index(wrong) - index(first)] ^= 1;
                    altered.into()
                }
                None => cut,
            })
        });
        stream::iter(pieces.map(Ok)).boxed()
    }
}

async fn answer(file: &File, fault: Fault, from: Option<u64>) -> Response {
    let size = file.size_bytes();
    match fault {
        Fault::FileStatus(status) | Fault::ApiStatus(status) => StatusCode::from_u16(status)
            .unwrap_or(StatusCode::BAD_GATEWAY)
            .into_response(),
        Fault::TooManyRequests { retry_after_s } => {
            let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
            let value = HeaderValue::from(retry_after_s);
            response.headers_mut().insert(header::RETRY_AFTER, value);
            response
        }
        Fault::DrippingError(status) => dripping_error(status),
        Fault::Hang => std::future::pending().await,
        Fault::ContentLength(bytes) => part(None, bytes, bytes, stream::pending().boxed()),
        Fault::HangBody => part(None, size, size, stream::pending().boxed()),
        Fault::HtmlPage => "<!DOCTYPE html><html><body>Bad gateway</body></html>".into_response(),
        Fault::Empty => ().into_response(),
        Fault::Gzip => compressed(gzip(file.pieces()).map(|body| Body::from(body).into_response())),
        Fault::RedirectTo(target) => super::redirect(&target),
        Fault::WrongBytes => part(
            from,
            size,
            size,
            file.range(from.unwrap_or(0), size, Some(size / 2)),
        ),
        Fault::CorruptAt { offset } => part(
            from,
            size,
            size,
            file.range(from.unwrap_or(0), size, Some(offset)),
        ),
        Fault::Truncated { bytes } => part(None, bytes, bytes, file.range(0, bytes, None)),
        Fault::CutShort { after_bytes } => {
            let whole = file.range(from.unwrap_or(0), size, None);
            part(from, size, size, cut(whole, after_bytes))
        }
        Fault::IgnoresRange { after_bytes } => {
            let whole = file.range(0, size, None);
            part(None, size, size, cut(whole, after_bytes))
        }
        Fault::Drip { bytes_per_second } => {
            let whole = file.range(from.unwrap_or(0), size, None);
            part(from, size, size, dripping(whole, bytes_per_second))
        }
        _ => part(from, size, size, file.range(from.unwrap_or(0), size, None)),
    }
}

/// The complete file, or the part from the requested byte.
fn part(from: Option<u64>, to: u64, size: u64, pieces: Pieces) -> Response {
    if from.is_some_and(|from| from >= size) {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    }
    let mut response = Response::new(Body::from_stream(pieces));
    let length = HeaderValue::from(to - from.unwrap_or(0));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    if let Some(from) = from {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        if let Ok(range) = HeaderValue::from_str(&format!("bytes {from}-{}/{size}", to - 1)) {
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
    }
    response
}

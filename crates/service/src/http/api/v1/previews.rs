//! Previews of the file of a media: its thumbnail and its waveform.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::Id;
use super::media::visible_file;
use crate::derived::{Waveform, mime_of_thumbnail};
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::content::{self, Binary};
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::i18n::keys as texts;

/// A small picture of a media
///
/// At most 320 pixels: of an image, of a video and of the first page of a PDF. 404 with the code `no_thumbnail` when none can be
/// made: of other types, of broken files, and where the program for it is missing.
#[utoipa::path(get, path = "/media/{id}/thumbnail", tag = "media", security(("key" = ["viewer"]), ("session" = ["viewer"])),
    params(("id" = String, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = OK, content((Binary = "image/jpeg"), (Binary = "image/webp"))), (status = 304, description = "The caller has it"),
        (status = "4XX", body = ErrorBody)))]
pub async fn thumbnail(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response> {
    let media = visible_file(&state, &grant, id).await?;
    let made = state.app.derived.thumbnail(&media).await;
    let none = || ApiError::not_found(texts::api::NO_THUMBNAIL);
    let made = made.map_err(|error| content::not_made(error, none))?;
    let mime = mime_of_thumbnail(&made);
    content::of_bytes(&media, made, mime, &headers)
}

/// The loudness of a sound in 64 places
///
/// As the message has it, else measured. 404 with the code `no_waveform` when it is no sound, or cannot be decoded.
#[utoipa::path(get, path = "/media/{id}/waveform", tag = "media", security(("key" = ["viewer"]), ("session" = ["viewer"])),
    params(("id" = String, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = OK, body = Waveform), (status = 304, description = "The caller has it"),
        (status = "4XX", body = ErrorBody)))]
pub async fn waveform(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response> {
    let media = visible_file(&state, &grant, id).await?;
    let made = state.app.derived.waveform(&media).await;
    let none = || ApiError::not_found(texts::api::NO_WAVEFORM);
    let made = made.map_err(|error| content::not_made(error, none))?;
    content::of_bytes(&media, made, "application/json", &headers)
}

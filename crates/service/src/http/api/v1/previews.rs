//! Previews of the file of a media: its thumbnail and its waveform.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::Id;
use super::media::visible_file;
use crate::access::Grant;
use crate::derived::{Waveform, mime_of_thumbnail};
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::content;
use crate::http::api::error::{ErrorBody, Result};
use crate::i18n::TextKey;
use crate::i18n::keys as texts;
use crate::storage::DerivedForm;

/// A small picture of a media
///
/// At most 320 pixels: of an image, of a video and of the first page of a PDF. 404 with the code `no_thumbnail` when none can be
/// made: of other types, of broken files, and where the program for it is missing.
#[utoipa::path(get, path = "/media/{id}/thumbnail", tag = "media",
    params(("id" = String, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = OK, content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))), (status = 304, description = "The caller has it"),
        (status = "4XX", body = ErrorBody)))]
pub async fn thumbnail(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response> {
    let (form, none) = (DerivedForm::Thumbnail, texts::api::NO_THUMBNAIL);
    answer(
        &state,
        &grant,
        id,
        &headers,
        (form, none),
        mime_of_thumbnail,
    )
    .await
}

/// The loudness of a sound in 64 places
///
/// As the message has it, else measured. 404 with the code `no_waveform` when it is no sound, or cannot be decoded.
#[utoipa::path(get, path = "/media/{id}/waveform", tag = "media",
    params(("id" = String, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = OK, body = Waveform), (status = 304, description = "The caller has it"),
        (status = "4XX", body = ErrorBody)))]
pub async fn waveform(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response> {
    let (form, none) = (DerivedForm::Waveform, texts::api::NO_WAVEFORM);
    answer(
        &state,
        &grant,
        id,
        &headers,
        (form, none),
        |_| "application/json",
    )
    .await
}

async fn answer(
    state: &HttpState,
    grant: &Grant,
    id: String,
    headers: &HeaderMap,
    (form, none): (DerivedForm, TextKey),
    mime: fn(&[u8]) -> &'static str,
) -> Result<Response> {
    let media = visible_file(state, grant, id).await?;
    let made = content::derived(&state.app, &media, form, none).await?;
    let mime = mime(&made);
    content::of_bytes(&media, made, mime, headers)
}

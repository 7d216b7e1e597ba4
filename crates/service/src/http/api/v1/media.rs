//! `/media`: lists, rows, attempts, files, retry and dismiss.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::IntoParams;

use super::{Id, record};
use crate::access::Grant;
use crate::access::audit::{Action, NewEntry};
use crate::access::links::Disposition;
use crate::app::App;
use crate::http::HttpState;
use crate::http::api::caller::{Operator, Viewer};
use crate::http::api::content::{self, Binary};
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::filter::MediaFilter;
use crate::http::api::page::{Page, PageQuery};
use crate::http::api::query::{None as NoOther, Query, flag};
use crate::i18n::keys as texts;
use crate::media::examinations;
use crate::media::holds::{self, CoveringHold};
use crate::media::screening::Screened;
use crate::media::{self, Cursor, Media, RecordedAttempt};
use crate::model::{MediaId, Role, codes};
use crate::ops::dismiss::{self, Dismissed};
use crate::ops::retry::{self, Retried};

/// Media, newest first
#[utoipa::path(get, path = "/media", tag = "media", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(MediaFilter, PageQuery),
    responses((status = OK, body = Page<ListedMedia>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(filter, page): Query<MediaFilter, PageQuery>,
) -> Result<Json<Page<ListedMedia>>> {
    let limit = page.limit()?;
    let after = page.after(Cursor::parse)?;
    let filter = filter.resolve(&state.app, grant.scope).await?;
    let found = media::list_after(&state.app.db_for_lists(), &filter, after, limit + 1).await?;
    let ids: Vec<_> = found.iter().map(|media| media.id.clone()).collect();
    let holds = holds::covering(&state.app.db_for_lists(), &ids).await?;
    let listed = |media: Media| ListedMedia {
        on_hold: holds.contains_key(media.id.as_str()),
        media,
    };
    let found = found.into_iter().map(listed).collect();
    let page = Page::of(found, limit, |listed: &ListedMedia| {
        Cursor::of(&listed.media).to_string()
    });
    Ok(Json(page))
}

/// A media in a list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ListedMedia {
    #[serde(flatten)]
    media: Media,
    /// Whether a legal hold covers it.
    on_hold: bool,
}

pub async fn visible(state: &HttpState, grant: &Grant, id: String) -> Result<Media> {
    let found = media::visible(&state.app.db, grant.scope, &MediaId(id)).await?;
    found.ok_or_else(|| ApiError::not_found(texts::api::MEDIA_NOT_FOUND))
}

/// One media
#[utoipa::path(get, path = "/media/{id}", tag = "media", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("id" = String, Path)),
    responses((status = OK, body = MediaDetail), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
) -> Result<Json<MediaDetail>> {
    let media = visible(&state, &grant, id).await?;
    let transcript = examinations::transcript(&state.app.db, &media.id).await?;
    let holds = holds_of(&state, &grant, &media).await?;
    Ok(Json(MediaDetail {
        on_hold: !holds.is_empty(),
        media,
        transcript,
        holds,
    }))
}

/// The holds in force that cover a media; why, for administrators only.
pub async fn holds_of(
    state: &HttpState,
    grant: &Grant,
    media: &Media,
) -> Result<Vec<CoveringHold>> {
    let id = std::slice::from_ref(&media.id);
    let mut holds = holds::covering(&state.app.db_for_lists(), id).await?;
    let holds = holds.remove(media.id.as_str()).unwrap_or_default();
    Ok(holds
        .into_iter()
        .map(|hold| hold.for_role(grant.role))
        .collect())
}

/// A media, and what is said in it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MediaDetail {
    #[serde(flatten)]
    media: Media,
    /// The output of the program that transcribes.
    transcript: Option<String>,
    /// Whether a legal hold covers it.
    on_hold: bool,
    /// These holds.
    holds: Vec<CoveringHold>,
}

/// A media whose file the caller may have.
pub async fn visible_file(state: &HttpState, grant: &Grant, id: String) -> Result<Media> {
    let media = visible(state, grant, id).await?;
    refuse_screened(&state.app, &media, grant.role)?;
    Ok(media)
}

/// Refuses a file that is for administrators only, or not for others yet.
pub fn refuse_screened(app: &App, media: &Media, role: Role) -> Result<()> {
    match app.screening(role).of(media) {
        // That it is not stored is said by who reads it.
        _ if media.path().is_none() => Ok(()),
        None => Ok(()),
        Some(Screened::Infected) => Err(ApiError::new(StatusCode::FORBIDDEN, texts::api::INFECTED)),
        Some(Screened::NotScanned) => {
            let error = ApiError::conflict(texts::api::NOT_SCANNED);
            Err(error.header(header::RETRY_AFTER, 5))
        }
    }
}

/// The attempts to download a media, oldest first
#[utoipa::path(get, path = "/media/{id}/attempts", tag = "media", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("id" = String, Path), PageQuery),
    responses((status = OK, body = Page<RecordedAttempt>), (status = "4XX", body = ErrorBody)))]
pub async fn attempts(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
    Query(_, page): Query<NoOther, PageQuery>,
) -> Result<Json<Page<RecordedAttempt>>> {
    let media = visible(&state, &grant, id).await?;
    let attempts = media::attempts(&state.app.db_for_lists(), &media.id).await?;
    page.of(attempts, |attempt| attempt.n).map(Json)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContentQuery {
    /// `true`: as a download, also where a browser could show it.
    #[serde(default, deserialize_with = "flag")]
    #[param(value_type = Option<bool>)]
    download: bool,
    /// `mp4`: a voice note in Ogg as MP4, with the same packets, for browsers that play Opus only there. `aac`: a sound as AAC, for
    /// older ones, made by `ffmpeg`.
    #[param(inline)]
    r#as: Option<Form>,
}

codes! {
    Form {
        Mp4 "mp4",
        Aac "aac",
    }
}

/// The file of a media
///
/// Answers one range; the ETag is the SHA-256 of the file.
#[utoipa::path(get, path = "/media/{id}/content", tag = "media", security(("key" = ["viewer"]), ("session" = ["viewer"])),
    params(("id" = String, Path), ContentQuery, ("Range" = Option<String>, Header, description = "`bytes=0-99`, `bytes=100-` or `bytes=-100`; of several ranges the whole file is sent"),
        ("If-Range" = Option<String>, Header, description = "The ETag for which the range was asked; another file is sent whole"),
        ("If-None-Match" = Option<String>, Header, description = "ETags that the caller has")),
    responses((status = OK, content_type = "*/*", body = Binary),
        (status = 206, description = "A range", content_type = "*/*", body = Binary),
        (status = 304, description = "The caller has it"), (status = "4XX", body = ErrorBody)))]
pub async fn file(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
    Query(query, _): Query<ContentQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    let media = visible_file(&state, &grant, id).await?;
    let disposition = if query.download {
        Disposition::Attachment
    } else {
        Disposition::Inline
    };
    let app = &state.app;
    let response = match query.r#as {
        Some(Form::Mp4) => content::voice_as_mp4(app, &media, &headers, disposition).await?,
        Some(Form::Aac) => content::sound_as_aac(app, &media, &headers, disposition).await?,
        None => content::of_media(app, &media, &headers, disposition).await?,
    };
    record_read(&state, &grant, &method, &media, response.status()).await;
    Ok(response)
}

/// Records that a file was read. A log that cannot be written must not stop readers; that is logged.
pub async fn record_read(
    state: &HttpState,
    grant: &Grant,
    method: &Method,
    media: &Media,
    answered: StatusCode,
) {
    let is_read = match answered {
        _ if method == Method::HEAD => false,
        StatusCode::OK => true,
        StatusCode::PARTIAL_CONTENT => {
            let (actor, now) = (grant.actor.code(), state.app.clock.now());
            state.reads.is_first(actor, &media.id, now)
        }
        _ => false,
    };
    if is_read {
        let entry = NewEntry::new(Action::ContentRead, Some(media.client), json!({}));
        let _ = record(state, grant, entry.media(media.id.as_str())).await;
    }
}

/// The result for one media.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ActionResult<T> {
    #[schema(value_type = String)]
    media: MediaId,
    result: T,
}

/// Queues a media again
#[utoipa::path(post, path = "/media/{id}/retry", tag = "media", security(("key" = ["operator"]), ("session" = ["operator"])), params(("id" = String, Path)),
    responses((status = OK, body = ActionResult<Retried>), (status = "4XX", body = ErrorBody)))]
pub async fn retry(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Id(id): Id,
) -> Result<Json<ActionResult<Retried>>> {
    let found = visible(&state, &grant, id).await?;
    let (app, media) = (&state.app, found.id);
    let retrying = retry::one(&app.db, &app.storage, &app.clock, &grant.actor, &media);
    let result = retrying.await?;
    app.work.notify_one();
    Ok(Json(ActionResult { media, result }))
}

/// Acknowledges a media that failed or expired
#[utoipa::path(post, path = "/media/{id}/dismiss", tag = "media", security(("key" = ["operator"]), ("session" = ["operator"])), params(("id" = String, Path)),
    responses((status = OK, body = ActionResult<Dismissed>), (status = "4XX", body = ErrorBody)))]
pub async fn dismiss(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Id(id): Id,
) -> Result<Json<ActionResult<Dismissed>>> {
    let found = visible(&state, &grant, id).await?;
    let (app, media) = (&state.app, found.id);
    let result = dismiss::one(&app.db, &app.clock, &grant.actor, &media).await?;
    Ok(Json(ActionResult { media, result }))
}

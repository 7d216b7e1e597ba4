//! Signed links: made, listed and revoked below `/media/{id}`, opened at `/m/{id}/{name}`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::IntoParams;

use super::media::{record_read, refuse_screened, visible};
use super::{Id, Ids};
use crate::access::audit::{Action, NewEntry, append};
use crate::access::links::{self, Disposition, Link, LinkState, NewLink, Signer};
use crate::access::{Actor, Grant};
use crate::clock::{DAY, Millis, SECOND};
use crate::config::Span;
use crate::db::Key;
use crate::http::HttpState;
use crate::http::api::caller::{Operator, Viewer};
use crate::http::api::content::{self, Binary};
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::page::{NewestFirst, Page, PageQuery, id_of};
use crate::http::api::query::{None as NoOther, OptionalBody, Query, number};
use crate::i18n::{TextKey, keys as texts};
use crate::media::{self, Media};
use crate::model::{MediaId, Role, Scope};

const DEFAULT_LIFE: Millis = DAY;
const LONGEST_LIFE: Millis = 366 * DAY;

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLinkBody {
    /// How long it is valid, such as `15m`, `24h` or `7d`; 24 hours without it, at most 366 days.
    expires_in: Option<String>,
    /// `inline` (without it), or `attachment` for a download.
    disposition: Option<Disposition>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct CreatedLink {
    #[serde(flatten)]
    link: Link,
    /// The address to give away.
    url: String,
}

fn life(text: Option<&str>) -> Result<Millis> {
    let Some(text) = text else {
        return Ok(DEFAULT_LIFE);
    };
    let wrong = |detail: TextKey| ApiError::bad(texts::api::BAD_BODY, detail);
    let life: Span = text
        .parse()
        .map_err(|_| wrong(texts::api::DETAIL_NO_SPAN))?;
    if !(SECOND..=LONGEST_LIFE).contains(&life.ms()) {
        return Err(wrong(texts::api::DETAIL_LIFE));
    }
    Ok(life.ms())
}

/// Makes a link that opens the file without a key
#[utoipa::path(post, path = "/media/{id}/link", tag = "links", security(("key" = ["operator"]), ("session" = ["operator"])), params(("id" = String, Path)), request_body = Option<NewLinkBody>,
    responses((status = CREATED, body = CreatedLink), (status = "4XX", body = ErrorBody)))]
pub async fn create(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Id(id): Id,
    OptionalBody(body): OptionalBody<NewLinkBody>,
) -> Result<Response> {
    let (app, now) = (&state.app, state.app.clock.now());
    let media = visible(&state, &grant, id).await?;
    if media.path().is_none() {
        return Err(ApiError::not_found(texts::api::NOT_STORED));
    }
    let new = NewLink {
        media: media.id.clone(),
        client: media.client,
        disposition: body.disposition.unwrap_or(Disposition::Inline),
        created_by: grant.actor.code(),
        expires_at: now + life(body.expires_in.as_deref())?,
    };
    let signer = signer(&state)?;
    let actor = grant.actor.clone();
    let creating = app.db.write(Key::Nothing, async move |tx| {
        let link = links::create(tx, new.clone(), now).await?;
        let data = json!({"link": link.id, "expires_at": crate::clock::rfc3339(link.expires_at)});
        let entry = NewEntry::new(Action::LinkCreated, Some(link.client), data);
        append(tx, &actor, entry.media(link.media.as_str()), now).await?;
        Ok(link)
    });
    let link = creating.await?;
    let url = format!(
        "{}{}",
        app.config.http.public_url,
        address(&signer, &media, &link)
    );
    Ok((StatusCode::CREATED, Json(CreatedLink { link, url })).into_response())
}

fn signer(state: &HttpState) -> Result<Signer> {
    let key = state.app.secrets.link_key();
    let key = key.map_err(|error| ApiError::of(StatusCode::SERVICE_UNAVAILABLE, error))?;
    Ok(Signer(key))
}

fn address(signer: &Signer, media: &Media, link: &Link) -> String {
    let signature = signer.sign(&link.media, &link.id, link.expires_at);
    let mut url = url::Url::parse("http://localhost").unwrap_or_else(|_| unreachable!());
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend(["m", link.media.as_str(), &content::name_of(media)]);
    }
    let mut query = url.query_pairs_mut();
    query
        .append_pair("link", &link.id)
        .append_pair("exp", &link.expires_at.to_string())
        .append_pair("sig", &signature);
    drop(query);
    url[url::Position::BeforePath..].to_owned()
}

#[derive(Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LinksQuery {
    /// The number of a client.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<i64>)]
    client: Option<i64>,
    #[param(inline)]
    state: Option<LinkState>,
}

/// Links to all media, newest first, revoked and expired ones too
#[utoipa::path(get, path = "/links", tag = "links", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(LinksQuery, PageQuery),
    responses((status = OK, body = Page<Link>), (status = "4XX", body = ErrorBody)))]
pub async fn every(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(query, page): Query<LinksQuery, PageQuery>,
) -> Result<Json<Page<Link>>> {
    let (limit, now) = (page.limit()?, state.app.clock.now());
    let before = page.after(id_of)?;
    let db = &state.app.db_for_lists();
    let Some(scope) = grant.scope.limited_to(query.client) else {
        return Ok(Json(Page::empty()));
    };
    let found = links::list_before(db, scope, query.state, before.as_deref(), limit + 1, now);
    Ok(Json(Page::of(found.await?, limit, |link| link.id.clone())))
}

/// The links of a media, newest first, revoked and expired ones too
#[utoipa::path(get, path = "/media/{id}/links", tag = "links", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("id" = String, Path), PageQuery),
    responses((status = OK, body = Page<Link>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
    Query(_, page): Query<NoOther, PageQuery>,
) -> Result<Json<Page<Link>>> {
    let media = visible(&state, &grant, id).await?;
    let links = links::of_media(&state.app.db_for_lists(), grant.scope, &media.id).await?;
    page.of(links, |link| NewestFirst::new(&link.id)).map(Json)
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Revoked {
    revoked: u64,
}

/// Revokes all links of a media
#[utoipa::path(delete, path = "/media/{id}/links", tag = "links", security(("key" = ["operator"]), ("session" = ["operator"])), params(("id" = String, Path)),
    responses((status = OK, body = Revoked), (status = "4XX", body = ErrorBody)))]
pub async fn revoke_all(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Id(id): Id,
) -> Result<Json<Revoked>> {
    let media = visible(&state, &grant, id).await?;
    let revoked = revoke(&state, &grant, media, None).await?;
    Ok(Json(Revoked { revoked }))
}

/// Revokes one link
#[utoipa::path(delete, path = "/media/{id}/links/{link}", tag = "links", security(("key" = ["operator"]), ("session" = ["operator"])), params(("id" = String, Path), ("link" = String, Path)),
    responses((status = OK, body = Revoked), (status = "4XX", body = ErrorBody)))]
pub async fn revoke_one(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Ids(id, link): Ids,
) -> Result<Json<Revoked>> {
    let media = visible(&state, &grant, id).await?;
    match revoke(&state, &grant, media, Some(link)).await? {
        0 => Err(ApiError::not_found(texts::api::LINK_NOT_FOUND)),
        revoked => Ok(Json(Revoked { revoked })),
    }
}

async fn revoke(
    state: &HttpState,
    grant: &Grant,
    media: Media,
    link: Option<String>,
) -> Result<u64> {
    let now = state.app.clock.now();
    let (actor, scope) = (grant.actor.clone(), grant.scope);
    let revoking = state.app.db.write(Key::Nothing, async move |tx| {
        let revoked = links::revoke(tx, scope, &media.id, link.as_deref(), now).await?;
        if revoked > 0 {
            let data = json!({"link": link, "revoked": revoked});
            let entry = NewEntry::new(Action::LinkRevoked, Some(media.client), data);
            append(tx, &actor, entry.media(media.id.as_str()), now).await?;
        }
        Ok(revoked)
    });
    Ok(revoking.await?)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Signed {
    link: String,
    #[serde(deserialize_with = "required")]
    #[param(value_type = i64)]
    exp: Millis,
    sig: String,
}

fn required<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
    number(deserializer)?.ok_or_else(|| serde::de::Error::missing_field("exp"))
}

/// The file behind a signed link
///
/// The name after the id is only for people. Caches ask each time, with the ETag, so that a revoked link opens nothing.
#[utoipa::path(get, path = "/m/{id}/{name}", tag = "links", params(("id" = String, Path), ("name" = String, Path), Signed),
    responses((status = OK, content_type = "*/*", body = Binary),
        (status = 206, description = "A range", content_type = "*/*", body = Binary),
        (status = 304, description = "The caller has it"), (status = "4XX", body = ErrorBody)), security(()))]
pub async fn open(
    State(state): State<HttpState>,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
    query: Result<Query<Signed>>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    // Every wrong link gets the same answer.
    let wrong = || ApiError::not_found(texts::api::LINK_NOT_FOUND);
    let (Ok(Path((id, _))), Ok(Query(signed, _))) = (path, query) else {
        return Err(wrong());
    };
    let (app, now) = (&state.app, state.app.clock.now());
    let media = MediaId(id);
    let is_signed = signer(&state)?.verify(&media, &signed.link, signed.exp, &signed.sig);
    if !is_signed || signed.exp <= now {
        return Err(wrong());
    }
    let link = links::valid(&app.db, &signed.link, now).await?;
    let link = link.filter(|link| link.media == media).ok_or_else(wrong)?;
    let found = media::visible(&app.db, Scope::Client(link.client), &media).await?;
    let found = found.ok_or_else(wrong)?;
    refuse_screened(app, &found, Role::Viewer)?;
    let response = content::of_media(app, &found, &headers, link.disposition).await?;
    let grant = Grant {
        actor: Actor::Link(link.id),
        session: None,
        role: Role::Viewer,
        scope: Scope::Client(link.client),
    };
    record_read(&state, &grant, &method, &found, response.status()).await;
    Ok(response)
}

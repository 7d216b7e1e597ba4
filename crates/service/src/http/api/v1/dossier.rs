//! `/media/{id}/dossier`, `/dossier.zip` and `/dossier-key`: stored files with all that proves them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::media::visible_file;
use super::{Id, archive, record};
use crate::access::audit::{Action, NewEntry};
use crate::access::{Actor, Grant, keys, users};
use crate::clock::compact;
use crate::http::HttpState;
use crate::http::api::caller::{Admin, Viewer};
use crate::http::api::content::Binary;
use crate::http::api::error::{ApiError, ErrorBody, Result, language_of};
use crate::http::api::filter::MediaFilter;
use crate::http::api::query::{Query, bit, list};
use crate::http::api::zip_stream::{self, Ended, Place};
use crate::http::dashboard::dossier as dossier_page;
use crate::i18n::Language;
use crate::i18n::keys as texts;
use crate::instances;
use crate::media::Filter;
use crate::media::screening::Screening;
use crate::model::{MediaStatus, Scope};
use crate::ops::dossier::{self, Error, MOST_MEDIA, public_key};
use crate::secrets;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DossierQuery {
    /// The language of its page, `en` or `pt-BR`; that of `Accept-Language` without it.
    lang: Option<String>,
    /// `1`: with media keys. Needs the role admin. Tokens stay masked.
    #[serde(default, deserialize_with = "bit")]
    #[param(value_type = Option<String>)]
    keys: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DossierOfFilterQuery {
    /// Only these media, by their ids with commas; at most 500.
    #[serde(default, deserialize_with = "list")]
    #[param(value_type = Option<String>)]
    ids: Option<String>,
    /// The language of its page, `en` or `pt-BR`; that of `Accept-Language` without it.
    lang: Option<String>,
    /// `1`: with media keys. Needs the role admin. Tokens stay masked.
    #[serde(default, deserialize_with = "bit")]
    #[param(value_type = Option<String>)]
    keys: bool,
}

fn unusable(error: secrets::Error) -> ApiError {
    ApiError::of(StatusCode::SERVICE_UNAVAILABLE, error)
}

/// The options of a dossier, besides the media.
struct Choice {
    lang: Language,
    with_keys: bool,
}

impl Choice {
    fn new(grant: &Grant, headers: &HeaderMap, lang: Option<&str>, keys: bool) -> Result<Self> {
        if keys {
            Admin::of(grant.clone())?;
        }
        let lang = match lang {
            None => language_of(headers),
            Some(name) => Language::of_locale(name)
                .ok_or_else(|| ApiError::bad(texts::api::BAD_QUERY, texts::api::DETAIL_LANG))?,
        };
        Ok(Self {
            lang,
            with_keys: keys,
        })
    }
}

/// The dossier of one media
///
/// A ZIP with the original bytes, what proves them, the raw delivery, a page for people, and a signature;
/// `midiateca verify-dossier` checks it.
#[utoipa::path(get, path = "/media/{id}/dossier", tag = "media", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("id" = String, Path), DossierQuery),
    responses((status = OK, content_type = "application/zip", body = Binary), (status = "4XX", body = ErrorBody)))]
pub async fn of_media(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
    Query(query, _): Query<DossierQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    let choice = Choice::new(&grant, &headers, query.lang.as_deref(), query.keys)?;
    let media = visible_file(&state, &grant, id).await?;
    if media.path().is_none() {
        return Err(ApiError::not_found(texts::api::NOT_STORED));
    }
    let filter = Filter {
        scope: grant.scope,
        status: Some(MediaStatus::Stored),
        client: Some(media.client),
        ids: vec![media.id.clone()],
        ..Filter::default()
    };
    let data = json!({"media": 1, "keys": choice.with_keys});
    let entry = NewEntry::new(Action::DossierMade, Some(media.client), data);
    let made = Made {
        filter,
        selection: json!({"ids": media.id.as_str()}),
        choice,
        entry: entry.media(media.id.as_str()),
    };
    answer(&state, &grant, &method, made).await
}

/// The dossier of the stored files of a filter
///
/// At most 20,000 media.
#[utoipa::path(get, path = "/dossier.zip", tag = "media", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(MediaFilter, DossierOfFilterQuery),
    responses((status = OK, content_type = "application/zip", body = Binary), (status = "4XX", body = ErrorBody)))]
pub async fn of_filter(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(filter, query): Query<MediaFilter, DossierOfFilterQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    let choice = Choice::new(&grant, &headers, query.lang.as_deref(), query.keys)?;
    let ids = query.ids.as_deref();
    let mut selection = json!(filter);
    if let Some(ids) = ids {
        selection["ids"] = json!(ids);
    }
    // Those with a finding are named in the dossier, without their bytes.
    let stored = archive::stored(
        &state.app,
        grant.scope,
        filter,
        ids,
        MOST_MEDIA,
        Screening::Off,
    );
    let (filter, count) = stored.await?;
    let client = filter.client.or(grant.scope.client());
    let data = json!({"media": count, "keys": choice.with_keys});
    let entry = NewEntry::new(Action::DossierMade, client, data);
    let made = Made {
        filter,
        selection,
        choice,
        entry,
    };
    answer(&state, &grant, &method, made).await
}

/// A dossier to make, and its entry in the audit log.
struct Made {
    filter: Filter,
    /// The filter as it was asked for.
    selection: Value,
    choice: Choice,
    entry: NewEntry,
}

async fn answer(state: &HttpState, grant: &Grant, method: &Method, made: Made) -> Result<Response> {
    let app = Arc::clone(&state.app);
    let Made {
        filter,
        selection,
        choice,
        entry,
    } = made;
    // Without the key nothing can be signed.
    app.secrets.dossier_seed().map_err(unusable)?;
    let name = format!("midiateca-dossier-{}.zip", compact(app.clock.now()));
    if method == Method::HEAD {
        return Ok(zip_stream::head(&name));
    }
    let place = Place::take(grant)?;
    record(state, grant, entry).await?;
    let screening = app.screening(grant.role);
    let made_by = grant.actor.code();
    let made_by_name = name_of(state, &grant.actor).await?;
    let zone = app.config.http.zone();
    let time_zone = zone.name(app.clock.now());
    let clients = instances::every_client(&app.db).await?.into_iter();
    let clients = clients.filter(|client| grant.scope.includes(client.id));
    let client_names = clients.map(|client| (client.id, client.name)).collect();
    let (role, page) = (grant.role, dossier_page::writer(choice.lang, zone));
    Ok(zip_stream::answer(place, &name, async move |stream| {
        let options = dossier::Options {
            filter,
            selection: selection.as_object().cloned().unwrap_or_default(),
            with_keys: choice.with_keys,
            screening,
            made_by,
            made_by_name,
            client_names,
            time_zone,
            role,
            page,
            stream,
        };
        let cancelled = app.shutdown.token();
        match dossier::run(app.dossier_deps(), options, cancelled).await {
            Ok(_) => Ok(Ended::Whole),
            Err(Error::Cancelled) => Ok(Ended::Cancelled),
            Err(error) => Err(error),
        }
    }))
}

async fn name_of(state: &HttpState, actor: &Actor) -> Result<Option<String>> {
    let db = &state.app.db;
    Ok(match actor {
        Actor::Key(id) => keys::find(db, Scope::All, id).await?.map(|key| key.name),
        Actor::User(id) => users::find(db, Scope::All, id).await?.map(|user| user.name),
        Actor::Link(_) | Actor::CommandLine(_) | Actor::Anonymous => None,
    })
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct DossierKey {
    algorithm: &'static str,
    /// Base64.
    public_key: String,
}

/// The key that signs dossiers
///
/// Keep it apart from the dossiers: `midiateca verify-dossier FILE --key KEY` shows that a dossier is of this installation.
#[utoipa::path(get, path = "/dossier-key", tag = "media", security(("key" = ["viewer"]), ("session" = ["viewer"])),
    responses((status = OK, body = DossierKey), (status = "4XX", body = ErrorBody)))]
pub async fn key(State(state): State<HttpState>, Viewer(_): Viewer) -> Result<Json<DossierKey>> {
    let seed = state.app.secrets.dossier_seed().map_err(unusable)?;
    Ok(Json(DossierKey {
        algorithm: "Ed25519",
        public_key: public_key(&seed).to_string(),
    }))
}

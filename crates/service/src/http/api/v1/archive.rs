//! `/media.zip`: the stored files of a filter as one archive, written while it is read.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::record;
use crate::access::audit::{Action, NewEntry};
use crate::app::App;
use crate::clock::compact;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::content::Binary;
use crate::http::api::error::{ApiError, Detail, ErrorBody, Result};
use crate::http::api::filter::MediaFilter;
use crate::http::api::query::{Query, list};
use crate::http::api::zip_stream::{self, Ended, Place};
use crate::i18n::keys as texts;
use crate::media::screening::Screening;
use crate::media::{self, Filter};
use crate::model::{MediaId, MediaStatus, Scope};
use crate::ops::export::{self, Target};

/// Files in one archive; the list of their names is in memory until its end.
pub(super) const MOST_FILES: u64 = 100_000;
/// In one request.
const MOST_IDS: usize = 500;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ArchiveQuery {
    /// Only these media, by their ids with commas; at most 500.
    #[serde(default, deserialize_with = "list")]
    #[param(value_type = Option<String>)]
    ids: Option<String>,
}

/// None are all; a list must have some.
pub(super) fn ids_of(names: Option<&[String]>) -> Result<Vec<MediaId>> {
    let ids: Vec<_> = names
        .into_iter()
        .flatten()
        .filter(|id| !id.is_empty())
        .map(|id| MediaId(id.clone()))
        .collect();
    if ids.len() > MOST_IDS || names.is_some() && ids.is_empty() {
        let detail = Detail::with(texts::api::DETAIL_IDS, "most", MOST_IDS);
        return Err(ApiError::bad(texts::api::BAD_QUERY, detail));
    }
    Ok(ids)
}

pub(super) fn too_many_files(most: u64) -> ApiError {
    let (status, key) = (StatusCode::BAD_REQUEST, texts::api::TOO_MANY_FILES);
    ApiError::with(status, key, vec![("most", most.to_string())])
}

/// The stored files of a filter, and how many there are; an error when there is none, or more than `most`.
pub(super) async fn stored(
    app: &App,
    scope: Scope,
    filter: MediaFilter,
    ids: Option<&str>,
    most: u64,
    screening: Screening,
) -> Result<(Filter, u64)> {
    let names: Option<Vec<_>> = ids.map(|text| text.split(',').map(str::to_owned).collect());
    let ids = ids_of(names.as_deref())?;
    let filter = Filter {
        status: Some(MediaStatus::Stored),
        screening,
        ids,
        ..filter.resolve(app, scope).await?
    };
    match media::count_up_to(&app.db_for_lists(), &filter, most + 1).await? {
        0 => Err(ApiError::not_found(texts::api::NOTHING_STORED)),
        count if count > most => Err(too_many_files(most)),
        count => Ok((filter, count)),
    }
}

/// The stored files of a filter as a ZIP, with a manifest
///
/// Each file is verified before it is sent. An archive that is cut short lacks its end, so that no program opens it.
#[utoipa::path(get, path = "/media.zip", tag = "media", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(MediaFilter, ArchiveQuery),
    responses((status = OK, content_type = "application/zip", body = Binary), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    method: Method,
    Query(filter, query): Query<MediaFilter, ArchiveQuery>,
) -> Result<Response> {
    let app = Arc::clone(&state.app);
    let ids = query.ids.as_deref();
    let screening = app.screening(grant.role);
    let stored = stored(&app, grant.scope, filter, ids, MOST_FILES, screening);
    let (filter, count) = stored.await?;
    let name = format!("midiateca-{}.zip", compact(app.clock.now()));
    if method == Method::HEAD {
        return Ok(zip_stream::head(&name));
    }
    let place = Place::take(&grant)?;
    let client = filter.client.or(grant.scope.client());
    let entry = NewEntry::new(Action::MediaExported, client, json!({"media": count}));
    record(&state, &grant, entry).await?;
    Ok(zip_stream::answer(place, &name, async move |stream| {
        let options = export::Options {
            filter,
            target: Target::ZipStream,
            dry_run: false,
            stream,
            actor: None,
        };
        let cancelled = app.shutdown.token();
        let report = export::run(app.export_deps(), options, Arc::new(()), cancelled).await?;
        Ok::<_, export::Error>(if report.stopped {
            Ended::Cancelled
        } else {
            Ended::Whole
        })
    }))
}

//! `/media.zip`: the stored files of a filter as one archive, written while it is read.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use utoipa::IntoParams;

use super::record;
use crate::access::audit::{Action, NewEntry};
use crate::app::App;
use crate::clock::compact;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::filter::MediaFilter;
use crate::http::api::query::Query;
use crate::i18n::keys as texts;
use crate::media::{self, Filter};
use crate::model::{MediaId, MediaStatus};
use crate::ops::export::{self, Target};
use crate::telemetry;

/// Pieces that wait for a slow reader.
const WAITING: usize = 8;
const PIECE_BYTES: usize = 64 << 10;
/// Archives that are written at the same time, each by a thread: in all, and for one caller.
const AT_ONCE: usize = 8;
const AT_ONCE_EACH: usize = 2;
/// Files in one archive; the list of their names is in memory until its end.
const MOST_FILES: u64 = 100_000;

/// Who is being sent an archive now.
static WRITING: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A place among them.
struct Place(String);

impl Place {
    fn take(actor: String) -> Option<Self> {
        let mut writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let own = writing.iter().filter(|known| **known == actor).count();
        if writing.len() >= AT_ONCE || own >= AT_ONCE_EACH {
            return None;
        }
        writing.push(actor.clone());
        Some(Self(actor))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = writing.iter().position(|known| *known == self.0) {
            writing.swap_remove(at);
        }
    }
}
/// In one request.
const MOST_IDS: usize = 500;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ArchiveQuery {
    /// Only these media, by their ids with commas; at most 500.
    ids: Option<String>,
}

fn ids_of(text: Option<&str>) -> Result<Vec<MediaId>> {
    let names = text.into_iter().flat_map(|text| text.split(','));
    let ids: Vec<_> = names
        .filter(|id| !id.is_empty())
        .map(|id| MediaId(id.to_owned()))
        .collect();
    if ids.len() > MOST_IDS || text.is_some() && ids.is_empty() {
        let detail = format!("ids has not 1 to {MOST_IDS} ids");
        return Err(ApiError::bad(texts::api::BAD_QUERY, detail));
    }
    Ok(ids)
}

/// The stored files of a filter as a ZIP, with a manifest
///
/// Each file is verified before it is sent. An archive that is cut short lacks its end, so that no program opens it.
#[utoipa::path(get, path = "/media.zip", tag = "media", params(MediaFilter, ArchiveQuery),
    responses((status = OK, content_type = "application/zip", body = Vec<u8>), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    method: Method,
    Query(filter, query): Query<MediaFilter, ArchiveQuery>,
) -> Result<Response> {
    let ids = ids_of(query.ids.as_deref())?;
    let app = Arc::clone(&state.app);
    let filter = Filter {
        status: Some(MediaStatus::Stored),
        ids,
        ..filter.resolve(&app, grant.scope).await?
    };
    let count = media::count(&app.db, &filter).await?;
    if count == 0 {
        return Err(ApiError::not_found(texts::api::NOTHING_STORED));
    }
    if count > MOST_FILES {
        let detail = format!("the filter has {count} files, and one archive at most {MOST_FILES}");
        return Err(ApiError::bad(texts::api::BAD_QUERY, detail));
    }
    let name = format!("midiateca-{}.zip", compact(app.clock.now()));
    if method == Method::HEAD {
        return Ok(with_headers(Body::empty(), &name));
    }
    let place = Place::take(grant.actor.code()).ok_or_else(ApiError::unavailable)?;
    let client = filter.client.or(grant.scope.client());
    let data = json!({"media": count});
    record(
        &state,
        &grant,
        NewEntry::new(Action::MediaExported, client, data),
    )
    .await?;
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        write(&app, filter, &sender);
    });
    let pieces = stream::unfold(receiver, async |mut receiver| {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    Ok(with_headers(Body::from_stream(pieces), &name))
}

fn with_headers(body: Body, name: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/zip"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

type Piece = io::Result<Bytes>;

/// Passes what is written on to a reader, and waits for it.
struct Pipe {
    sender: mpsc::Sender<Piece>,
    buffer: Vec<u8>,
}

impl Pipe {
    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.buffer);
        if piece.is_empty() {
            return Ok(());
        }
        let sent = self.sender.blocking_send(Ok(piece.into()));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// Runs on a thread of its own; an error ends the answer before its end.
fn write(app: &App, filter: Filter, sender: &mpsc::Sender<Piece>) {
    let options = export::Options {
        filter,
        target: Target::ZipStream,
        dry_run: false,
        stream: Box::new(Pipe {
            sender: sender.clone(),
            buffer: Vec::with_capacity(PIECE_BYTES),
        }),
    };
    let cancelled = app.shutdown.token();
    let exporting = export::run(app.export_deps(), options, Arc::new(()), cancelled);
    match tokio::runtime::Handle::current().block_on(exporting) {
        Ok(report) if !report.stopped => {}
        Ok(_) => {
            let _ = sender.blocking_send(Err(io::ErrorKind::Interrupted.into()));
        }
        Err(error) => {
            if !sender.is_closed() {
                let error = telemetry::chain(&error);
                tracing::warn!(error, "an archive could not be written to its end");
            }
            let _ = sender.blocking_send(Err(io::ErrorKind::Interrupted.into()));
        }
    }
}

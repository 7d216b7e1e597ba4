//! `/bulk`: actions on exactly the media that a filter showed, as runs with progress that can be stopped.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Id, apart, archive};
use crate::access::{Actor, Grant};
use crate::app::App;
use crate::clock::{Millis, rfc3339};
use crate::http::HttpState;
use crate::http::api::BASE;
use crate::http::api::caller::{Operator, Viewer};
use crate::http::api::error::{ApiError, ErrorBody, Result};
use crate::http::api::filter::{MediaFilter, OfClient, time};
use crate::http::api::page::{NewestFirst, Page, PageQuery};
use crate::http::api::query::{Body, Query};
pub use crate::http::api::runs::RunAction;
use crate::http::api::runs::{self, Outcome, Run, RunState};
use crate::i18n::keys as texts;
use crate::instances;
use crate::media::{self, Filter};
use crate::model::{MediaStatus, codes};
use crate::ops::dossier::MOST_MEDIA;
use crate::ops::export::{self, Target};
use crate::ops::{Item, Progress, Selection, dismiss, retry};

/// Files of an export's result that are not in the archive.
const MOST_OMITTED: usize = 100;

codes! {
    BulkAction {
        Retry "retry",
        Dismiss "dismiss",
        /// Reads and verifies every file; the result has the address of the archive, and the files that are not in it.
        Export "export",
        /// The same for a dossier.
        Dossier "dossier",
    }
}

impl From<BulkAction> for RunAction {
    fn from(action: BulkAction) -> Self {
        match action {
            BulkAction::Retry => Self::Retry,
            BulkAction::Dismiss => Self::Dismiss,
            BulkAction::Export => Self::Export,
            BulkAction::Dossier => Self::Dossier,
        }
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBulk {
    action: BulkAction,
    filter: MediaFilter,
    /// Only these of the filter, at most 500.
    ids: Option<Vec<String>>,
    /// Only what was received before then: the time at which the list was shown. Now without it.
    before: Option<String>,
    /// Only count: `total`, and in `result` the clients, and for a file to download its address.
    #[serde(default)]
    dry_run: bool,
}

/// A run, and how far it is.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ApiRun {
    id: String,
    action: RunAction,
    /// `interrupted`: the server ended before the run did. The same request does the rest.
    state: RunState,
    /// Media; bytes of an export; notifications or events of an endpoint.
    total: u64,
    /// How many of `total` are done.
    done: u64,
    /// The report at the end. After a restart of the server only its numbers.
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
}

impl From<&Run> for ApiRun {
    fn from(run: &Run) -> Self {
        let (outcome, (done, total)) = (run.outcome(), run.progress());
        Self {
            id: run.id.clone(),
            action: run.action,
            state: outcome.state,
            total,
            done,
            result: outcome.result,
        }
    }
}

/// The statuses that an action can change.
fn statuses(action: BulkAction, filter: &Filter) -> Vec<MediaStatus> {
    let possible: &[MediaStatus] = match action {
        BulkAction::Retry => &[
            MediaStatus::Pending,
            MediaStatus::Failed,
            MediaStatus::Expired,
            MediaStatus::Skipped,
            MediaStatus::Dismissed,
        ],
        BulkAction::Dismiss => &[MediaStatus::Failed, MediaStatus::Expired],
        BulkAction::Export | BulkAction::Dossier => &[MediaStatus::Stored],
    };
    let wanted = |status: &&MediaStatus| filter.status.is_none_or(|only| only == **status);
    possible.iter().filter(wanted).copied().collect()
}

/// Starts an action on all media of a filter
///
/// Without a status in the filter: those that the action can change. Counts first: `total`. A run goes on without its caller; one
/// that a restart of the server interrupts is done by the same request again, with the same `before`.
#[utoipa::path(post, path = "/bulk", tag = "bulk", security(("key" = ["operator"]), ("session" = ["operator"])), request_body = NewBulk,
    responses((status = ACCEPTED, body = ApiRun), (status = "4XX", body = ErrorBody)))]
pub async fn create(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Body(new): Body<NewBulk>,
) -> Result<Response> {
    let app = Arc::clone(&state.app);
    let before =
        time(&app, "before", new.before.as_deref())?.unwrap_or_else(|| app.clock.now() + 1);
    let asked = new.filter.clone();
    let mut filter = new.filter.resolve(&app, grant.scope).await?;
    let until = filter.until.map_or(before, |until| until.min(before));
    filter.until = Some(until);
    filter.ids = archive::ids_of(new.ids.as_deref())?;
    if new.action == BulkAction::Export {
        filter.screening = app.screening(grant.role);
    }
    let statuses = statuses(new.action, &filter);
    let mut counts = BTreeMap::new();
    for status in &statuses {
        let filter = Filter {
            status: Some(*status),
            ..filter.clone()
        };
        for (client, count) in media::count_by_client(&app.db, &filter).await? {
            *counts.entry(client).or_insert(0) += count;
        }
    }
    let total = counts.values().sum();
    let archive = archive_of(
        new.action,
        &asked,
        new.ids.as_deref(),
        (filter.since, until),
    );
    if new.dry_run {
        let counts: Vec<_> = counts.into_iter().map(|(id, n)| (Some(id), n)).collect();
        let mut shown = counted(&app, &grant, new.action.into(), &counts).await?;
        if let (Some(archive), Some(result)) = (&archive, &mut shown.result) {
            archive.refuse_more(total)?;
            result["archive"] = json!(archive.address);
        }
        return Ok((StatusCode::ACCEPTED, Json(shown)).into_response());
    }
    let selection = Selection {
        media: Vec::new(),
        statuses,
        filter: Filter {
            status: None,
            ..filter
        },
    };
    let actor = grant.actor.clone();
    let action = new.action;
    let perform = async move |run| perform(&app, actor, action, selection, archive, &run).await;
    let shown = start(&state, &grant, action.into(), total, perform).await?;
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}

/// What an action would do, without a run: to how many, and of which clients, those with most first.
pub async fn counted(
    app: &App,
    grant: &Grant,
    action: RunAction,
    counts: &[(Option<i64>, u64)],
) -> Result<ApiRun> {
    let known = instances::every_client(&app.db).await?;
    let name = |id: Option<i64>| known.iter().find(|client| Some(client.id) == id);
    let total = counts.iter().map(|(_, count)| count).sum();
    let mut counts = counts.to_vec();
    counts.sort_by_key(|(client, count)| (Reverse(*count), *client));
    let clients = counts.into_iter().map(|(client, count)| {
        let name = name(client).map(|client| client.name.as_str());
        json!({"client": client, "name": name, "count": count})
    });
    let clients: Vec<_> = clients.collect();
    Ok(ApiRun {
        state: RunState::Finished,
        result: Some(json!({"total": total, "dry_run": true, "clients": clients})),
        ..ApiRun::from(&Run::new(app, action, grant, total))
    })
}

/// Starts a run.
pub async fn start(
    state: &HttpState,
    grant: &Grant,
    action: RunAction,
    total: u64,
    perform: impl AsyncFnOnce(Arc<Run>) -> Outcome + Send + 'static,
) -> Result<ApiRun> {
    if !state.runs.has_room(grant.scope) {
        return Err(ApiError::unavailable());
    }
    let app = Arc::clone(&state.app);
    let run = Arc::new(Run::new(&app, action, grant, total));
    let shown = ApiRun::from(run.as_ref());
    let failed = || Outcome {
        state: RunState::Failed,
        result: None,
    };
    let forgotten = state.runs.add(Arc::clone(&run));
    if let Err(error) = runs::save(&app, &run, forgotten).await {
        run.finish(&app, failed());
        return Err(error.into());
    }
    state.app.shutdown.clone().spawn(async move {
        let (server, started) = (Arc::clone(&app), Arc::clone(&run));
        let performing = async {
            let performing = apart(async move || {
                let outcome = perform(Arc::clone(&started)).await;
                started.finish(&server, outcome);
            });
            // A panic is logged, and ends the run.
            if performing.await.is_err() {
                run.finish(&app, failed());
            }
        };
        runs::keep(&app, &run, performing).await;
    });
    Ok(shown)
}

/// Counts in a run.
pub struct Counting(pub Arc<Run>);

impl<Finding> Progress<Finding> for Counting {
    fn expect(&self, total: u64) {
        self.0.total.store(total, Ordering::Relaxed);
    }

    fn advance(&self, done: u64) {
        self.0.done.fetch_add(done, Ordering::Relaxed);
    }
}

/// Counts in a run, and the results by their codes.
struct Tally {
    counting: Counting,
    results: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Tally {
    fn new(run: &Arc<Run>) -> Self {
        Self {
            counting: Counting(Arc::clone(run)),
            results: Arc::default(),
        }
    }
}

impl<R: Serialize> Progress<Item<R>> for Tally {
    fn expect(&self, total: u64) {
        Progress::<Item<R>>::expect(&self.counting, total);
    }

    fn advance(&self, done: u64) {
        Progress::<Item<R>>::advance(&self.counting, done);
    }

    fn finding(&self, item: &Item<R>) {
        let code = json!(item.result).as_str().unwrap_or_default().to_owned();
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        *results.entry(code).or_insert(0) += 1;
    }
}

/// A report with the counts of each result.
fn tallied(report: &impl Serialize, results: &Mutex<BTreeMap<String, u64>>) -> Value {
    let results = results.lock().unwrap_or_else(PoisonError::into_inner);
    let mut report = json!(report);
    report["results"] = json!(*results);
    report
}

/// A file to download.
struct Archive {
    address: String,
    /// Files in it.
    most: u64,
}

impl Archive {
    fn refuse_more(&self, total: u64) -> Result<()> {
        if total > self.most {
            return Err(archive::too_many_files(self.most));
        }
        Ok(())
    }
}

/// The archive with exactly the media of a filter: with times that do not move. None for an action that makes none.
fn archive_of(
    action: BulkAction,
    filter: &MediaFilter,
    ids: Option<&[String]>,
    (since, until): (Option<Millis>, Millis),
) -> Option<Archive> {
    let (path, most) = match action {
        BulkAction::Retry | BulkAction::Dismiss => return None,
        BulkAction::Export => ("media.zip", archive::MOST_FILES),
        BulkAction::Dossier => ("dossier.zip", MOST_MEDIA),
    };
    let fixed = MediaFilter {
        from: since.map(rfc3339),
        to: Some(rfc3339(until)),
        status: None,
        ..filter.clone()
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Ok(Value::Object(fields)) = serde_json::to_value(&fixed) {
        for (name, value) in fields {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            query.append_pair(&name, &text);
        }
    }
    if let Some(ids) = ids {
        query.append_pair("ids", &ids.join(","));
    }
    let address = format!("{BASE}/{path}?{}", query.finish());
    Some(Archive { address, most })
}

/// The progress of an export in bytes, and the files that cannot be in its archive.
struct Verifying {
    counting: Counting,
    omitted: Arc<Mutex<Vec<export::ExportFinding>>>,
}

impl Progress<export::ExportFinding> for Verifying {
    fn expect(&self, total: u64) {
        Progress::<export::ExportFinding>::expect(&self.counting, total);
    }

    fn advance(&self, done: u64) {
        Progress::<export::ExportFinding>::advance(&self.counting, done);
    }

    fn finding(&self, finding: &export::ExportFinding) {
        let mut omitted = self.omitted.lock().unwrap_or_else(PoisonError::into_inner);
        if omitted.len() < MOST_OMITTED {
            omitted.push(finding.clone());
        }
    }
}

/// Reads all files as their archive will. That is written only while it is sent, so that no copy outlives an erasure.
async fn verify(
    app: &App,
    selection: Selection,
    archive: Option<Archive>,
    run: &Arc<Run>,
) -> Result<(bool, Value), export::Error> {
    let Some(status) = selection.statuses.first() else {
        return Ok((false, json!({"files": 0})));
    };
    let options = export::Options {
        filter: Filter {
            status: Some(*status),
            ..selection.filter
        },
        target: Target::ZipStream,
        dry_run: false,
        stream: Box::new(std::io::sink()),
        actor: None,
    };
    let omitted = Arc::default();
    let progress = Verifying {
        counting: Counting(Arc::clone(run)),
        omitted: Arc::clone(&omitted),
    };
    let cancelled = run.cancelled.clone();
    let report = export::run(app.export_deps(), options, Arc::new(progress), cancelled).await?;
    let omitted = omitted.lock().unwrap_or_else(PoisonError::into_inner);
    let mut result = json!({"files": report.files, "bytes": report.bytes, "omitted": report.omitted, "findings": *omitted});
    if !report.stopped && report.files > 0 {
        result["archive"] = json!(archive.map(|archive| archive.address));
    }
    Ok((report.stopped, result))
}

async fn perform(
    app: &App,
    actor: Actor,
    action: BulkAction,
    selection: Selection,
    archive: Option<Archive>,
    run: &Arc<Run>,
) -> Outcome {
    let (progress, cancelled) = (Tally::new(run), run.cancelled.clone());
    let results = Arc::clone(&progress.results);
    let ended: Result<_, Box<dyn std::error::Error>> = match action {
        BulkAction::Retry => {
            let options = retry::Options {
                selection,
                dry_run: false,
                actor,
            };
            let (db, storage, clock) = (&app.db, &app.storage, &app.clock);
            let report = retry::run(db, storage, clock, options, Arc::new(progress), cancelled);
            report
                .await
                .map(|report| (report.stopped, tallied(&report, &results)))
                .map_err(Into::into)
        }
        BulkAction::Dismiss => {
            let options = dismiss::Options {
                selection,
                dry_run: false,
                actor,
            };
            let report = dismiss::run(&app.db, &app.clock, options, Arc::new(progress), cancelled);
            report
                .await
                .map(|report| (report.stopped, tallied(&report, &results)))
                .map_err(Into::into)
        }
        BulkAction::Export | BulkAction::Dossier => verify(app, selection, archive, run)
            .await
            .map_err(Into::into),
    };
    app.work.notify_one();
    match ended {
        Ok((stopped, result)) => Outcome::of(stopped, result),
        Err(error) => Outcome::failed(error.as_ref()),
    }
}

fn visible(state: &HttpState, grant: &Grant, id: &str) -> Result<Arc<Run>> {
    let found = state.runs.find(id);
    let found = found.filter(|run| run.scope == grant.scope || grant.scope.client().is_none());
    found.ok_or_else(|| ApiError::not_found(texts::api::RUN_NOT_FOUND))
}

/// The runs that the caller may see, newest first
///
/// The last 1,000 are known, also after a restart. With `client`, those that a key or a user of this client began.
#[utoipa::path(get, path = "/bulk", tag = "bulk", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(OfClient, PageQuery),
    responses((status = OK, body = Page<ApiRun>), (status = "4XX", body = ErrorBody)))]
pub async fn list(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Query(OfClient { client }, page): Query<OfClient, PageQuery>,
) -> Result<Json<Page<ApiRun>>> {
    let scope = grant.scope.limited_to(client);
    let runs = scope.map_or_else(Vec::new, |scope| state.runs.visible(scope));
    let items = runs.iter().map(|run| ApiRun::from(run.as_ref())).collect();
    let place = |run: &ApiRun| NewestFirst::new(&run.id);
    page.of(items, place).map(Json)
}

/// A run, and how far it is
#[utoipa::path(get, path = "/bulk/{id}", tag = "bulk", security(("key" = ["viewer"]), ("session" = ["viewer"])), params(("id" = String, Path)),
    responses((status = OK, body = ApiRun), (status = "4XX", body = ErrorBody)))]
pub async fn get(
    State(state): State<HttpState>,
    Viewer(grant): Viewer,
    Id(id): Id,
) -> Result<Json<ApiRun>> {
    Ok(Json(visible(&state, &grant, &id)?.as_ref().into()))
}

/// Stops a run; what it did stays
#[utoipa::path(delete, path = "/bulk/{id}", tag = "bulk", security(("key" = ["operator"]), ("session" = ["operator"])), params(("id" = String, Path)),
    responses((status = OK, body = ApiRun), (status = "4XX", body = ErrorBody)))]
pub async fn stop(
    State(state): State<HttpState>,
    Operator(grant): Operator,
    Id(id): Id,
) -> Result<Json<ApiRun>> {
    let run = visible(&state, &grant, &id)?;
    run.cancelled.cancel();
    Ok(Json(run.as_ref().into()))
}

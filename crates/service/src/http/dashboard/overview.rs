//! The first page: is all well, what waits and until when, the last day, the instances.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::document::Document;
use super::frame::{Frame, answer};
use super::manage::{InstanceRow, rows};
use super::media_item::MediaItem;
use super::panel::Panel;
use super::visitor::Visitor;
use crate::clock::{HOUR, rfc3339};
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::page::{PageQuery, whole};
use crate::http::api::query::Query;
use crate::http::api::{ApiError, v1};
use crate::i18n::keys::dashboard as words;
use crate::i18n::{Reader, needs};
use crate::media::counts;
use crate::media::usage::{self, HourCount};
use crate::model::{MediaStatus, Scope};
use crate::ops::status;

const HOURS: usize = 24;
/// The page of the instances has the others.
const MOST_INSTANCES: usize = 10;
/// Of the chart's bars, in its own units.
const TALLEST: i64 = 100;

struct Counts {
    stored: i64,
    waiting: i64,
    failed: i64,
    bytes: i64,
    /// The next that is ahead: RFC 3339, or empty.
    deadline: String,
    oldest: String,
}

/// One hour of the chart.
struct Bar {
    x: i64,
    waiting_y: i64,
    /// What is neither stored nor failed.
    waiting_height: i64,
    stored_y: i64,
    stored_height: i64,
    failed_y: i64,
    failed_height: i64,
    /// The hour's beginning: `09:00`.
    label: String,
    counts: HourCount,
}

struct Health {
    needs: Vec<String>,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    counts: Panel<Counts>,
    /// None for a person of one client.
    health: Option<Panel<Health>>,
    chart: Panel<Vec<Bar>>,
    /// Under the chart: every sixth hour, and the end.
    hours: Vec<String>,
    received: i64,
    recent: Panel<Vec<MediaItem>>,
    /// Those first that need attention.
    instances: Panel<Vec<InstanceRow>>,
    /// Of all instances.
    needing: usize,
    all: usize,
}

pub async fn page(State(state): State<HttpState>, visitor: Visitor) -> Response {
    let (frame, scope) = (visitor.frame, visitor.grant.scope);
    let viewer = || Viewer(visitor.grant.clone());
    let newest = async {
        let first = Query(Default::default(), PageQuery::first(12));
        let Json(page) = v1::media::list(State(state.clone()), viewer(), first).await?;
        Ok(MediaItem::all(Document::page(&page).0))
    };
    let instances = async {
        let Json(page) = v1::instances::list(State(state.clone()), viewer(), whole()).await?;
        Ok(rows(&state, Document::page(&page).0).await)
    };
    let health = async {
        match scope {
            Scope::All => Some(Panel::wait(&frame, health(&state, &frame)).await),
            Scope::Client(_) => None,
        }
    };
    // At the same time: one that is slow does not delay the others.
    let (counts, health, chart, recent, mut instances) = tokio::join!(
        Panel::wait(&frame, counts_of(&state, scope)),
        health,
        Panel::wait(&frame, chart(&state, &frame, scope)),
        Panel::wait(&frame, newest),
        Panel::wait(&frame, instances),
    );
    let listed = instances.0.as_ref().map_or(&[][..], Vec::as_slice);
    let needing = listed.iter().filter(|row| row.needs_attention()).count();
    let all = listed.len();
    if let Ok(rows) = &mut instances.0 {
        rows.truncate(MOST_INSTANCES);
    }
    let bars = chart.0.iter().flatten();
    let hours = bars.clone().step_by(HOURS / 4).map(|bar| bar.label.clone());
    let hours = hours.chain([frame.say(words::NOW).to_owned()]).collect();
    let page = Overview {
        hours,
        received: bars.map(|bar| bar.counts.all).sum(),
        recent,
        instances,
        needing,
        all,
        counts,
        health,
        chart,
        frame,
    };
    answer(StatusCode::OK, &page)
}

async fn counts_of(state: &HttpState, scope: Scope) -> Result<Counts, ApiError> {
    let db = &state.app.db_for_lists();
    let found = counts::of_scope(db, scope).await?;
    let now = state.app.clock.now();
    let (oldest, deadline) = counts::waiting(db, scope, now).await?;
    let deadline = deadline.filter(|deadline| *deadline > now);
    let count = |statuses: &[MediaStatus]| counts::of_statuses(&found.by_status, statuses);
    Ok(Counts {
        stored: count(&[MediaStatus::Stored]),
        waiting: count(&[MediaStatus::Pending, MediaStatus::Downloading]),
        failed: count(&[MediaStatus::Failed, MediaStatus::Expired]),
        bytes: found.by_kind.iter().map(|count| count.size).sum(),
        deadline: deadline.map(rfc3339).unwrap_or_default(),
        oldest: oldest.map(rfc3339).unwrap_or_default(),
    })
}

async fn health(state: &HttpState, frame: &Frame) -> Result<Health, ApiError> {
    let deps = status::Deps {
        db: &state.app.db_for_lists(),
        ..state.app.status_deps()
    };
    let report = status::run(deps).await?;
    let needs = needs::sentences(
        Reader::Page,
        &report.needs_attention,
        frame.lang,
        &frame.zone,
    );
    Ok(Health { needs })
}

async fn chart(state: &HttpState, frame: &Frame, scope: Scope) -> Result<Vec<Bar>, ApiError> {
    let hours = i64::try_from(HOURS).unwrap_or(0);
    let since = (frame.now / HOUR - hours + 1) * HOUR;
    let found = usage::by_hour(&state.app.db_for_lists(), scope, since, HOURS).await?;
    let most = found.iter().map(|hour| hour.all).max().unwrap_or(0).max(1);
    let height = |count: i64| (count * TALLEST + most - 1) / most;
    let bars = found.into_iter().zip(0..).map(|(counts, n)| {
        let failed_height = height(counts.failed);
        let stored_height = height(counts.stored).min(TALLEST - failed_height);
        let above = TALLEST - stored_height - failed_height;
        let waiting_height = height(counts.all - counts.stored - counts.failed).min(above);
        Bar {
            x: n * 10,
            waiting_y: above - waiting_height,
            waiting_height,
            stored_y: above,
            stored_height,
            failed_y: TALLEST - failed_height,
            failed_height,
            label: frame
                .zone
                .time_of_day(since + n * HOUR)
                .chars()
                .take(5)
                .collect(),
            counts,
        }
    });
    Ok(bars.collect())
}

//! What is not stored, by reason: what happened, how often, whether it can still succeed, and what to do.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::frame::{Frame, answer, failed};
use super::gallery::with_query;
use super::visitor::Visitor;
use crate::clock::rfc3339;
use crate::http::HttpState;
use crate::i18n::keys::dashboard as words;
use crate::media::counts::{self, ReasonCount};
use crate::model::MediaStatus;

struct Row {
    counted: ReasonCount,
    reason: String,
    text: String,
    status: String,
    /// Retrying can succeed.
    is_recoverable: bool,
    /// The media of this row.
    address: String,
    filter_json: String,
}

#[derive(Template)]
#[template(path = "failures.html")]
struct Failures {
    frame: Frame,
    /// What needs a person.
    failed: Vec<Row>,
    /// What is tried again by itself.
    waiting: Vec<Row>,
    /// What was left out or ended on purpose.
    others: Vec<Row>,
    before: String,
}

pub async fn page(State(state): State<HttpState>, visitor: Visitor) -> Response {
    let frame = visitor.frame;
    let found = match counts::reasons_of_scope(&state.app.db, visitor.grant.scope).await {
        Ok(found) => found,
        Err(error) => return failed(frame, &error.into()),
    };
    let (mut lost, mut waiting, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for counted in found {
        let row = row(&frame, counted);
        match counted.status {
            MediaStatus::Failed | MediaStatus::Expired => lost.push(row),
            MediaStatus::Pending | MediaStatus::Downloading => waiting.push(row),
            _ => others.push(row),
        }
    }
    let page = Failures {
        before: rfc3339(state.app.clock.now() + 1),
        failed: lost,
        waiting,
        others,
        frame,
    };
    answer(StatusCode::OK, &page)
}

fn row(frame: &Frame, counted: ReasonCount) -> Row {
    let (reason, status) = (counted.reason.as_str(), counted.status.as_str());
    let filter = json!({"status": status, "reason": reason});
    Row {
        text: frame.reason(reason),
        reason: reason.to_owned(),
        status: frame.name(status),
        is_recoverable: counted.reason.is_recoverable(),
        address: with_query("/media", &filter),
        filter_json: filter.to_string(),
        counted,
    }
}

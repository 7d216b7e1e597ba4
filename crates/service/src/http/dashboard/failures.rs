//! What is not stored, by reason: what happened, how often, whether it can still succeed, and what to do.

use askama::Template;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::form::{self, Typed};
use super::frame::{Frame, answer, failed};
use super::gallery::{Choice, clients_of, with_query};
use super::visitor::Visitor;
use crate::clock::rfc3339;
use crate::http::HttpState;
use crate::http::api::ApiError;
use crate::http::api::query::{None as NoOther, number};
use crate::i18n::keys::dashboard as words;
use crate::media::counts::{self, ReasonCount};
use crate::model::{MediaStatus, Scope};

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
    filter: Typed,
    /// To choose from; fewer than two need no choice.
    clients: Vec<Choice>,
    is_filtered: bool,
    /// What needs a person.
    failed: Vec<Row>,
    /// What is tried again by itself.
    waiting: Vec<Row>,
    /// What was left out or ended on purpose.
    others: Vec<Row>,
    before: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Of this client only.
    #[serde(default, deserialize_with = "number")]
    client: Option<i64>,
}

pub async fn page(State(state): State<HttpState>, visitor: Visitor, parts: Parts) -> Response {
    let frame = visitor.frame.clone();
    match failures(&state, visitor, &parts).await {
        Ok(page) => answer(page.filter.status(), &page),
        Err(error) => failed(frame, &error),
    }
}

async fn failures(
    state: &HttpState,
    visitor: Visitor,
    parts: &Parts,
) -> Result<Failures, ApiError> {
    let (query, mut filter) = form::read::<Filter, NoOther>(parts, &visitor.frame, &[]);
    // The list is of use without the form's choices.
    let clients = clients_of(state, &visitor, &filter.text("client")).await;
    let (frame, scope) = (visitor.frame, visitor.grant.scope);
    let client = query.as_ref().and_then(|query| query.0.client);
    let counting = async {
        let db = state.app.db_for_lists();
        Ok(match client {
            _ if query.is_none() => Vec::new(),
            // As in the gallery, nothing is shown of a client that the person may not see.
            Some(client) if !scope.includes(client) => Vec::new(),
            Some(client) => counts::reasons_of_scope(&db, Scope::Client(client)).await?,
            None => counts::reasons_of_scope(&db, scope).await?,
        })
    };
    let found = filter.wait(&frame, counting).await?.unwrap_or_default();
    let (mut lost, mut waiting, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for counted in found {
        let row = row(&frame, counted, client);
        match counted.status {
            MediaStatus::Failed | MediaStatus::Expired => lost.push(row),
            MediaStatus::Pending | MediaStatus::Downloading => waiting.push(row),
            _ => others.push(row),
        }
    }
    Ok(Failures {
        before: rfc3339(state.app.clock.now() + 1),
        is_filtered: filter.shown.has_any(),
        filter,
        clients: clients.unwrap_or_default(),
        failed: lost,
        waiting,
        others,
        frame,
    })
}

fn row(frame: &Frame, counted: ReasonCount, client: Option<i64>) -> Row {
    let (reason, status) = (counted.reason.as_str(), counted.status.as_str());
    let mut filter = json!({"status": status, "reason": reason});
    if let Some(client) = client {
        filter["client"] = Value::from(client);
    }
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

//! Raw deliveries, with masked keys and tokens, and replay.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;

use super::super::document::Document;
use super::super::form::{self, Typed};
use super::super::frame::Frame;
use super::super::gallery::{Choice, instances_of_deliveries, query_of, with_query};
use super::super::visitor::Visitor;
use super::instances::gateways;
use super::{listing, page};
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::page::PageQuery;
use crate::http::api::query::Query;
use crate::http::api::v1::deliveries::{BodyQuery, DeliveriesQuery};
use crate::http::api::{ApiError, v1};
use crate::http::session::is_cross_site;
use crate::i18n::keys::api as texts;
use crate::i18n::keys::dashboard as words;
use crate::model::DeliveryVerdict;

#[derive(Template)]
#[template(path = "deliveries.html")]
struct DeliveriesPage {
    frame: Frame,
    filter: Typed,
    is_filtered: bool,
    verdicts: Vec<Choice>,
    instances: Vec<Choice>,
    gateways: Vec<Choice>,
    items: Vec<Document>,
    next: Option<String>,
}

pub async fn deliveries(
    State(state): State<HttpState>,
    visitor: Visitor,
    parts: Parts,
) -> Response {
    let frame = visitor.frame.clone();
    let making = async {
        let (query, mut filter) = form::read::<DeliveriesQuery, PageQuery>(&parts, &frame, &[]);
        let shown = filter.shown.clone();
        // The list is of use without the form's choices.
        let instances = instances_of_deliveries(&state, &visitor, &shown.text("instance")).await;
        let found = match query {
            Some(query) => {
                let viewer = Viewer(visitor.grant);
                let list = v1::deliveries::list(State(state), viewer, query);
                filter.wait(&frame, list).await?
            }
            None => None,
        };
        let (items, next) = found
            .map(|Json(found)| Document::page(&found))
            .unwrap_or_default();
        let verdict = |verdict: DeliveryVerdict| {
            let code = verdict.as_str();
            let is_chosen = shown.is("verdict", code);
            (code.to_owned(), frame.name(code), is_chosen)
        };
        let next = next.map(|cursor| {
            let mut parameters = shown.0.clone();
            parameters["cursor"] = Value::String(cursor);
            with_query("/deliveries", &parameters)
        });
        Ok((
            filter.status(),
            DeliveriesPage {
                verdicts: DeliveryVerdict::ALL.map(verdict).to_vec(),
                instances: instances.unwrap_or_default(),
                gateways: gateways(&shown.text("gateway")),
                is_filtered: shown.has_any(),
                filter,
                items,
                next,
                frame: frame.clone(),
            },
        ))
    };
    listing(frame.clone(), making).await
}

#[derive(Template)]
#[template(path = "delivery.html")]
struct DeliveryPage {
    frame: Frame,
    delivery: Document,
    /// As JSON, with line breaks; None without one that can be shown.
    body: Option<String>,
    with_keys: bool,
}

pub async fn delivery(
    State(state): State<HttpState>,
    visitor: Visitor,
    id: v1::Id,
    parts: Parts,
) -> Response {
    let frame = visitor.frame.clone();
    let making = async {
        let query: Query<BodyQuery> = query_of(&parts)?;
        // A link on another site must not show them, and write that into the log.
        if query.0.has_keys() && is_cross_site(&parts.headers) {
            return Err(ApiError::new(StatusCode::FORBIDDEN, texts::OTHER_SITE));
        }
        let with_keys = query.0.has_keys();
        let viewer = Viewer(visitor.grant);
        let Json(found) = v1::deliveries::get(State(state), viewer, id, query).await?;
        let delivery = Document::of(&found);
        let body = delivery.inner("body");
        Ok(DeliveryPage {
            body: (!body.0.is_null()).then(|| frame.plain_lines(body.pretty())),
            delivery,
            with_keys,
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

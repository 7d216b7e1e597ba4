//! Endpoints of outgoing webhooks, their notifications, and the attempts to send them.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;

use super::super::document::Document;
use super::super::form::{self, Typed};
use super::super::frame::Frame;
use super::super::gallery::{Choice, with_query};
use super::super::panel::Panel;
use super::super::visitor::Visitor;
use super::{listing, page};
use crate::clock::{DAY, HOUR, rfc3339};
use crate::events::KINDS;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::page::{PageQuery, whole};
use crate::http::api::v1;
use crate::http::api::v1::endpoints::NotificationsQuery;
use crate::i18n::keys::dashboard as words;

#[derive(Template)]
#[template(path = "endpoints.html")]
struct EndpointsPage {
    frame: Frame,
    items: Panel<Vec<Document>>,
    clients: Vec<Document>,
    types: Vec<(&'static str, String)>,
}

pub async fn endpoints(State(state): State<HttpState>, visitor: Visitor) -> Response {
    let frame = visitor.frame;
    let making = async {
        let viewer = || Viewer(visitor.grant.clone());
        let list = async {
            let Json(found) = v1::endpoints::list(State(state.clone()), viewer(), whole()).await?;
            Ok(Document::page(&found).0)
        };
        let items = Panel::wait(&frame, list).await;
        // The list is of use without the form's choices.
        let clients = v1::clients::list(State(state), viewer(), whole()).await;
        let clients = clients.map(|Json(page)| Document::page(&page).0);
        Ok(EndpointsPage {
            items,
            clients: clients.unwrap_or_default(),
            types: KINDS.iter().map(|kind| (*kind, frame.name(kind))).collect(),
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

#[derive(Template)]
#[template(path = "endpoint.html")]
struct EndpointPage {
    frame: Frame,
    filter: Typed,
    endpoint: Document,
    clients: Vec<Document>,
    types: Vec<Choice>,
    statuses: Vec<Choice>,
    /// What can be sent again: of how long.
    periods: Vec<Choice>,
    /// When the page was shown: nothing newer is sent again.
    before: String,
    items: Vec<Document>,
    next: Option<String>,
}

pub async fn endpoint(
    State(state): State<HttpState>,
    visitor: Visitor,
    id: v1::Id,
    parts: Parts,
) -> Response {
    let frame = visitor.frame;
    let making = async {
        let (query, mut filter) = form::read::<NotificationsQuery, PageQuery>(&parts, &frame, &[]);
        let shown = filter.shown.clone();
        let viewer = || Viewer(visitor.grant.clone());
        let path = format!("/endpoints/{}", id.0);
        let own = v1::Id(id.0.clone());
        let Json(found) = v1::endpoints::get(State(state.clone()), viewer(), own).await?;
        // The page is of use without the form's choices.
        let clients = v1::clients::list(State(state.clone()), viewer(), whole()).await;
        let clients = clients.map(|Json(page)| Document::page(&page).0);
        let found_notifications = match query {
            Some(query) => {
                let list = v1::endpoints::notifications(State(state.clone()), viewer(), id, query);
                filter.wait(&frame, list).await?
            }
            None => None,
        };
        let (items, next) = found_notifications
            .map(|Json(found)| Document::page(&found))
            .unwrap_or_default();
        let status = |code: &str| {
            let is_chosen = shown.is("status", code);
            (code.to_owned(), frame.name(code), is_chosen)
        };
        let next = next.map(|cursor| {
            let mut parameters = shown.0.clone();
            parameters["cursor"] = Value::String(cursor);
            with_query(&path, &parameters)
        });
        let before = rfc3339(state.app.clock.now() + 1);
        let endpoint = Document::of(&found);
        let chosen = endpoint.codes("types");
        let types = KINDS.iter();
        let types = types.map(|kind| {
            let is_chosen = chosen.contains(kind);
            ((*kind).to_owned(), frame.name(kind), is_chosen)
        });
        Ok((
            filter.status(),
            EndpointPage {
                filter,
                types: types.collect(),
                clients: clients.unwrap_or_default(),
                endpoint,
                periods: periods(&frame),
                before,
                statuses: ["pending", "delivered", "failed"].map(status).to_vec(),
                items,
                next,
                frame: frame.clone(),
            },
        ))
    };
    listing(frame.clone(), making).await
}

/// The spans of the form for sending again, a day chosen.
fn periods(frame: &Frame) -> Vec<Choice> {
    let period = |(code, span): (&str, i64)| {
        let name = frame.fill(words::SPAN_AGO, "span", frame.lang.span(span));
        (code.to_owned(), name, span == DAY)
    };
    [
        ("1h", HOUR),
        ("6h", 6 * HOUR),
        ("24h", DAY),
        ("7d", 7 * DAY),
        ("30d", 30 * DAY),
    ]
    .map(period)
    .to_vec()
}

#[derive(Template)]
#[template(path = "notification.html")]
struct NotificationPage {
    frame: Frame,
    endpoint: Document,
    notification: Document,
    attempts: Vec<Document>,
}

pub async fn notification(
    State(state): State<HttpState>,
    visitor: Visitor,
    v1::Ids(endpoint, id): v1::Ids,
) -> Response {
    let frame = visitor.frame;
    let making = async {
        let viewer = || Viewer(visitor.grant.clone());
        let own = v1::Id(endpoint.clone());
        let Json(of) = v1::endpoints::get(State(state.clone()), viewer(), own).await?;
        let ids = v1::Ids(endpoint, id);
        let Json(found) = v1::endpoints::notification(State(state), viewer(), ids).await?;
        let notification = Document::of(&found);
        Ok(NotificationPage {
            attempts: notification.list("log"),
            endpoint: Document::of(&of),
            notification,
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

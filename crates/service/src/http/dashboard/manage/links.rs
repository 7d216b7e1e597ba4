//! Signed links to all media of the person's clients.

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
use super::super::visitor::Visitor;
use super::access::Names;
use super::listing;
use crate::access::links::LinkState;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::page::PageQuery;
use crate::http::api::v1;
use crate::http::api::v1::links::LinksQuery;
use crate::i18n::keys::dashboard as words;

#[derive(Template)]
#[template(path = "links.html")]
struct LinksPage {
    frame: Frame,
    filter: Typed,
    states: Vec<Choice>,
    /// Each with the name of who made it.
    items: Vec<(String, Document)>,
    next: Option<String>,
}

pub async fn links(State(state): State<HttpState>, visitor: Visitor, parts: Parts) -> Response {
    let frame = visitor.frame;
    let making = async {
        let (query, mut filter) = form::read::<LinksQuery, PageQuery>(&parts, &frame, &[]);
        let shown = filter.shown.clone();
        let viewer = Viewer(visitor.grant.clone());
        let found = match query {
            Some(query) => {
                let list = v1::links::every(State(state.clone()), viewer, query);
                filter.wait(&frame, list).await?
            }
            None => None,
        };
        let (items, next) = found
            .map(|Json(found)| Document::page(&found))
            .unwrap_or_default();
        let names = Names::of(&state, &visitor.grant).await;
        let with_name = |link: Document| (names.find(&frame, &link.text("created_by")), link);
        let choice = |state: LinkState| {
            let code = state.as_str();
            (code.to_owned(), frame.name(code), shown.is("state", code))
        };
        let next = next.map(|cursor| {
            let mut parameters = shown.0.clone();
            parameters["cursor"] = Value::String(cursor);
            with_query("/links", &parameters)
        });
        Ok((
            filter.status(),
            LinksPage {
                filter,
                states: LinkState::ALL.map(choice).to_vec(),
                items: items.into_iter().map(with_name).collect(),
                next,
                frame: frame.clone(),
            },
        ))
    };
    listing(frame.clone(), making).await
}

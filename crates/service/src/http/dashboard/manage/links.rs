//! Signed links to all media of the person's clients.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;

use super::super::document::Document;
use super::super::frame::Frame;
use super::super::gallery::{Choice, query_of, with_query};
use super::super::visitor::Visitor;
use super::access::Names;
use super::page;
use crate::access::links::LinkState;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::page::PageQuery;
use crate::http::api::query::Query;
use crate::http::api::v1;
use crate::http::api::v1::links::LinksQuery;
use crate::i18n::keys::dashboard as words;

#[derive(Template)]
#[template(path = "links.html")]
struct LinksPage {
    frame: Frame,
    states: Vec<Choice>,
    /// Each with the name of who made it.
    items: Vec<(String, Document)>,
    next: Option<String>,
}

pub async fn links(State(state): State<HttpState>, visitor: Visitor, parts: Parts) -> Response {
    let frame = visitor.frame;
    let making = async {
        let Query(query, paging) = query_of::<LinksQuery, PageQuery>(&parts)?;
        let shown = Document::of(&query);
        let viewer = Viewer(visitor.grant.clone());
        let listing = v1::links::every(State(state.clone()), viewer, Query(query, paging));
        let Json(found) = listing.await?;
        let (items, next) = Document::page(&found);
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
        Ok(LinksPage {
            states: LinkState::ALL.map(choice).to_vec(),
            items: items.into_iter().map(with_name).collect(),
            next,
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

//! Legal holds.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;

use super::super::document::Document;
use super::super::frame::Frame;
use super::super::visitor::Visitor;
use super::page;
use crate::http::HttpState;
use crate::http::api::caller::{Admin, Viewer};
use crate::http::api::v1;
use crate::i18n::keys::dashboard as words;

#[derive(Template)]
#[template(path = "holds.html")]
struct HoldsPage {
    frame: Frame,
    holds: Vec<Document>,
    clients: Vec<Document>,
}

pub async fn holds(State(state): State<HttpState>, visitor: Visitor) -> Response {
    let frame = visitor.frame;
    let making = async {
        let admin = Admin::of(visitor.grant.clone())?;
        let Json(holds) = v1::holds::list(State(state.clone()), admin).await?;
        let viewer = Viewer(visitor.grant.clone());
        let Json(clients) = v1::clients::list(State(state), viewer).await?;
        Ok(HoldsPage {
            holds: Document::page(&holds).0,
            clients: Document::page(&clients).0,
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

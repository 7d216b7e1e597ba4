//! Legal holds.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;

use super::super::document::Document;
use super::super::frame::Frame;
use super::super::panel::Panel;
use super::super::visitor::Visitor;
use super::page;
use crate::http::HttpState;
use crate::http::api::caller::{Admin, Viewer};
use crate::http::api::page::whole;
use crate::http::api::v1;
use crate::i18n::keys::dashboard as words;

#[derive(Template)]
#[template(path = "holds.html")]
struct HoldsPage {
    frame: Frame,
    holds: Panel<Vec<Document>>,
    clients: Vec<Document>,
}

pub async fn holds(State(state): State<HttpState>, visitor: Visitor) -> Response {
    let frame = visitor.frame;
    let making = async {
        let admin = Admin::of(visitor.grant.clone())?;
        let list = async {
            let Json(holds) = v1::holds::list(State(state.clone()), admin, whole()).await?;
            Ok(Document::page(&holds).0)
        };
        let holds = Panel::wait(&frame, list).await;
        let viewer = Viewer(visitor.grant.clone());
        // The list is of use without the form's choices.
        let clients = v1::clients::list(State(state.clone()), viewer, whole()).await;
        let clients = clients.map(|Json(page)| Document::page(&page).0);
        Ok(HoldsPage {
            holds,
            clients: clients.unwrap_or_default(),
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

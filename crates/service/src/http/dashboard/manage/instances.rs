//! Instances: their state, their webhook slots as the gateway has them, and their addresses.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;

use super::super::document::Document;
use super::super::frame::Frame;
use super::super::gallery::Choice;
use super::super::visitor::Visitor;
use super::page;
use crate::gateway::Gateway;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::v1;
use crate::i18n::keys::dashboard as words;

#[derive(Template)]
#[template(path = "instances.html")]
struct InstancesPage {
    frame: Frame,
    items: Vec<Document>,
    clients: Vec<Document>,
    gateways: Vec<Choice>,
}

pub async fn instances(State(state): State<HttpState>, visitor: Visitor) -> Response {
    let frame = visitor.frame;
    let making = async {
        let viewer = || Viewer(visitor.grant.clone());
        let Json(found) = v1::instances::list(State(state.clone()), viewer()).await?;
        // The list is of use without the form's choices.
        let clients = v1::clients::list(State(state), viewer()).await;
        let clients = clients.map(|Json(page)| Document::page(&page).0);
        let name = |gateway: Gateway| {
            (
                gateway.as_str().to_owned(),
                gateway.as_str().to_owned(),
                false,
            )
        };
        Ok(InstancesPage {
            items: Document::page(&found).0,
            clients: clients.unwrap_or_default(),
            gateways: Gateway::ALL.map(name).to_vec(),
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

#[derive(Template)]
#[template(path = "instance.html")]
struct InstancePage {
    frame: Frame,
    instance: Document,
}

pub async fn instance(State(state): State<HttpState>, visitor: Visitor, id: v1::Id) -> Response {
    let frame = visitor.frame;
    let making = async {
        let viewer = Viewer(visitor.grant);
        let Json(found) = v1::instances::get(State(state), viewer, id).await?;
        Ok(InstancePage {
            instance: Document::of(&found),
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

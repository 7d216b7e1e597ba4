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
        Ok(InstancesPage {
            items: Document::page(&found).0,
            clients: clients.unwrap_or_default(),
            gateways: gateways(""),
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

/// All gateways; their names are their own.
pub(super) fn gateways(chosen: &str) -> Vec<Choice> {
    let choice = |gateway: Gateway| {
        let name = gateway.as_str();
        (name.to_owned(), name.to_owned(), name == chosen)
    };
    Gateway::ALL.map(choice).to_vec()
}

#[derive(Template)]
#[template(path = "instance.html")]
struct InstancePage {
    frame: Frame,
    instance: Document,
    gateways: Vec<Choice>,
    /// Empty for the usual ones.
    routes: String,
    /// The same as a setting.
    route_codes: String,
}

pub async fn instance(State(state): State<HttpState>, visitor: Visitor, id: v1::Id) -> Response {
    let frame = visitor.frame;
    let making = async {
        let viewer = Viewer(visitor.grant);
        let Json(found) = v1::instances::get(State(state), viewer, id).await?;
        let instance = Document::of(&found);
        let codes = instance.codes("routes");
        let names: Vec<_> = codes.iter().map(|code| frame.name(code)).collect();
        Ok(InstancePage {
            gateways: gateways(&instance.text("gateway")),
            routes: names.join(", "),
            route_codes: codes.join(","),
            instance,
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

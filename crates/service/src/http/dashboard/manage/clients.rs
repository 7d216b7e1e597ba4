//! One client: its instances, its name, and what its removal means.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;

use super::super::document::Document;
use super::super::frame::Frame;
use super::super::visitor::Visitor;
use super::page;
use super::standing::{InstanceRow, rows};
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::v1;
use crate::i18n::keys::dashboard as words;
use crate::media::counts;
use crate::model::Scope;

#[derive(Template)]
#[template(path = "client.html")]
struct ClientPage {
    frame: Frame,
    client: Document,
    /// Its instances.
    items: Vec<InstanceRow>,
    media: i64,
    /// Of its removal.
    consequences: String,
}

pub async fn client(State(state): State<HttpState>, visitor: Visitor, id: v1::Id) -> Response {
    let frame = visitor.frame;
    let making = async {
        let viewer = || Viewer(visitor.grant.clone());
        let Json(found) = v1::clients::get(State(state.clone()), viewer(), id).await?;
        let client = Document::of(&found);
        let number = client.number("client");
        let counted = counts::of_scope(&state.app.db, Scope::Client(number)).await?;
        let media = counted.by_status.iter().map(|count| count.count).sum();
        let Json(instances) = v1::instances::list(State(state.clone()), viewer()).await?;
        let mut items = Document::page(&instances).0;
        items.retain(|instance| instance.number("client") == number);
        let names: Vec<_> = items
            .iter()
            .map(|instance| frame.short(instance.text("instance")))
            .collect();
        let names = match names.join(", ") {
            none if none.is_empty() => "–".to_owned(),
            names => names,
        };
        let consequences = frame.lang.fill(
            words::REMOVE_CLIENT_ASK,
            &[("instances", &names), ("media", &frame.count(media))],
        );
        Ok(ClientPage {
            client,
            items: rows(&state, items).await,
            media,
            consequences,
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

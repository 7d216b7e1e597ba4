//! One client: its instances, its name, and what its removal means.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;

use super::super::document::Document;
use super::super::frame::Frame;
use super::super::panel::Panel;
use super::super::visitor::Visitor;
use super::page;
use super::standing::{InstanceRow, rows};
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::page::whole;
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
    instances: Panel<Vec<InstanceRow>>,
    media: Panel<i64>,
    /// Of its removal; none while they are not known.
    consequences: Option<String>,
}

pub async fn client(State(state): State<HttpState>, visitor: Visitor, id: v1::Id) -> Response {
    let frame = visitor.frame;
    let making = async {
        let viewer = || Viewer(visitor.grant.clone());
        let Json(found) = v1::clients::get(State(state.clone()), viewer(), id).await?;
        let client = Document::of(&found);
        let number = client.number("client");
        let media = async {
            let db = state.app.db_for_lists();
            let counted = counts::of_scope(&db, Scope::Client(number)).await?;
            Ok(counted.by_status.iter().map(|count| count.count).sum())
        };
        let instances = async {
            let Json(instances) =
                v1::instances::list(State(state.clone()), viewer(), whole()).await?;
            let mut items = Document::page(&instances).0;
            items.retain(|instance| instance.number("client") == number);
            Ok(rows(&state, items).await)
        };
        let (media, instances) =
            tokio::join!(Panel::wait(&frame, media), Panel::wait(&frame, instances));
        Ok(ClientPage {
            client,
            consequences: consequences(&frame, &media, &instances),
            instances,
            media,
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

impl ClientPage {
    fn has_media(&self) -> bool {
        self.media.0.as_ref().is_ok_and(|count| *count > 0)
    }
}

/// What the removal of a client means. Not known without its instances and the number of its media.
fn consequences(
    frame: &Frame,
    media: &Panel<i64>,
    instances: &Panel<Vec<InstanceRow>>,
) -> Option<String> {
    let (media, instances) = (media.0.as_ref().ok()?, instances.0.as_ref().ok()?);
    let name = |row: &InstanceRow| frame.short(row.item.text("instance"));
    let names: Vec<_> = instances.iter().map(name).collect();
    let names = match names.join(", ") {
        none if none.is_empty() => "–".to_owned(),
        names => names,
    };
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("instances", &names), ("media", &frame.count(media))];
    Some(frame.lang.fill(words::REMOVE_CLIENT_ASK, &values))
}

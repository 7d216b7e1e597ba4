//! The gallery: all media of a filter. The filter is in the address, and every action works inside it.

use std::collections::BTreeSet;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::IntoParams;

use super::document::{Document, json_text};
use super::form::{self, Typed};
use super::frame::{Frame, answer, failed};
use super::media_item::MediaItem;
use super::visitor::Visitor;
use crate::clock::rfc3339;
use crate::config::Since;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::filter::MediaFilter;
use crate::http::api::page::PageQuery;
use crate::http::api::query::{self, Query};
use crate::http::api::{ApiError, v1};
use crate::i18n::keys::dashboard as words;
use crate::instances;
use crate::media::counts;
use crate::model::{MediaStatus, Reason, Verification};
use crate::terminal;

/// The parameters of a page's address. Browsers send the empty fields of a form, too.
pub fn query_of<A, B>(parts: &Parts) -> Result<Query<A, B>, ApiError>
where
    A: DeserializeOwned + IntoParams,
    B: DeserializeOwned + IntoParams,
{
    let query = parts.uri.query().unwrap_or("");
    let given =
        url::form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(given)
        .finish();
    query::of_text(&query)
}

/// An address with other parameters.
pub fn with_query(path: &str, parameters: &Value) -> String {
    let fields = parameters.as_object().into_iter().flatten();
    let pairs = fields.filter_map(|(name, value)| match value {
        Value::String(text) => Some((name.clone(), text.clone())),
        Value::Null => None,
        other => Some((name.clone(), other.to_string())),
    });
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// A choice in a form: its value, its name, and whether it is chosen.
pub type Choice = (String, String, bool);

/// The clients that a person may see; removed ones while they have media.
pub async fn clients_of(
    state: &HttpState,
    visitor: &Visitor,
    chosen: &str,
) -> Result<Vec<Choice>, ApiError> {
    // Where the counts cannot be read, all are listed.
    let owners = counts::owners(&state.app.db).await.ok();
    let clients = instances::every_client(&state.app.db).await?.into_iter();
    let visible = clients.filter(|client| visitor.grant.scope.includes(client.id));
    let choice = |client: instances::Client| {
        let (id, name) = (client.id.to_string(), terminal::plain(&client.name));
        let has_media = owners
            .as_ref()
            .is_none_or(|owners| owners.iter().any(|(owner, _)| *owner == client.id));
        let is_listed = !client.removed || has_media || id == chosen;
        let name = if client.removed {
            visitor.frame.fill(words::REMOVED_CLIENT, "name", name)
        } else {
            name
        };
        let is_chosen = id == chosen;
        is_listed.then_some((id, name, is_chosen))
    };
    Ok(visible.filter_map(choice).collect())
}

/// The instances that a person may see; removed ones while they have media.
pub async fn instances_of(
    state: &HttpState,
    visitor: &Visitor,
    chosen: &str,
) -> Result<Vec<Choice>, ApiError> {
    let owners = counts::owners(&state.app.db).await.ok();
    let owners: Option<BTreeSet<_>> =
        owners.map(|owners| owners.into_iter().map(|(_, instance)| instance).collect());
    let has_media = |it: &instances::Instance| {
        let owners = owners.as_ref();
        owners.is_none_or(|owners| owners.contains(&it.id))
    };
    instance_choices(state, visitor, chosen, has_media).await
}

/// The same for a list of deliveries: removed instances while they had any.
pub async fn instances_of_deliveries(
    state: &HttpState,
    visitor: &Visitor,
    chosen: &str,
) -> Result<Vec<Choice>, ApiError> {
    instance_choices(state, visitor, chosen, |it| it.delivery_count > 0).await
}

/// `is_used` decides on the removed ones.
async fn instance_choices(
    state: &HttpState,
    visitor: &Visitor,
    chosen: &str,
    is_used: impl Fn(&instances::Instance) -> bool,
) -> Result<Vec<Choice>, ApiError> {
    let numbers = instances::every_instance(&state.app.db).await?.into_iter();
    let listed = numbers.filter(|instance| {
        let is_listed = !instance.removed || instance.id.as_str() == chosen || is_used(instance);
        is_listed && visitor.grant.scope.includes(instance.client)
    });
    let choice = |instance: instances::Instance| {
        let name = terminal::plain(instance.id.as_str());
        let name = if instance.removed {
            visitor.frame.fill(words::REMOVED_INSTANCE, "name", name)
        } else {
            name
        };
        let id = instance.id.0;
        let is_chosen = id == chosen;
        (id, name, is_chosen)
    };
    Ok(listed.map(choice).collect())
}

#[derive(Default)]
pub struct Choices {
    pub clients: Vec<Choice>,
    pub instances: Vec<Choice>,
    pub kinds: Vec<Choice>,
    pub statuses: Vec<Choice>,
    pub proofs: Vec<Choice>,
    pub directions: Vec<Choice>,
    pub reasons: Vec<Choice>,
}

pub const KINDS: [&str; 5] = ["image", "video", "audio", "document", "sticker"];

impl Choices {
    pub async fn new(
        state: &HttpState,
        visitor: &Visitor,
        filter: &Document,
    ) -> Result<Self, ApiError> {
        let clients = clients_of(state, visitor, &filter.text("client")).await?;
        let instances = instances_of(state, visitor, &filter.text("instance")).await?;
        let named = |field: &str, codes: &[&str]| -> Vec<Choice> {
            let choice = |code: &&str| {
                (
                    (*code).to_owned(),
                    visitor.frame.name(code),
                    filter.is(field, code),
                )
            };
            codes.iter().map(choice).collect()
        };
        Ok(Self {
            clients,
            instances,
            kinds: named("kind", &KINDS),
            statuses: named("status", &MediaStatus::ALL.map(MediaStatus::as_str)),
            proofs: named("verified", &Verification::ALL.map(Verification::as_str)),
            reasons: {
                let mut reasons: Vec<_> = Reason::ALL
                    .iter()
                    .map(|reason| {
                        let code = reason.as_str();
                        (
                            code.to_owned(),
                            visitor.frame.reason(code),
                            filter.is("reason", code),
                        )
                    })
                    .collect();
                reasons.sort_by(|a, b| a.1.cmp(&b.1));
                reasons
            },
            directions: named("direction", &["received", "sent"]),
        })
    }
}

/// The dossier of a filter, in the language of the page.
pub fn dossier_address(filter: &Value, frame: &Frame) -> String {
    let mut parameters = filter.clone();
    parameters["lang"] = frame.lang.code().into();
    with_query("/api/v1/dossier.zip", &parameters)
}

#[derive(Template)]
#[template(path = "gallery.html")]
struct Gallery {
    frame: Frame,
    filter: Typed,
    /// As in the address, without the cursor.
    filter_json: String,
    choices: Choices,
    items: Vec<MediaItem>,
    next: Option<String>,
    /// The newest that is shown was received before: bulk actions take nothing newer.
    before: String,
    is_filtered: bool,
    /// The address of the same media as one archive.
    zip: String,
    /// The address of their dossier.
    dossier: String,
}

pub async fn page(State(state): State<HttpState>, visitor: Visitor, parts: Parts) -> Response {
    let frame = visitor.frame.clone();
    if let Some(address) = place_of_day(&state, &parts) {
        return Redirect::to(&address).into_response();
    }
    match gallery(state, visitor, &parts).await {
        Ok(page) => answer(page.filter.status(), &page),
        Err(error) => failed(frame, &error),
    }
}

/// The address of the list from the end of a day on, in the same filter: `day` is no part of the filter.
fn place_of_day(state: &HttpState, parts: &Parts) -> Option<String> {
    let query = parts.uri.query().unwrap_or("").as_bytes();
    let pairs: Vec<_> = url::form_urlencoded::parse(query).collect();
    let (_, day) = pairs
        .iter()
        .find(|(name, value)| name == "day" && !value.is_empty())?;
    let start = Since::typed(day).ok()?;
    let config = &state.app.config.http;
    let end = start.end(state.app.clock.now(), &config.zone());
    let kept = pairs
        .iter()
        .filter(|(name, value)| name != "day" && name != "cursor" && !value.is_empty());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair("cursor", &format!("{end}_"))
        .finish();
    Some(format!("/media?{query}"))
}

async fn gallery(state: HttpState, visitor: Visitor, parts: &Parts) -> Result<Gallery, ApiError> {
    let (query, mut typed) = form::read::<MediaFilter, PageQuery>(parts, &visitor.frame, &["day"]);
    let shown = match &query {
        Some(Query(filter, _)) => Document::of(filter),
        None => typed.shown.clone(),
    };
    // Without the choices the media are still of use.
    let choices = Choices::new(&state, &visitor, &shown)
        .await
        .unwrap_or_default();
    let before = rfc3339(state.app.clock.now() + 1);
    let viewer = Viewer(visitor.grant.clone());
    let found = match query {
        Some(query) => {
            let list = v1::media::list(State(state), viewer, query);
            typed.wait(&visitor.frame, list).await?
        }
        None => None,
    };
    let (items, next) = found
        .map(|Json(found)| Document::page(&found))
        .unwrap_or_default();
    let next = next.map(|cursor| {
        let mut parameters = shown.0.clone();
        parameters["cursor"] = Value::String(cursor);
        with_query("/media", &parameters)
    });
    Ok(Gallery {
        is_filtered: shown.0.as_object().is_some_and(|fields| !fields.is_empty()),
        zip: with_query("/api/v1/media.zip", &shown.0),
        dossier: dossier_address(&shown.0, &visitor.frame),
        filter_json: json_text(&shown.0),
        filter: typed,
        choices,
        items: MediaItem::all(items),
        next,
        before,
        frame: visitor.frame,
    })
}

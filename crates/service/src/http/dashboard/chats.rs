//! Chats: people and groups, and all files of one of them by kind.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::document::{Document, encoded, json_text};
use super::form::{self, Typed};
use super::frame::{Frame, answer, failed};
use super::gallery::{
    Choice, KINDS, clients_of, dossier_address, instances_of, query_of, with_query,
};
use super::visitor::Visitor;
use crate::clock::rfc3339;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::filter::MediaFilter;
use crate::http::api::page::PageQuery;
use crate::http::api::query::Query;
use crate::http::api::v1::chats::ChatQuery;
use crate::http::api::{ApiError, v1};
use crate::i18n::keys::dashboard as words;

#[derive(Template)]
#[template(path = "chats.html")]
struct ChatsPage {
    frame: Frame,
    filter: Typed,
    is_filtered: bool,
    clients: Vec<Choice>,
    instances: Vec<Choice>,
    items: Vec<(String, Document)>,
    next: Option<String>,
}

fn path_of(chat: &Document) -> String {
    format!(
        "/chats/{}/{}",
        chat.number("client"),
        encoded(&chat.text("chat_id"))
    )
}

pub async fn list(State(state): State<HttpState>, visitor: Visitor, parts: Parts) -> Response {
    let frame = visitor.frame.clone();
    let page = async {
        let (query, mut filter) = form::read::<ChatQuery, PageQuery>(&parts, &frame, &[]);
        let shown = filter.shown.clone();
        // The list is of use without the form's choices.
        let clients = clients_of(&state, &visitor.grant, &shown.text("client")).await;
        let instances = instances_of(&state, &visitor.grant, &shown.text("instance")).await;
        let viewer = Viewer(visitor.grant);
        let found = match query {
            Some(query) => {
                let found = v1::chats::list(State(state), viewer, query).await;
                filter.keep(&frame, found)?
            }
            None => None,
        };
        let (items, next) = found
            .map(|Json(found)| Document::page(&found))
            .unwrap_or_default();
        let next = next.map(|cursor| {
            let mut parameters = shown.0.clone();
            parameters["cursor"] = Value::String(cursor);
            with_query("/chats", &parameters)
        });
        let items = items.into_iter().map(|chat| (path_of(&chat), chat));
        Ok(ChatsPage {
            is_filtered: shown.has_any(),
            filter,
            clients: clients.unwrap_or_default(),
            instances: instances.unwrap_or_default(),
            items: items.collect(),
            next,
            frame: frame.clone(),
        })
    };
    match page.await {
        Ok(page) => answer(page.filter.status(), &page),
        Err(error) => failed(frame, &error),
    }
}

#[derive(serde::Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct KindQuery {
    kind: Option<String>,
}

/// The tab of a kind: its address, its code, how many, whether it is chosen.
struct Tab {
    address: String,
    kind: String,
    count: i64,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage {
    frame: Frame,
    chat: Document,
    tabs: Vec<Tab>,
    filter_json: String,
    items: Vec<Document>,
    next: Option<String>,
    before: String,
    zip: String,
    dossier: String,
}

pub async fn page(
    State(state): State<HttpState>,
    visitor: Visitor,
    ids: v1::Ids,
    parts: Parts,
) -> Response {
    let frame = visitor.frame.clone();
    match chat_page(state, visitor, ids, &parts).await {
        Ok(page) => answer(StatusCode::OK, &page),
        Err(error) => failed(frame, &error),
    }
}

async fn chat_page(
    state: HttpState,
    visitor: Visitor,
    v1::Ids(client, chat): v1::Ids,
    parts: &Parts,
) -> Result<ChatPage, ApiError> {
    let Query(query, page): Query<KindQuery, PageQuery> = query_of(parts)?;
    let viewer = || Viewer(visitor.grant.clone());
    let ids = v1::Ids(client.clone(), chat.clone());
    let Json(found) = v1::chats::get(State(state.clone()), viewer(), ids).await?;
    let found = Document::of(&found);
    let kind = query.kind.filter(|kind| KINDS.contains(&kind.as_str()));
    let shown =
        json!({"client": found.number("client"), "chat": found.text("chat_id"), "kind": kind});
    let filter: MediaFilter = serde_json::from_value(shown.clone()).unwrap_or_default();
    let before = rfc3339(state.app.clock.now() + 1);
    let listing = v1::media::list(State(state), viewer(), Query(filter, page));
    let Json(media) = listing.await?;
    let (items, next) = Document::page(&media);
    let path = path_of(&found);
    let here = |cursor: Option<String>, kind: Option<&str>| {
        with_query(&path, &json!({"kind": kind, "cursor": cursor}))
    };
    let all: i64 = found
        .list("counts")
        .iter()
        .map(|count| count.number("count"))
        .sum();
    let mut tabs = vec![Tab {
        address: here(None, None),
        kind: String::new(),
        count: all,
        is_chosen: kind.is_none(),
    }];
    let counts = found.list("counts");
    let count_of = |name: &str| {
        let count = counts.iter().find(|count| count.is("kind", name));
        count.map_or(0, |count| count.number("count"))
    };
    // Older media, which are not counted, may be of the other kinds.
    let shown_kinds = KINDS
        .iter()
        .filter(|name| count_of(name) > 0 || !found.has("complete"));
    tabs.extend(shown_kinds.map(|name| Tab {
        address: here(None, Some(name)),
        count: count_of(name),
        is_chosen: kind.as_deref() == Some(*name),
        kind: (*name).to_owned(),
    }));
    let shown = without_nulls(shown);
    Ok(ChatPage {
        next: next.map(|cursor| here(Some(cursor), kind.as_deref())),
        zip: with_query("/api/v1/media.zip", &shown),
        dossier: dossier_address(&shown, &visitor.frame),
        filter_json: json_text(&shown),
        chat: found,
        tabs,
        items,
        before,
        frame: visitor.frame,
    })
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

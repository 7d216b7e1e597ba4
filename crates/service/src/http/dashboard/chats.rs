//! Chats: people and groups, and all files of one of them by kind.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::document::{Document, encoded, json_text};
use super::form::{self, Typed};
use super::frame::{Frame, answer, failed};
use super::gallery::{Choice, KINDS, clients_of, dossier_address, instances_of, with_query};
use super::media_item::MediaItem;
use super::panel::in_time;
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
use crate::media::{self, chats::MOST_COUNTED};
use crate::model::{ChatId, MediaKind};

#[derive(Template)]
#[template(path = "chats.html")]
struct ChatsPage {
    frame: Frame,
    filter: Typed,
    is_filtered: bool,
    clients: Vec<Choice>,
    instances: Vec<Choice>,
    items: Vec<(String, Document)>,
    /// Whether not all media of one were counted.
    has_incomplete: bool,
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
        let clients = clients_of(&state, &visitor, &shown.text("client")).await;
        let instances = instances_of(&state, &visitor, &shown.text("instance")).await;
        let viewer = Viewer(visitor.grant);
        let found = match query {
            Some(query) => {
                let list = v1::chats::list(State(state), viewer, query);
                filter.wait(&frame, list).await?
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
        let has_incomplete = items.iter().any(|chat| !chat.has("complete"));
        let items = items.into_iter().map(|chat| (path_of(&chat), chat));
        Ok(ChatsPage {
            is_filtered: shown.has_any(),
            filter,
            clients: clients.unwrap_or_default(),
            instances: instances.unwrap_or_default(),
            items: items.collect(),
            has_incomplete,
            next,
            frame: frame.clone(),
        })
    };
    match page.await {
        Ok(page) => answer(page.filter.status(), &page),
        Err(error) => failed(frame, &error),
    }
}

#[derive(Default, serde::Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PartQuery {
    kind: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// The tab of a kind: its address, its code, how many, whether it is chosen.
struct Tab {
    address: String,
    kind: String,
    count: i64,
    /// Whether there are no more.
    is_complete: bool,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage {
    frame: Frame,
    chat: Document,
    /// Its address without a filter.
    path: String,
    /// The kind and the period.
    filter: Typed,
    has_period: bool,
    /// By its chat at least.
    is_filtered: bool,
    covering: Vec<Document>,
    tabs: Vec<Tab>,
    /// What the counts leave out.
    note: Option<String>,
    filter_json: String,
    items: Vec<MediaItem>,
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
        Ok(page) => answer(page.filter.status(), &page),
        Err(error) => failed(frame, &error),
    }
}

/// Without its name and its counts where they cannot be read now: its media are still of use.
async fn chat_of(
    state: &HttpState,
    visitor: &Visitor,
    client: &str,
    chat: &str,
) -> Result<Document, ApiError> {
    let ids = v1::Ids(client.to_owned(), chat.to_owned());
    let viewer = Viewer(visitor.grant.clone());
    let found = in_time(v1::chats::get(State(state.clone()), viewer, ids)).await;
    match found {
        Ok(Json(found)) => Ok(Document::of(&found)),
        Err(error) if error.status().is_server_error() => {
            let client: Option<i64> = client.parse().ok();
            let kind = ChatId(chat.to_owned()).kind().as_str();
            Ok(Document(
                json!({"client": client, "chat_id": chat, "kind": kind, "counts": [], "complete": false, "holds": []}),
            ))
        }
        Err(error) => Err(error),
    }
}

async fn chat_page(
    state: HttpState,
    visitor: Visitor,
    v1::Ids(client, chat): v1::Ids,
    parts: &Parts,
) -> Result<ChatPage, ApiError> {
    let (query, mut typed) = form::read::<PartQuery, PageQuery>(parts, &visitor.frame, &[]);
    let viewer = || Viewer(visitor.grant.clone());
    let found = chat_of(&state, &visitor, &client, &chat).await?;
    let (query, page) = query.map(|Query(part, page)| (part, page)).unzip();
    let PartQuery { kind, from, to } = query.unwrap_or_default();
    let kind = kind.filter(|kind| KINDS.contains(&kind.as_str()));
    let has_period = from.is_some() || to.is_some();
    let part = without_nulls(json!({"kind": kind, "from": from, "to": to}));
    let shown = {
        let mut shown = part.clone();
        shown["client"] = found.number("client").into();
        shown["chat"] = found.text("chat_id").into();
        shown
    };
    let filter: MediaFilter = serde_json::from_value(shown.clone()).unwrap_or_default();
    let before = rfc3339(state.app.clock.now() + 1);
    // Of the same media as the list: a person's chats under other ids, too.
    let tabs = in_time(tabs_of(&state, &visitor, &filter));
    let list = async {
        let Some(page) = page else { return Ok(None) };
        let list = v1::media::list(State(state.clone()), viewer(), Query(filter.clone(), page));
        typed.wait(&visitor.frame, list).await
    };
    let (tabs, list) = tokio::join!(tabs, list);
    // The list is of use without the numbers of the tabs.
    let tabs = tabs.unwrap_or_else(|_| tabs_without_counts());
    let (items, next) = list?
        .map(|Json(media)| Document::page(&media))
        .unwrap_or_default();
    let path = path_of(&found);
    let here = |changed: &[(&str, Option<&str>)]| {
        let mut parameters = part.clone();
        for (name, value) in changed {
            parameters[*name] = json!(value);
        }
        with_query(&path, &parameters)
    };
    let is_complete = tabs.iter().all(|(_, _, is_complete)| *is_complete);
    let tabs = tabs.into_iter().map(|(name, count, is_complete)| Tab {
        address: here(&[("kind", name)]),
        is_chosen: kind.as_deref() == name,
        kind: name.unwrap_or_default().to_owned(),
        count,
        is_complete,
    });
    let most = visitor.frame.count(i64::from(MOST_COUNTED));
    Ok(ChatPage {
        note: (!is_complete).then(|| visitor.frame.fill(words::COUNTED_NEWEST, "most", most)),
        tabs: tabs.collect(),
        next: next.map(|cursor| here(&[("cursor", Some(&cursor))])),
        zip: with_query("/api/v1/media.zip", &shown),
        dossier: dossier_address(&shown, &visitor.frame),
        filter_json: json_text(&shown),
        covering: found.list("holds"),
        filter: typed,
        path: path.clone(),
        chat: found,
        has_period,
        is_filtered: true,
        items: MediaItem::all(items),
        before,
        frame: visitor.frame,
    })
}

/// The kinds of the tabs, how many media each has, and whether there are no more.
type Counts = Vec<(Option<&'static str>, i64, bool)>;

fn tabs_without_counts() -> Counts {
    let names = std::iter::once(None).chain(KINDS.map(Some));
    names.map(|name| (name, 0, false)).collect()
}

async fn tabs_of(
    state: &HttpState,
    visitor: &Visitor,
    filter: &MediaFilter,
) -> Result<Counts, ApiError> {
    let most = u64::from(MOST_COUNTED);
    let mut tabs = Vec::with_capacity(KINDS.len() + 1);
    for name in std::iter::once(None).chain(KINDS.map(Some)) {
        let filter = MediaFilter {
            kind: name.and_then(MediaKind::parse),
            ..filter.clone()
        };
        let filter = filter.resolve(&state.app, visitor.grant.scope).await?;
        let count = media::count_up_to(&state.app.db_for_lists(), &filter, most + 1).await?;
        let shown = i64::try_from(count.min(most)).unwrap_or(i64::MAX);
        if name.is_none() || count > 0 {
            tabs.push((name, shown, count <= most));
        }
    }
    Ok(tabs)
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

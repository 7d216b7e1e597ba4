//! Users and keys, and what both did.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;

use super::super::document::Document;
use super::super::form::{self, Typed};
use super::super::frame::Frame;
use super::super::gallery::{Choice, with_query};
use super::super::panel::Panel;
use super::super::visitor::Visitor;
use super::{listing, page};
use crate::access::Grant;
use crate::access::audit::{self, Action, KnownActor};
use crate::http::HttpState;
use crate::http::api::caller::{Admin, Viewer};
use crate::http::api::page::{PageQuery, whole};
use crate::http::api::v1::audit::AuditQuery;
use crate::http::api::{ApiError, v1};
use crate::i18n::keys::dashboard as words;
use crate::terminal::is_hostile;

#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    frame: Frame,
    users: Panel<Vec<Document>>,
    keys: Panel<Vec<Document>>,
    clients: Vec<Document>,
    roles: Vec<Choice>,
}

pub async fn access(State(state): State<HttpState>, visitor: Visitor) -> Response {
    let frame = visitor.frame;
    let making = async {
        let admin = || Admin::of(visitor.grant.clone());
        admin()?;
        let users = async {
            let Json(page) = v1::users::list(State(state.clone()), admin()?, whole()).await?;
            Ok(Document::page(&page).0)
        };
        let keys = async {
            let Json(page) = v1::keys::list(State(state.clone()), admin()?, whole()).await?;
            Ok(Document::page(&page).0)
        };
        let (users, keys) = tokio::join!(Panel::wait(&frame, users), Panel::wait(&frame, keys));
        let viewer = Viewer(visitor.grant.clone());
        let clients = v1::clients::list(State(state), viewer, whole()).await;
        let clients = clients.map(|Json(page)| Document::page(&page).0);
        Ok(AccessPage {
            users,
            keys,
            clients: clients.unwrap_or_default(),
            roles: frame.roles(""),
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

/// The names of users and keys, by the codes of actors.
pub(super) struct Names(Vec<(String, String)>);

impl Names {
    /// Empty for those who may not see users and keys, or when they cannot be read.
    pub async fn of(state: &HttpState, grant: &Grant) -> Self {
        let admin = || Admin::of(grant.clone());
        let (Ok(first), Ok(second)) = (admin(), admin()) else {
            return Self(Vec::new());
        };
        let users = v1::users::list(State(state.clone()), first, whole()).await;
        let keys = v1::keys::list(State(state.clone()), second, whole()).await;
        let known = |kind: &str, list: Result<Document, ApiError>| {
            let names = list.map(|page| page.list("items")).unwrap_or_default();
            let names = names.into_iter();
            let names = names.map(|one| (format!("{kind}:{}", one.text("id")), one.text("name")));
            names.collect::<Vec<_>>()
        };
        let mut names = known("user", users.map(|Json(page)| Document::of(&page)));
        names.extend(known("key", keys.map(|Json(page)| Document::of(&page))));
        let others = audit::actors(&state.app.db, grant.scope).await;
        for KnownActor { code, name } in others.unwrap_or_default() {
            let is_known = names.iter().any(|(known, _)| *known == code);
            if let Some(name) = name.filter(|_| !is_known && code.contains(':')) {
                names.push((code, name));
            }
        }
        Self(names)
    }

    /// All who may have done something, removed ones too.
    fn choices(&self, frame: &Frame, chosen: &str) -> Vec<Choice> {
        let choice = |code: &str| {
            let is_chosen = code == chosen;
            (code.to_owned(), self.find(frame, code), is_chosen)
        };
        let known = self.0.iter().map(|(code, _)| code.as_str());
        let codes = known.chain(["command_line", "anonymous"]);
        let mut choices: Vec<_> = codes.map(choice).collect();
        // No code has invisible characters.
        let is_possible = !chosen.is_empty() && !chosen.chars().any(is_hostile);
        if is_possible && !choices.iter().any(|(_, _, is_chosen)| *is_chosen) {
            choices.push(choice(chosen));
        }
        choices
    }

    /// The name of an actor, and what it is. One without a name is shown by the code.
    pub fn find(&self, frame: &Frame, actor: &str) -> String {
        let name = self.0.iter().find(|(known, _)| known == actor);
        who(frame, actor, name.map(|(_, name)| name.as_str()))
    }
}

/// Who did something: `ana (user)`, `relatorios (API key)`, `command line (root)`.
fn who(frame: &Frame, actor: &str, name: Option<&str>) -> String {
    let (kind, id) = actor.split_once(':').unwrap_or((actor, ""));
    let kind = match kind {
        "user" | "key" => frame.name(kind),
        "link" => return format!("{} {}", frame.name("signed_link"), frame.plain(id)),
        _ => {
            let kind = frame.plain(frame.name(kind));
            return match name {
                Some(name) => format!("{kind} ({})", frame.plain(name)),
                None => kind,
            };
        }
    };
    format!("{} ({kind})", frame.plain(name.unwrap_or(id)))
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    filter: Typed,
    is_filtered: bool,
    actors: Vec<Choice>,
    actions: Vec<Choice>,
    /// Each with the name of who did it.
    items: Vec<(String, Document)>,
    next: Option<String>,
}

pub async fn audit(State(state): State<HttpState>, visitor: Visitor, parts: Parts) -> Response {
    let frame = visitor.frame;
    let making = async {
        let admin = || Admin::of(visitor.grant.clone());
        let admin = admin()?;
        let (query, mut filter) = form::read::<AuditQuery, PageQuery>(&parts, &frame, &[]);
        let shown = filter.shown.clone();
        let found = match query {
            Some(query) => {
                let list = v1::audit::list(State(state.clone()), admin, query);
                filter.wait(&frame, list).await?
            }
            None => None,
        };
        let (items, next) = found
            .map(|Json(found)| Document::page(&found))
            .unwrap_or_default();
        let names = Names::of(&state, &visitor.grant).await;
        // As it was called then.
        let with_name = |entry: Document| {
            let actor = entry.text("actor");
            let name = if entry.has("actor_name") {
                who(&frame, &actor, Some(&entry.text("actor_name")))
            } else {
                names.find(&frame, &actor)
            };
            (name, entry)
        };
        let action = |action: Action| {
            let code = action.as_str();
            (code.to_owned(), frame.name(code), shown.is("action", code))
        };
        let mut actions = Action::ALL.map(action).to_vec();
        actions.sort_by(|a, b| a.1.cmp(&b.1));
        let next = next.map(|cursor| {
            let mut parameters = shown.0.clone();
            parameters["cursor"] = Value::String(cursor);
            with_query("/audit", &parameters)
        });
        Ok((
            filter.status(),
            AuditPage {
                actors: names.choices(&frame, &shown.text("actor")),
                actions,
                is_filtered: shown.has_any(),
                filter,
                items: items.into_iter().map(with_name).collect(),
                next,
                frame: frame.clone(),
            },
        ))
    };
    listing(frame.clone(), making).await
}

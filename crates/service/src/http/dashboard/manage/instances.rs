//! Instances: their state, what their gateways say now, and their addresses.

use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::document::Document;
use super::super::form::{self, Typed};
use super::super::frame::Frame;
use super::super::gallery::{Choice, with_query};
use super::super::panel::Panel;
use super::super::visitor::Visitor;
use super::health::Probe;
use super::standing::{InstanceRow, Standing, refused_of_none, rows};
use super::{listing, page};
use crate::gateway::Gateway;
use crate::http::HttpState;
use crate::http::api::caller::Viewer;
use crate::http::api::page::whole;
use crate::http::api::query::None as NoOther;
use crate::http::api::v1;
use crate::i18n::keys::dashboard as words;
use crate::i18n::{Reader, probes};
use crate::model::Scope;
use crate::ops::gateway_admin::without_secret;
use crate::ops::health::{self, Check, CheckResult, Value, Verdict};

/// A person waits for a gateway's answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Instances of one standing: the address of their list, the name, how many, whether it is chosen.
struct Tab {
    address: String,
    name: String,
    count: usize,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "instances.html")]
struct InstancesPage {
    frame: Frame,
    filter: Typed,
    /// Of no instance; for a person of all clients.
    refused: Panel<Vec<String>>,
    tabs: Vec<Tab>,
    items: Vec<InstanceRow>,
    clients: Vec<Document>,
    gateways: Vec<Choice>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    #[serde(default)]
    standing: Option<Standing>,
}

fn tabs(items: &[InstanceRow], chosen: Option<Standing>, frame: &Frame) -> Vec<Tab> {
    let all = Tab {
        address: "/instances".to_owned(),
        name: frame.say(words::ALL_KINDS).to_owned(),
        count: items.len(),
        is_chosen: chosen.is_none(),
    };
    let tab = |standing: Standing| {
        let code = standing.as_str();
        Tab {
            address: with_query("/instances", &serde_json::json!({"standing": code})),
            name: frame.say(standing.key()).to_owned(),
            count: items.iter().filter(|row| row.standing == standing).count(),
            is_chosen: chosen == Some(standing),
        }
    };
    let known = Standing::ALL.map(tab).into_iter();
    let known = known.filter(|tab| tab.count > 0 || tab.is_chosen);
    std::iter::once(all).chain(known).collect()
}

pub async fn instances(State(state): State<HttpState>, visitor: Visitor, parts: Parts) -> Response {
    let frame = visitor.frame;
    let making = async {
        let viewer = || Viewer(visitor.grant.clone());
        let (query, mut filter) = form::read::<Filter, NoOther>(&parts, &frame, &[]);
        let list = async {
            let Json(found) = v1::instances::list(State(state.clone()), viewer(), whole()).await?;
            Ok(rows(&state, Document::page(&found).0).await)
        };
        let mut items = filter.wait(&frame, list).await?.unwrap_or_default();
        let chosen = query.as_ref().and_then(|query| query.0.standing);
        let tabs = tabs(&items, chosen, &frame);
        items.retain(|row| query.is_some() && chosen.is_none_or(|only| row.standing == only));
        let refused = async {
            match visitor.grant.scope {
                Scope::All => refused_of_none(&state, &frame).await,
                Scope::Client(_) => Ok(Vec::new()),
            }
        };
        let refused = Panel::wait(&frame, refused).await;
        // The list is of use without the form's choices.
        let clients = v1::clients::list(State(state.clone()), viewer(), whole()).await;
        let clients = clients.map(|Json(page)| Document::page(&page).0);
        Ok((
            filter.status(),
            InstancesPage {
                filter,
                refused,
                tabs,
                items,
                clients: clients.unwrap_or_default(),
                gateways: gateways(""),
                frame: frame.clone(),
            },
        ))
    };
    listing(frame.clone(), making).await
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
    row: InstanceRow,
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
        let Json(found) = v1::instances::get(State(state.clone()), viewer, id).await?;
        let instance = Document::of(&found);
        let codes = instance.codes("routes");
        let names: Vec<_> = codes.iter().map(|code| frame.name(code)).collect();
        let mut standing = rows(&state, vec![instance.clone()]).await;
        Ok(InstancePage {
            gateways: gateways(&instance.text("gateway")),
            routes: names.join(", "),
            route_codes: codes.join(","),
            row: standing.remove(0),
            instance,
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

/// A webhook slot: what it has, what it should have, and what to do.
struct SlotRow {
    name: String,
    verdict: Verdict,
    has: String,
    expected: String,
    found: String,
    hint: Option<String>,
}

impl SlotRow {
    fn of(result: &CheckResult, expected: &str, frame: &Frame) -> Self {
        let text = probes::text(Reader::Page, result, frame.lang, &frame.zone);
        let value = |name| match result.values.get(name) {
            Some(Value::Plain(value)) => value.as_str().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let has = match (value("address").as_str(), result.verdict) {
            ("", _) => frame.say(words::NOT_KNOWN).to_owned(),
            ("-", _) => frame.say(words::EMPTY).to_owned(),
            (address, _) => frame.short(address),
        };
        Self {
            name: frame.plain(value("slot")),
            verdict: result.verdict,
            has,
            expected: expected.to_owned(),
            found: frame.plain(&text.found),
            hint: text.hint.map(|hint| frame.plain(hint)),
        }
    }

    fn is_equal(&self, frame: &Frame) -> &'static str {
        frame.say(match self.verdict {
            Verdict::Ok => words::AS_EXPECTED,
            Verdict::Warning => words::NEARLY_AS_EXPECTED,
            Verdict::Problem => words::NOT_AS_EXPECTED,
            Verdict::Skipped => words::NOT_KNOWN,
        })
    }
}

#[derive(Template)]
#[template(path = "gateway.html")]
struct GatewayPage {
    frame: Frame,
    instance: Document,
    probes: Vec<Probe>,
    slots: Vec<SlotRow>,
    is_well: bool,
    /// The gateway accepts the token, or has no call.
    is_answered: bool,
}

/// What the gateway of an instance says now, as `doctor` reports it. The script shows it on the page of the instance.
pub async fn gateway(State(state): State<HttpState>, visitor: Visitor, id: v1::Id) -> Response {
    let frame = visitor.frame;
    let making = async {
        let found = v1::instances::visible(&state, &visitor.grant, id.0).await?;
        let (deps, config) = (state.app.gateway_deps(), &state.app.config);
        let results = health::instance(deps, config, &found, PATIENCE).await;
        let is_slot = |result: &&CheckResult| {
            matches!(
                result.check,
                Check::InstanceSlot | Check::InstanceOwnMessages
            )
        };
        let public = &config.http.public_url;
        let expected = if public.is_empty() {
            frame.say(words::EXPECTED_ADDRESS).to_owned()
        } else {
            frame.short(without_secret(public))
        };
        let slots = results.iter().filter(is_slot);
        let others = results.iter().filter(|result| !is_slot(result));
        let is_fine =
            |result: &CheckResult| !matches!(result.verdict, Verdict::Problem | Verdict::Warning);
        Ok(GatewayPage {
            instance: Document::of(&v1::instances::ApiInstance::from(&found)),
            probes: others.map(|result| Probe::of(result, &frame)).collect(),
            slots: slots
                .map(|result| SlotRow::of(result, &expected, &frame))
                .collect(),
            is_well: results.iter().all(is_fine),
            is_answered: results
                .iter()
                .filter(|result| result.check == Check::InstanceToken)
                .all(is_fine),
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

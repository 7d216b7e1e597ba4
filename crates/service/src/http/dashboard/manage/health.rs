//! What `doctor` finds, without asking the network.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;

use super::super::frame::Frame;
use super::super::gallery::query_of;
use super::super::visitor::Visitor;
use super::page;
use crate::http::HttpState;
use crate::http::api::ApiError;
use crate::http::api::caller::Operator;
use crate::http::api::query::Query;
use crate::http::api::v1::apart;
use crate::http::api::v1::reports::{HealthQuery, global};
use crate::i18n::Reader;
use crate::i18n::keys::dashboard as words;
use crate::i18n::probes::{self, ProbeText};
use crate::ops::health::{self, Verdict};

pub(super) struct Probe {
    pub verdict: Verdict,
    pub about: String,
    pub text: ProbeText,
}

impl Probe {
    pub fn of(result: &health::CheckResult, frame: &Frame) -> Self {
        Self {
            verdict: result.verdict,
            about: frame.plain(&result.about),
            text: probes::text(Reader::Page, result, frame.lang, &frame.zone),
        }
    }
}

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage {
    frame: Frame,
    /// Problems first.
    probes: Vec<Probe>,
    is_online: bool,
}

pub async fn health(State(state): State<HttpState>, visitor: Visitor, parts: Parts) -> Response {
    let frame = visitor.frame;
    let making = async {
        Operator::of(visitor.grant.clone())?;
        global(visitor.grant.scope)?;
        let query: Query<HealthQuery> = query_of(&parts)?;
        let is_online = query.0.is_online();
        let (app, written) = (Arc::clone(&state.app), frame.clone());
        let probing = apart(async move || {
            let deps = health::Deps {
                data: &app.data,
                config: &app.config,
                clock: &app.clock,
            };
            let options = health::Options {
                offline: !is_online,
                quick: !is_online,
                ..health::Options::default()
            };
            let report = health::run(deps, &options, &()).await;
            report.map(|report| probes_of(&report, &written))
        });
        let probes = probing.await?.map_err(|error| ApiError::internal(&error))?;
        Ok(HealthPage {
            probes,
            is_online,
            frame: frame.clone(),
        })
    };
    page(frame.clone(), making).await
}

fn probes_of(report: &health::HealthReport, frame: &Frame) -> Vec<Probe> {
    let place = |verdict: Verdict| match verdict {
        Verdict::Problem => 0,
        Verdict::Warning => 1,
        Verdict::Ok => 2,
        Verdict::Skipped => 3,
    };
    let probe = |result: &health::CheckResult| Probe::of(result, frame);
    let mut probes: Vec<_> = report.checks.iter().map(probe).collect();
    probes.sort_by_key(|probe| place(probe.verdict));
    probes
}

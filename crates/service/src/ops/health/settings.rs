//! Settings that are valid and may not be intended.

use super::result::Results;
use super::{Check, CheckResult, Code, Hint};
use crate::config::{Config, Rule, Size, Span};
use crate::model::Route;
use crate::net::loopback::is_loopback;

/// Everyday videos and documents are larger.
const SMALL_FILE: Size = Size::mib(16);
/// A file that is deleted sooner may be missed too late.
const FEW_DAYS: Span = Span::days(7);

pub(super) fn probe(results: &mut Results<'_>, config: &Config) {
    let version = env!("CARGO_PKG_VERSION");
    results.add(CheckResult::ok(Check::Program, Code::Version).with("version", version));
    let warnings = results.report.warning;
    let mut warn = |key: &str, code, hint| {
        let warning = CheckResult::warning(Check::Settings, code, hint);
        results.add(warning.about(key).with("key", key));
    };
    let (keep, fetch, retention) = (&config.keep, &config.fetch, &config.retention);
    let public_url = &config.http.public_url;
    if public_url.is_empty() {
        warn("http.public_url", Code::NoPublicUrl, Hint::SetPublicUrl);
    }
    if public_url.starts_with("http://") && !is_loopback(public_url) {
        warn("http.public_url", Code::ClearText, Hint::UseHttps);
    }
    if keep.view_once {
        warn("keep.view_once", Code::ViewOnceKept, Hint::IfMeant);
    }
    if !keep.own {
        warn("keep.own", Code::OwnNotKept, Hint::IfMeant);
    }
    if !keep.groups {
        warn("keep.groups", Code::GroupsNotKept, Hint::IfMeant);
    }
    if keep.kinds.len() < 5 {
        warn("keep.kinds", Code::KindsNotKept, Hint::IfMeant);
    }
    if !fetch.routes.contains(&Route::Cdn) {
        warn("fetch.routes", Code::WithoutCdn, Hint::AddCdn);
    }
    if !fetch.routes.contains(&Route::Gateway) {
        warn("fetch.routes", Code::WithoutGateway, Hint::AddGateway);
    }
    if !fetch.allowed_hosts.is_empty() {
        warn("fetch.allowed_hosts", Code::HostsAllowed, Hint::IfMeant);
    }
    if !config.endpoints.allowed_hosts.is_empty() {
        let code = Code::EndpointHostsAllowed;
        warn("endpoints.allowed_hosts", code, Hint::IfMeant);
    }
    if config.storage.pause_below.is_zero() {
        warn("storage.pause_below", Code::NoWatermark, Hint::SetWatermark);
    }
    if keep.max_size < SMALL_FILE {
        warn("keep.max_size", Code::OnlySmallFiles, Hint::IfMeant);
    }
    let deletes_soon = |rule: &Rule| rule.older_than.is_some_and(|span| span < FEW_DAYS);
    if retention.rules.iter().any(deletes_soon) {
        warn("retention.rules", Code::DeletesSoon, Hint::IfMeant);
    }
    if retention.deliveries.is_zero() {
        warn("retention.deliveries", Code::GrowsForever, Hint::SetDays);
    }
    if retention.events.is_zero() {
        warn("retention.events", Code::GrowsForever, Hint::SetDays);
    }
    if results.report.warning == warnings {
        results.add(CheckResult::ok(Check::Settings, Code::NothingRisky));
    }
}

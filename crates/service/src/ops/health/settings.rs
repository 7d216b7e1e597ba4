//! Settings that are valid and may not be intended.

use super::result::Results;
use super::{Check, CheckResult, Code, Hint};
use crate::config::{Config, Rule, Size, Span};
use crate::model::Route;
use crate::ops::gateway_admin::is_loopback;

/// Everyday videos and documents are larger.
const SMALL_FILE: Size = Size::mib(16);
/// A file that is deleted sooner may be missed too late.
const FEW_DAYS: Span = Span::days(7);

pub(super) fn probe(results: &mut Results<'_>, config: &Config) {
    let version = env!("CARGO_PKG_VERSION");
    results.add(CheckResult::ok(Check::Program, Code::Version).with("version", version));
    let risks = risks(config);
    for (key, code, hint) in &risks {
        let warning = CheckResult::warning(Check::Settings, *code, *hint);
        results.add(warning.about(*key).with("key", *key));
    }
    if risks.is_empty() {
        results.add(CheckResult::ok(Check::Settings, Code::NothingRisky));
    }
}

/// The key of each risky setting, what is risky, and what to do.
fn risks(config: &Config) -> Vec<(&'static str, Code, Hint)> {
    let (keep, fetch, retention) = (&config.keep, &config.fetch, &config.retention);
    let public_url = &config.http.public_url;
    let is_clear = public_url.starts_with("http://") && !is_loopback(public_url);
    let deletes_soon = |rule: &Rule| rule.older_than.is_some_and(|span| span < FEW_DAYS);
    let rules = [
        (
            public_url.is_empty(),
            ("http.public_url", Code::NoPublicUrl, Hint::SetPublicUrl),
        ),
        (
            is_clear,
            ("http.public_url", Code::ClearText, Hint::UseHttps),
        ),
        (
            keep.view_once,
            ("keep.view_once", Code::ViewOnceKept, Hint::IfMeant),
        ),
        (!keep.own, ("keep.own", Code::OwnNotKept, Hint::IfMeant)),
        (
            !keep.groups,
            ("keep.groups", Code::GroupsNotKept, Hint::IfMeant),
        ),
        (
            keep.kinds.len() < 5,
            ("keep.kinds", Code::KindsNotKept, Hint::IfMeant),
        ),
        (
            !fetch.routes.contains(&Route::Cdn),
            ("fetch.routes", Code::WithoutCdn, Hint::AddCdn),
        ),
        (
            !fetch.routes.contains(&Route::Gateway),
            ("fetch.routes", Code::WithoutGateway, Hint::AddGateway),
        ),
        (
            !fetch.allowed_hosts.is_empty(),
            ("fetch.allowed_hosts", Code::HostsAllowed, Hint::IfMeant),
        ),
        (
            config.storage.pause_below.is_zero(),
            ("storage.pause_below", Code::NoWatermark, Hint::SetWatermark),
        ),
        (
            keep.max_size < SMALL_FILE,
            ("keep.max_size", Code::OnlySmallFiles, Hint::IfMeant),
        ),
        (
            retention.rules.iter().any(deletes_soon),
            ("retention.rules", Code::DeletesSoon, Hint::IfMeant),
        ),
        (
            retention.deliveries.is_zero(),
            ("retention.deliveries", Code::GrowsForever, Hint::SetDays),
        ),
        (
            retention.events.is_zero(),
            ("retention.events", Code::GrowsForever, Hint::SetDays),
        ),
    ];
    let risky = rules.into_iter().filter(|(applies, _)| *applies);
    risky.map(|(_, risk)| risk).collect()
}

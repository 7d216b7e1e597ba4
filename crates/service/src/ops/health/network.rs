//! The network: WhatsApp's CDN over both address families, and the public address of this server.

use std::collections::BTreeSet;
use std::io;

use futures_util::future::{join_all, join3};
use serde_json::Value as Json;
use url::Url;

use super::ground::Ground;
use super::result::Results;
use super::{Check, CheckResult, Code, Deps, Hint};
use crate::config::Config;
use crate::coordination::checkpoint::Checkpoint;
use crate::download::CDN_ORIGINS;
use crate::instances::{Instance, PROBE_TOKEN};
use crate::model::Route;
use crate::net::{
    self, AddressFamily, CallResponse, ConnectionProbe, HttpClient, probe_connection,
};
use crate::ops::probe::ServerState;

/// Each host that media are downloaded from, over IPv4 and IPv6, and then with a request.
pub(super) async fn probe_cdn(results: &mut Results<'_>, config: &Config, instances: &[Instance]) {
    let origins = origins(config, instances);
    let client = HttpClient::new(&config.fetch);
    let probes = origins
        .iter()
        .map(|origin| probe_origin(&client, config, origin));
    for (origin, probed) in origins.iter().zip(join_all(probes).await) {
        for result in probed {
            results.add(result.about(origin));
        }
    }
}

fn origins(config: &Config, instances: &[Instance]) -> BTreeSet<String> {
    let asks_cdn = |instance: &&Instance| {
        let routes = instance.routes_in_use(&config.fetch.routes);
        routes.contains(&Route::Cdn)
    };
    let mut origins = BTreeSet::new();
    for instance in instances.iter().filter(asks_cdn) {
        match &instance.cdn_base {
            Some(bases) => origins.extend(bases.split(',').map(|base| base.trim().to_owned())),
            None => origins.extend(CDN_ORIGINS.map(str::to_owned)),
        }
    }
    origins
}

async fn probe_origin(client: &HttpClient, config: &Config, origin: &str) -> Vec<CheckResult> {
    let not_a_url = || CheckResult::problem(Check::Cdn, Code::NotAUrl, Hint::SetCdnBase);
    let Ok(url) = Url::parse(origin) else {
        return vec![not_a_url()];
    };
    match client.proxy_of(&url) {
        Err(error) => {
            let problem = CheckResult::problem(Check::Proxy, Code::Failed, Hint::CheckProxy);
            return vec![problem.error(error)];
        }
        Ok(Some(proxy)) => {
            let through = CheckResult::ok(Check::Proxy, Code::ThroughProxy);
            let through = through.with("proxy", proxy.redacted());
            let answer = client.get(&url).await;
            return vec![through, answered(answer, Hint::CheckProxy)];
        }
        Ok(None) => {}
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return vec![not_a_url()];
    };
    let timeout = config.fetch.connect_timeout.duration();
    let over = |family| probe_connection(host, port, family, timeout);
    let (over_v4, over_v6, answer) = join3(
        over(AddressFamily::V4),
        over(AddressFamily::V6),
        client.get(&url),
    )
    .await;
    let hint = if matches!(over_v4, ConnectionProbe::UnknownName(_)) {
        Hint::CheckDns
    } else {
        Hint::OpenFirewall
    };
    let is_connected =
        |reached: &ConnectionProbe| matches!(reached, ConnectionProbe::Connected { .. });
    let any = is_connected(&over_v4) || is_connected(&over_v6);
    // An address is of one family, and says nothing about the other.
    let is_name = url.domain().is_some();
    [(Check::CdnIpv4, over_v4), (Check::CdnIpv6, over_v6)]
        .into_iter()
        .filter(|(_, reached)| is_name || !matches!(reached, ConnectionProbe::NoAddress))
        .map(|(check, reached)| family(check, reached, any))
        .chain([answered(answer, hint)])
        .collect()
}

/// One family is enough; an address that does not answer costs time with every download.
fn family(check: Check, reached: ConnectionProbe, any: bool) -> CheckResult {
    match reached {
        ConnectionProbe::Connected { took, .. } => {
            let ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
            CheckResult::ok(check, Code::ConnectedIn).with("ms", ms)
        }
        ConnectionProbe::NoAddress if any => CheckResult::ok(check, Code::OtherFamilyUsed),
        ConnectionProbe::NoAddress => CheckResult::problem(check, Code::NoAddress, Hint::CheckDns),
        ConnectionProbe::Blocked { address } => {
            CheckResult::problem(check, Code::AddressBlocked, Hint::Unblock)
                .with("address", address.ip().to_string())
        }
        ConnectionProbe::UnknownName(error) => {
            CheckResult::problem(check, Code::Failed, Hint::CheckDns).error(error)
        }
        ConnectionProbe::Silent { address, error } => {
            let result = if any {
                CheckResult::warning(check, Code::AddressSilent, Hint::FixFamily)
            } else {
                CheckResult::problem(check, Code::AddressSilent, Hint::OpenFirewall)
            };
            let error = error.unwrap_or_else(|| io::ErrorKind::TimedOut.into());
            let result = result.error(error);
            result.with("address", address.ip().to_string())
        }
    }
}

/// Any answer counts: a path without a file is refused.
fn answered(answer: Result<CallResponse, net::Error>, hint: Hint) -> CheckResult {
    match answer {
        Ok(answer) => CheckResult::ok(Check::Cdn, Code::Answers).with("status", answer.status),
        Err(error) => CheckResult::problem(Check::Cdn, Code::Failed, hint).error(error),
    }
}

/// Whether the public address leads to this very server, for webhooks too.
pub(super) async fn probe_public_address(
    results: &mut Results<'_>,
    deps: Deps<'_>,
    ground: &Ground,
) {
    let base = deps.config.http.public_url.trim_end_matches('/');
    let check = Check::Public;
    let at = |path: &str| Url::parse(&format!("{base}/{path}"));
    let (Ok(health), Ok(hook)) = (at("healthz"), at(&format!("hooks/wapi/{PROBE_TOKEN}"))) else {
        if !base.is_empty() {
            let problem = CheckResult::problem(check, Code::NotAUrl, Hint::SetPublicUrl);
            results.add(problem.about(base));
        }
        return;
    };
    if ground.server == Some(ServerState::Stopped) {
        return results.add(CheckResult::skipped(check, Code::ServerStopped).about(base));
    }
    let folder = match &ground.db {
        Some(db) => Checkpoint::Folder.load::<String>(db, "").await.ok(),
        None => None,
    };
    let client = HttpClient::new(&deps.config.fetch);
    let answers = async {
        let health = client.get(&health).await?;
        Ok::<_, net::Error>((health, client.post(&hook, &serde_json::json!({})).await?))
    };
    let result = match answers.await {
        Ok((health, hook)) => public_answer(&health, &hook, folder.flatten().as_deref()),
        Err(error) => CheckResult::problem(check, Code::Failed, Hint::FixPublicProxy).error(error),
    };
    results.add(result.about(base));
}

/// The answers of `/healthz` and of a wrong webhook address. `folder` is the random name of this data folder.
fn public_answer(health: &CallResponse, hook: &CallResponse, folder: Option<&str>) -> CheckResult {
    let body =
        |answer: &CallResponse| serde_json::from_slice::<Json>(&answer.body).unwrap_or(Json::Null);
    let (healthy, refused) = (body(health), body(hook));
    let is_midiateca = health.status == 200 && healthy["service"] == "midiateca";
    let is_this = folder.is_none_or(|folder| healthy["folder"] == folder);
    let is_through = hook.status == 401 && refused["error"]["code"] == "wrong_token";
    let check = Check::Public;
    let (code, status) = match (is_midiateca, is_this, is_through) {
        (false, ..) => (Code::OtherAnswers, health.status),
        (true, false, _) => (Code::OtherMidiateca, health.status),
        (true, true, false) => (Code::NoWebhookThrough, hook.status),
        (true, true, true) => return CheckResult::ok(check, Code::PublicAnswers),
    };
    CheckResult::problem(check, code, Hint::FixPublicProxy).with("status", status)
}

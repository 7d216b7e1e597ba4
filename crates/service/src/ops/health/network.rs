//! The network: WhatsApp's CDN over both address families, and the public address of this server.

use std::collections::BTreeSet;
use std::io;

use futures_util::future::{join, join_all};
use serde_json::Value as Json;
use url::Url;

use super::ground::Ground;
use super::result::Results;
use super::{Check, CheckResult, Code, Deps, Hint};
use crate::config::Config;
use crate::coordination::checkpoint::Checkpoint;
use crate::download::CDN_ORIGINS;
use crate::instances::Instance;
use crate::model::Route;
use crate::net::proxy::{InvalidProxy, Proxy};
use crate::net::{
    self, AddressFamily, CallResponse, ConnectionProbe, HttpClient, probe_connection,
};
use crate::ops::probe::ServerState;

/// A webhook address that the server refuses, because no token is so short.
const WRONG_HOOK: &str = "hooks/wapi/doctor";

/// Each host that media are downloaded from, over IPv4 and IPv6, and then with a request.
pub(super) async fn probe_cdn(results: &mut Results<'_>, config: &Config, instances: &[Instance]) {
    let origins = origins(config, instances);
    let client = HttpClient::new(&config.fetch);
    let asked = origins.iter().map(|origin| ask(&client, config, origin));
    for (origin, reply) in origins.iter().zip(join_all(asked).await) {
        match reply {
            Some(Reply::Proxied(proxy, answer)) => {
                let through = CheckResult::ok(Check::Proxy, Code::ThroughProxy);
                results.add(through.about(origin).with("proxy", proxy.redacted()));
                results.add(answered(answer, Hint::CheckProxy).about(origin));
            }
            Some(Reply::InvalidProxy(error)) => {
                let problem = CheckResult::problem(Check::Proxy, Code::Failed, Hint::CheckProxy);
                results.add(problem.error(error).about(origin));
            }
            Some(Reply::Direct(over_v4, over_v6, answer)) => {
                let hint = if matches!(over_v4, ConnectionProbe::UnknownName(_)) {
                    Hint::CheckDns
                } else {
                    Hint::OpenFirewall
                };
                for result in families(over_v4, over_v6) {
                    results.add(result.about(origin));
                }
                results.add(answered(answer, hint).about(origin));
            }
            None => {
                let problem = CheckResult::problem(Check::Cdn, Code::NotAUrl, Hint::SetCdnBase);
                results.add(problem.about(origin));
            }
        }
    }
}

fn origins(config: &Config, instances: &[Instance]) -> BTreeSet<String> {
    let asks_cdn = |instance: &&Instance| {
        let routes = instance.routes.as_ref().unwrap_or(&config.fetch.routes);
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

/// How an origin answered.
enum Reply {
    /// Over IPv4, over IPv6, and to a request.
    Direct(ConnectionProbe, ConnectionProbe, Result<u16, net::Error>),
    Proxied(Proxy, Result<u16, net::Error>),
    InvalidProxy(InvalidProxy),
}

/// None if the origin is not a URL.
async fn ask(client: &HttpClient, config: &Config, origin: &str) -> Option<Reply> {
    let url = Url::parse(origin).ok()?;
    match client.proxy_of(&url) {
        Err(error) => return Some(Reply::InvalidProxy(error)),
        Ok(Some(proxy)) => {
            let answer = client.get(&url).await;
            return Some(Reply::Proxied(proxy, answer.map(|answer| answer.status)));
        }
        Ok(None) => {}
    }
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let timeout = config.fetch.connect_timeout.duration();
    let over = |family| probe_connection(host, port, family, timeout);
    let ((over_v4, over_v6), answer) = join(
        join(over(AddressFamily::V4), over(AddressFamily::V6)),
        client.get(&url),
    )
    .await;
    let status = answer.map(|answer| answer.status);
    Some(Reply::Direct(over_v4, over_v6, status))
}

/// One family is enough; an address that does not answer costs time with every download.
fn families(over_v4: ConnectionProbe, over_v6: ConnectionProbe) -> [CheckResult; 2] {
    let is_connected =
        |reached: &ConnectionProbe| matches!(reached, ConnectionProbe::Connected { .. });
    let any = is_connected(&over_v4) || is_connected(&over_v6);
    [
        family(Check::CdnIpv4, over_v4, any),
        family(Check::CdnIpv6, over_v6, any),
    ]
}

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
fn answered(answer: Result<u16, net::Error>, hint: Hint) -> CheckResult {
    match answer {
        Ok(status) => CheckResult::ok(Check::Cdn, Code::Answers).with("status", i64::from(status)),
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
    let (Ok(health), Ok(hook)) = (at("healthz"), at(WRONG_HOOK)) else {
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
        Some(db) => Checkpoint::Folder
            .load::<String>(db, "")
            .await
            .ok()
            .flatten(),
        None => None,
    };
    let client = HttpClient::new(&deps.config.fetch);
    let answers = async {
        let health = client.get(&health).await?;
        Ok::<_, net::Error>((health, client.call(hook, "", &serde_json::json!({})).await?))
    };
    let result = match answers.await {
        Ok((health, hook)) => public_answer(&health, &hook, folder.as_deref()),
        Err(error) => CheckResult::problem(check, Code::Failed, Hint::FixPublicProxy).error(error),
    };
    results.add(result.about(base));
}

/// What `/healthz` and a wrong webhook address answered. `folder` is the random name of this data folder.
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
    CheckResult::problem(check, code, Hint::FixPublicProxy).with("status", i64::from(status))
}
